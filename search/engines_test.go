package search_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/config"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/elastic"
	"ecoseller/search/indexer"
	"ecoseller/search/postgres"
	"ecoseller/search/spelling"
	"ecoseller/store"
	"ecoseller/store/storetest"
)

// bench is one engine over the demo catalogue.
type bench struct {
	*testing.T
	engine  search.Engine
	finder  *search.Finder
	indexer *indexer.Indexer
	store   *store.Store
	db      *bun.DB
	// indices lists Elasticsearch's indices of the test.
	indices func() []string
	// alias is where Elasticsearch has the test's index.
	alias string
	// settle makes what was written visible to searches.
	settle func()
}

// boosts are those of a shop that sets none.
func boosts() search.Boosts {
	cfg, err := config.From(nil)
	if err != nil {
		panic(err)
	}
	return search.Boosts(cfg.Boosts)
}

// newPostgres is the engine in PostgreSQL of a shop that speaks the languages of the demo catalogue.
func newPostgres(s *store.Store) *postgres.Engine {
	return postgres.New(s, postgres.Options{Languages: cataloguetest.Languages().Supported, Boosts: boosts()})
}

// onEachEngine runs a test on both engines: what they promise is the same.
func onEachEngine(t *testing.T, test func(b *bench)) {
	t.Helper()
	for _, name := range []search.EngineName{search.Postgres, search.Elasticsearch} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			b := &bench{T: t}
			b.store, b.db = cataloguetest.NewIndexedDemo(t)
			languages := cataloguetest.Languages()
			standIn := newPostgres(b.store)
			// The engine in PostgreSQL is always there: it knows the words that typing errors are mended with.
			engines := []search.Engine{standIn}
			if b.engine, b.settle = standIn, func() {}; name == search.Elasticsearch {
				b.openElastic()
				engines = append(engines, b.engine)
				if _, err := indexer.New(b.store, languages, b.engine).Rebuild(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
			}
			b.finder = search.NewFinder(b.engine, spelling.New(b.store, languages.Supported))
			b.indexer = indexer.New(b.store, languages, engines...)
			test(b)
		})
	}
}

// openElastic gives the test an alias of its own.
func (b *bench) openElastic() {
	address, alias := os.Getenv("ELASTIC_HOST"), "test-"+uuid.NewString()
	if address == "" {
		storetest.Unavailable(b, "ELASTIC_HOST is not set: run `make test`, or `eval \"$(scripts/services env)\"` after `scripts/services start`")
	}
	engine, err := elastic.New(elastic.Options{Addresses: []string{address}, Index: alias, Languages: cataloguetest.Languages().Supported, Boosts: boosts()})
	if err != nil {
		b.Fatal(err)
	}
	b.engine, b.alias = engine, alias
	b.settle = func() { request(b, http.MethodPost, address+"/"+alias+"/_refresh", "") }
	b.indices = func() []string {
		return strings.Fields(request(b, http.MethodGet, address+"/_cat/indices/"+alias+"-*?h=index&s=index", ""))
	}
	b.Cleanup(func() {
		for _, index := range b.indices() {
			request(b, http.MethodDelete, address+"/"+index, "")
		}
	})
}

func request(tb testing.TB, method, url, body string) string {
	tb.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewBufferString(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		tb.Fatalf("%s %s: %d %s %v", method, url, response.StatusCode, answer, err)
	}
	return string(answer)
}

