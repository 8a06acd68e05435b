package resolvers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/graph"
	"ecoseller/models"
	"ecoseller/resolvers"
	"ecoseller/search"
	"ecoseller/search/postgres"
	"ecoseller/search/queryplan"
	"ecoseller/search/statistics"
)

// merchandisedShop is a shop with synonyms, query rules and statistics, which are brought up to date by hand.
type merchandisedShop struct {
	*shop
	planner    *queryplan.Planner
	statistics *statistics.Recorder
	engine     *askedEngine
}

// askedEngine remembers what it was asked.
type askedEngine struct {
	*postgres.Engine
	mu   sync.Mutex
	seen []search.Request
}

func (e *askedEngine) Search(ctx context.Context, r search.Request) (*search.Result, error) {
	e.mu.Lock()
	e.seen = append(e.seen, r)
	e.mu.Unlock()
	return e.Engine.Search(ctx, r)
}

func (e *askedEngine) last(t *testing.T) search.Request {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.seen) == 0 {
		t.Fatal("no request has reached the engine")
	}
	return e.seen[len(e.seen)-1]
}

func newMerchandisedShop(t *testing.T) *merchandisedShop {
	t.Helper()
	s := newShop(t)
	languages := cataloguetest.Languages()
	m := &merchandisedShop{
		shop: s, planner: queryplan.New(s.store, languages.Supported), statistics: statistics.New(s.store, 90),
		engine: &askedEngine{Engine: newEngine(t, s.store)},
	}
	plan := &queryplan.Searcher{Planner: m.planner, Next: m.engine}
	m.handler = graph.NewHandler(bounded(t, graph.Options{
		Resolvers: &resolvers.Resolver{
			Store: s.store, Searcher: &statistics.Searcher{Recorder: m.statistics, Next: plan}, QueryPlan: plan, Statistics: m.statistics,
		},
		Store: s.store, Languages: languages, DefaultCountry: "CZ", Timeout: 10 * time.Second,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}))
	return m
}

