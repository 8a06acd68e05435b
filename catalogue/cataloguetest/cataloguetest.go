// Package cataloguetest gives tests a shop with the demo catalogue.
package cataloguetest

import (
	"testing"

	"github.com/uptrace/bun"

	"ecoseller/catalogue"
	"ecoseller/embedded/demo"
	"ecoseller/models"
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
	db := storetest.NewDB(tb)
	s := store.New(db, Languages(), nil)
	Load(tb, s)
	return s, db
}

// Load puts the demo catalogue into a store.
func Load(tb testing.TB, s *store.Store) {
	tb.Helper()
	if err := s.ImportReference(tb.Context(), demo.Catalogue()); err != nil {
		tb.Fatalf("import reference data: %v", err)
	}
	_, err := catalogue.NewImporter(s, models.MediaAddresses{}).Import(tb.Context(), demo.Products(), func(r catalogue.Refusal) {
		tb.Errorf("line %d was refused: %s", r.Line, r.Reason)
	})
	if err != nil {
		tb.Fatalf("import products: %v", err)
	}
}
