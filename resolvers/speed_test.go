package resolvers_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkHandler answers what a shop is asked most, from the request to the last byte, with a real database.
func BenchmarkHandler(b *testing.B) {
	s := newShop(b)
	for _, question := range []struct {
		name, query string
		variables   map[string]any
	}{
		{
			"product detail", `query ($slug: String!) { product(slug: $slug, language: "en") {
			id title slug description brand media { url position }
			variants { sku ean stockQuantity
				attributes { value name type { code name unit } }
				price { net { amount currency } gross { amount currency } vatRate discountPercent } } } }`,
			map[string]any{"slug": "wireless-sports-headphones-lumora-pulse"},
		},
		{"list of 24", `{ products(first: 24, language: "en") {
			nodes { id title slug brand media { url } priceRange { lowestNet { amount currency } lowestGross { amount currency } } }
			pageInfo { hasNextPage endCursor } } }`, nil},
		{"list of 24 with variants", `{ products(first: 24, language: "en") {
			nodes { id title slug brand media { url }
				variants { sku stockQuantity price { net { amount currency } gross { amount currency } vatRate discountPercent } } }
			pageInfo { hasNextPage endCursor } } }`, nil},
	} {
		body, err := json.Marshal(map[string]any{"query": question.query, "variables": question.variables})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(question.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
				request.Header.Set("Content-Type", "application/json")
				response := httptest.NewRecorder()
				s.handler.ServeHTTP(response, request)
				if answer := response.Body.Bytes(); response.Code != http.StatusOK || bytes.Contains(answer, []byte(`"errors":`)) || bytes.Contains(answer, []byte(`"product":null`)) {
					b.Fatalf("answer %d: %.300s", response.Code, answer)
				}
			}
		})
	}
}
