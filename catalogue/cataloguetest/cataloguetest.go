// Package cataloguetest gives tests a shop with the demo catalogue.
package cataloguetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/uptrace/bun"

	"ecoseller/catalogue"
	"ecoseller/embedded/demo"
	"ecoseller/models"
	"ecoseller/search/indexer"
	"ecoseller/search/postgres"
	"ecoseller/store"
	"ecoseller/store/storetest"
)

// Languages are what the shop of the tests speaks.
func Languages() models.Languages {
	return models.Languages{
		Supported: []models.LanguageCode{"en", "cs", "sk"},
		Fallback:  []models.LanguageCode{"sk", "cs", "en"},
	}
}

// NewDemo returns a store over a database of its own, with the demo catalogue in it.
func NewDemo(tb testing.TB) (*store.Store, *bun.DB) {
	tb.Helper()
	return open(tb, storetest.CreateFilled(tb, "demo", fill))
}

// NewIndexedDemo is NewDemo with the rows that the engine in PostgreSQL searches.
func NewIndexedDemo(tb testing.TB) (*store.Store, *bun.DB) {
	tb.Helper()
	return open(tb, CreateIndexedDemo(tb))
}

// CreateIndexedDemo makes a database as NewIndexedDemo does and returns how to reach it, for tests that start processes.
func CreateIndexedDemo(tb testing.TB) store.Options {
	tb.Helper()
	return storetest.CreateFilled(tb, "indexed_demo", fillAndIndex)
}

func open(tb testing.TB, options store.Options) (*store.Store, *bun.DB) {
	tb.Helper()
	db := storetest.Open(tb, options)
	return store.New(db, Languages(), nil), db
}

func fill(ctx context.Context, db *bun.DB) error {
	return load(ctx, store.New(db, Languages(), nil))
}

func fillAndIndex(ctx context.Context, db *bun.DB) error {
	s := store.New(db, Languages(), nil)
	if err := load(ctx, s); err != nil {
		return err
	}
	engine := postgres.New(s, postgres.Options{Languages: Languages().Supported})
	if _, err := indexer.New(s, Languages(), engine).Rebuild(ctx, nil); err != nil {
		return fmt.Errorf("index the demo catalogue: %w", err)
	}
	return nil
}

func load(ctx context.Context, s *store.Store) error {
	if err := s.ImportReference(ctx, demo.Catalogue()); err != nil {
		return fmt.Errorf("import reference data: %w", err)
	}
	var refused []error
	_, err := catalogue.NewImporter(s, models.MediaAddresses{}).Import(ctx, demo.Products(), func(r catalogue.Refusal) {
		refused = append(refused, fmt.Errorf("line %d was refused: %s", r.Line, r.Reason))
	})
	if err != nil {
		return fmt.Errorf("import products: %w", err)
	}
	return errors.Join(refused...)
}
