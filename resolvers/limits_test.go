package resolvers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"ecoseller/graph"
	"ecoseller/resolvers"
	"ecoseller/search"
)

// with returns the same shop, served in another way.
func (s *shop) with(change func(*graph.Options)) *shop {
	changed := *s
	change(&changed.options)
	changed.handler = graph.NewHandler(changed.options)
	return &changed
}

// production serves as a configured shop does.
func production(o *graph.Options) { o.Introspection = false }

// send serves a request that need not be a good one.
func (s *shop) send(t *testing.T, r *http.Request) (answer, http.Header) {
	t.Helper()
	response := httptest.NewRecorder()
	s.handler.ServeHTTP(response, r)
	a := answer{status: response.Code}
	if response.Body.Len() > 0 {
		if err := json.Unmarshal(response.Body.Bytes(), &a); err != nil {
			t.Fatalf("%s: %s", err, response.Body)
		}
	}
	return a, response.Header()
}

func postOf(body string, header ...string) *http.Request {
	request := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return request
}

func queryOf(query string) string {
	body, _ := json.Marshal(map[string]string{"query": query})
	return string(body)
}

// many joins n parts, in which %[1]d is the number of the part.
func many(n int, part string) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, part, i)
	}
	return text.String()
}

const anyQuery = `{ priceLists { code } }`

func TestAttacksAreRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t).with(production)
	for _, test := range []struct {
		name, query, code string
		status            int
	}{
		{"1 MB of a query", "{ " + strings.Repeat("products { totalCount } ", 45_000) + "}", "QUERY_TOO_LARGE", 422},
		{"1 MB of a comment", "#" + strings.Repeat("x", 1<<20) + "\n" + anyQuery, "QUERY_TOO_LARGE", 422},
		{"10,000 tokens", "{ " + strings.Repeat("id ", 10_000) + "}", "QUERY_TOO_LARGE", 422},
		{"1,000 aliases", "{ " + many(1000, "a%[1]d: __typename ") + "}", "QUERY_TOO_LARGE", 422},
		{"100 aliases", "{ " + many(100, "a%[1]d: __typename ") + "}", "QUERY_TOO_COMPLEX", 422},
		{"aliases in a fragment that is spread often", "{ " + strings.Repeat("...F ", 10) + "} fragment F on Query { " + many(10, "a%[1]d: __typename ") + "}", "QUERY_TOO_COMPLEX", 422},
		{"1,400 times the same field", "{ " + strings.Repeat("__typename ", 1400) + "}", "QUERY_TOO_LARGE", 422},
		{"the same field in fragments", "{ ...A ...B } fragment A on Query { " + strings.Repeat("__typename ", 200) + "} fragment B on Query { " + strings.Repeat("__typename ", 200) + "}", "QUERY_TOO_LARGE", 422},
		{"nested fragments", nestedFragments(100), "QUERY_TOO_COMPLEX", 422},
		{"fragments in a circle", "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "GRAPHQL_VALIDATION_FAILED", 422},
		{"too deep", deepQuery(30), "QUERY_TOO_COMPLEX", 422},
		{"lists in lists in lists", "{ categories { children { children { children { children { children { id } } } } } } }", "QUERY_TOO_COMPLEX", 422},
		{"large pages of everything", "{ " + many(10, "a%[1]d: products(first: 100) { nodes { variants { attributes { name type { name attributes { name } } } } } } ") + "}", "QUERY_TOO_COMPLEX", 422},
		{"a huge page", `{ products(first: 1000000) { totalCount } }`, "PAGE_SIZE_OUT_OF_RANGE", 200},
		{"a huge page of a search", `{ searchProducts(query: "a", first: 1000000) { totalCount } }`, "PAGE_SIZE_OUT_OF_RANGE", 200},
		{"the schema", `{ __schema { types { name } } }`, "INTROSPECTION_OFF", 422},
		{"a type of the schema, in a fragment", `{ ...F } fragment F on Query { __type(name: "Product") { name } }`, "INTROSPECTION_OFF", 422},
		{"a deep look into the schema", "{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }", "GRAPHQL_VALIDATION_FAILED", 422},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			started := time.Now()
			a, _ := s.send(t, postOf(queryOf(test.query)))
			if a.status != test.status || len(a.Errors) == 0 || a.code() != test.code {
				t.Errorf("got %d %.300v, want %d %s", a.status, a.Errors, test.status, test.code)
			}
			if took := time.Since(started); took > 2*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// TestEveryLimitIsASetting sets each limit so low that a usual query is too much.
func TestEveryLimitIsASetting(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const query = `{ a: products(first: 30) { nodes { title variants { sku } } } b: priceLists { code } c: priceLists { code } }`
	if a, _ := s.send(t, postOf(queryOf(query))); len(a.Errors) > 0 {
		t.Fatalf("without low limits: %+v", a.Errors)
	}
	for _, test := range []struct {
		name   string
		change func(*graph.Options)
		status int
		code   string
	}{
		{"query bytes", func(o *graph.Options) { o.Limits.QueryBytes = 50 }, 422, "QUERY_TOO_LARGE"},
		{"tokens", func(o *graph.Options) { o.Limits.Tokens = 20 }, 422, "QUERY_TOO_LARGE"},
		{"repeated fields", func(o *graph.Options) { o.Limits.RepeatedFields = 1 }, 422, "QUERY_TOO_LARGE"},
		{"fields", func(o *graph.Options) { o.Limits.Fields = 8 }, 422, "QUERY_TOO_COMPLEX"},
		{"depth", func(o *graph.Options) { o.Limits.Depth = 3 }, 422, "QUERY_TOO_COMPLEX"},
		{"aliases", func(o *graph.Options) { o.Limits.Aliases = 2 }, 422, "QUERY_TOO_COMPLEX"},
		{"complexity", func(o *graph.Options) { o.Limits.Complexity = 300 }, 422, "QUERY_TOO_COMPLEX"},
		{"body", func(o *graph.Options) { o.Limits.BodyBytes = 100 }, 413, "REQUEST_TOO_LARGE"},
		{"rate of requests", func(o *graph.Options) { o.Limits.Rate = 9 }, 429, "RATE_LIMITED"},
		{"rate of complexity", func(o *graph.Options) { o.Limits.Rate = 300 }, 429, "RATE_LIMITED"},
		{"time", func(o *graph.Options) { o.Timeout = time.Nanosecond }, 503, "TIMEOUT"},
	} {
		limited := s.with(test.change)
		if a, _ := limited.send(t, postOf(queryOf(query))); a.status != test.status || len(a.Errors) == 0 || a.code() != test.code {
			t.Errorf("%s: got %d %+v, want %d %s", test.name, a.status, a.Errors, test.status, test.code)
		}
	}
}

// slowSearcher searches until nobody waits any more.
type slowSearcher struct{}

func (slowSearcher) Search(ctx context.Context, _ search.Request) (*search.Result, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestSlowAnswersAreCut(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	root := *s.options.Resolvers.(*resolvers.Resolver)
	root.Searcher = slowSearcher{}
	s = s.with(func(o *graph.Options) { o.Resolvers, o.Timeout = &root, 100*time.Millisecond })
	started := time.Now()
	a, _ := s.send(t, postOf(queryOf(`{ searchProducts(query: "a") { totalCount } }`)))
	if took := time.Since(started); a.code() != "TIMEOUT" || took > 2*time.Second {
		t.Errorf("after %s: %d %+v", took, a.status, a.Errors)
	}
}

func TestLimitsSpeakClearly(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	// A body without a length is counted while it is read.
	long := postOf(queryOf(anyQuery) + strings.Repeat(" ", 3<<20))
	long.ContentLength = -1
	if a, _ := s.send(t, long); a.status != http.StatusRequestEntityTooLarge || a.code() != "REQUEST_TOO_LARGE" {
		t.Errorf("a long body: %d %+v", a.status, a.Errors)
	}
	for name, body := range map[string]string{"no JSON": `{"query": `, "a batch": `[` + queryOf(anyQuery) + `]`} {
		a, _ := s.send(t, postOf(body))
		if a.status != http.StatusBadRequest || a.code() != "BAD_USER_INPUT" || strings.Contains(a.Errors[0].Message, "query") {
			t.Errorf("%s: %d %+v", name, a.status, a.Errors)
		}
	}
}

func TestNothingIsSuggestedInProduction(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	quiet := s.with(production)
	for _, query := range []string{
		`{ product(sku: "a") { titel } }`,
		`{ produkt(sku: "a") { title } }`,
		`{ product(skuu: "a") { title } }`,
		`{ product }`,
		`{ products(sort: {key: TITEL}) { totalCount } }`,
		`{ products(filter: {brand: ["a"]}) { totalCount } }`,
		`query($f: ProductFiltr) { products(filter: $f) { totalCount } }`,
		`{ node(id: "a") { ... on Produc { title } } }`,
		`{ node(id: "a") { title } }`,
	} {
		loud, _ := s.send(t, postOf(queryOf(query)))
		a, _ := quiet.send(t, postOf(queryOf(query)))
		if len(a.Errors) == 0 || len(loud.Errors) == 0 || a.code() != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s: %+v", query, a.Errors)
		}
		for _, e := range a.Errors {
			if strings.Contains(e.Message, "Did you mean") {
				t.Errorf("%s: %s", query, e.Message)
			}
		}
	}
	// In development the guesses help.
	if a, _ := s.send(t, postOf(queryOf(`{ product(sku: "a") { titel } }`))); !strings.Contains(a.Errors[0].Message, "Did you mean") {
		t.Errorf("%+v", a.Errors)
	}
	variables := `{"query": "query($f: ProductFilter) { products(filter: $f) { totalCount } }", "variables": {"f": {"brand": ["a"]}}}`
	if a, _ := quiet.send(t, postOf(variables)); len(a.Errors) == 0 || strings.Contains(a.Errors[0].Message, "Did you mean") {
		t.Errorf("%+v", a.Errors)
	}
}

func TestClientsPayByComplexity(t *testing.T) {
	t.Parallel()
	s := newShop(t).with(func(o *graph.Options) {
		o.Limits.Rate, o.Limits.RateWindow = 1000, time.Hour
		o.ClientAddress = func(r *http.Request) string { return r.Header.Get("Test-Client") }
	})
	const page = `{ products(first: 100) { nodes { title } } }` // 201, and 10 for the request
	ask := func(client, query string, header ...string) (answer, http.Header) {
		return s.send(t, postOf(queryOf(query), append(header, "Test-Client", client)...))
	}
	a, header := ask("one", page)
	if a.status != 200 || header.Get("Ratelimit-Policy") != `"complexity";q=1000;w=3600` || header.Get("Ratelimit") != `"complexity";r=789;t=760` {
		t.Errorf("%d, %v", a.status, header)
	}
	for range 3 {
		ask("one", page)
	}
	a, header = ask("one", page)
	if a.status != http.StatusTooManyRequests || a.code() != "RATE_LIMITED" || len(a.Data) > 0 && string(a.Data) != "null" {
		t.Errorf("the fifth: %d %+v", a.status, a)
	}
	if wait, err := strconv.Atoi(header.Get("Retry-After")); err != nil || wait < 100 || wait > 200 {
		t.Errorf("Retry-After: %q", header.Get("Retry-After"))
	}
	if a, _ = ask("one", anyQuery); a.status != 200 {
		t.Errorf("what the client can still pay: %d", a.status)
	}
	if a, _ = ask("two", page); a.status != 200 {
		t.Errorf("another client: %d", a.status)
	}
	if a, _ = ask("one", page, "Authorization", "Bearer "+s.token); a.status != 200 {
		t.Errorf("with a token: %d", a.status)
	}
	_, header = ask("one", anyQuery, "Authorization", "Bearer "+s.token)
	if header.Get("Ratelimit-Policy") != `"complexity";q=10000000;w=3600` {
		t.Errorf("with a token: %v", header)
	}
	// What is refused is not free.
	for range 100 {
		ask("three", `{ nothing }`)
	}
	if a, _ = ask("three", anyQuery); a.status != http.StatusTooManyRequests {
		t.Errorf("after 100 mistakes: %d", a.status)
	}
}

// TestPagesOfOtherSites sends what browsers send for pages of this and other sites.
func TestPagesOfOtherSites(t *testing.T) {
	t.Parallel()
	anyone := newShop(t)
	mine := anyone.with(func(o *graph.Options) { o.Origins = []string{"https://shop.example"} })
	const foreign, own = "https://evil.example", "https://shop.example"
	for _, test := range []struct {
		name       string
		shop       *shop
		header     []string
		status     int
		readableBy string
	}{
		{"no browser", mine, nil, 200, ""},
		{"a page of the shop", mine, []string{"Origin", own, "Sec-Fetch-Site", "cross-site"}, 200, own},
		{"a foreign page", mine, []string{"Origin", foreign, "Sec-Fetch-Site", "cross-site"}, 200, ""},
		{"a foreign page, when all are welcome", anyone, []string{"Origin", foreign, "Sec-Fetch-Site", "cross-site"}, 200, "*"},
		{"a foreign page with cookies", anyone, []string{"Origin", foreign, "Sec-Fetch-Site", "cross-site", "Cookie", "a=b"}, 403, "*"},
		{"the same in an old browser", anyone, []string{"Origin", foreign, "Cookie", "a=b"}, 403, "*"},
		{"a page of the shop with cookies", mine, []string{"Origin", own, "Sec-Fetch-Site", "cross-site", "Cookie", "a=b"}, 200, own},
		{"a page of this server with cookies", mine, []string{"Sec-Fetch-Site", "same-origin", "Cookie", "a=b"}, 200, ""},
		{"a foreign form", anyone, []string{"Origin", foreign, "Sec-Fetch-Site", "cross-site", "Content-Type", "multipart/form-data; boundary=x"}, 403, "*"},
		{"a foreign form of text", anyone, []string{"Origin", foreign, "Sec-Fetch-Site", "cross-site", "Content-Type", "text/plain"}, 403, "*"},
	} {
		a, header := test.shop.send(t, postOf(queryOf(anyQuery), test.header...))
		if a.status != test.status || header.Get("Access-Control-Allow-Origin") != test.readableBy {
			t.Errorf("%s: %d, readable by %q", test.name, a.status, header.Get("Access-Control-Allow-Origin"))
		}
		if test.status == http.StatusForbidden && a.code() != "CROSS_ORIGIN" {
			t.Errorf("%s: %+v", test.name, a.Errors)
		}
		if header.Get("Content-Security-Policy") == "" || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", test.name, header)
		}
	}
	for origin, allowed := range map[string]bool{own: true, foreign: false} {
		preflight := httptest.NewRequest(http.MethodOptions, "/graphql", nil)
		preflight.Header.Set("Origin", origin)
		preflight.Header.Set("Access-Control-Request-Method", "POST")
		preflight.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
		_, header := mine.send(t, preflight)
		if got := header.Get("Access-Control-Allow-Origin") == origin && header.Get("Access-Control-Allow-Headers") != ""; got != allowed {
			t.Errorf("preflight of %s: %v", origin, header)
		}
	}
}

func TestLargerPagesWhereTheyAreAllowed(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	root := *s.options.Resolvers.(*resolvers.Resolver)
	root.MaxPage = 101
	s = s.with(func(o *graph.Options) { o.Resolvers, o.Limits.PageSize = &root, 101 })
	var data struct {
		Products struct{ Nodes []struct{ ID string } }
	}
	s.data(t, &data, `{ products(first: 101) { nodes { id } } }`, nil)
	if len(data.Products.Nodes) < 90 {
		t.Errorf("%d products", len(data.Products.Nodes))
	}
	if a := s.ask(t, `{ products(first: 102) { nodes { id } } }`, nil); a.code() != "PAGE_SIZE_OUT_OF_RANGE" {
		t.Errorf("%+v", a.Errors)
	}
}
