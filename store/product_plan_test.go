package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"

	"ecoseller/bench/generate"
	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/store"
	"ecoseller/store/storetest"
)

// bigTables grow with the catalogue; a list that reads one of them whole gets slower with every product.
var bigTables = []string{
	"products", "product_translations", "product_variants", "product_prices", "product_variant_attributes", "product_categories",
	"product_media", "product_price_ranges", "product_sort_titles",
}

// lastStatement keeps the last SELECT that was run, and the last one that was prepared.
type lastStatement struct{ sql, prepared string }

func (*lastStatement) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (l *lastStatement) AfterQuery(_ context.Context, event *bun.QueryEvent) {
	switch {
	case strings.Contains(event.Query, "$1"):
		l.prepared = event.Query
	case strings.HasPrefix(strings.TrimSpace(event.Query), "SELECT"):
		l.sql = event.Query
	}
}

// generated is a store over a generated catalogue: of 20,000 products, or of as many as
// ECOSELLER_BENCH_PRODUCTS says.
func generated(t *testing.T) (*store.Store, *bun.DB, int) {
	t.Helper()
	products := 20_000
	if text := os.Getenv("ECOSELLER_BENCH_PRODUCTS"); text != "" {
		var err error
		if products, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	options := storetest.Create(t)
	options.StatementTimeout = 10 * time.Minute
	db := storetest.Open(t, options)
	started := time.Now()
	if err := generate.Fill(t.Context(), db, products); err != nil {
		t.Fatal(err)
	}
	s := store.New(db, cataloguetest.Languages(), nil)
	if err := s.KeepSortTitles(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "VACUUM ANALYZE"); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d products generated in %s", products, time.Since(started).Round(time.Millisecond))
	return s, db, products
}

// filters are the conditions of lists; each is joined with each order.
func filters(products int) map[string]func(*models.ProductQuery) {
	var ids []uuid.UUID
	var skus []string
	for n := 1; n < products; n += products/20 + 1 {
		ids = append(ids, uuid.NewMD5(uuid.UUID{}, nil)) // not there
		skus = append(skus, fmt.Sprintf("SKU-%d-0", n))
	}
	return map[string]func(*models.ProductQuery){
		"none":          func(*models.ProductQuery) {},
		"category":      func(q *models.ProductQuery) { q.CategorySlugs = []string{"category-60"} },
		"root category": func(q *models.ProductQuery) { q.CategorySlugs = []string{"category-3"} },
		"brand":         func(q *models.ProductQuery) { q.Brands = []string{"Brand 42"} },
		"product type":  func(q *models.ProductQuery) { q.ProductTypes = []string{"type-4"} },
		"ids":           func(q *models.ProductQuery) { q.IDs = ids },
		"skus":          func(q *models.ProductQuery) { q.SKUs = skus },
		"in stock":      func(q *models.ProductQuery) { q.InStock = new(true) },
		"out of stock":  func(q *models.ProductQuery) { q.InStock = new(false) },
		"created since": func(q *models.ProductQuery) { q.CreatedSince = new(time.Date(2025, 2, 1, 0, 0, 0, 0, time.UTC)) },
		"updated since": func(q *models.ProductQuery) { q.UpdatedSince = new(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)) },
		"price range":   priceBetween(4000, 5000),
		"few prices":    priceBetween(2000, 2010),
		"attribute": func(q *models.ProductQuery) {
			q.Attributes = []models.AttributeCondition{{Type: "colour", Values: []string{"colour-7"}}}
		},
		"two attributes": twoAttributes,
		"no attribute": func(q *models.ProductQuery) {
			q.Attributes = []models.AttributeCondition{{Type: "colour", Values: []string{"none"}}}
		},
		"number": numberBetween(100, 200),
		"all at once": func(q *models.ProductQuery) {
			q.CategorySlugs, q.InStock = []string{"category-3"}, new(true)
			// Not a range that nearly all products are in: of 20,000 the planner rightly reads all then.
			priceBetween(4000, 5000)(q)
			numberBetween(100, 1000)(q)
		},
	}
}

func priceBetween(low, high int64) func(*models.ProductQuery) {
	return func(q *models.ProductQuery) {
		q.Price = &models.PriceCondition{PriceList: "czk", Min: new(decimal.NewFromInt(low)), Max: new(decimal.NewFromInt(high))}
	}
}

func numberBetween(low, high int64) func(*models.ProductQuery) {
	return func(q *models.ProductQuery) {
		q.Attributes = append(q.Attributes, models.AttributeCondition{Type: "weight", Min: new(decimal.NewFromInt(low)), Max: new(decimal.NewFromInt(high))})
	}
}

func twoAttributes(q *models.ProductQuery) {
	q.Attributes = []models.AttributeCondition{
		{Type: "colour", Values: []string{"colour-7", "colour-8"}}, {Type: "size", Values: []string{"size-3"}},
	}
}

var sortKeys = []models.ProductSortKey{models.SortByCreatedAt, models.SortByUpdatedAt, models.SortByTitle, models.SortByPrice}

