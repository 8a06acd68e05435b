package resolvers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"ecoseller/cache"
	"ecoseller/graph"
	"ecoseller/models"
)

// cachedShop is a shop and another server of it that keeps answers.
func cachedShop(t *testing.T) (plain, cached *shop) {
	t.Helper()
	plain = newShop(t)
	plain.options.Limits.Rate, plain.options.Limits.TokenRate = 0, 0
	plain.handler = graph.NewHandler(plain.options)
	other := *plain
	cached = &other
	cached.options.Cache = cache.New(plain.store, 8<<20)
	cached.handler = graph.NewHandler(cached.options)
	ctx, stop := context.WithCancel(context.Background())
	var keeping sync.WaitGroup
	keeping.Go(func() { cached.options.Cache.Keep(ctx, slog.New(slog.DiscardHandler)) })
	t.Cleanup(func() { stop(); keeping.Wait() })
	// It listens when the same question costs nothing the second time.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if cached.ask(t, "{ countries { code } }", nil).statements == 0 {
			return plain, cached
		}
		if time.Now().After(deadline) {
			t.Fatal("the cache keeps nothing")
		}
	}
}

// TestKeptAnswers says what is kept and what is not.
func TestKeptAnswers(t *testing.T) {
	t.Parallel()
	s, cached := cachedShop(t)
	id := s.text(t, `{ product(sku: "LUM-CALM") { id } }`)
	for _, c := range []struct {
		name, query string
		header      []string
		kept        bool
	}{
		{name: "product", query: `{ product(sku: "LUM-CALM", language: "cs") { title variants { price { gross { formatted } } } } }`, kept: true},
		{name: "list", query: `query List { products(first: 3) { totalCount nodes { title media { url } } } }`, kept: true},
		{name: "nothing", query: `{ product(sku: "NONE") { title } }`, kept: true},
		{name: "several", query: `{ a: product(sku: "LUM-CALM") { title } categories { title } }`, kept: true},
		{name: "fragment", query: `{ ...f } fragment f on Query { product(sku: "LUM-CALM") { slug } }`, kept: true},
		{name: "search", query: `{ searchProducts(query: "svetlo", language: "cs", first: 3) { totalCount } }`},
		{name: "with a search", query: `{ countries { code } searchProducts(query: "svetlo", language: "cs", first: 3) { totalCount } }`},
		{name: "error", query: `{ product(sku: "LUM-CALM", slug: "x") { title } }`},
		{name: "token", query: `{ product(sku: "LUM-CALM") { title } }`, header: []string{"Authorization", "Bearer " + s.token}},
		{name: "mutation", query: `mutation { m: updateStock(input: [{sku: "LUM-CALM", quantity: 1}]) { userErrors { code } } }`, header: []string{"Authorization", "Bearer " + s.token}},
	} {
		first := cached.ask(t, c.query, nil, c.header...)
		again := cached.ask(t, c.query, nil, c.header...)
		if kept := again.statements == 0 && first.statements > 0; kept != c.kept && c.name != "error" {
			t.Errorf("%s: kept is %t; %d and %d statements", c.name, kept, first.statements, again.statements)
		}
		if string(first.Data) != string(again.Data) || first.code() != again.code() {
			t.Errorf("%s: %s, then %s", c.name, first.Data, again.Data)
		}
	}
	// Who asks in another language, or for staff, gets an answer of his own.
	const title = `{ categories { title } }`
	czech, english := cached.ask(t, title, nil, "Accept-Language", "cs"), cached.ask(t, title, nil, "Accept-Language", "en")
	if string(czech.Data) == string(english.Data) {
		t.Errorf("Czech and English have one answer: %s", czech.Data)
	}
	if got := cached.text(t, `{ product(sku: "LUM-CALM") { id } }`); got != id {
		t.Errorf("%s, want %s", got, id)
	}
}

// TestUnrelatedChangesLeaveAnswers edits one product and expects the other's page to be kept.
func TestUnrelatedChangesLeaveAnswers(t *testing.T) {
	t.Parallel()
	s, cached := cachedShop(t)
	var skus []string
	if err := s.db.NewRaw("SELECT min(sku) FROM product_variants GROUP BY product_id ORDER BY 1 LIMIT 2").Scan(t.Context(), &skus); err != nil {
		t.Fatal(err)
	}
	page := func(sku string) answer {
		return cached.ask(t, `query($sku: String) { product(sku: $sku) { title variants { stockQuantity } } }`, map[string]any{"sku": sku})
	}
	page(skus[0])
	page(skus[1])
	s.edit(t, fmt.Sprintf(`mutation { m: updateStock(input: [{sku: %q, quantity: 4711}]) { userErrors { code } } }`, skus[0]), nil)
	awaitStatements(t, func() int64 { return page(skus[0]).statements })
	if other := page(skus[1]); other.statements != 0 {
		t.Errorf("the page of another product took %d statements", other.statements)
	}
}

