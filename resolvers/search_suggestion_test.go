package resolvers_test

import (
	"slices"
	"strings"
	"testing"
)

type suggestionsAnswer struct {
	SearchSuggestions struct {
		Engine, Language string
		Degraded         bool
		Nodes            []struct {
			Type, Text, Highlighted string
			Product                 *struct {
				Title string
				Media []struct{ URL string }
			}
			Category *struct{ Title, Slug string }
		}
	}
}

const askSuggestions = `query ($text: String!, $first: Int!) {
	searchSuggestions(query: $text, language: "cs", first: $first) {
		engine degraded language
		nodes {
			type text highlighted
			product { title media { url } variants { sku price { gross { amount } } } }
			category { title slug path { title } }
		}
	}
}`

func TestSuggestionsLeadToProductsAndCategories(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.ask(t, askSuggestions, map[string]any{"text": "x", "first": 1}) // reads the names
	var first int64
	for i, n := range []int{3, 100} {
		var got suggestionsAnswer
		a := s.data(t, &got, askSuggestions, map[string]any{"text": "sluch", "first": n})
		if got.SearchSuggestions.Engine != "POSTGRES" || got.SearchSuggestions.Degraded || got.SearchSuggestions.Language != "cs" {
			t.Errorf("%+v", got.SearchSuggestions)
		}
		nodes := got.SearchSuggestions.Nodes
		if len(nodes) < 3 || len(nodes) > n {
			t.Fatalf("%d of %d suggestions", len(nodes), n)
		}
		if nodes[0].Category == nil || nodes[0].Category.Title != "Sluchátka" || nodes[0].Product != nil {
			t.Errorf("first: %+v", nodes[0])
		}
		for _, node := range nodes[1:] {
			if node.Type != "PRODUCT" || node.Product == nil || node.Product.Title != node.Text || len(node.Product.Media) == 0 {
				t.Errorf("%+v", node)
			}
		}
		if i == 0 {
			first = a.statements
		} else if a.statements != first || a.statements > 14 {
			t.Errorf("%d statements for few suggestions, %d for many", first, a.statements)
		}
	}
}

func TestSuggestionsForNothingAndForTooMuch(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, text := range []string{"", "   ", "?", strings.Repeat("ž", 500)} {
		var got suggestionsAnswer
		s.data(t, &got, askSuggestions, map[string]any{"text": text, "first": 10})
		if len(got.SearchSuggestions.Nodes) > 0 {
			t.Errorf("%q: %+v", text, got.SearchSuggestions.Nodes)
		}
	}
	if code := s.ask(t, askSuggestions, map[string]any{"text": strings.Repeat("ž", 501), "first": 10}).code(); code != "SEARCH_QUERY_TOO_LONG" {
		t.Errorf("501 characters: %s", code)
	}
	for _, n := range []int{0, 101} {
		if code := s.ask(t, askSuggestions, map[string]any{"text": "x", "first": n}).code(); code != "PAGE_SIZE_OUT_OF_RANGE" {
			t.Errorf("first %d: %s", n, code)
		}
	}
}

// TestHiddenThingsAreNotSuggestedToStaff either: suggestions are what customers see.
func TestHiddenThingsAreNotSuggestedToStaff(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if _, err := s.db.ExecContext(t.Context(), "UPDATE products SET published = false WHERE brand = 'Lumora'"); err != nil {
		t.Fatal(err)
	}
	var got suggestionsAnswer
	s.data(t, &got, askSuggestions, map[string]any{"text": "lumora", "first": 10}, "Authorization", "Bearer "+s.token)
	var texts []string
	for _, node := range got.SearchSuggestions.Nodes {
		texts = append(texts, node.Text)
	}
	if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "Lumora") }) {
		t.Errorf("suggested: %q", texts)
	}
}
