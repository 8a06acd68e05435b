package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// SearchWord is a word of the catalogue in one language, in a form of product_search.document.
type SearchWord struct {
	Language models.LanguageCode `json:"language"`
	Word     string              `json:"word"`
	// Written is the word with its accents.
	Written string `json:"written"`
	// Documents is how many products had the word when they were last counted.
	Documents int `json:"documents"`
}

// AddSearchWords makes words known that were not; those that are stay as they are.
func (s *Store) AddSearchWords(ctx context.Context, words []SearchWord) error {
	raw, err := json.Marshal(words)
	if err != nil {
		return fmt.Errorf("write search words: %w", err)
	}
	// The join leaves out what is known before the insert would lock it.
	_, err = s.db.NewRaw(`
		WITH given AS (
			SELECT * FROM jsonb_to_recordset(?::jsonb) AS g (language text, word text, written text, documents integer)
		)
		INSERT INTO search_words (language, word, written, documents)
		SELECT g.language, g.word, g.written, g.documents
		FROM given AS g
		LEFT JOIN search_words AS known ON known.language = g.language AND known.word = g.word
		WHERE known.word IS NULL
		ORDER BY g.language, g.word
		ON CONFLICT (language, word) DO NOTHING`, string(raw)).Exec(ctx)
	return wrap(ctx, err, "add search words")
}

// SearchWordsSince returns the moment from which on words count as new to PutSearchWords.
func (s *Store) SearchWordsSince(ctx context.Context) (time.Time, error) {
	var now time.Time
	err := s.db.NewRaw("SELECT clock_timestamp()").Scan(ctx, &now)
	return now, wrap(ctx, err, "read clock")
}

// PutSearchWords makes the words all that are known, with their numbers, besides those that came in since. The empty
// word stands for all products.
func (s *Store) PutSearchWords(ctx context.Context, words []SearchWord, since time.Time) error {
	for batch := range slices.Chunk(words, searchWordsBatch) {
		err := s.execJSON(ctx, "put search words", `
			INSERT INTO search_words AS w (language, word, written, documents)
			SELECT language, word, written, documents
			FROM jsonb_to_recordset(?0::jsonb) AS g (language text, word text, written text, documents integer)
			ORDER BY language, word
			ON CONFLICT (language, word) DO UPDATE SET documents = excluded.documents, written = excluded.written
			WHERE (w.documents, w.written) IS DISTINCT FROM (excluded.documents, excluded.written)`, batch)
		if err != nil {
			return err
		}
	}
	return s.deleteSearchWordsExcept(ctx, words, since)
}

// searchWordsBatch bounds a statement's size.
const searchWordsBatch = 10_000

func (s *Store) deleteSearchWordsExcept(ctx context.Context, kept []SearchWord, since time.Time) error {
	languages, words := make([]string, len(kept)), make([]string, len(kept))
	for i, word := range kept {
		languages[i], words[i] = string(word.Language), word.Word
	}
	_, err := s.db.NewRaw(`
		DELETE FROM search_words AS w
		WHERE w.added_at < ?2
		  AND NOT EXISTS (SELECT FROM unnest(?0::text[], ?1::text[]) AS kept (language, word) WHERE kept.language = w.language AND kept.word = w.word)`,
		pgdialect.Array(languages), pgdialect.Array(words), since).Exec(ctx)
	return wrap(ctx, err, "delete vanished search words")
}

// SearchWords returns those of the words that are known in one of the languages.
func (s *Store) SearchWords(ctx context.Context, languages []models.LanguageCode, words []string) ([]SearchWord, error) {
	var known []SearchWord
	err := s.db.NewRaw("SELECT language, word, written, documents FROM search_words WHERE language = ANY(?) AND word = ANY(?)",
		languageArray(languages), pgdialect.Array(words)).Scan(ctx, &known)
	return known, wrap(ctx, err, "look up search words")
}

// SimilarSearchWords returns for each of the words up to limit known ones that share most trigrams with it, the most
// similar first. Stems and codes are none of them.
func (s *Store) SimilarSearchWords(ctx context.Context, languages []models.LanguageCode, words []string, limit int) (map[string][]SearchWord, error) {
	var rows []struct {
		SearchWord `bun:",extend"`
		Typed      string
	}
	err := s.db.NewRaw(`
		SELECT typed.word AS typed, similar_word.*
		FROM unnest(?::text[]) AS typed (word)
		CROSS JOIN LATERAL (
			SELECT language, word, written, documents
			FROM search_words
			WHERE word % typed.word AND word ~ '^[a-z]' AND language = ANY(?)
			ORDER BY similarity(word, typed.word) DESC, documents DESC, word
			LIMIT ?
		) AS similar_word`, pgdialect.Array(words), languageArray(languages), limit).Scan(ctx, &rows)
	similar := map[string][]SearchWord{}
	for _, row := range rows {
		similar[row.Typed] = append(similar[row.Typed], row.SearchWord)
	}
	return similar, wrap(ctx, err, "find similar search words")
}