func awaitStatements(t *testing.T, ask func() int64) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ask() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the change was not heard")
		}
	}
}

// TestCacheOutlivesItsConnection breaks the connection on which changes are heard, and expects the changes that were
// missed to be seen.
func TestCacheOutlivesItsConnection(t *testing.T) {
	t.Parallel()
	s, cached := cachedShop(t)
	const stock = `{ product(sku: "LUM-CALM") { variants { stockQuantity } } }`
	for i := range 5 {
		cached.text(t, stock)
		if _, err := s.db.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"); err != nil {
			t.Fatal(err)
		}
		s.edit(t, fmt.Sprintf(`mutation { m: updateStock(input: [{sku: "LUM-CALM", quantity: %d}]) { userErrors { code } } }`, 100+i), nil)
		awaitSame(t, s, cached, stock)
		for deadline := time.Now().Add(10 * time.Second); cached.ask(t, stock, nil).statements > 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("nothing is kept any longer")
			}
		}
	}
}

// awaitSame waits until both servers say the same, and returns how long that took.
func awaitSame(t *testing.T, plain, cached *shop, query string) time.Duration {
	t.Helper()
	started := time.Now()
	for {
		want, got := plain.text(t, query), cached.text(t, query)
		if got == want {
			return time.Since(started)
		}
		if time.Since(started) > 2*time.Second {
			t.Fatalf("%s\nis still answered with\n%s\nwant\n%s", query, got, want)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestCacheAgreesWithDatabase edits at random while others read, and compares the cached answers with the database's in
// between.
func TestCacheAgreesWithDatabase(t *testing.T) {
	t.Parallel()
	s, cached := cachedShop(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	e := &randomEditor{T: t, shop: s, random: rand.New(rand.NewPCG(seed, 0)), counts: map[string]int{}}
	queries := e.queries()

	reading, stop := context.WithCancel(t.Context())
	defer stop()
	var readers sync.WaitGroup
	for reader := range 3 {
		readers.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(reader)+1))
			for reading.Err() == nil {
				cached.ask(t, queries[random.IntN(len(queries))], nil)
			}
		})
	}
	var slowest time.Duration
	for range 10 {
		for range 1 + e.random.IntN(4) {
			e.edit()
		}
		for _, query := range queries {
			slowest = max(slowest, awaitSame(t, s, cached, query))
		}
	}
	stop()
	readers.Wait()
	t.Logf("edits %v; an answer was old for %s at most", e.counts, slowest)
	if len(e.counts) < 8 {
		t.Errorf("only these edits were made: %v", e.counts)
	}
}

// randomEditor edits the catalogue as staff do.
type randomEditor struct {
	*testing.T
	shop      *shop
	random    *rand.Rand
	counts    map[string]int
	deletions []string
}

// queries are pages of a storefront.
func (e *randomEditor) queries() []string {
	var slugs []string
	if err := e.shop.db.NewRaw("SELECT slug FROM product_translations WHERE language = 'cs' ORDER BY slug").Scan(e.Context(), &slugs); err != nil {
		e.Fatal(err)
	}
	const fields = `id title slug published brand productType { name vatGroups { rate } } categories { title path { title } }
		priceRange { lowestGross { amount } } media { url } variants { sku stockQuantity weightGrams
		price { net { amount } gross { amount } } attributes { name version type { name } } }`
	queries := []string{
		`{ products(first: 5, sort: {key: TITLE, direction: ASC}, language: "cs") { totalCount nodes { ` + fields + ` } } }`,
		`{ products(first: 50, sort: {key: PRICE, direction: DESC}, language: "sk") { totalCount facets { type { name } values { productCount attribute { name } } } nodes { title } } }`,
		`{ categories(language: "cs") { title children { title } } countries { code vatGroups { rate } } priceLists { name rounding } }`,
	}
	for _, category := range []string{"sluchatka", "osvetleni"} {
		queries = append(queries, fmt.Sprintf(`{ products(first: 9, language: "cs", filter: {categorySlugs: [%q]}) { totalCount nodes { title } } }`, category))
	}
	for i := 0; i < len(slugs); i += len(slugs) / 12 {
		queries = append(queries, fmt.Sprintf(`{ product(slug: %q, language: "cs") { %s } }`, slugs[i], fields))
	}
	return queries
}

// one returns a row by chance.
func (e *randomEditor) one(sql string) (key string, version int64) {
	var rows []struct {
		Key     string
		Version int64
	}
	if err := e.shop.db.NewRaw(sql+" ORDER BY 1").Scan(e.Context(), &rows); err != nil {
		e.Fatal(err)
	}
	row := rows[e.random.IntN(len(rows))]
	return row.Key, row.Version
}

