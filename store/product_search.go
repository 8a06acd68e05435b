package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

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
	InStock   bool                `json:"in_stock"`
	// NewSince is the time from which the product counts as new.
	NewSince time.Time `json:"new_since"`
	Version  int64     `json:"version"`
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
		SELECT r.product_id, r.language, r.published, r.in_stock, r.new_since, r.version, r.document::tsvector AS document, r.words
		FROM jsonb_to_recordset(?::jsonb)
			AS r (product_id uuid, language text, published boolean, in_stock boolean, new_since timestamptz, version bigint,
				document text, words text)
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
	INSERT INTO product_search AS s (product_id, language, published, in_stock, new_since, version, document, words)
	SELECT product_id, language, published, in_stock, new_since, version, document, words FROM incoming
	ORDER BY product_id, language
	ON CONFLICT (product_id, language) DO UPDATE
	SET published = excluded.published, in_stock = excluded.in_stock, new_since = excluded.new_since,
		version = excluded.version, document = excluded.document, words = excluded.words
	WHERE (s.published, s.in_stock, s.new_since, s.version, s.document, s.words)
		IS DISTINCT FROM (excluded.published, excluded.in_stock, excluded.new_since, excluded.version, excluded.document, excluded.words)`

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
	// FieldWeights say what a word counts in attributes, short description, title, and brand and codes: a float4[]
	// in the order of PostgreSQL's weights, D to A.
	FieldWeights string
	ProductSearchPage
}

// ProductSearchLanguage is the query as the analyzer of one language sees it.
type ProductSearchLanguage struct {
	Language models.LanguageCode
	// Match is the tsquery that hits meet, Preferred the one whose hits get PreferredScore besides.
	Match, Preferred string
	PreferredScore   float64
	// Words are what is scored by.
	Words []ProductSearchWord
}

// ProductSearchWord is a word of the query or a phrase, as a tsquery, with what it counts.
type ProductSearchWord struct {
	Query  string
	Weight float64
}

// codeScore puts products whose code is the whole query before all others.
const codeScore = "1000"

// MatchingProducts returns the published products that match, best first, and how many there are in all. A word
// counts by its weight, by the field it stands in, by how often it stands there, and less in a long text (ts_rank with
// normalization 1).
func (s *Store) MatchingProducts(ctx context.Context, q ProductSearch) (*ProductSearchResult, error) {
	var matches statement
	var earlier []models.LanguageCode
	for i, l := range q.Languages {
		if i > 0 {
			matches.add("\nUNION ALL\n")
		}
		var score statement
		score.add(codeScore+" * (s.document @@ ?::tsquery)::int + ? * (s.document @@ ?::tsquery)::int", q.Code, l.PreferredScore, l.Preferred)
		for _, word := range l.Words {
			score.add(" + ? * ts_rank(?::float4[], s.document, ?::tsquery, 1)", word.Weight, q.FieldWeights, word.Query)
		}
		// A product is looked for in the first language of the chain in which it has a text.
		matches.add("SELECT s.product_id, ("+preferred(score.sql)+")::float8 AS score FROM product_search AS s", score.args...)
		matches.add(" WHERE s.document @@ ?::tsquery AND s.published AND s.language = ?", l.Match, l.Language)
		if len(earlier) > 0 {
			matches.add(" AND NOT EXISTS (SELECT FROM product_search AS e WHERE e.product_id = s.product_id AND e.language = ANY(?))",
				languageArray(earlier))
		}
		earlier = append(earlier, l.Language)
	}
	return s.productSearchPage(ctx, matches, q.ProductSearchPage)
}

// ProductSearchWordMatch is a word of a query in a product.
type ProductSearchWordMatch struct {
	ProductID         uuid.UUID
	Language          models.LanguageCode
	ProductSearchWord `bun:",extend"`
	// Rank is what PostgreSQL makes of where and how often the word stands.
	Rank float64
}

// MatchingWords returns which words of the query are in the products, and how much they count there.
func (s *Store) MatchingWords(ctx context.Context, q ProductSearch, ids []uuid.UUID) (map[uuid.UUID][]*ProductSearchWordMatch, error) {
	var words statement
	for _, l := range q.Languages {
		for _, word := range l.Words {
			if words.sql != "" {
				words.add(" UNION ALL ")
			}
			words.add("SELECT ?::text AS language, ?::text AS query, ?::float8 AS weight", l.Language, word.Query, word.Weight)
		}
	}
	var matches []*ProductSearchWordMatch
	err := s.db.NewRaw("WITH words AS ("+words.sql+`)
		SELECT s.product_id, w.*, ts_rank(?::float4[], s.document, w.query::tsquery, 1)::float8 AS rank
		FROM words AS w
		JOIN product_search AS s ON s.language = w.language AND s.product_id = ANY(?) AND s.document @@ w.query::tsquery
		ORDER BY s.product_id, rank * w.weight DESC`, append(words.args, q.FieldWeights, uuidArray(ids))...).Scan(ctx, &matches)
	return groupBy(matches, func(m *ProductSearchWordMatch) uuid.UUID { return m.ProductID }), wrap(ctx, err, "explain search")
}
