package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"
	"pgregory.net/rapid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/store"
	"ecoseller/store/storetest"
)

// titled makes products with titles by language, and returns which product has which first title.
func titled(t *testing.T, s *store.Store, titles ...map[models.LanguageCode]string) map[uuid.UUID]string {
	t.Helper()
	names := map[uuid.UUID]string{}
	for _, byLanguage := range titles {
		change := &models.ProductChange{}
		name := ""
		for language, title := range byLanguage {
			change.Texts = append(change.Texts, models.TextChange{Language: language, Texts: []models.TextColumn{{Name: "title", Text: title}}})
			name = title
		}
		id, err := s.CreateProduct(t.Context(), change)
		if err != nil {
			t.Fatal(err)
		}
		names[id] = name
	}
	return names
}

func sortedTitles(t *testing.T, s *store.Store, language models.LanguageCode, names map[uuid.UUID]string) []string {
	t.Helper()
	q := models.ProductQuery{
		Chain: cataloguetest.Languages().Chain(language), Size: 3, SortKey: models.SortByTitle, Direction: models.Ascending,
	}
	var titles []string
	for _, id := range walk(t, s, q) {
		titles = append(titles, names[id])
	}
	return titles
}

func TestTitlesAreInTheAlphabetOfTheLanguage(t *testing.T) {
	t.Parallel()
	db := storetest.NewDB(t)
	s := store.New(db, cataloguetest.Languages(), nil)
	cs := func(title string) map[models.LanguageCode]string { return map[models.LanguageCode]string{"cs": title} }
	names := titled(t, s, cs("chalva"), cs("čaj"), cs("cukr"), cs("Hrách"), cs("iont"), cs("řepa"), cs("rýže"), cs("žito"), cs("zelí"), cs("Cibule"),
		map[models.LanguageCode]string{"en": "dill"}, map[models.LanguageCode]string{})

	// č is a letter behind c, ch one behind h; the English title stands in for a Czech one.
	want := []string{"", "Cibule", "cukr", "čaj", "dill", "Hrách", "chalva", "iont", "rýže", "řepa", "zelí", "žito"}
	if got := sortedTitles(t, s, "cs", names); !slices.Equal(got, want) {
		t.Errorf("Czech:   %q\nwanted:  %q", got, want)
	}
	want = []string{"", "čaj", "chalva", "Cibule", "cukr", "dill", "Hrách", "iont", "řepa", "rýže", "zelí", "žito"}
	if got := sortedTitles(t, s, "en", names); !slices.Equal(got, want) {
		t.Errorf("English: %q\nwanted:  %q", got, want)
	}
}

