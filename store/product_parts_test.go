package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/store"
	"ecoseller/store/storetest"
)

// TestPartsAreWhatLoadersRead compares the one statement with those that read each part for itself.
func TestPartsAreWhatLoadersRead(t *testing.T) {
	t.Parallel()
	s, db := cataloguetest.NewDemo(t)
	oddities := []string{
		"UPDATE products SET released_at = '2024-02-29' WHERE hashtext(id::text) % 4 = 0",
		"UPDATE product_variants SET ean = ARRAY['4006381333931', 'it''s'], weight_grams = 7 WHERE hashtext(sku) % 3 = 0",
		"DELETE FROM product_translations WHERE hashtext(product_id::text || language) % 5 = 0",
		"UPDATE product_prices SET discount_percent = 12.5 WHERE hashtext(sku) % 3 = 0",
		"DELETE FROM product_prices WHERE hashtext(sku) % 7 = 0",
		"UPDATE attributes SET version = 3 WHERE number IS NOT NULL",
	}
	for _, oddity := range oddities {
		if _, err := db.Exec(oddity); err != nil {
			t.Fatal(err)
		}
	}
	ids, err := s.ProductIDsAfter(t.Context(), uuid.Nil, 10_000)
	if err != nil || len(ids) < 50 {
		t.Fatalf("%d products, %v", len(ids), err)
	}
	all := store.ProductParts{Attributes: true, Prices: true, PriceList: "czk", PriceRange: true, Media: true, Categories: true, ProductType: true, Description: true}
	for _, language := range cataloguetest.Languages().Supported {
		chain := cataloguetest.Languages().Chain(language)
		found, err := s.ProductsWithParts(t.Context(), ids, chain, all)
		if err != nil || len(found) != len(ids) {
			t.Fatalf("%d products, %v", len(found), err)
		}
		want := partByPart(t, s, ids, chain, all.PriceList)
		for _, p := range found {
			if got, want := asJSON(t, p), asJSON(t, want[p.ID]); got != want {
				t.Fatalf("%s in %s:\n%s\nwant:\n%s", p.ID, language, got, want)
			}
		}
	}
}

