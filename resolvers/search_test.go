package resolvers_test

import (
	"html"
	"strings"
	"testing"
)

const searchWithEverything = `query($first: Int! = 5, $filter: ProductFilter, $sort: ProductSearchSort) {
	searchProducts(query: "sluchatka", language: "cs", first: $first, filter: $filter, sort: $sort) {
		totalCount
		edges { cursor node { title brand variants { sku } } highlight { title shortDescription } }
		facets {
			attributes { type { code name } min max values { attribute { name } productCount } }
			brands { brand productCount }
			categories { category { title } productCount children { category { title } productCount children { category { title } productCount } } }
			price { priceList min max buckets { from to productCount } }
			inStockCount outOfStockCount
		}
	}
}`

type categoryFacet struct {
	Category     struct{ Title string }
	ProductCount int
	Children     []categoryFacet
}

type searchAnswer struct {
	SearchProducts struct {
		TotalCount int
		Edges      []struct {
			Cursor    string
			Node      struct{ Title, Brand string }
			Highlight struct {
				Title            *string
				ShortDescription []string
			}
		}
		Facets struct {
			Attributes []struct {
				Type     struct{ Code, Name string }
				Min, Max *string
				Values   []struct {
					Attribute    struct{ Name string }
					ProductCount int
				}
			}
			Brands []struct {
				Brand        string
				ProductCount int
			}
			Categories []categoryFacet
			Price      *struct {
				PriceList, Min, Max string
				Buckets             []struct{ ProductCount int }
			}
			InStockCount, OutOfStockCount int
		}
	}
}

func TestSearchShowsFacetsAndHighlights(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var all, narrowed searchAnswer
	a := s.data(t, &all, searchWithEverything, nil)
	// How rare words are, page, its facets, products, texts to mark, market, variants, names of attributes and of categories.
	if a.statements > 9 {
		t.Errorf("%d statements", a.statements)
	}
	found := all.SearchProducts
	f := found.Facets
	if found.TotalCount < 5 || f.InStockCount+f.OutOfStockCount != found.TotalCount {
		t.Fatalf("%d hits, %d in stock, %d not", found.TotalCount, f.InStockCount, f.OutOfStockCount)
	}
	if len(f.Categories) == 0 || f.Categories[0].Category.Title != "Elektronika" || f.Categories[0].Children[0].Category.Title != "Audio" ||
		f.Categories[0].Children[0].Children[0].Category.Title != "Sluchátka" {
		t.Errorf("categories: %+v", f.Categories)
	}
	if f.Price == nil || f.Price.PriceList != "czk" || len(f.Price.Buckets) == 0 {
		t.Errorf("price: %+v", f.Price)
	}
	if len(f.Attributes) == 0 || f.Attributes[0].Type.Name == "" || f.Attributes[0].Values[0].ProductCount == 0 {
		t.Errorf("attributes: %+v", f.Attributes)
	}
	for _, edge := range found.Edges {
		marked := edge.Highlight.Title
		if marked != nil && html.UnescapeString(strings.NewReplacer("<mark>", "", "</mark>", "").Replace(*marked)) != edge.Node.Title {
			t.Errorf("%q is marked as %q", edge.Node.Title, *marked)
		}
	}
	if first := found.Edges[0].Highlight.Title; first == nil || !strings.Contains(*first, "<mark>") {
		t.Errorf("the first title is marked as %v", first)
	}

	s.data(t, &narrowed, searchWithEverything, map[string]any{
		"filter": map[string]any{"brands": []string{"Lumora"}, "categorySlugs": []string{"sluchatka"}, "inStock": true},
		"sort":   map[string]any{"key": "PRICE"},
	})
	if n := narrowed.SearchProducts; n.TotalCount == 0 || n.TotalCount >= found.TotalCount || len(n.Facets.Brands) < 2 || n.Edges[0].Node.Brand != "Lumora" {
		t.Errorf("narrowed: %+v", n)
	}
}

func TestSearchArgumentsAreChecked(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var byScore searchAnswer
	s.data(t, &byScore, searchWithEverything, nil)
	cursor := byScore.SearchProducts.Edges[0].Cursor
	for query, code := range map[string]string{
		`{ searchProducts(query: "x", sort: {key: PRICE, priceList: "none"}) { totalCount } }`:                                                                                       "BAD_USER_INPUT",
		`{ searchProducts(query: "x", filter: {categoryIds: ["?"]}) { totalCount } }`:                                                                                                "INVALID_ID",
		`{ searchProducts(query: "sluchatka", sort: {key: TITLE}, after: "` + cursor + `") { totalCount } }`:                                                                         "INVALID_CURSOR",
		`{ searchProducts(query: "sluchatka", after: "eyJzIjoxLCJwIjoiMDFhMjE3YTgtOTU4NS03MWVlLWFkNjYtODAzOWRiOTYxYTQ0IiwiZSI6IlBPU1RHUkVTIiwiciI6MSwiayI6IngifQ") { totalCount } }`: "INVALID_CURSOR",
	} {
		if got := s.ask(t, query, nil).code(); got != code {
			t.Errorf("%s: got %q, want %q", query, got, code)
		}
	}
	var hidden searchAnswer
	s.data(t, &hidden, searchWithEverything, map[string]any{"filter": map[string]any{"published": false}})
	if hidden.SearchProducts.TotalCount != 0 {
		t.Errorf("%d unpublished products are found", hidden.SearchProducts.TotalCount)
	}
}