// TestListsReadNoTableWhole looks at the plan of every order with every filter.
func TestListsReadNoTableWhole(t *testing.T) {
	t.Parallel()
	s, db, products := generated(t)
	last := new(lastStatement)
	watched := store.New(db.WithQueryHook(last), cataloguetest.Languages(), nil)

	for name, apply := range filters(products) {
		for _, key := range sortKeys {
			for _, direction := range []models.SortDirection{models.Ascending, models.Descending} {
				q := models.ProductQuery{
					Chain: cataloguetest.Languages().Chain("cs"), Size: 24, SortKey: key, Direction: direction, SortPriceList: "czk", Published: new(true),
				}
				apply(&q)
				*last = lastStatement{}
				started := time.Now()
				if _, _, err := watched.ProductPage(t.Context(), q); err != nil {
					t.Fatal(err)
				}
				took := time.Since(started)
				label := fmt.Sprintf("%s, by %s %s", name, key, direction)
				scanned := scannedByPage(t, db, last)
				if len(scanned) > 0 {
					t.Errorf("%s (%s) reads whole: %v", label, took, scanned)
				}
				if took > 200*time.Millisecond {
					t.Logf("%s takes %s", label, took)
				}
			}
		}
	}
	everything := store.ProductParts{Attributes: true, Prices: true, PriceList: "czk", PriceRange: true, Media: true, Categories: true, ProductType: true}
	if _, err := watched.ProductsWithParts(t.Context(), []uuid.UUID{uuid.New()}, cataloguetest.Languages().Chain("cs"), everything); err != nil {
		t.Fatal(err)
	}
	if scanned := scannedByPrepared(t, db, last.prepared, "text, text, text", "'{cs}', 'czk', '{}'"); len(scanned) > 0 {
		t.Errorf("products with their parts read whole: %v", scanned)
	}
	measureDepth(t, s, products)
}

// scannedByPage is scannedTables of the statement that read a page, which is prepared for a page of categories.
func scannedByPage(t *testing.T, db *bun.DB, last *lastStatement) []string {
	t.Helper()
	if last.sql != "" {
		return scannedTables(t, db, last.sql)
	}
	return scannedByPrepared(t, db, last.prepared, "text, bigint", "'{}', 25")
}

// scannedByPrepared is scannedTables of a prepared statement with parameters of the types.
func scannedByPrepared(t *testing.T, db *bun.DB, sql, types, parameters string) []string {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec("PREPARE looked_at (" + types + ") AS " + sql); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = tx.Exec("DEALLOCATE looked_at") }() // it would outlive the transaction
	return scannedTables(t, tx, "EXECUTE looked_at ("+parameters+")")
}

// scannedTables are the big tables that the plan of a statement reads from end to end.
func scannedTables(t *testing.T, db bun.IDB, sql string) []string {
	t.Helper()
	var raw []byte
	if err := db.NewRaw("EXPLAIN (FORMAT JSON) "+strings.ReplaceAll(sql, "?", "??")).Scan(t.Context(), &raw); err != nil {
		t.Fatal(err)
	}
	var explained []struct{ Plan planNode }
	if err := json.Unmarshal(raw, &explained); err != nil {
		t.Fatal(err)
	}
	return explained[0].Plan.scanned()
}

type planNode struct {
	NodeType string     `json:"Node Type"`
	Relation string     `json:"Relation Name"`
	Plans    []planNode `json:"Plans"`
}

func (n planNode) scanned() []string {
	var tables []string
	if n.NodeType == "Seq Scan" && slices.Contains(bigTables, n.Relation) {
		tables = append(tables, n.Relation)
	}
	for _, child := range n.Plans {
		tables = append(tables, child.scanned()...)
	}
	return tables
}

// measureDepth compares the first page with one deep in the list: with keyset paging they cost the same.
func measureDepth(t *testing.T, s *store.Store, products int) {
	t.Helper()
	const size = 24
	deep := min(1000, products*9/10/size)
	for _, key := range sortKeys {
		q := models.ProductQuery{
			Chain: cataloguetest.Languages().Chain("cs"), Size: size, SortKey: key, Direction: models.Ascending, SortPriceList: "czk", Published: new(true),
		}
		first := medianPage(t, s, q)
		for range deep - 1 {
			page, _, err := s.ProductPage(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			last := page[len(page)-1]
			q.From = &models.ProductCursor{SortKey: key, Within: q.SortedWithin(), Value: last.SortKey, ID: last.ID}
		}
		thousandth := medianPage(t, s, q)
		t.Logf("by %s: page 1 in %s, page %d in %s", key, first, deep, thousandth)
		if thousandth > 3*first+5*time.Millisecond {
			t.Errorf("by %s: page %d takes %s, the first %s", key, deep, thousandth, first)
		}
	}
}

func medianPage(t *testing.T, s *store.Store, q models.ProductQuery) time.Duration {
	t.Helper()
	var took []time.Duration
	for range 21 {
		started := time.Now()
		if _, _, err := s.ProductPage(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(started))
	}
	slices.Sort(took)
	return took[len(took)/2].Round(10 * time.Microsecond)
}