func (e *randomEditor) edit() {
	number := e.random.IntN(90) + 10
	id := func(kind, key string) string { return models.GlobalID(kind, uuid.MustParse(key).String()) }
	product, version := e.one("SELECT id AS key, version FROM products")
	product = id(models.KindProduct, product)
	switch e.random.IntN(12) {
	case 0:
		e.run("title", `updateProduct(id: %q, version: %d, input: {translations: [{language: "cs", title: "Věc %d"}]})`, product, version, number)
	case 1:
		e.run("slug", `updateProduct(id: %q, version: %d, input: {translations: [{language: "cs", slug: "vec-%d"}]})`, product, version, number)
	case 2:
		e.run("publish", `publishProducts(ids: [%q], published: %t)`, product, number%3 > 0)
	case 3:
		sku, _ := e.one("SELECT sku AS key, version FROM product_variants")
		e.run("stock", `updateStock(input: [{sku: %q, quantity: %d}])`, sku, number)
	case 4:
		sku, _ := e.one("SELECT sku AS key, version FROM product_variants")
		e.run("price", `updateProductPrices(input: [{sku: %q, priceList: "czk", amount: "%d.5"}])`, sku, number)
	case 5:
		sku, version := e.one("SELECT sku AS key, version FROM product_variants")
		e.run("variant", `updateProductVariant(sku: %q, version: %d, input: {weightGrams: %d})`, sku, version, number)
	case 6:
		e.run("media", `addProductMedia(productId: %q, version: %d, url: "https://example.com/%d.jpg")`, product, version, number)
	case 7:
		category, version := e.one("SELECT id AS key, version FROM categories")
		e.run("category", `updateCategory(id: %q, version: %d, input: {published: %t, translations: [{language: "cs", title: "Druh %d"}]})`,
			id(models.KindCategory, category), version, number%4 > 0, number)
	case 8:
		attribute, version := e.one("SELECT id AS key, version FROM attributes")
		e.run("attribute", `updateAttribute(id: %q, version: %d, input: {name: [{language: "cs", text: "Hodnota %d"}]})`, id(models.KindAttribute, attribute), version, number)
	case 9:
		group, version := e.one("SELECT code AS key, version FROM vat_groups")
		e.run("VAT", `updateVatGroup(code: %q, version: %d, input: {rate: "%d"})`, group, version, number%30)
	case 10:
		e.remove(product, version)
	default:
		if n := len(e.deletions); n > 0 {
			e.run("restore", `restore(deletionId: %q)`, e.deletions[n-1])
			e.deletions = e.deletions[:n-1]
		}
	}
}

func (e *randomEditor) remove(product string, version int64) {
	var deleted struct {
		M struct{ Deletion *struct{ ID string } }
	}
	raw := e.run("delete", `deleteProduct(id: %q, version: %d)`, product, version)
	if err := json.Unmarshal(raw, &deleted); err != nil {
		e.Fatal(err)
	}
	if deleted.M.Deletion != nil {
		e.deletions = append(e.deletions, deleted.M.Deletion.ID)
	}
}

// run makes the edit; that a slug is taken is no failure.
func (e *randomEditor) run(what, mutation string, args ...any) json.RawMessage {
	e.Helper()
	e.counts[what]++
	selection := "userErrors { code }"
	if what == "delete" {
		selection += " deletion { id }"
	}
	var data json.RawMessage
	e.shop.data(e.T, &data, `mutation { m: `+fmt.Sprintf(mutation, args...)+` { `+selection+` } }`, nil, "Authorization", "Bearer "+e.shop.token)
	return data
}

// TestKeptCategories asks for products by category while the categories change. Answers are not kept, so that what is
// known of the categories is used.
func TestKeptCategories(t *testing.T) {
	t.Parallel()
	s, cached := cachedShop(t)
	cached.options.Cache = cache.New(s.store, 0)
	cached.handler = graph.NewHandler(cached.options)
	go cached.options.Cache.Keep(t.Context(), slog.New(slog.DiscardHandler))
	const query = `{ products(first: 50, language: "cs", filter: {categorySlugs: ["sluchatka"]}) { totalCount nodes { id } } }`
	fewest := func() int64 {
		return min(cached.ask(t, query, nil).statements, cached.ask(t, query, nil).statements)
	}
	for deadline := time.Now().Add(10 * time.Second); fewest() >= s.ask(t, query, nil).statements; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("categories are looked up each time")
		}
	}
	before := cached.ask(t, query, nil)
	for _, change := range []string{
		"UPDATE categories SET published = false WHERE code = 'headphones'",
		"UPDATE categories SET published = true WHERE code = 'headphones'",
		"UPDATE category_translations SET slug = 'jina' WHERE slug = 'sluchatka' AND language = 'cs'",
		"UPDATE category_translations SET slug = 'sluchatka' WHERE slug = 'jina' AND language = 'cs'",
	} {
		if _, err := s.db.ExecContext(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		awaitSame(t, s, cached, query)
	}
	if after := cached.ask(t, query, nil); string(after.Data) != string(before.Data) || len(after.Data) < 200 {
		t.Errorf("%s, before %s", after.Data, before.Data)
	}
}
