package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/models"
)

// ProductSearchRow is what the search engine in PostgreSQL knows of a product in one language.
type ProductSearchRow struct {
	ProductID uuid.UUID `json:"product_id"`
	// Language is empty in the only row of a product that has no text at all.
	Language  models.LanguageCode `json:"language"`
	Published bool                `json:"published"`
	Version   int64               `json:"version"`
	// Document is a tsvector in its text form.
	Document string `json:"document"`
	Words    string `json:"words"`
}

// PutProductSearchRows replaces the rows of all products that it is given rows of; a product's older version never
// replaces a newer one. Deleted products are left out, and rows that would not change stay untouched.
func (s *Store) PutProductSearchRows(ctx context.Context, rows []ProductSearchRow) error {
	raw, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("write search rows: %w", err)
	}
	// One after the other: an older version that is written at the same time would bring languages back that the
	// newer one has no longer.
	return s.exclusivelyInTx(ctx, LockSearchRows, func(ctx context.Context, tx bun.IDB) error {
		_, err := tx.NewRaw(putProductSearchRows, string(raw)).Exec(ctx)
		return wrap(ctx, err, "put search rows")
	})
}

const putProductSearchRows = `
	WITH incoming AS (
		SELECT r.product_id, r.language, r.published, r.version, r.document::tsvector AS document, r.words
		FROM jsonb_to_recordset(?::jsonb)
			AS r (product_id uuid, language text, published boolean, version bigint, document text, words text)
		JOIN products ON products.id = r.product_id
		WHERE NOT EXISTS (SELECT FROM product_search AS s WHERE s.product_id = r.product_id AND s.version > r.version)
		ORDER BY r.product_id
		FOR KEY SHARE OF products
	), vanished AS (
		DELETE FROM product_search AS s
		USING (SELECT DISTINCT product_id FROM incoming) AS product
		WHERE s.product_id = product.product_id
		  AND NOT EXISTS (SELECT FROM incoming AS i WHERE i.product_id = s.product_id AND i.language = s.language)
	)
	INSERT INTO product_search AS s (product_id, language, published, version, document, words)
	SELECT product_id, language, published, version, document, words FROM incoming
	ORDER BY product_id, language
	ON CONFLICT (product_id, language) DO UPDATE
	SET published = excluded.published, version = excluded.version, document = excluded.document, words = excluded.words
	WHERE (s.published, s.version, s.document, s.words) IS DISTINCT FROM (excluded.published, excluded.version, excluded.document, excluded.words)`

// CountProductSearchProducts says how many products can be found.
func (s *Store) CountProductSearchProducts(ctx context.Context) (int, error) {
	var count int
	err := s.db.NewRaw("SELECT count(DISTINCT product_id) FROM product_search").Scan(ctx, &count)
	return count, wrap(ctx, err, "count search rows")
}

// ProductSearch is what is looked for, language by language: the customer's first.
type ProductSearch struct {
	Languages []ProductSearchLanguage
	// Code is the whole query as a lexeme for skus and other codes.
	Code string
	// Limit is how many hits are wanted.
	Limit int
	// AfterScore and AfterID are where to go on; AfterID is nil for the first page. Offset is used where
	// there is no such place.
	AfterScore float64
	AfterID    *uuid.UUID
	Offset     int
}

// ProductSearchLanguage is the query as the analyzer of one language sees it.
type ProductSearchLanguage struct {
	Language models.LanguageCode
	// Words are tsqueries, one for each word of the query.
	Words []string
	// Any is the tsquery that matches any of them.
	Any string
	// Typed are the words that may hold typing errors, for SimilarProducts.
	Typed []string
}

// ProductSearchHit is a found product.
type ProductSearchHit struct {
	ProductID uuid.UUID
	Score     float64
}

// Weights of title and so on stand for the boosts 10, 5, 3 and 2; PostgreSQL wants them from D to A.
const searchWeights = "'{0.2, 0.3, 0.5, 1}'"

// MatchingProducts returns the published products that contain a word of the query, those with most of
// its words first, and how many there are in all. A product with the query as its code comes before all.
func (s *Store) MatchingProducts(ctx context.Context, q ProductSearch) ([]ProductSearchHit, int, error) {
	return s.searchProducts(ctx, q, func(l ProductSearchLanguage) (string, []any) {
		// A word found is worth more than any rank, which ts_rank keeps below 1 when asked by 32.
		words, args := "0", []any{}
		for _, word := range l.Words {
			words += " + (s.document @@ ?::tsquery)::int"
			args = append(args, word)
		}
		score := "1000 * (s.document @@ ?::tsquery)::int + " + words + " + ts_rank(" + searchWeights + ", s.document, ?::tsquery, 32)"
		args = append([]any{q.Code}, append(args, l.Any)...)
		return "SELECT s.product_id, (" + score + ")::float8 AS score FROM product_search AS s WHERE s.document @@ ?::tsquery",
			append(args, q.Code+" | "+l.Any)
	})
}

// SimilarProducts returns the published products whose titles have words that look like the query's,
// and how many there are in all.
func (s *Store) SimilarProducts(ctx context.Context, q ProductSearch) ([]ProductSearchHit, int, error) {
	return s.searchProducts(ctx, q, func(l ProductSearchLanguage) (string, []any) {
		score, where, args := "0", "false", []any{}
		for _, word := range l.Typed {
			score += " + word_similarity(?, s.words)"
			where += " OR ? <% s.words"
			args = append(args, word)
		}
		return "SELECT s.product_id, (" + score + ")::float8 AS score FROM product_search AS s WHERE (" + where + ")",
			append(args, args...)
	})
}

// searchProducts joins the hits of all languages: a product is looked for in the first language of the
// chain in which it has a text.
func (s *Store) searchProducts(ctx context.Context, q ProductSearch, hitsIn func(ProductSearchLanguage) (string, []any)) ([]ProductSearchHit, int, error) {
	var hits statement
	var earlier []models.LanguageCode
	for i, language := range q.Languages {
		if i > 0 {
			hits.add("\nUNION ALL\n")
		}
		sql, args := hitsIn(language)
		hits.add(sql+" AND s.published AND s.language = ?", append(args, language.Language)...)
		if len(earlier) > 0 {
			hits.add(" AND NOT EXISTS (SELECT FROM product_search AS e WHERE e.product_id = s.product_id AND e.language = ANY(?))",
				languageArray(earlier))
		}
		earlier = append(earlier, language.Language)
	}
	page := statement{}
	if q.AfterID != nil {
		page.add("WHERE score < ? OR (score = ? AND product_id > ?)", q.AfterScore, q.AfterScore, *q.AfterID)
	}
	page.add(" ORDER BY score DESC, product_id LIMIT ? OFFSET ?", q.Limit, q.Offset)

	var rows []struct {
		Total     int
		ProductID *uuid.UUID
		Score     float64
	}
	err := s.db.NewRaw("WITH hits AS MATERIALIZED ("+hits.sql+"), page AS (SELECT * FROM hits "+page.sql+`)
		SELECT total.count AS total, page.product_id, page.score
		FROM (SELECT count(*) FROM hits) AS total
		LEFT JOIN page ON true
		ORDER BY page.score DESC, page.product_id`, append(hits.args, page.args...)...).Scan(ctx, &rows)
	if err != nil {
		return nil, 0, wrap(ctx, err, "search products")
	}
	var found []ProductSearchHit
	for _, row := range rows {
		if row.ProductID != nil {
			found = append(found, ProductSearchHit{*row.ProductID, row.Score})
		}
	}
	return found, rows[0].Total, nil
}
