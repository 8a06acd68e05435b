package resolvers_test

import (
	"slices"
	"strings"
	"testing"
)

// TestCategoryPage asks for what a category page of a storefront shows, all in one request.
func TestCategoryPage(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	type facet struct {
		Type     struct{ Code, Name string }
		Min, Max *string
		Values   []struct {
			Attribute    struct{ Value, Name string }
			ProductCount int
		}
	}
	type page struct {
		Category struct {
			Title string
			Path  []struct{ Title string }
		}
		Products struct {
			TotalCount int
			Nodes      []struct{ Title string }
			Facets     []facet
		}
	}
	const query = `query($attributes: [AttributeFilter!]) @inContext(language: "cs") {
		category(slug: "sluchatka") { title path { title } }
		products(filter: {categorySlugs: ["sluchatka"], attributes: $attributes}, first: 100) {
			totalCount nodes { title } facets { type { code name } min max values { attribute { value name } productCount } }
		}
	}`
	var whole, filtered page
	a := s.data(t, &whole, query, nil)
	if a.statements > 12 {
		t.Errorf("%d statements", a.statements)
	}
	if n := len(whole.Category.Path); n < 2 || whole.Category.Path[n-1].Title != whole.Category.Title {
		t.Errorf("breadcrumbs %v of %q", whole.Category.Path, whole.Category.Title)
	}
	find := func(p page, code string) facet {
		i := slices.IndexFunc(p.Products.Facets, func(f facet) bool { return f.Type.Code == code })
		if i < 0 {
			t.Fatalf("no facet %s in %+v", code, p.Products.Facets)
		}
		return p.Products.Facets[i]
	}
	count := func(f facet, value string) int {
		for _, v := range f.Values {
			if v.Attribute.Value == value {
				return v.ProductCount
			}
		}
		return 0
	}
	hours := find(whole, "battery_hours")
	if hours.Min == nil || hours.Max == nil || *hours.Min == *hours.Max {
		t.Errorf("battery_hours: %+v", hours)
	}
	if c := find(whole, "connection"); c.Min != nil || count(c, "wireless") == 0 || count(c, "wireless")+count(c, "wired") != whole.Products.TotalCount {
		t.Errorf("connection: %+v, %d products", c, whole.Products.TotalCount)
	}

	s.data(t, &filtered, query, map[string]any{"attributes": []any{map[string]any{"type": "connection", "values": []string{"wireless"}}}})
	if got, want := filtered.Products.TotalCount, count(find(whole, "connection"), "wireless"); got != want {
		t.Errorf("%d wireless products, the facet promised %d", got, want)
	}
	if c := find(filtered, "connection"); count(c, "wired") != count(find(whole, "connection"), "wired") {
		t.Errorf("the chosen type hides its alternatives: %+v", c)
	}
	for _, v := range find(filtered, "colour").Values {
		if v.ProductCount > count(find(whole, "colour"), v.Attribute.Value) {
			t.Errorf("more %s products among the wireless ones than among all", v.Attribute.Value)
		}
	}
}

func TestCategoryIsFoundByItsKeys(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	type category struct{ ID, Code, Title string }
	var data struct{ BySlug, ByCode, Hidden, None *category }
	s.data(t, &data, `query @inContext(language: "cs") {
		bySlug: category(slug: "sluchatka") { id code title } byCode: category(code: "headphones") { id code title }
		hidden: category(code: "christmas") { id code title } none: category(slug: "none") { id code title } }`, nil)
	if data.BySlug == nil || data.ByCode == nil || *data.BySlug != *data.ByCode || data.Hidden != nil || data.None != nil {
		t.Errorf("got %+v", data)
	}
	var byID struct{ Category, Node *category }
	s.data(t, &byID, `query($id: ID!) @inContext(language: "cs") { category(id: $id) { id code title } node(id: $id) { ... on Category { id code title } } }`,
		map[string]any{"id": data.BySlug.ID})
	if byID.Category == nil || *byID.Category != *data.BySlug || *byID.Node != *data.BySlug {
		t.Errorf("by id: %+v", byID)
	}
	for query, code := range map[string]string{
		`{ category { id } }`:                                     "BAD_USER_INPUT",
		`{ category(code: "a", slug: "b") { id } }`:               "BAD_USER_INPUT",
		`{ category(id: "x") { id } }`:                            "INVALID_ID",
		`{ category(code: "headphones", language: "de") { id } }`: "UNKNOWN_LANGUAGE",
	} {
		if a := s.ask(t, query, nil); a.code() != code {
			t.Errorf("%s: %+v, want %s", query, a.Errors, code)
		}
	}
	if _, err := s.db.Exec("UPDATE categories SET published = false WHERE id = (SELECT parent_id FROM categories WHERE code = 'headphones')"); err != nil {
		t.Fatal(err)
	}
	var below struct{ Category *category }
	s.data(t, &below, `{ category(code: "headphones") { id code title } }`, nil)
	if below.Category != nil {
		t.Error("a category below an unpublished one is shown")
	}
}

func TestReferenceData(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var data struct {
		Countries []struct {
			Code, Name, Locale string
			DefaultPriceList   struct{ Code, Currency string }
			VatGroups          []struct {
				Code, Rate string
				IsDefault  bool
			}
		}
		ProductTypes, AttributeTypes []struct{ Code, Name string }
	}
	a := s.data(t, &data, `query @inContext(language: "cs") {
		countries { code name locale defaultPriceList { code currency } vatGroups { code rate isDefault } }
		productTypes { code name } attributeTypes { code name } }`, nil)
	if a.statements > 5 {
		t.Errorf("%d statements", a.statements)
	}
	if len(data.Countries) != 3 || data.Countries[0].Name != "Česko" || data.Countries[0].DefaultPriceList.Currency != "CZK" ||
		!data.Countries[0].VatGroups[0].IsDefault || data.Countries[0].VatGroups[0].Rate != "21" {
		t.Errorf("countries: %+v", data.Countries)
	}
	for _, list := range [][]struct{ Code, Name string }{data.ProductTypes, data.AttributeTypes} {
		if len(list) < 10 || !slices.IsSortedFunc(list, func(a, b struct{ Code, Name string }) int { return strings.Compare(a.Code, b.Code) }) {
			t.Errorf("got %+v", list)
		}
	}
}
