package search_test

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"ecoseller/models"
)

// TestFacetsCountWhatFiltersLeave compares each count with the number of hits that a filter by the value leaves, as
// lists filter.
func TestFacetsCountWhatFiltersLeave(t *testing.T) {
	t.Parallel()
	yes := true
	least, most := decimal.NewFromInt(500), decimal.NewFromInt(3000)
	onEachEngine(t, func(b *bench) {
		b.exec("UPDATE categories SET published = false WHERE code = 'speakers'")
		b.exec("UPDATE products SET index_version = index_version + 1")
		b.rebuild()
		colour := models.AttributeCondition{Type: "colour", Values: []string{"black", "white"}}
		for name, q := range map[string]models.ProductQuery{
			"no filter":           {},
			"brand":               {Brands: []string{"Lumora"}},
			"attribute and stock": {Attributes: []models.AttributeCondition{colour}, InStock: &yes},
			"two attributes":      {Attributes: []models.AttributeCondition{colour, {Type: b.numericType(), Min: &decimal.Zero}}},
			"category and price": {
				CategorySlugs: []string{"sluchatka", "reproduktory"},
				Price:         &models.PriceCondition{PriceList: "czk", Min: &least, Max: &most},
			},
			"types": {ProductTypes: []string{"headphones"}, Brands: []string{"Lumora", "nobody's"}},
		} {
			b.checkFacets(name, q)
		}
	})
}

func (b *bench) numericType() string {
	b.Helper()
	var code string
	b.column(&code, `SELECT at.code FROM product_variant_attributes AS va JOIN attributes AS a ON a.id = va.attribute_id
		JOIN attribute_types AS at ON at.id = a.attribute_type_id JOIN product_variants AS v ON v.sku = va.sku
		JOIN products AS p ON p.id = v.product_id JOIN product_types AS pt ON pt.id = p.product_type_id
		WHERE a.number IS NOT NULL AND pt.code = 'headphones' GROUP BY at.code ORDER BY count(*) DESC, at.code LIMIT 1`)
	return code
}

func (b *bench) checkFacets(name string, q models.ProductQuery) {
	b.Helper()
	r := b.filtered("sluchatka", q)
	r.Facets, r.FacetPriceList = true, "czk"
	found := b.search(r)
	matching := map[uuid.UUID]bool{}
	for _, id := range idsOf(b.search(b.filtered("sluchatka", models.ProductQuery{})).Hits) {
		matching[id] = true
	}
	left := func(q models.ProductQuery) (count int) {
		for _, p := range b.listed(q) {
			if matching[p.ID] {
				count++
			}
		}
		return count
	}
	facets := found.Facets
	if facets == nil || found.Total == 0 || found.Total != left(q) {
		b.Errorf("%s: %d hits, want %d; facets %v", name, found.Total, left(q), facets)
		return
	}
	check := func(facet, value string, got int, q models.ProductQuery) {
		if want := left(q); got != want {
			b.Errorf("%s, %s %s: %d products, want %d", name, facet, value, got, want)
		}
	}
	check("in stock", "", facets.InStock, q.WithInStock(true))
	check("out of stock", "", facets.OutOfStock, q.WithInStock(false))

	var brands []string
	b.column(&brands, "SELECT DISTINCT brand FROM products WHERE brand <> ''")
	for _, brand := range brands {
		narrowed := q
		narrowed.Brands = []string{brand}
		check("brand", brand, countOf(facets.Brands, brand), narrowed)
	}
	var categories []uuid.UUID
	b.column(&categories, "SELECT id FROM categories")
	for _, id := range categories {
		got := 0
		for _, c := range facets.Categories {
			if c.CategoryID == id {
				got = c.ProductCount
			}
		}
		narrowed := q.WithoutCategories()
		narrowed.CategoryIDs = []uuid.UUID{id}
		check("category", id.String(), got, narrowed)
	}
	b.checkPrices(name, facets.Price, left(q.WithoutPrice()))
	b.checkAttributes(name, facets.Attributes, found.Total, q)
}

func countOf(counts []models.ValueCount, value string) int {
	for _, c := range counts {
		if c.Value == value {
			return c.ProductCount
		}
	}
	return 0
}

func (b *bench) checkPrices(name string, price *models.PriceFacet, want int) {
	b.Helper()
	if price == nil || price.Min.GreaterThan(price.Max.Decimal) {
		b.Errorf("%s: prices %+v", name, price)
		return
	}
	sum := 0
	for i, bucket := range price.Buckets {
		sum += bucket.ProductCount
		if i > 0 && !bucket.From.Equal(price.Buckets[i-1].To.Decimal) {
			b.Errorf("%s: there is a gap before %s", name, bucket.From)
		}
	}
	first, last := price.Buckets[0], price.Buckets[len(price.Buckets)-1]
	if sum != want || first.From.GreaterThan(price.Min.Decimal) || !last.To.GreaterThan(price.Max.Decimal) || len(price.Buckets) > 12 {
		b.Errorf("%s: %d products in %d buckets from %s to %s, want %d from %s to %s", name, sum, len(price.Buckets), first.From, last.To, want, price.Min, price.Max)
	}
}

