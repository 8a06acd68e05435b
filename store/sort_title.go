package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"ecoseller/models"
)

// LockSortTitles is held while the sort titles of all products are made.
const LockSortTitles LockKey = 7_301_984_115

// maxSortKey is how many bytes of a collation key are kept: a btree entry is limited to a third of a page, and
// nobody tells titles apart by what stands beyond their hundredth letter.
const maxSortKey = 400

// sortTitleRow is a row of product_sort_titles.
type sortTitleRow struct {
	ProductID uuid.UUID           `json:"product_id"`
	Language  models.LanguageCode `json:"language"`
	// SortKey is in hexadecimal digits.
	SortKey string `json:"sort_key"`
}

// refreshSortTitles computes the places of products in the alphabets of the shop's languages.
func (s *Store) refreshSortTitles(ctx context.Context, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	var titles []struct {
		ID       uuid.UUID
		Language *models.LanguageCode
		Title    *string
	}
	err := s.db.NewRaw(`
		SELECT p.id, t.language, t.title
		FROM products AS p LEFT JOIN product_translations AS t ON t.product_id = p.id
		WHERE p.id = ANY(?)`, uuidArray(ids)).Scan(ctx, &titles)
	if err != nil {
		return wrap(ctx, err, "load titles")
	}
	translated := map[uuid.UUID]models.Translated{}
	for _, t := range titles {
		if translated[t.ID] == nil {
			translated[t.ID] = models.Translated{}
		}
		if t.Language != nil && t.Title != nil {
			translated[t.ID][*t.Language] = *t.Title
		}
	}
	return s.execJSON(ctx, "write sort titles", upsertSortTitles, s.sortTitles(translated))
}

const insertSortTitles = `
	INSERT INTO product_sort_titles AS s (product_id, language, sort_key)
	SELECT product_id, language, decode(sort_key, 'hex')
	FROM jsonb_to_recordset(?::jsonb) AS given (product_id uuid, language text, sort_key text)
	ORDER BY product_id, language`

const upsertSortTitles = insertSortTitles + `
	ON CONFLICT (product_id, language) DO UPDATE SET sort_key = excluded.sort_key
	WHERE s.sort_key <> excluded.sort_key`

func (s *Store) sortTitles(translated map[uuid.UUID]models.Translated) []sortTitleRow {
	rows := make([]sortTitleRow, 0, len(translated)*len(s.languages.Supported))
	for _, code := range s.languages.Supported {
		// A tag that the collation tables lack falls back on its parents, in the end on the root's order.
		collator, chain := collate.New(language.Make(string(code))), s.languages.Chain(code)
		var buffer collate.Buffer
		for id, titles := range translated {
			title, _ := titles.In(chain)
			key := collator.KeyFromString(&buffer, title)
			if title == "" {
				key = nil
			}
			rows = append(rows, sortTitleRow{id, code, hex.EncodeToString(key[:min(len(key), maxSortKey)])})
			buffer.Reset()
		}
	}
	return rows
}

// KeepSortTitles makes the sort titles of all products anew when the shop's languages are others than those they
// were made for. It returns after that is done, be it by another process.
func (s *Store) KeepSortTitles(ctx context.Context) error {
	wanted, err := json.Marshal(s.languages)
	if err != nil {
		return fmt.Errorf("write languages: %w", err)
	}
	madeFor, err := s.madeFor(ctx, "product_sort_titles")
	if err != nil || bytes.Equal(madeFor, wanted) {
		return err
	}
	return s.ExclusivelyWaiting(ctx, LockSortTitles, func(ctx context.Context) error {
		madeFor, err := s.madeFor(ctx, "product_sort_titles")
		if err != nil || bytes.Equal(madeFor, wanted) {
			return err
		}
		return s.remakeSortTitles(ctx, wanted)
	})
}

func (s *Store) remakeSortTitles(ctx context.Context, madeFor []byte) error {
	_, err := s.db.NewRaw("DELETE FROM product_sort_titles WHERE language <> ALL(?)", languageArray(s.languages.Supported)).Exec(ctx)
	if err != nil {
		return wrap(ctx, err, "delete sort titles of former languages")
	}
	var last uuid.UUID
	for {
		ids, err := s.ProductIDsAfter(ctx, last, maxIndexBatch)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			break
		}
		if err := s.refreshSortTitles(ctx, ids); err != nil {
			return err
		}
		last = ids[len(ids)-1]
	}
	_, err = s.db.NewRaw(`
		INSERT INTO derivations (name, made_for) VALUES ('product_sort_titles', ?)
		ON CONFLICT (name) DO UPDATE SET made_for = excluded.made_for`, string(madeFor)).Exec(ctx)
	return wrap(ctx, err, "note for which languages sort titles are")
}

// madeFor says what derived rows were made for; nil when they never were.
func (s *Store) madeFor(ctx context.Context, name string) ([]byte, error) {
	var text string
	err := wrap(ctx, s.db.NewRaw("SELECT made_for FROM derivations WHERE name = ?", name).Scan(ctx, &text), "look at derivation")
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return []byte(text), err
}
