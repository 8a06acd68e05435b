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
func NewDemo(t testing.TB) (*store.Store, *bun.DB) {
	t.Helper()
	db := storetest.NewDB(t)
	s := store.New(db, nil)
	Load(t, s)
	return s, db
}

// Load puts the demo catalogue into a store.
func Load(t testing.TB, s *store.Store) {
	t.Helper()
	if err := s.ImportReference(t.Context(), demo.Catalogue()); err != nil {
		t.Fatalf("import reference data: %v", err)
	}
	_, err := catalogue.NewImporter(s).Import(t.Context(), demo.Products(), func(r catalogue.Refusal) {
		t.Errorf("line %d was refused: %s", r.Line, r.Reason)
	})
	if err != nil {
		t.Fatalf("import products: %v", err)
	}
}