// TestPartsInTransactions reads what the transaction has changed.
func TestPartsInTransactions(t *testing.T) {
	t.Parallel()
	s, _ := cataloguetest.NewDemo(t)
	chain := cataloguetest.Languages().Chain("en")
	err := s.InTx(t.Context(), func(ctx context.Context, tx *store.Store) error {
		ids, err := tx.ProductIDsAfter(ctx, uuid.Nil, 1)
		if err != nil {
			return err
		}
		published, err := tx.ProductsWithParts(ctx, ids, chain, store.ProductParts{})
		if err != nil {
			return err
		}
		if err := tx.PublishProducts(ctx, ids, !published[0].Published); err != nil {
			return err
		}
		changed, err := tx.ProductsWithParts(ctx, ids, chain, store.ProductParts{Variants: true})
		if err == nil && (changed[0].Published == published[0].Published || len(changed[0].Variants) == 0) {
			t.Error("the transaction does not see its own change")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestProductByKey finds by slug and sku.
func TestProductByKey(t *testing.T) {
	t.Parallel()
	s, db := cataloguetest.NewDemo(t)
	var slug, sku string
	var id uuid.UUID
	err := db.NewRaw(`SELECT p.product_id, p.slug, v.sku FROM product_translations AS p JOIN product_variants AS v USING (product_id)
		WHERE language = 'cs' ORDER BY sku LIMIT 1`).Scan(t.Context(), &id, &slug, &sku)
	if err != nil {
		t.Fatal(err)
	}
	languages := cataloguetest.Languages()
	for _, c := range []struct {
		key      store.ProductKey
		language models.LanguageCode
		found    bool
	}{
		{store.ProductKey{Slug: slug}, "cs", true},
		{store.ProductKey{SKU: sku}, "en", true},
		{store.ProductKey{Slug: slug}, "sk", false},
		{store.ProductKey{Slug: "no'such $1 \\ slug"}, "cs", false},
		{store.ProductKey{SKU: "none"}, "cs", false},
	} {
		p, err := s.ProductWithPartsByKey(t.Context(), c.key, languages.Chain(c.language), store.ProductParts{})
		if !c.found {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%+v in %s: %v", c.key, c.language, err)
			}
			continue
		}
		if err != nil || p.ID != id {
			t.Errorf("%+v in %s: %v", c.key, c.language, err)
		}
	}
}

// TestPreparedStatementsOutliveTheirConnections breaks all connections in between: by the server's end, by a timeout,
// and by a change of the table.
func TestPreparedStatementsOutliveTheirConnections(t *testing.T) {
	t.Parallel()
	db := storetest.NewDB(t)
	s := store.New(db, cataloguetest.Languages(), nil)
	read := func(ctx context.Context) error {
		_, err := s.ProductsWithParts(ctx, []uuid.UUID{uuid.New()}, cataloguetest.Languages().Chain("en"), store.ProductParts{})
		return err
	}
	admin := storetest.Admin(t)
	for range 3 {
		for range 30 { // more than there are connections
			if err := read(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var database string
		if err := db.NewRaw("SELECT current_database()").Scan(t.Context(), &database); err != nil {
			t.Fatal(err)
		}
		if _, err := admin.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ?", database); err != nil {
			t.Fatal(err)
		}
		if err := read(t.Context()); err != nil {
			t.Errorf("after the end of the connections: %v", err)
		}
		lock, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lock.Exec("ALTER TABLE products ADD COLUMN more int"); err != nil {
			t.Fatal(err)
		}
		hurry, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if err := read(hurry); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("behind a lock: %v", err)
		}
		cancel()
		if _, err := lock.Exec("ALTER TABLE products DROP COLUMN more"); err != nil {
			t.Fatal(err)
		}
		if err := lock.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

// partByPart reads the products as loaders do.
func partByPart(t *testing.T, s *store.Store, ids []uuid.UUID, chain []models.LanguageCode, list string) map[uuid.UUID]*store.ProductWithParts {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	products, err := s.ProductsByIDs(ctx, ids, chain)
	must(err)
	variants, err := s.ProductVariantsByProductIDs(ctx, ids)
	must(err)
	media, err := s.ProductMediaByProductIDs(ctx, ids)
	must(err)
	categories, err := s.CategoriesByProductIDs(ctx, ids, chain)
	must(err)
	ranges, err := s.ProductPriceRanges(ctx, ids, list)
	must(err)
	types, err := s.ProductTypes(ctx)
	must(err)
	priceLists, err := s.PriceLists(ctx)
	must(err)
	priceLists = slices.DeleteFunc(priceLists, func(l *models.PriceList) bool { return l.Code != list })
	found := map[uuid.UUID]*store.ProductWithParts{}
	for _, p := range products {
		with := &store.ProductWithParts{Product: *p, Media: media[p.ID], Categories: categories[p.ID], PriceList: priceLists[0]}
		for _, r := range ranges {
			if r.ProductID == p.ID {
				with.PriceRange = r
			}
		}
		for _, pt := range types {
			if p.ProductTypeID != nil && pt.ID == *p.ProductTypeID {
				with.ProductType = pt
				pt.Chain = chain
			}
		}
		skus := make([]string, len(variants[p.ID]))
		for i, v := range variants[p.ID] {
			skus[i] = v.SKU
		}
		attributes, err := s.AttributesBySKUs(ctx, skus)
		must(err)
		prices, err := s.ProductPrices(ctx, skus, []string{list})
		must(err)
		for _, v := range variants[p.ID] {
			v.Chain = chain
			variant := &store.VariantWithParts{ProductVariant: *v, Attributes: attributes[v.SKU]}
			for _, a := range variant.Attributes {
				a.Chain, a.Type.Chain = chain, chain
			}
			for _, price := range prices {
				if price.SKU == v.SKU {
					variant.Price = price
				}
			}
			with.Variants = append(with.Variants, variant)
		}
		found[p.ID] = with
	}
	return found
}

// asJSON writes everything that is in a value; times count by their instants.
func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// BenchmarkProductWithParts reads product details from a database that BENCH_DATABASE names; see bench/fill.
func BenchmarkProductWithParts(b *testing.B) {
	name := os.Getenv("BENCH_DATABASE")
	if name == "" {
		b.Skip("BENCH_DATABASE is not set")
	}
	options := storetest.ServerOptions(b)
	options.Database = name
	db := store.OpenDB(options)
	b.Cleanup(func() { _ = db.Close() })
	s, chain := store.New(db, cataloguetest.Languages(), nil), cataloguetest.Languages().Chain("cs")
	ids, err := s.ProductIDsAfter(b.Context(), uuid.Nil, 5000)
	if err != nil {
		b.Fatal(err)
	}
	detail := store.ProductParts{Attributes: true, Prices: true, PriceList: priceList(b, db), Media: true, Description: true}
	list := store.ProductParts{Prices: true, PriceList: detail.PriceList, Media: true}
	for _, c := range []struct {
		name  string
		size  int
		parts store.ProductParts
	}{{"detail", 1, detail}, {"list of 24", 24, list}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				at := i * c.size % (len(ids) - c.size)
				if _, err := s.ProductsWithParts(b.Context(), ids[at:at+c.size], chain, c.parts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func priceList(b *testing.B, db *bun.DB) (code string) {
	b.Helper()
	if err := db.NewRaw("SELECT code FROM price_lists WHERE is_default").Scan(b.Context(), &code); err != nil {
		b.Fatal(err)
	}
	return code
}