func TestSortTitlesFollowTheLanguagesOfTheShop(t *testing.T) {
	t.Parallel()
	db := storetest.NewDB(t)
	english := store.New(db, models.Languages{Supported: []models.LanguageCode{"en"}}, nil)
	names := titled(t, english, map[models.LanguageCode]string{"cs": "b"}, map[models.LanguageCode]string{"en": "a"})

	shop := store.New(db, cataloguetest.Languages(), nil)
	if got := sortedTitles(t, shop, "cs", names); len(got) != 0 {
		t.Fatalf("Czech before its keys were made: %q", got)
	}
	for range 2 { // the second time there is nothing to do
		if err := shop.KeepSortTitles(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := sortedTitles(t, shop, "cs", names), []string{"a", "b"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestPriceRangesFollowPrices changes prices, variants, products and price lists in every way, and compares what
// the triggers keep with what the prices are.
func TestPriceRangesFollowPrices(t *testing.T) {
	t.Parallel()
	_, db := cataloguetest.NewDemo(t)
	statements := []string{
		"UPDATE product_prices SET amount = (hashtext(sku || price_list || ?) % 1000 + 1000)::numeric / 7 WHERE hashtext(sku || ?) % 3 = 0",
		"DELETE FROM product_prices WHERE hashtext(sku || ? || ?) % 7 = 0",
		"INSERT INTO product_prices (sku, price_list, amount, discount_percent) SELECT sku, pl.code, 5 + length(?), 10 FROM product_variants, price_lists AS pl WHERE hashtext(sku || ?) % 5 = 0 ON CONFLICT (sku, price_list) DO UPDATE SET amount = excluded.amount",
		"DELETE FROM product_variants WHERE hashtext(sku || ? || ?) % 11 = 0",
		"INSERT INTO price_lists (code, name, currency) VALUES ('list-' || md5(? || ?), 'x', 'EUR') ON CONFLICT DO NOTHING",
		"INSERT INTO products (brand) SELECT ? || ? FROM generate_series(1, 3)",
		"DELETE FROM products WHERE hashtext(id::text || ? || ?) % 13 = 0",
	}
	rapid.Check(t, func(r *rapid.T) {
		sql := rapid.SampledFrom(statements).Draw(r, "statement")
		seed := rapid.StringMatching(`[a-z]{4}`).Draw(r, "seed")
		if _, err := db.ExecContext(context.Background(), sql, seed, seed); err != nil {
			r.Fatal(err)
		}
		var wrong int
		err := db.NewRaw(`
			WITH wanted AS (
				SELECT p.id AS product_id, pl.code AS price_list,
					min(amount * (100 - discount_percent) / 100) AS lowest, max(amount * (100 - discount_percent) / 100) AS highest
				FROM products AS p
				CROSS JOIN price_lists AS pl
				LEFT JOIN product_variants AS v ON v.product_id = p.id
				LEFT JOIN product_prices AS pp ON pp.sku = v.sku AND pp.price_list = pl.code
				GROUP BY p.id, pl.code
			)
			SELECT count(*) FROM wanted FULL JOIN product_price_ranges AS r USING (product_id, price_list)
			WHERE (wanted.lowest, wanted.highest) IS DISTINCT FROM (r.lowest, r.highest)
				OR wanted.* IS NULL AND r.lowest IS NOT NULL OR r.product_id IS NULL`).Scan(context.Background(), &wrong)
		if err != nil || wrong > 0 {
			r.Fatalf("%d ranges are wrong, %v", wrong, err)
		}
	})
}

func TestProductsAreSortedByPrice(t *testing.T) {
	t.Parallel()
	s, db := cataloguetest.NewDemo(t)
	if _, err := db.Exec("DELETE FROM product_prices WHERE price_list = 'eur' AND hashtext(sku) % 3 = 0"); err != nil {
		t.Fatal(err)
	}
	lowest := map[uuid.UUID]decimal.Decimal{}
	var rows []struct {
		ProductID uuid.UUID
		Lowest    decimal.Decimal
	}
	err := db.NewRaw(`SELECT product_id, min(amount * (100 - discount_percent) / 100) AS lowest
		FROM product_prices JOIN product_variants USING (sku) WHERE price_list = ? GROUP BY product_id`, bun.SafeQuery("'eur'")).Scan(t.Context(), &rows)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		lowest[r.ProductID] = r.Lowest
	}
	for _, direction := range []models.SortDirection{models.Ascending, models.Descending} {
		ids := walk(t, s, models.ProductQuery{
			Chain: cataloguetest.Languages().Chain("cs"), Size: 7, SortKey: models.SortByPrice, SortPriceList: "eur", Direction: direction,
		})
		for i := range len(ids) - 1 {
			first, priced := lowest[ids[i]]
			second, nextPriced := lowest[ids[i+1]]
			if !priced && nextPriced {
				t.Errorf("%s: a product without a price stands before one with", direction)
			}
			if priced && nextPriced && (direction == models.Ascending && first.GreaterThan(second) || direction == models.Descending && first.LessThan(second)) {
				t.Errorf("%s: %s stands before %s", direction, first, second)
			}
		}
	}
}
