package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// ProductSuggestionRow is a product's title in one language, as the engine in PostgreSQL completes it.
type ProductSuggestionRow struct {
	ProductID uuid.UUID           `json:"product_id"`
	Language  models.LanguageCode `json:"language"`
	Version   int64               `json:"version"`
	Title     string              `json:"title"`
	// Words is a tsvector in its text form; empty when the product is not published.
	Words string `json:"words"`
	// Vocabulary are the title's words that may be typed wrong.
	Vocabulary []string `json:"vocabulary"`
}

// PutProductSuggestions replaces the rows of the products, language by language; a product's older version
// never replaces a newer one. Versions has all products, also those that have no row; deleted ones are left
// out.
func (s *Store) PutProductSuggestions(ctx context.Context, versions map[uuid.UUID]int64, rows []ProductSuggestionRow) error {
	err := s.execJSON(ctx, "delete suggestions in other languages", `
		DELETE FROM product_suggestions AS s
		USING jsonb_each_text(?0::jsonb -> 'versions') AS product
		WHERE s.product_id = product.key::uuid AND s.version <= product.value::bigint
		  AND NOT EXISTS (
			SELECT FROM jsonb_to_recordset(?0::jsonb -> 'rows') AS r (product_id uuid, language text)
			WHERE r.product_id = s.product_id AND r.language = s.language)`,
		map[string]any{"versions": versions, "rows": rows})
	if err != nil || len(rows) == 0 {
		return err
	}
	return s.execJSON(ctx, "put suggestions", `
		WITH incoming AS (
			SELECT r.* FROM jsonb_to_recordset(?0::jsonb)
				AS r (product_id uuid, language text, version bigint, title text, words text, vocabulary jsonb)
			JOIN products ON products.id = r.product_id
		), vocabulary AS (
			INSERT INTO product_suggestion_words (language, word)
			SELECT DISTINCT incoming.language COLLATE "C", word COLLATE "C"
			FROM incoming, jsonb_array_elements_text(incoming.vocabulary) AS word
			ORDER BY 1, 2
			ON CONFLICT DO NOTHING
		)
		INSERT INTO product_suggestions AS s (product_id, language, version, title, words)
		SELECT product_id, language, version, title, words::tsvector FROM incoming
		ORDER BY product_id, language
		ON CONFLICT (product_id, language) DO UPDATE
		SET version = excluded.version, title = excluded.title, words = excluded.words
		WHERE s.version <= excluded.version`, rows)
}

// ProductTitle is a title and whose it is.
type ProductTitle struct {
	ProductID uuid.UUID
	Title     string
}

// TitlesMatching returns the titles of published products that match one of the tsqueries: those of the first
// queries, up to the limit. It asks one query after the other and stops when it has enough, so that a letter
// that begins a third of all titles costs no more than a rare word.
func (s *Store) TitlesMatching(ctx context.Context, tsqueries []string, limit int) ([]ProductTitle, error) {
	var titles []ProductTitle
	err := s.db.NewRaw(`
		SELECT match.product_id, match.title
		FROM unnest(?0::text[]) AS query
		CROSS JOIN LATERAL (
			SELECT product_id, title FROM product_suggestions WHERE words @@ query::tsquery LIMIT ?1
		) AS match
		LIMIT ?1`, pgdialect.Array(tsqueries), limit).Scan(ctx, &titles)
	return titles, wrap(ctx, err, "find titles")
}

// TitleWords returns the words of titles in the languages that begin with one of the letters and have as many
// letters or more.
func (s *Store) TitleWords(ctx context.Context, languages []models.LanguageCode, beginning string, letters int) ([]string, error) {
	var words []string
	err := s.db.NewRaw(`
		SELECT word FROM product_suggestion_words
		WHERE language = ANY(?) AND word >= ? AND word < ? AND length(word) >= ?`,
		languageArray(languages), beginning, beginning+"\U0010FFFF", letters).Scan(ctx, &words)
	return words, wrap(ctx, err, "load words of titles")
}
