package store_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/store"
)

func TestProductPagesHoldEveryProductOnce(t *testing.T) {
	t.Parallel()
	s, db := cataloguetest.NewDemo(t)
	// Equal keys are what paging gets wrong: a third of the products share their times.
	if _, err := db.Exec("UPDATE products SET created_at = date_trunc('year', created_at), updated_at = date_trunc('year', created_at) WHERE hashtext(id::text) % 3 = 0"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO price_lists (code, name, currency) VALUES ('few', 'Few', 'EUR'); INSERT INTO product_prices (sku, price_list, amount) SELECT sku, 'few', 10 FROM product_variants WHERE hashtext(sku) % 5 = 0"); err != nil {
		t.Fatal(err)
	}
	total, err := s.CountAllProducts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		q := models.ProductQuery{
			Chain:   cataloguetest.Languages().Chain(rapid.SampledFrom([]models.LanguageCode{"en", "cs", "sk"}).Draw(r, "language")),
			Size:    rapid.IntRange(1, 40).Draw(r, "first"),
			SortKey: rapid.SampledFrom([]models.ProductSortKey{models.SortByCreatedAt, models.SortByUpdatedAt, models.SortByTitle, models.SortByPrice}).Draw(r, "sort"),
			// The last one has prices for few products.
			SortPriceList: rapid.SampledFrom([]string{"czk", "eur", "few"}).Draw(r, "price list"),
			Direction:     rapid.SampledFrom([]models.SortDirection{models.Ascending, models.Descending}).Draw(r, "direction"),
		}
		forward := walk(r, s, q)
		q.Backward = true
		backward := walk(r, s, q)
		slices.Reverse(backward)
		if !slices.Equal(forward, backward) {
			r.Fatalf("forward %v, backward %v", forward, backward)
		}
		ids := forward
		if len(ids) != total {
			r.Fatalf("%d products on all pages, want %d", len(ids), total)
		}
	})
}