// checkAttributes counts attributes in SQL: a product counts when any of its variants has the value.
func (b *bench) checkAttributes(name string, got []models.AttributeCounts, hits int, q models.ProductQuery) {
	b.Helper()
	matching := idsOf(b.search(b.filtered("sluchatka", models.ProductQuery{})).Hits)
	want := map[string]map[string]int{}
	covered := map[string]int{}
	var codes []string
	b.column(&codes, "SELECT code FROM attribute_types ORDER BY code")
	for _, code := range codes {
		var listed []uuid.UUID
		for _, p := range b.listed(q.WithoutAttribute(code)) {
			if slices.Contains(matching, p.ID) {
				listed = append(listed, p.ID)
			}
		}
		var rows []struct {
			ProductID uuid.UUID
			Value     string
		}
		if len(listed) > 0 {
			if err := b.db.NewRaw(`SELECT DISTINCT v.product_id, a.value FROM product_variants AS v
				JOIN product_variant_attributes AS va ON va.sku = v.sku JOIN attributes AS a ON a.id = va.attribute_id
				JOIN attribute_types AS at ON at.id = a.attribute_type_id
				WHERE at.code = ? AND v.product_id::text IN (?)`, code, bunIn(listed)).Scan(b.Context(), &rows); err != nil {
				b.Fatal(err)
			}
		}
		products := map[uuid.UUID]bool{}
		want[code] = map[string]int{}
		for _, row := range rows {
			want[code][row.Value]++
			products[row.ProductID] = true
		}
		covered[code] = len(products)
	}
	shown := map[string]bool{}
	for i, a := range got {
		shown[a.Type] = true
		counts := map[string]int{}
		for _, v := range a.Values {
			counts[v.Value] = v.ProductCount
		}
		if !maps.Equal(counts, want[a.Type]) || a.ProductCount != covered[a.Type] {
			b.Errorf("%s: attribute %s of %d products: got %v, want %v of %d", name, a.Type, a.ProductCount, counts, want[a.Type], covered[a.Type])
		}
		if i > 0 && cmp.Or(cmp.Compare(got[i-1].ProductCount, a.ProductCount), cmp.Compare(a.Type, got[i-1].Type)) < 0 {
			b.Errorf("%s: %s comes after %s", name, a.Type, got[i-1].Type)
		}
		b.checkBounds(name, a)
	}
	for code, count := range covered {
		filtered := slices.Contains(q.FilteredTypes(), code)
		if wanted := count > 0 && (filtered || count*models.FacetCoverage >= hits); wanted != shown[code] {
			b.Errorf("%s: attribute %s of %d in %d products is shown: %t", name, code, count, hits, shown[code])
		}
	}
}

func (b *bench) checkBounds(name string, a models.AttributeCounts) {
	b.Helper()
	var least, most *decimal.Decimal
	for _, v := range a.Values {
		number, err := decimal.NewFromString(v.Value)
		if err != nil {
			return
		}
		if least == nil || number.LessThan(*least) {
			least = &number
		}
		if most == nil || number.GreaterThan(*most) {
			most = &number
		}
	}
	if a.Min == nil || a.Max == nil || !a.Min.Equal(*least) || !a.Max.Equal(*most) {
		b.Errorf("%s: attribute %s from %v to %v, want %s to %s", name, a.Type, a.Min, a.Max, least, most)
	}
}

// TestRareValuesAreCountedToo has more different values than one request of Elasticsearch asks for.
func TestRareValuesAreCountedToo(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		b.exec(`INSERT INTO attribute_types (code, value_type) VALUES ('serial', 'TEXT'), ('a=b %', 'TEXT'), ('depth', 'DECIMAL')`)
		b.exec(`INSERT INTO attributes (attribute_type_id, value) SELECT id, 'number ' || n FROM attribute_types, generate_series(1, 3000) AS n WHERE code = 'serial'`)
		b.exec(`INSERT INTO attributes (attribute_type_id, value) SELECT id, 'x=y' FROM attribute_types WHERE code = 'a=b %'`)
		b.exec(`INSERT INTO attributes (attribute_type_id, value, number) SELECT id, n::text, n FROM attribute_types, unnest(ARRAY[-2.5, 0, 12.75]) AS n WHERE code = 'depth'`)
		b.exec(`INSERT INTO product_variant_attributes (sku, attribute_id)
			SELECT v.sku, a.id FROM attributes AS a JOIN attribute_types AS at ON at.id = a.attribute_type_id
			JOIN product_variants AS v ON v.sku LIKE 'LUM-AIR2%' WHERE at.code IN ('serial', 'a=b %', 'depth')`)
		b.exec("UPDATE products SET index_version = index_version + 1")
		b.rebuild()
		r := b.filtered("sluchatka", models.ProductQuery{Attributes: []models.AttributeCondition{{Type: "a=b %", Values: []string{"x=y"}}}})
		r.Facets = true
		found := b.search(r)
		if found.Total != 1 {
			b.Fatalf("found %d", found.Total)
		}
		byType := map[string]models.AttributeCounts{}
		for _, a := range found.Facets.Attributes {
			byType[a.Type] = a
		}
		if n := len(byType["serial"].Values); n != models.MaxFacetValues {
			b.Errorf("serial has %d values", n)
		}
		if got := byType["a=b %"].Values; len(got) != 1 || got[0] != (models.ValueCount{Value: "x=y", ProductCount: 1}) {
			b.Errorf("a type with a strange code has %v", got)
		}
		if d := byType["depth"]; len(d.Values) != 3 || d.Min == nil || d.Max == nil || d.Min.String() != "-2.5" || d.Max.String() != "12.75" {
			b.Errorf("depth: %+v", d)
		}
	})
}
