package indexer_test

import (
	"testing"

	"github.com/google/uuid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/search/indexer"
)

// BenchmarkDocuments reads a hundred products from a real database and builds their documents.
func BenchmarkDocuments(b *testing.B) {
	s, _ := cataloguetest.NewDemo(b)
	ids, err := s.ProductIDsAfter(b.Context(), uuid.Nil, 100)
	if err != nil {
		b.Fatal(err)
	}
	x := indexer.New(s, cataloguetest.Languages())
	b.ReportAllocs()
	for b.Loop() {
		documents, err := indexer.Documents(x, b.Context(), ids)
		if err != nil || len(documents) != len(ids) {
			b.Fatalf("%d documents of %d products: %v", len(documents), len(ids), err)
		}
	}
}