func (m *merchandisedShop) refresh(t *testing.T) {
	t.Helper()
	if err := m.planner.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// changed runs a mutation that must succeed and returns the object of its payload.
func (m *merchandisedShop) changed(t *testing.T, field, mutation string) (object struct {
	ID      string
	Version int
},
) {
	t.Helper()
	var data struct {
		M map[string]json.RawMessage
	}
	m.data(t, &data, `mutation { m: `+mutation+` { `+field+` { id version } userErrors { field code message } } }`, nil, "Authorization", "Bearer "+m.token)
	if string(data.M["userErrors"]) != "[]" {
		t.Fatalf("%s: %s", mutation, data.M["userErrors"])
	}
	if err := json.Unmarshal(data.M[field], &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestSearchTextsNeedPermission(t *testing.T) {
	t.Parallel()
	m := newMerchandisedShop(t)
	reader, err := m.store.CreateAccessToken(t.Context(), "reader", []models.Permission{models.PermissionReadSearch})
	if err != nil {
		t.Fatal(err)
	}
	writer, err := m.store.CreateAccessToken(t.Context(), "writer", []models.Permission{models.PermissionWriteSearch})
	if err != nil {
		t.Fatal(err)
	}
	synonym := m.changed(t, "synonym", `createSynonym(language: "cs", input: {phrases: ["mobil"], alternatives: ["telefon"]})`)
	deleted := m.edit(t, `mutation { m: deleteSynonym(id: "`+synonym.ID+`", version: 1) { deletion { id } userErrors { field code } } }`, nil)
	const rule = `{name: "x", queries: ["x"]}`
	for _, query := range []string{
		`{ synonyms { nodes { id } } }`, `{ queryRules { nodes { id } } }`, `{ deletions(kind: "Synonym") { nodes { id } } }`,
		`{ queryRule(id: "` + models.GlobalID(models.KindQueryRule, "00000000-0000-4000-8000-000000000000") + `") { id } }`,
		`{ previewSearch(query: "x", rule: ` + rule + `) { result { applies } } }`,
		`mutation { createSynonym(language: "cs", input: {phrases: ["a"], alternatives: ["b"]}) { userErrors { code } } }`,
		`mutation { createQueryRule(input: ` + rule + `) { userErrors { code } } }`,
		`mutation { restore(deletionId: "` + deleted.M.Deletion.ID + `") { userErrors { code } } }`,
	} {
		if got := m.ask(t, query, nil).code(); got != "UNAUTHENTICATED" {
			t.Errorf("%s: anonymous gets %q", query, got)
		}
		if got := m.ask(t, query, nil, "Authorization", "Bearer "+reader).code(); got != "FORBIDDEN" {
			t.Errorf("%s: a reader gets %q", query, got)
		}
		if got := m.ask(t, query, nil, "Authorization", "Bearer "+writer); len(got.Errors) > 0 {
			t.Errorf("%s: a writer gets %+v", query, got.Errors)
		}
	}
	for _, query := range []string{`{ topSearches { text } }`, `{ failingSearches { text } }`} {
		if got := m.ask(t, query, nil, "Authorization", "Bearer "+writer).code(); got != "FORBIDDEN" {
			t.Errorf("%s: a writer gets %q", query, got)
		}
		if got := m.ask(t, query, nil, "Authorization", "Bearer "+reader); len(got.Errors) > 0 {
			t.Errorf("%s: a reader gets %+v", query, got.Errors)
		}
	}
	if got := m.ask(t, `{ deletions { nodes { id } } }`, nil, "Authorization", "Bearer "+writer).code(); got != "FORBIDDEN" {
		t.Errorf("a writer sees all deletions: %q", got)
	}
}

func TestSynonymsAreEdited(t *testing.T) {
	t.Parallel()
	m := newMerchandisedShop(t)
	first := m.changed(t, "synonym", `createSynonym(language: "cs", input: {phrases: [" sluchátka  do uší ", "pecky"], alternatives: ["špunty"]})`)
	nowhere := models.GlobalID(models.KindSynonym, "00000000-0000-4000-8000-000000000000")
	long := `["` + strings.Repeat("a ", 9) + `"]`
	m.run(t, []scenario{
		{"no phrases", `createSynonym(language: "cs", input: {alternatives: ["x"]})`, "REQUIRED input.phrases"},
		{"no alternatives", `createSynonym(language: "cs", input: {phrases: ["x"]})`, "REQUIRED input.alternatives"},
		{"empty list", `createSynonym(language: "cs", input: {phrases: [], alternatives: ["x"]})`, "REQUIRED input.phrases"},
		{"phrase without a word", `createSynonym(language: "cs", input: {phrases: ["x", "!?"], alternatives: ["x"]})`, "REQUIRED input.phrases.1"},
		{"phrase of nine words", `createSynonym(language: "cs", input: {phrases: ["x"], alternatives: ` + long + `})`, "TOO_LONG input.alternatives.0"},
		{"51 phrases", `createSynonym(language: "cs", input: {phrases: [` + strings.Repeat(`"x", `, 51) + `], alternatives: ["x"]})`, "TOO_MANY input.phrases"},
		{"foreign language", `createSynonym(language: "de", input: {phrases: ["x"], alternatives: ["y"]})`, "UNKNOWN_LANGUAGE language"},
		{"no direction", `updateSynonym(id: "` + first.ID + `", version: 1, input: {direction: null})`, "INVALID input.direction"},
		{"change", `updateSynonym(id: "` + first.ID + `", version: 1, input: {direction: ONE_WAY})`, ""},
		{"stale change", `updateSynonym(id: "` + first.ID + `", version: 1, input: {phrases: ["x"]})`, "STALE_VERSION version"},
		{"null phrases", `updateSynonym(id: "` + first.ID + `", version: 2, input: {phrases: null})`, "REQUIRED input.phrases"},
		{"none", `updateSynonym(id: "` + nowhere + `", version: 1, input: {})`, "NOT_FOUND id"},
		{"delete a stale one", `deleteSynonym(id: "` + first.ID + `", version: 1)`, "STALE_VERSION version"},
		{"another", `createSynonym(language: "en", input: {phrases: ["tv"], alternatives: ["television"]})`, ""},
		{"a third", `createSynonym(language: "cs", input: {phrases: ["tv"], alternatives: ["televize"]})`, ""},
	})
	list := m.text2(t, `{ synonyms(language: "cs") { nodes { language direction phrases alternatives version } pageInfo { hasNextPage hasPreviousPage } } }`)
	want := `{"synonyms":{"nodes":[{"language":"cs","direction":"TWO_WAY","phrases":["tv"],"alternatives":["televize"],"version":1},` +
		`{"language":"cs","direction":"ONE_WAY","phrases":["sluchátka do uší","pecky"],"alternatives":["špunty"],"version":2}],` +
		`"pageInfo":{"hasNextPage":false,"hasPreviousPage":false}}}`
	if diff := cmp.Diff(want, list); diff != "" {
		t.Error(diff)
	}
	if got := m.pages(t, "synonyms", "language phrases"); len(got) != 3 || got[0] != `{"language":"cs","phrases":["tv"]}` || got[1] != `{"language":"en","phrases":["tv"]}` {
		t.Errorf("pages of one: %v", got)
	}
}

// pages reads a list one object a page.
func (m *merchandisedShop) pages(t *testing.T, list, fields string) (nodes []string) {
	t.Helper()
	after := "null"
	for range 10 {
		var data map[string]struct {
			Nodes    []json.RawMessage
			PageInfo struct {
				HasNextPage bool
				EndCursor   string
			}
		}
		m.data(t, &data, fmt.Sprintf(`{ %s(first: 1, after: %s) { nodes { %s } pageInfo { hasNextPage endCursor } } }`, list, after, fields), nil,
			"Authorization", "Bearer "+m.token)
		for _, node := range data[list].Nodes {
			nodes = append(nodes, string(node))
		}
		if !data[list].PageInfo.HasNextPage {
			return nodes
		}
		after = `"` + data[list].PageInfo.EndCursor + `"`
	}
	t.Fatal("the list has no end")
	return nil
}

func TestSynonymsReachTheEngine(t *testing.T) {
	t.Parallel()
	m := newMerchandisedShop(t)
	find := func() []search.Synonym {
		t.Helper()
		m.data(t, &struct{}{}, `{ searchProducts(query: "Levné Pecky", language: "cs") { totalCount } }`, nil)
		r := m.engine.last(t)
		if r.Text != "Levné Pecky" {
			t.Errorf("the text was changed to %q", r.Text)
		}
		return r.Synonyms
	}
	expanded := []search.Synonym{{Phrase: "pecky", Alternatives: []string{"sluchatka do usi"}}}
	none := []search.Synonym(nil)
	synonym := m.changed(t, "synonym", `createSynonym(language: "cs", input: {phrases: ["pecka"], alternatives: ["sluchátka do uší"]})`)
	m.refresh(t)
	if diff := cmp.Diff(expanded, find()); diff != "" {
		t.Errorf("created: %s", diff)
	}
	before := m.text2(t, `{ synonyms { nodes { id language direction phrases alternatives createdAt } } }`)
	deleted := m.edit(t, `mutation { m: deleteSynonym(id: "`+synonym.ID+`", version: 1) { deletion { id title } userErrors { field code } } }`, nil)
	m.refresh(t)
	if diff := cmp.Diff(none, find()); diff != "" {
		t.Errorf("deleted: %s", diff)
	}
	if deleted.M.Deletion.Title != "pecka" {
		t.Errorf("deleted %+v", deleted.M.Deletion)
	}
	m.run(t, []scenario{{"restore", `restore(deletionId: "` + deleted.M.Deletion.ID + `")`, ""}})
	m.refresh(t)
	if diff := cmp.Diff(expanded, find()); diff != "" {
		t.Errorf("restored: %s", diff)
	}
	if diff := cmp.Diff(before, m.text2(t, `{ synonyms { nodes { id language direction phrases alternatives createdAt } } }`)); diff != "" {
		t.Errorf("it came back otherwise: %s", diff)
	}
}

func TestSearchesCostNoStatementsForTheirPlan(t *testing.T) {
	t.Parallel()
	m := newMerchandisedShop(t)
	const query = `{ searchProducts(query: "pecky", language: "cs", first: 1) { totalCount } }`
	before := m.data(t, &struct{}{}, query, nil).statements
	m.changed(t, "synonym", `createSynonym(language: "cs", input: {phrases: ["pecky"], alternatives: ["x"]})`)
	m.changed(t, "queryRule", `createQueryRule(input: {name: "x", queries: ["pecky"]})`)
	m.refresh(t)
	if after := m.data(t, &struct{}{}, query, nil).statements; after != before {
		t.Errorf("%d statements with synonyms and rules, %d without", after, before)
	}
}

// productID returns the id of the product with the sku.
func (m *merchandisedShop) productID(t *testing.T, sku string) string {
	t.Helper()
	var data struct{ Product struct{ ID string } }
	m.data(t, &data, `{ product(sku: "`+sku+`") { id } }`, nil)
	return data.Product.ID
}

func TestQueryRulesAreEdited(t *testing.T) {
	t.Parallel()
	m := newMerchandisedShop(t)
	lamp, air := m.productID(t, "LUM-MINI-BLK"), m.productID(t, "LUM-AIR2-BLK")
	rule := m.changed(t, "queryRule", `createQueryRule(input: {name: " Sale ", match: PHRASE, queries: ["sluchátka"], language: "cs", priority: 5,
		activeFrom: "2026-01-01T00:00:00Z", pinnedProductIds: ["`+air+`", "`+lamp+`"], boosts: [{productId: "`+lamp+`", factor: 0.5}, {productId: "`+air+`", factor: 2}]})`)
	update := func(version int, input string) string {
		return fmt.Sprintf(`updateQueryRule(id: "%s", version: %d, input: {%s})`, rule.ID, version, input)
	}
	m.run(t, []scenario{
		{"no name", `createQueryRule(input: {queries: ["x"]})`, "REQUIRED input.name"},
		{"no query", `createQueryRule(input: {name: "x"})`, "REQUIRED input.queries"},
		{"foreign language", `createQueryRule(input: {name: "x", queries: ["x"], language: "de"})`, "UNKNOWN_LANGUAGE input.language"},
		{"end before the beginning", update(1, `activeUntil: "2025-01-01T00:00:00Z"`), "INVALID input.activeUntil"},
		{"boost of 0", update(1, `boosts: [{productId: "`+lamp+`", factor: 0}]`), "INVALID input.boosts.0.factor"},
		{"pinned and hidden", update(1, `hiddenProductIds: ["`+lamp+`"]`), "INVALID input.hiddenProductIds"},
		{"pinned twice", update(1, `pinnedProductIds: ["`+lamp+`", "`+lamp+`"]`), "INVALID input.pinnedProductIds.1"},
		{"pinned nonsense", update(1, `pinnedProductIds: ["x"]`), "INVALID input.pinnedProductIds.0"},
		{"null name", update(1, `name: null`), "INVALID input.name"},
		{"priority beyond all", update(1, `priority: 2000000000`), "INVALID input.priority"},
		{"change", update(1, `hiddenProductIds: ["`+lamp+`"], pinnedProductIds: ["`+air+`"], activeFrom: null`), ""},
		{"stale change", update(1, `name: "y"`), "STALE_VERSION version"},
		{"delete a stale one", `deleteQueryRule(id: "` + rule.ID + `", version: 1)`, "STALE_VERSION version"},
		{"another", `createQueryRule(input: {name: "x", queries: ["x"]})`, ""},
	})
	const fields = `name match queries language enabled activeFrom activeUntil priority pinnedProductIds hiddenProductIds boosts { productId factor } version`
	got := m.text2(t, `{ queryRule(id: "`+rule.ID+`") { `+fields+` } }`)
	want := `{"queryRule":{"name":"Sale","match":"PHRASE","queries":["sluchátka"],"language":"cs","enabled":true,"activeFrom":null,"activeUntil":null,` +
		`"priority":5,"pinnedProductIds":["` + air + `"],"hiddenProductIds":["` + lamp + `"],` +
		`"boosts":[{"productId":"` + air + `","factor":2},{"productId":"` + lamp + `","factor":0.5}],"version":2}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if pages := m.pages(t, "queryRules", "name"); fmt.Sprint(pages) != `[{"name":"x"} {"name":"Sale"}]` {
		t.Errorf("%v", pages)
	}
	m.refresh(t)
	m.data(t, &struct{}{}, `{ searchProducts(query: "bílá sluchátka", language: "cs") { totalCount } }`, nil)
	if r := m.engine.last(t).Rule; r == nil || len(r.Pinned) != 1 || len(r.Hidden) != 1 || len(r.Boosts) != 2 {
		t.Errorf("the engine was asked with %+v", r)
	}

	deleted := m.edit(t, `mutation { m: deleteQueryRule(id: "`+rule.ID+`", version: 2) { deletion { id title } userErrors { field code } } }`, nil)
	if none := m.text2(t, `{ queryRule(id: "`+rule.ID+`") { name } }`); none != `{"queryRule":null}` {
		t.Errorf("deleted: %s", none)
	}
	m.run(t, []scenario{{"restore", `restore(deletionId: "` + deleted.M.Deletion.ID + `")`, ""}})
	if diff := cmp.Diff(strings.Replace(want, `"version":2`, `"version":4`, 1), m.text2(t, `{ queryRule(id: "`+rule.ID+`") { `+fields+` } }`)); diff != "" {
		t.Errorf("it came back otherwise: %s", diff)
	}
}

func TestPreviewTriesARule(t *testing.T) {
	t.Parallel()
	m := newMerchandisedShop(t)
	lamp, air := m.productID(t, "LUM-MINI-BLK"), m.productID(t, "LUM-AIR2-BLK")
	saved := m.changed(t, "queryRule", `createQueryRule(input: {name: "saved", queries: ["lamp"], pinnedProductIds: ["`+lamp+`"]})`)
	m.refresh(t)
	preview := func(arguments string) (applies bool, present, then *search.Rule) {
		t.Helper()
		var data struct {
			PreviewSearch struct {
				Result struct {
					Applies          bool
					Present, Preview struct{ TotalCount int }
				}
				UserErrors []struct{ Code string }
			}
		}
		m.data(t, &data, `{ previewSearch(query: "lamp", `+arguments+`) { result { applies present { totalCount } preview { totalCount } } userErrors { code } } }`, nil,
			"Authorization", "Bearer "+m.token)
		if len(data.PreviewSearch.UserErrors) > 0 || data.PreviewSearch.Result.Present.TotalCount == 0 || data.PreviewSearch.Result.Preview.TotalCount == 0 {
			t.Fatalf("%s: %+v", arguments, data)
		}
		n := len(m.engine.seen)
		return data.PreviewSearch.Result.Applies, m.engine.seen[n-2].Rule, m.engine.seen[n-1].Rule
	}
	describe := func(r *search.Rule) string {
		if r == nil {
			return "none"
		}
		var parts []string
		for _, id := range r.Pinned {
			parts = append(parts, map[string]string{lamp: "+lamp", air: "+air"}[models.GlobalID(models.KindProduct, id.String())])
		}
		for _, id := range r.Hidden {
			parts = append(parts, map[string]string{lamp: "-lamp", air: "-air"}[models.GlobalID(models.KindProduct, id.String())])
		}
		return strings.Join(parts, " ")
	}
	for _, test := range []struct {
		name, arguments string
		applies         bool
		want            string
	}{
		{"a new rule", `rule: {queries: ["lamp"], pinnedProductIds: ["` + air + `"]}`, true, "+air +lamp"},
		{"one of less importance", `rule: {queries: ["lamp"], priority: -1, pinnedProductIds: ["` + air + `"]}`, true, "+lamp +air"},
		{"one that is off and over", `rule: {queries: ["lamp"], enabled: false, activeUntil: "2020-01-01T00:00:00Z", hiddenProductIds: ["` + lamp + `"]}`, true, "-lamp"},
		{"one for another query", `rule: {queries: ["chair"], pinnedProductIds: ["` + air + `"]}`, false, "+lamp"},
		{"a changed rule", `ruleId: "` + saved.ID + `", rule: {hiddenProductIds: ["` + air + `"]}`, true, "+lamp -air"},
		{"a rule without its products", `ruleId: "` + saved.ID + `", rule: {pinnedProductIds: []}`, true, "none"},
	} {
		applies, present, then := preview(test.arguments)
		if applies != test.applies || describe(present) != "+lamp" || describe(then) != test.want {
			t.Errorf("%s: applies %v, present %q, preview %q", test.name, applies, describe(present), describe(then))
		}
	}
	if err := m.statistics.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := m.text2(t, `{ topSearches { text } }`); got != `{"topSearches":[]}` {
		t.Errorf("previews are counted: %s", got)
	}
}

func TestSearchesAndClicksAreCounted(t *testing.T) {
	t.Parallel()
	m := newMerchandisedShop(t)
	type found struct {
		SearchProducts struct {
			SearchID   string
			TotalCount int
			Nodes      []struct{ ID string }
			PageInfo   struct{ EndCursor string }
		}
	}
	find := func(query, more string) found {
		t.Helper()
		var data found
		m.data(t, &data, `query($q: String!) { searchProducts(query: $q, language: "cs", first: 2`+more+`) { searchId totalCount nodes { id } pageInfo { endCursor } } }`,
			object{"q": query})
		return data
	}
	first := find("Sluchátka", "")
	find(" sluchatka", "")
	find("sluchátka", `, after: "`+first.SearchProducts.PageInfo.EndCursor+`"`) // the same search
	find("xyzzyqwerty", "")
	click := func(searchID, productID string, position int) string {
		t.Helper()
		var data struct {
			RecordSearchClick struct {
				Recorded   bool
				UserErrors []struct {
					Field []string
					Code  string
				}
			}
		}
		m.data(t, &data, `mutation($s: ID!, $p: ID!, $n: Int!) { recordSearchClick(searchId: $s, productId: $p, position: $n) { recorded userErrors { field code } } }`,
			object{"s": searchID, "p": productID, "n": position})
		got := fmt.Sprint(data.RecordSearchClick.Recorded)
		for _, problem := range data.RecordSearchClick.UserErrors {
			got += " " + problem.Code + " " + strings.Join(problem.Field, ".")
		}
		return got
	}
	id, product := first.SearchProducts.SearchID, first.SearchProducts.Nodes[1].ID
	long := find(strings.Repeat("dlouhý ", 30), "").SearchProducts.SearchID
	for _, test := range []struct {
		name, searchID, product string
		position                int
		want                    string
	}{
		{"a hit", id, product, 2, "true"},
		{"a product that is gone", id, models.GlobalID(models.KindProduct, "00000000-0000-4000-8000-000000000000"), 1, "true"},
		{"place 0", id, product, 0, "false INVALID position"},
		{"place beyond all", id, product, 10_001, "false INVALID position"},
		{"nonsense", "x", product, 1, "false INVALID searchId"},
		{"foreign language", cursor(`{"l":"de","t":"x"}`), product, 1, "false INVALID searchId"},
		{"no product", id, "x", 1, "false INVALID productId"},
		{"a text too long to count", long, product, 1, "false"},
	} {
		if got := click(test.searchID, test.product, test.position); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	if err := m.statistics.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	const fields = `{ language text searches withoutResults averageResults clicks clickThroughRate averageClickPosition clickedProducts { product { id } clicks } }`
	want := fmt.Sprintf(`{"topSearches":[{"language":"cs","text":"sluchátka","searches":2,"withoutResults":0,"averageResults":%d,"clicks":2,`+
		`"clickThroughRate":1,"averageClickPosition":1.5,"clickedProducts":[{"product":{"id":"%s"},"clicks":1}]},`+
		`{"language":"cs","text":"xyzzyqwerty","searches":1,"withoutResults":1,"averageResults":0,"clicks":0,`+
		`"clickThroughRate":0,"averageClickPosition":null,"clickedProducts":[]}]}`, first.SearchProducts.TotalCount, product)
	if diff := cmp.Diff(want, m.text2(t, `{ topSearches(days: 1, language: "cs") `+fields+` }`)); diff != "" {
		t.Error(diff)
	}
	for query, want := range map[string]string{
		`{ topSearches(language: "en") { text } }`:              `{"topSearches":[]}`,
		`{ topSearches(first: 1) { text } }`:                    `{"topSearches":[{"text":"sluchátka"}]}`,
		`{ failingSearches { text } }`:                          `{"failingSearches":[{"text":"xyzzyqwerty"}]}`,
		`{ failingSearches(failure: FEW_CLICKS) { text } }`:     `{"failingSearches":[]}`,
		`{ failingSearches(language: "sk", days: 3) { text } }`: `{"failingSearches":[]}`,
	} {
		if got := m.text2(t, query); got != want {
			t.Errorf("%s: got %s", query, got)
		}
	}
	for _, query := range []string{`{ topSearches(days: 0) { text } }`, `{ topSearches(days: 367) { text } }`} {
		if got := m.ask(t, query, nil, "Authorization", "Bearer "+m.token).code(); got != "BAD_USER_INPUT" {
			t.Errorf("%s: got %q", query, got)
		}
	}
}