func (b *bench) rebuild() {
	b.Helper()
	if _, err := b.indexer.Rebuild(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) search(r search.Request) *search.Result {
	b.Helper()
	result, err := b.finder.Search(b.Context(), r)
	if err != nil {
		b.Fatalf("%q: %v", r.Text, err)
	}
	return result
}

// titles searches and returns the titles of the hits, in the first language of the chain that has one.
func (b *bench) titles(text string, chain ...models.LanguageCode) []string {
	b.Helper()
	var titles []string
	for _, hit := range b.search(search.Request{Text: text, Chain: chain, First: 100}).Hits {
		titles = append(titles, b.title(hit.ProductID, chain))
	}
	return titles
}

func (b *bench) title(id uuid.UUID, chain []models.LanguageCode) string {
	b.Helper()
	translations, err := b.store.ProductTranslationsByProductIDs(b.Context(), []uuid.UUID{id})
	if err != nil {
		b.Fatal(err)
	}
	for _, language := range chain {
		for _, t := range translations[id] {
			if t.Language == language {
				return t.Title
			}
		}
	}
	return ""
}

// index brings a product's present state into the engine.
func (b *bench) index(id uuid.UUID) {
	b.Helper()
	if err := b.indexer.IndexProducts(b.Context(), []uuid.UUID{id}); err != nil {
		b.Fatal(err)
	}
	b.settle()
}

func (b *bench) productID(sku string) uuid.UUID {
	b.Helper()
	var id uuid.UUID
	if err := b.db.NewRaw("SELECT product_id FROM product_variants WHERE sku = ?", sku).Scan(b.Context(), &id); err != nil {
		b.Fatal(err)
	}
	return id
}

func (b *bench) exec(sql string, args ...any) {
	b.Helper()
	if _, err := b.db.ExecContext(b.Context(), sql, args...); err != nil {
		b.Fatal(err)
	}
}

func TestFindsWhatIsMeant(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		for _, test := range []struct {
			text     string
			language models.LanguageCode
			first    string
		}{
			{"headphones", "en", "eadphones"},
			{"LAPTOP BACKPACK", "en", "Laptop backpack Tulmira City"},
			{"sleeping bags", "en", "leeping bag"},
			{"sluchatka bez dratu", "cs", "Bezdrátov"},
			{"bezdratovymi sluchatky", "cs", "Bezdrátov"},
			{"kancelarske zidle", "cs", "Kancelářská židle"},
			{"židlemi", "cs", "židle"},
			{"batoh na notebook", "cs", "Batoh na notebook"},
			{"bezdrotove sluchadla", "sk", "Bezdrôtov"},
			{"stoličky", "sk", "stolička"},
			{"Dalvero", "sk", "Dalvero"},
			{"norvik kreslo", "sk", "Kreslo Norvik"},
			{"KAR-MILL", "en", "Coffee grinder Karovel Mill"},
			{"kar-mill", "cs", "Mlýnek na kávu Karovel Mill"},
		} {
			titles := b.titles(test.text, test.language)
			if len(titles) == 0 || !strings.Contains(titles[0], test.first) {
				b.Errorf("%s %q: got %q, want %q first", test.language, test.text, titles[:min(len(titles), 3)], test.first)
			}
		}
	})
}

func TestSearchesTheFallbackChain(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		// Haldrik Sway is in English only.
		if titles := b.titles("hammock", "sk", "cs", "en"); !slices.Contains(titles, "Hammock Haldrik Sway") {
			b.Errorf("got %q", titles)
		}
		if titles := b.titles("hammock", "sk"); len(titles) > 0 {
			b.Errorf("found %q in a language that it does not speak", titles)
		}
		// Tents have a Slovak text, so their English one is not looked at.
		if titles := b.titles("tent", "sk", "en"); len(titles) > 0 {
			b.Errorf("found %q by a text that is not shown", titles)
		}
	})
}

func TestHidesUnpublishedProducts(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		if titles := b.titles("Ledvinka Tulmira Trail TUL-TRAIL", "cs"); slices.Contains(titles, "Ledvinka Tulmira Trail") {
			b.Error("an unpublished product is found")
		}
		id := b.productID("TUL-TRAIL")
		b.exec("UPDATE products SET published = true, index_version = index_version + 1 WHERE id = ?", id)
		b.index(id)
		if titles := b.titles("ledvinka", "cs"); !slices.Equal(titles, []string{"Ledvinka Tulmira Trail"}) {
			b.Errorf("after publishing: %q", titles)
		}
		b.exec("UPDATE products SET published = false, index_version = index_version + 1 WHERE id = ?", id)
		b.index(id)
		if titles := b.titles("ledvinka", "cs"); len(titles) > 0 {
			b.Errorf("after hiding it again: %q", titles)
		}
	})
}

func TestDeletedProductsAreGone(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		id := b.productID("HAL-SWAY")
		if titles := b.titles("hammock", "en"); len(titles) != 1 {
			b.Fatalf("before: %q", titles)
		}
		b.exec("DELETE FROM products WHERE id = ?", id)
		b.index(id)
		if hits := b.search(search.Request{Text: "hammock", Chain: []models.LanguageCode{"en"}, First: 10}).Hits; len(hits) > 0 {
			b.Errorf("found %v", hits)
		}
	})
}

func TestOlderDocumentsAreIgnored(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		document := func(version int64, title string) *search.Document {
			return &search.Document{
				ProductID: b.productID("HAL-SWAY"), Version: version, Published: true,
				Texts: map[models.LanguageCode]search.Text{"en": {Title: title}},
			}
		}
		for _, d := range []*search.Document{document(1000, "newest zebra"), document(999, "older giraffe")} {
			if err := b.engine.Index(b.Context(), []*search.Document{d}); err != nil {
				b.Fatal(err)
			}
		}
		b.settle()
		chain := []models.LanguageCode{"en"}
		if r := b.search(search.Request{Text: "zebra", Chain: chain, First: 10}); r.Total != 1 {
			b.Errorf("the newest version is found %d times", r.Total)
		}
		if r := b.search(search.Request{Text: "giraffe", Chain: chain, First: 10}); r.Total != 0 {
			b.Error("an older version has replaced a newer one")
		}
	})
}