// fataler is what testing.T and rapid.T have in common here.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// walk returns the products of all pages, in the order in which it comes to them. A product on two pages is
// an error.
func walk(t fataler, s *store.Store, q models.ProductQuery) []uuid.UUID {
	t.Helper()
	var ids []uuid.UUID
	for {
		page, more, err := s.ProductPage(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		if q.Backward {
			slices.Reverse(page)
		}
		for _, p := range page {
			if slices.Contains(ids, p.ID) {
				t.Fatalf("product %s is on two pages", p.ID)
			}
			ids = append(ids, p.ID)
		}
		if !more {
			return ids
		}
		last := page[len(page)-1]
		q.From = &models.ProductCursor{SortKey: q.SortKey, Value: last.SortKey, ID: last.ID}
	}
}

// TestPagesWhileProductsAreInserted puts a new product before, into and behind the list after each page: the
// products that were there come once each.
func TestPagesWhileProductsAreInserted(t *testing.T) {
	t.Parallel()
	s, db := cataloguetest.NewDemo(t)
	q := models.ProductQuery{Chain: []models.LanguageCode{"en"}, Size: 10, SortKey: models.SortByTitle, Direction: models.Ascending}
	before := walk(t, s, q)
	var seen []uuid.UUID
	for n := 0; ; n++ {
		page, more, err := s.ProductPage(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page {
			seen = append(seen, p.ID)
		}
		if !more {
			break
		}
		last := page[len(page)-1]
		q.From = &models.ProductCursor{SortKey: q.SortKey, Value: last.SortKey, ID: last.ID}
		for _, title := range []string{"Aaa", "Laptop", "Zzz"} {
			_, err := db.NewRaw(`WITH p AS (INSERT INTO products DEFAULT VALUES RETURNING id)
				INSERT INTO product_translations (product_id, language, title, slug) SELECT id, 'en', ?, id::text FROM p`,
				title+" "+strconv.Itoa(n)).Exec(t.Context())
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	known := slices.DeleteFunc(seen, func(id uuid.UUID) bool { return !slices.Contains(before, id) })
	if !slices.Equal(known, before) {
		t.Errorf("%d of %d products came, or in another order", len(known), len(before))
	}
}

func TestProductsAreSortedByTheAlphabet(t *testing.T) {
	t.Parallel()
	s, db := cataloguetest.NewDemo(t)
	if _, err := db.Exec(`UPDATE product_translations SET title = title || ' x' WHERE language = 'cs'`); err != nil {
		t.Fatal(err)
	}
	places, _, err := s.ProductPage(t.Context(), models.ProductQuery{
		Chain: []models.LanguageCode{"cs"}, Size: 100, SortKey: models.SortByTitle, Direction: models.Ascending,
	})
	if err != nil {
		t.Fatal(err)
	}
	products := make([]*models.Product, len(places))
	for i, place := range places {
		found, err := s.ProductsByIDs(t.Context(), []uuid.UUID{place.ID}, []models.LanguageCode{"cs"})
		if err != nil {
			t.Fatal(err)
		}
		products[i] = found[0]
	}
	last := map[string]int{}
	for i, p := range products {
		for _, letter := range []string{"C", "Č", "H", "S", "Š"} {
			// "Ch" is a letter of its own, behind H.
			if title := p.Translation.Title; strings.HasPrefix(title, letter) && !strings.HasPrefix(title, "Ch") {
				last[letter] = i
			}
		}
	}
	if last["Č"] != 0 && last["Č"] < last["C"] || last["Š"] != 0 && last["Š"] < last["S"] {
		t.Errorf("Č stands behind C and Š behind S in Czech; last places are %v", last)
	}
}

func TestProductFilters(t *testing.T) {
	t.Parallel()
	s, db := cataloguetest.NewDemo(t)
	yes, no := true, false
	future := time.Now().Add(time.Hour)
	amount := func(s string) *decimal.Decimal { d := decimal.RequireFromString(s); return &d }
	category := func(code string) uuid.UUID {
		var id uuid.UUID
		if err := db.NewRaw("SELECT id FROM categories WHERE code = ?", code).Scan(t.Context(), &id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	tests := []struct {
		name  string
		query models.ProductQuery
		// sql counts the expected products in another way.
		sql string
	}{
		{"no condition", models.ProductQuery{}, "SELECT count(*) FROM products"},
		{"published", models.ProductQuery{Published: &yes}, "SELECT count(*) FROM products WHERE published"},
		{"unpublished", models.ProductQuery{Published: &no}, "SELECT count(*) FROM products WHERE NOT published"},
		{"nothing of an empty list", models.ProductQuery{IDs: []uuid.UUID{}}, "SELECT 0"},
		{"skus of one product", models.ProductQuery{SKUs: []string{"LUM-MINI-BLK", "LUM-MINI-WHT", "none"}}, "SELECT 1"},
		{
			"root category with those below",
			models.ProductQuery{CategoryIDs: []uuid.UUID{category("electronics")}},
			`SELECT count(DISTINCT product_id) FROM product_categories pc JOIN categories c ON c.id = pc.category_id
			 LEFT JOIN categories p ON p.id = c.parent_id LEFT JOIN categories g ON g.id = p.parent_id
			 WHERE 'electronics' IN (c.code, p.code, g.code)`,
		},
		{"unpublished category", models.ProductQuery{CategoryIDs: []uuid.UUID{category("christmas")}}, "SELECT 0"},
		{"brands", models.ProductQuery{Brands: []string{"Lumora"}}, "SELECT count(*) FROM products WHERE brand = 'Lumora'"},
		{"in stock", models.ProductQuery{InStock: &yes}, "SELECT count(DISTINCT product_id) FROM product_variants WHERE stock_quantity > 0"},
		{"sold out", models.ProductQuery{InStock: &no}, "SELECT count(*) FROM (SELECT product_id FROM product_variants GROUP BY 1 HAVING max(stock_quantity) <= 0) q"},
		{"product types", models.ProductQuery{ProductTypes: []string{"headphones", "none"}}, "SELECT count(*) FROM products p JOIN product_types t ON t.id = p.product_type_id WHERE t.code = 'headphones'"},
		{"created since", models.ProductQuery{CreatedSince: &future}, "SELECT 0"},
		{
			"one of two colours",
			models.ProductQuery{Attributes: []models.AttributeCondition{{Type: "colour", Values: []string{"red", "black"}}}},
			`SELECT count(DISTINCT v.product_id) FROM product_variants v JOIN product_variant_attributes USING (sku) JOIN attributes a ON a.id = attribute_id
			 JOIN attribute_types t ON t.id = attribute_type_id WHERE t.code = 'colour' AND a.value IN ('red', 'black')`,
		},
		{"no value at all", models.ProductQuery{Attributes: []models.AttributeCondition{{Type: "colour", Values: []string{}}}}, "SELECT 0"},
		{"no such attribute", models.ProductQuery{Attributes: []models.AttributeCondition{{Type: "none"}}}, "SELECT 0"},
		// Lumora Air 2 is black, and it is blue, but no variant is both; the white one is sold out.
		{
			"attributes of two variants",
			models.ProductQuery{
				SKUs:       []string{"LUM-AIR2-BLK"},
				Attributes: []models.AttributeCondition{{Type: "colour", Values: []string{"black"}}, {Type: "colour", Values: []string{"blue"}}},
			},
			"SELECT 0",
		},
		{
			"a number in a range",
			models.ProductQuery{Attributes: []models.AttributeCondition{{Type: "length_m", Min: amount("1"), Max: amount("2.5")}}},
			`SELECT count(DISTINCT v.product_id) FROM product_variants v JOIN product_variant_attributes USING (sku) JOIN attributes a ON a.id = attribute_id
			 JOIN attribute_types t ON t.id = attribute_type_id WHERE t.code = 'length_m' AND a.number BETWEEN 1 AND 2.5`,
		},
		{
			"price",
			models.ProductQuery{Price: &models.PriceCondition{PriceList: "eur", Min: amount("50"), Max: amount("100")}},
			`SELECT count(DISTINCT product_id) FROM product_variants JOIN product_prices USING (sku)
			 WHERE price_list = 'eur' AND amount * (1 - discount_percent / 100) BETWEEN 50 AND 100`,
		},
		{
			"a variant that is red, in stock and cheap",
			models.ProductQuery{
				InStock: &yes, Price: &models.PriceCondition{PriceList: "eur", Max: amount("60")},
				Attributes: []models.AttributeCondition{{Type: "colour", Values: []string{"red"}}},
			},
			`SELECT count(DISTINCT v.product_id) FROM product_variants v JOIN product_prices USING (sku) JOIN product_variant_attributes USING (sku)
			 JOIN attributes a ON a.id = attribute_id WHERE a.value = 'red' AND stock_quantity > 0 AND price_list = 'eur' AND amount * (1 - discount_percent / 100) <= 60`,
		},
		{"updated since", models.ProductQuery{UpdatedSince: &future}, "SELECT 0"},
		{
			"all conditions hold",
			models.ProductQuery{Brands: []string{"Lumora"}, InStock: &yes},
			"SELECT count(DISTINCT p.id) FROM products p JOIN product_variants v ON v.product_id = p.id AND stock_quantity > 0 WHERE brand = 'Lumora'",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var want int
			if err := db.NewRaw(test.sql).Scan(t.Context(), &want); err != nil {
				t.Fatal(err)
			}
			test.query.Chain, test.query.Size = cataloguetest.Languages().Chain("cs"), 1000
			test.query.SortKey, test.query.Direction = models.SortByCreatedAt, models.Descending
			page, _, err := s.ProductPage(t.Context(), test.query)
			if err != nil {
				t.Fatal(err)
			}
			count, err := s.CountProducts(t.Context(), test.query)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) != want || count != want {
				t.Errorf("listed %d, counted %d, want %d", len(page), count, want)
			}
		})
	}
}

func TestTextsFallBackAlongTheChain(t *testing.T) {
	t.Parallel()
	s, _ := cataloguetest.NewDemo(t)
	for sku, want := range map[string]map[models.LanguageCode]models.LanguageCode{
		"LUM-CALM":     {"en": "en", "cs": "en", "sk": "en"}, // English only
		"KOR-FLIP13":   {"en": "en", "cs": "cs", "sk": "cs"}, // no Slovak
		"LUM-MINI-BLK": {"en": "en", "cs": "cs", "sk": "sk"},
	} {
		id := idOfSKU(t, s, sku)
		for wanted, language := range want {
			products, err := s.ProductsByIDs(t.Context(), []uuid.UUID{id}, cataloguetest.Languages().Chain(wanted))
			if err != nil || len(products) != 1 {
				t.Fatal(products, err)
			}
			if got := products[0].Translation.Language; got != language || products[0].Translation.Title == "" {
				t.Errorf("%s in %s: got %q, want %s", sku, wanted, got, language)
			}
		}
	}
}

func TestMarketsKnowListAndVAT(t *testing.T) {
	t.Parallel()
	s, db := cataloguetest.NewDemo(t)
	var books uuid.UUID
	if err := db.NewRaw("SELECT pt.id FROM product_types pt JOIN product_type_vat_groups tg ON tg.product_type_id = pt.id WHERE tg.vat_group = 'sk-books' LIMIT 1").Scan(t.Context(), &books); err != nil {
		t.Fatal(err)
	}
	markets, err := s.MarketsByCountries(t.Context(), []models.CountryCode{"CZ", "SK", "XX"})
	if err != nil {
		t.Fatal(err)
	}
	rate := func(country models.CountryCode, productType *uuid.UUID) string {
		if group, ok := markets[country].Vat(productType).(*models.VatGroup); ok {
			return group.Rate.String()
		}
		return "none"
	}
	unknown := uuid.New()
	for _, test := range []struct{ what, got, want string }{
		{"list of CZ", markets["CZ"].PriceList, "czk"},
		{"list of SK", markets["SK"].PriceList, "eur"},
		{"list of an unknown country is the default", markets["XX"].PriceList, "czk"},
		{"default of CZ", rate("CZ", nil), "21"},
		{"books in SK", rate("SK", &books), "5"},
		{"another type in SK", rate("SK", &unknown), "23"},
		{"unknown country", rate("XX", &books), "none"},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %s, want %s", test.what, test.got, test.want)
		}
	}
}

func idOfSKU(t *testing.T, s *store.Store, sku string) uuid.UUID {
	t.Helper()
	product, err := s.ProductWithPartsByKey(t.Context(), store.ProductKey{SKU: sku}, cataloguetest.Languages().Chain("en"), store.ProductParts{})
	if err != nil {
		t.Fatal(err)
	}
	return product.ID
}

func TestTransactionsAnnounceJobsAfterCommitOnly(t *testing.T) {
	t.Parallel()
	_, db := cataloguetest.NewDemo(t)
	notifier := new(recorder)
	s := store.New(db, cataloguetest.Languages(), notifier)
	id := idOfSKU(t, s, "LUM-CALM")
	err := s.InTx(t.Context(), func(ctx context.Context, tx *store.Store) error {
		if err := tx.TouchProducts(ctx, []uuid.UUID{id}); err != nil {
			return err
		}
		if notifier.jobs != 0 {
			t.Error("announced before the commit")
		}
		return nil
	})
	if err != nil || notifier.jobs != 1 {
		t.Errorf("announced %d jobs, %v", notifier.jobs, err)
	}
	failed := s.InTx(t.Context(), func(ctx context.Context, tx *store.Store) error {
		_ = tx.TouchProducts(ctx, []uuid.UUID{id})
		return store.ErrNotFound
	})
	if failed == nil || notifier.jobs != 1 {
		t.Errorf("a rolled back transaction announced its job")
	}
}