// TestPagesAreTheWholeResult walks through a result page by page, also from one engine's position on the
// other engine.
func TestPagesAreTheWholeResult(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		request := search.Request{Text: "sluchatka notebook kolo", Chain: []models.LanguageCode{"cs"}, First: 100}
		whole := b.search(request)
		if whole.Total != len(whole.Hits) || whole.HasNext || whole.Total < 10 {
			b.Fatalf("%d of %d hits", len(whole.Hits), whole.Total)
		}
		for _, foreign := range []bool{false, true} {
			var paged []search.Hit
			request.First, request.After = 3, nil
			for {
				page := b.search(request)
				paged = append(paged, page.Hits...)
				if !page.HasNext {
					break
				}
				last := page.Hits[len(page.Hits)-1]
				if foreign {
					last.Engine = "OTHER"
				}
				request.After = &last
			}
			if got, want := places(paged), places(whole.Hits); !slices.Equal(got, want) {
				b.Errorf("position of another engine: %t: pages give %v, want %v", foreign, got, want)
			}
		}
	})
}

// places are the hits without what leads on from them.
func places(hits []search.Hit) []search.Hit {
	bare := make([]search.Hit, len(hits))
	for i, h := range hits {
		bare[i] = search.Hit{ProductID: h.ProductID, Score: h.Score, Engine: h.Engine, Rank: h.Rank}
	}
	return bare
}

func TestStrangeQueriesAreAnswered(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		for _, text := range []string{
			"%", "'", `\`, `"`, "' OR 1=1 --", "a & | ! ( ) <-> :*", "~", "#", "日本語", "🎧", "\u0000", "a\u0301",
			strings.Repeat("x ", 500), strings.Repeat("y", 1000), "+-=&&||><!(){}[]^\"~*?:\\/",
		} {
			result, err := b.engine.Search(b.Context(), search.Request{Text: text, Chain: []models.LanguageCode{"cs", "en"}, First: 10})
			if err != nil {
				b.Errorf("%q: %v", text, err)
			} else if result.Total < len(result.Hits) {
				b.Errorf("%q: %d hits of %d", text, len(result.Hits), result.Total)
			}
		}
	})
}

// TestRebuildKeepsWritesMadeMeanwhile changes a product in the middle of a rebuild that has read it before.
func TestRebuildKeepsWritesMadeMeanwhile(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		ctx := b.Context()
		id := b.productID("HAL-SWAY")
		old := &search.Document{
			ProductID: id, Version: 1, Published: true,
			Texts: map[models.LanguageCode]search.Text{"en": {Title: "Hammock Haldrik Sway"}},
		}
		rebuild, err := b.engine.Rebuild(ctx)
		if err != nil {
			b.Fatal(err)
		}
		b.exec("UPDATE product_translations SET title = 'Hanging zebra' WHERE product_id = ?", id)
		b.exec("UPDATE products SET index_version = index_version + 1 WHERE id = ?", id)
		if err := b.indexer.IndexProducts(ctx, []uuid.UUID{id}); err != nil {
			b.Fatal(err)
		}
		if err := rebuild.Add(ctx, []*search.Document{old}); err != nil {
			b.Fatal(err)
		}
		if err := rebuild.Commit(ctx, 1); err != nil {
			b.Fatal(err)
		}
		if err := rebuild.Abort(ctx); err != nil {
			b.Fatal(err)
		}
		if titles := b.titles("zebra", "en"); !slices.Equal(titles, []string{"Hanging zebra"}) {
			b.Errorf("after the rebuild: %q", titles)
		}
	})
}

// TestIncompleteRebuildChangesNothing commits a rebuild that lost its products.
func TestIncompleteRebuildChangesNothing(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		rebuild, err := b.engine.Rebuild(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if err := rebuild.Commit(b.Context(), 1_000_000); err == nil {
			b.Error("an incomplete index has been taken")
		}
		if err := rebuild.Abort(b.Context()); err != nil {
			b.Fatal(err)
		}
		if titles := b.titles("hammock", "en"); len(titles) != 1 {
			b.Errorf("the index before it does not answer: %q", titles)
		}
	})
}

// TestRebuildsLeaveOneIndexBehind keeps what an operator could go back to, and no more.
func TestRebuildsLeaveOneIndexBehind(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		if b.engine.Name() != search.Elasticsearch {
			b.Skip("only Elasticsearch has indices")
		}
		if _, err := b.engine.Rebuild(b.Context()); err != nil { // one that is killed: it never ends
			b.Fatal(err)
		}
		first := b.indices()[0]
		b.rebuild()
		if left := b.indices(); len(left) != 2 || left[0] != first {
			b.Errorf("after one more rebuild: %q, want %s and a new one", left, first)
		}
		b.rebuild()
		if left := b.indices(); len(left) != 2 || left[0] == first {
			b.Errorf("after two more rebuilds: %q", left)
		}
	})
}
