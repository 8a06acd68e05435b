package resolvers_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/config"
	"ecoseller/graph"
	"ecoseller/media"
	"ecoseller/models"
	"ecoseller/resolvers"
	"ecoseller/search"
	"ecoseller/search/postgres"
	"ecoseller/search/spelling"
	"ecoseller/search/suggest"
	"ecoseller/store"
	"ecoseller/subscriptions"
	"ecoseller/web"
)

// shop is the API over the demo catalogue, searched by PostgreSQL.
type shop struct {
	store   *store.Store
	db      *bun.DB
	handler http.Handler
	options graph.Options
	// pictures keeps what is uploaded.
	pictures *media.Library
	token    string
}

// maxPicture is how large an uploaded picture may be here.
const maxPicture = 200_000

var mediaAddresses = models.MediaAddresses{Base: "https://api.shop.example/media"}

func newEngine(t testing.TB, s *store.Store) *postgres.Engine {
	t.Helper()
	cfg, err := config.From(nil)
	if err != nil {
		t.Fatal(err)
	}
	return postgres.New(s, postgres.Options{Languages: cataloguetest.Languages().Supported, Boosts: search.Boosts(cfg.Boosts)})
}

func newShop(t testing.TB) *shop {
	t.Helper()
	s, db := cataloguetest.NewIndexedDemo(t)
	languages := cataloguetest.Languages()
	engine := newEngine(t, s)
	token, err := s.CreateAccessToken(t.Context(), "test", models.AllPermissions())
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	folder, err := media.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	pictures := media.NewLibrary(folder, maxPicture, logger)
	options := bounded(t, graph.Options{
		Resolvers: &resolvers.Resolver{
			Store: s, Searcher: search.NewFinder(engine, spelling.New(s, languages.Supported)),
			Completer: suggest.New(engine, s, suggest.NewNames(s)), MessageIDDomain: "shop.example",
			Media: pictures, MediaAddresses: mediaAddresses,
			Jobs:     subscriptions.NewJobs(s, logger),
			Composer: newComposer(t), EmailRates: models.EmailRates{PerRecipient: 5},
		},
		MaxUpload: pictures.MaxUpload(),
		Store:     s, Languages: languages, DefaultCountry: "CZ", Introspection: true, Timeout: 10 * time.Second,
		Logger: logger,
	})
	return &shop{store: s, db: db, options: options, handler: graph.NewHandler(options), pictures: pictures, token: token}
}

// bounded gives options the limits of a server without configuration.
func bounded(t testing.TB, o graph.Options) graph.Options {
	t.Helper()
	cfg, err := config.From(nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Limits, o.CacheTime = graph.Limits(cfg.Limits), cfg.Traffic.CacheTime
	o.Origins, o.ClientAddress = cfg.Traffic.Origins, web.Clients{}.Address
	return o
}

type answer struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
	status     int
	statements int64
}

// code is the code of the only error; empty without errors.
func (a answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Extensions.Code
}

func (s *shop) ask(t *testing.T, query string, variables map[string]any, header ...string) answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	ctx, statements := store.CountStatements(t.Context())
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response := httptest.NewRecorder()
	s.handler.ServeHTTP(response, request)
	a := answer{status: response.Code, statements: statements.Load()}
	if err := json.Unmarshal(response.Body.Bytes(), &a); err != nil {
		t.Fatalf("%s: %s", err, response.Body)
	}
	return a
}

// data asks and reads the answer, which must not have errors.
func (s *shop) data(t *testing.T, into any, query string, variables map[string]any, header ...string) answer {
	t.Helper()
	a := s.ask(t, query, variables, header...)
	if len(a.Errors) > 0 {
		t.Fatalf("%s: %+v", query, a.Errors)
	}
	if err := json.Unmarshal(a.Data, into); err != nil {
		t.Fatal(err)
	}
	return a
}

func cursor(place string) string { return base64.RawURLEncoding.EncodeToString([]byte(place)) }

func TestBadRequestsGetACode(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	longQuery := strings.Repeat("x", 10_000)
	tests := []struct{ name, query, code string }{
		{"empty search", `{ searchProducts(query: "  ") { totalCount } }`, "SEARCH_QUERY_EMPTY"},
		{"search of 10,000 characters", `{ searchProducts(query: "` + longQuery + `") { totalCount } }`, "SEARCH_QUERY_TOO_LONG"},
		{"language that is none", `{ searchProducts(query: "x", language: "klingon!") { totalCount } }`, "UNKNOWN_LANGUAGE"},
		{"language the shop does not speak", `{ searchProducts(query: "x", language: "de") { totalCount } }`, "UNKNOWN_LANGUAGE"},
		{"the same for the operation", `query @inContext(language: "de") { priceLists { code } }`, "UNKNOWN_LANGUAGE"},
		{"country that is none", `query @inContext(country: "Czechia") { priceLists { code } }`, "BAD_USER_INPUT"},
		{"malformed cursor of a search", `{ searchProducts(query: "x", after: "%%%") { totalCount } }`, "INVALID_CURSOR"},
		{"cursor of a list for a search", `{ searchProducts(query: "x", after: "eyJrIjoiVElUTEUifQ") { totalCount } }`, "INVALID_CURSOR"},
		{"malformed cursor of a list", `{ products(after: "bm90IGpzb24") { totalCount } }`, "INVALID_CURSOR"},
		{"cursor of another order", `{ products(after: "eyJrIjoiVElUTEUifQ") { totalCount } }`, "INVALID_CURSOR"},
		{"cursor with a broken time", `{ products(after: "eyJrIjoiQ1JFQVRFRF9BVCIsInYiOiInOyBEUk9QIn0") { totalCount } }`, "INVALID_CURSOR"},
		{"cursor with a broken title", `{ products(sort: {key: TITLE}, after: "` + cursor(`{"k":"TITLE","w":"en","v":"xyz"}`) + `") { totalCount } }`, "INVALID_CURSOR"},
		{"cursor with a huge price", `{ products(sort: {key: PRICE}, after: "` + cursor(`{"k":"PRICE","w":"czk","v":"1e999999"}`) + `") { totalCount } }`, "INVALID_CURSOR"},
		{"cursor of another price list", `{ products(sort: {key: PRICE}, after: "` + cursor(`{"k":"PRICE","w":"eur","v":"1"}`) + `") { totalCount } }`, "INVALID_CURSOR"},
		{"first 0", `{ products(first: 0) { totalCount } }`, "PAGE_SIZE_OUT_OF_RANGE"},
		{"first 1000", `{ products(first: 1000) { totalCount } }`, "PAGE_SIZE_OUT_OF_RANGE"},
		{"last 0", `{ products(last: 0) { totalCount } }`, "PAGE_SIZE_OUT_OF_RANGE"},
		{"first and last", `{ products(first: 1, last: 1) { totalCount } }`, "BAD_USER_INPUT"},
		{"after with last", `{ products(last: 1, after: "x") { totalCount } }`, "BAD_USER_INPUT"},
		{"before without last", `{ products(first: 1, before: "x") { totalCount } }`, "BAD_USER_INPUT"},
		{"price that is none", `{ products(filter: {price: {min: "cheap"}}) { totalCount } }`, "BAD_USER_INPUT"},
		{"too many attributes", `{ products(filter: {attributes: [` + strings.Repeat(`{type: "a"}`, 21) + `]}) { totalCount } }`, "BAD_USER_INPUT"},
		{"first of a search", `{ searchProducts(query: "x", first: 1000) { totalCount } }`, "PAGE_SIZE_OUT_OF_RANGE"},
		{"first beyond 32 bits", `{ products(first: 99999999999) { totalCount } }`, "BAD_USER_INPUT"},
		{"product by nothing", `{ product { id } }`, "BAD_USER_INPUT"},
		{"product by two things", `{ product(sku: "a", slug: "b") { id } }`, "BAD_USER_INPUT"},
		{"id that is none", `{ product(id: "42") { id } }`, "INVALID_ID"},
		{"id of another kind", `{ product(id: "` + models.GlobalID("Category", "7f0c7f0e-0000-4000-8000-000000000000") + `") { id } }`, "INVALID_ID"},
		{"node that is none", `{ node(id: "Tm9uZTox") { id } }`, "INVALID_ID"},
		{"filter with a broken id", `{ products(filter: {ids: ["x"]}) { totalCount } }`, "INVALID_ID"},
		{"time that is none", `{ products(filter: {updatedSince: "yesterday"}) { totalCount } }`, "BAD_USER_INPUT"},
		{"mail without a token", `mutation { sendEmail(input: {to: ["a@b.cz"], subject: "s", text: "t"}) { userErrors { code } } }`, "UNAUTHENTICATED"},
		{"field that does not exist", `{ prodcts { id } }`, "GRAPHQL_VALIDATION_FAILED"},
		{"no GraphQL", `{`, "GRAPHQL_PARSE_FAILED"},
		{"nested fragments", nestedFragments(40), "QUERY_TOO_COMPLEX"},
		{"too deep", deepQuery(30), "QUERY_TOO_COMPLEX"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := s.ask(t, test.query, nil)
			if len(a.Errors) != 1 || a.code() != test.code || a.Errors[0].Message == "" {
				t.Errorf("got %+v, want %s", a.Errors, test.code)
			}
		})
	}
}

// nestedFragments doubles its fields with each fragment.
func nestedFragments(levels int) string {
	var q strings.Builder
	q.WriteString("{ ...F0 }")
	for i := range levels {
		fmt.Fprintf(&q, " fragment F%d on Query { a%d: __typename ...F%d ...F%d }", i, i, i+1, i+1)
	}
	fmt.Fprintf(&q, " fragment F%d on Query { __typename }", levels)
	return q.String()
}

func deepQuery(levels int) string {
	return "{ categories " + strings.Repeat("{ children ", levels) + "{ id }" + strings.Repeat("}", levels+1)
}

func TestUnknownThingsAreNull(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, query := range []string{
		`{ product(sku: "NO-SUCH-SKU") { id } }`,
		`{ product(slug: "no-such-slug") { id } }`,
		`{ product(id: "` + models.GlobalID("Product", "7f0c7f0e-0000-4000-8000-000000000000") + `") { id } }`,
		`{ product(sku: "TUL-TRAIL") { id } }`, // not published
		`{ node(id: "` + models.GlobalID("ProductVariant", "TUL-TRAIL") + `") { id } }`,
	} {
		var data map[string]*struct{}
		s.data(t, &data, query, nil)
		for field, value := range data {
			if value != nil {
				t.Errorf("%s: %s is not null", query, field)
			}
		}
	}
}

func TestPermissionShowsUnpublished(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var data struct{ Product *struct{ Published bool } }
	s.data(t, &data, `{ product(sku: "TUL-TRAIL") { published } }`, nil, "Authorization", "Bearer "+s.token)
	if data.Product == nil || data.Product.Published {
		t.Errorf("got %+v", data.Product)
	}
	var lists struct{ Anonymous, Unpublished struct{ TotalCount int } }
	query := `{ anonymous: products { totalCount } unpublished: products(filter: {published: false}) { totalCount } }`
	s.data(t, &lists, query, nil)
	if lists.Anonymous.TotalCount == 0 || lists.Unpublished.TotalCount != 0 {
		t.Errorf("anonymous: got %+v", lists)
	}
	s.data(t, &lists, query, nil, "Authorization", "Bearer "+s.token)
	if lists.Unpublished.TotalCount != 3 {
		t.Errorf("staff: got %+v", lists)
	}
	for _, header := range []string{"Bearer eco_wrong", "Basic abc", "Bearer"} {
		if a := s.ask(t, `{ priceLists { code } }`, nil, "Authorization", header); a.status != http.StatusUnauthorized || a.code() != "UNAUTHENTICATED" {
			t.Errorf("%s: got %d %+v", header, a.status, a.Errors)
		}
	}
}

// wholeProduct selects everything a product has.
const wholeProduct = `fragment Whole on Product {
	id title slug language brand published version createdAt updatedAt releasedAt shortDescription description metaTitle metaDescription
	productType { code name } categories { id title parent { title } } media { url }
	variants { id sku ean manufacturerPartNumber weightGrams stockQuantity
		attributes { name value type { code name unit valueType } }
		price { net { amount currency } gross { amount currency } grossBeforeDiscount { amount } discountPercent vatRate priceList { code } } } }`

func TestStatementsDoNotGrowWithThePage(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	list := func(first int) int64 {
		return s.data(t, &struct{}{}, `query($first: Int!) { products(first: $first) { nodes { ...Whole } pageInfo { hasNextPage } } } `+wholeProduct,
			map[string]any{"first": first}).statements
	}
	search := func(first int) int64 {
		return s.data(t, &struct{}{}, `query($first: Int!) { searchProducts(query: "lamp", first: $first) { nodes { ...Whole } totalCount } } `+wholeProduct,
			map[string]any{"first": first}).statements
	}
	// Page, product types, categories, their parents, media, variants, attributes, markets, prices.
	if few, many := list(10), list(100); many != few || many > 9 {
		t.Errorf("list: %d statements for 10, %d for 100", few, many)
	}
	// The same, and how rare the words are, and the hits.
	if few, many := search(5), search(100); many != few || many > 11 {
		t.Errorf("search: %d statements for 5, %d for 100", few, many)
	}
	tree := s.data(t, &struct{}{}, `{ categories { title children { title children { title } } } }`, nil).statements
	if tree != 3 {
		t.Errorf("tree of three levels: %d statements", tree)
	}
}

// TestStatementsOfAStorefront counts what the pages of a storefront cost. A list costs the same whatever its size.
func TestStatementsOfAStorefront(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const tile = `{ id title slug variants { sku attributes { name type { name } } price { gross { amount formatted } } } media { url } categories { title slug } }`
	list := func(first int) string {
		return fmt.Sprintf(`{ products(first: %d) { nodes %s pageInfo { endCursor } } }`, first, tile)
	}
	for _, test := range []struct {
		name, query string
		want        int64
	}{
		// Product, then as for a list.
		{"product detail", `{ product(sku: "LUM-MINI-BLK") ` + tile + ` }`, 8},
		// Page, variants, attributes, market, prices, media, categories.
		{"list of 24", list(24), 7},
		{"list of 100", list(100), 7},
		{"list of 24 with lowest prices and pictures only", `{ products(first: 24) { nodes { title priceRange { lowestGross { formatted } } media { url } } } }`, 4},
		// How rare the attributes are, besides.
		{"list of 24 with attributes", `{ products(first: 24, filter: {attributes: [{type: "colour", values: ["black"]}, {type: "connection", values: ["wireless"]}]}) { nodes ` + tile + ` } }`, 8},
		// Category by slug, its breadcrumbs, total and facets besides the list.
		{"category page with filters", `query @inContext(language: "cs") { category(slug: "sluchatka") { title path { title } }
			products(first: 24, filter: {categorySlugs: ["sluchatka"], inStock: true}) { totalCount facets { type { name } min max values { attribute { name } productCount } } nodes ` + tile + ` } }`, 11},
	} {
		if got := s.data(t, &struct{}{}, test.query, nil).statements; got > test.want {
			t.Errorf("%s: %d statements, want %d", test.name, got, test.want)
		} else {
			t.Logf("%s: %d statements", test.name, got)
		}
	}
}

func TestProductInLanguageAndCountry(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	type product struct {
		Title, Language string
		Variants        []struct {
			Price *struct {
				Gross, Net struct{ Amount, Currency string }
			}
		}
	}
	const fields = `{ title language variants { price { net { amount currency } gross { amount currency } } } }`
	tests := []struct {
		name, query, header string
		language, currency  string
	}{
		{"default", `{ product(sku: "LUM-MINI-BLK") ` + fields + ` }`, "", "en", "CZK"},
		{"header", `{ product(sku: "LUM-MINI-BLK") ` + fields + ` }`, "cs,en;q=0.8", "cs", "CZK"},
		{"header with a region", `{ product(sku: "LUM-MINI-BLK") ` + fields + ` }`, "fr, sk-SK;q=0.5", "sk", "CZK"},
		{"operation before header", `query @inContext(language: "sk", country: "SK") { product(sku: "LUM-MINI-BLK") ` + fields + ` }`, "cs", "sk", "EUR"},
		{"argument before operation", `query @inContext(language: "sk") { product(sku: "LUM-MINI-BLK", language: "cs") ` + fields + ` }`, "en", "cs", "CZK"},
		{"fallback says its language", `query @inContext(language: "sk") { product(sku: "KOR-FLIP13") ` + fields + ` }`, "", "cs", "CZK"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var data struct{ Product product }
			s.data(t, &data, test.query, nil, "Accept-Language", test.header)
			price := data.Product.Variants[0].Price
			if data.Product.Language != test.language || price == nil || price.Gross.Currency != test.currency {
				t.Errorf("got %+v with %+v", data.Product, price)
			}
		})
	}
}

func TestVariablesReachTheDirective(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var data struct{ Product struct{ Language string } }
	s.data(t, &data, `query($l: LanguageCode) @inContext(language: $l) { product(sku: "LUM-MINI-BLK") { language } }`, map[string]any{"l": "cs"})
	if data.Product.Language != "cs" {
		t.Errorf("got %s", data.Product.Language)
	}
}

func TestPricesAreExact(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if _, err := s.db.Exec(`UPDATE product_prices SET amount = CASE price_list WHEN 'czk' THEN 1644.63 ELSE 65.045 END, discount_percent = 10 WHERE sku = 'LUM-MINI-BLK'`); err != nil {
		t.Fatal(err)
	}
	var data map[string]struct {
		Variants []struct {
			SKU   string
			Price *struct {
				Net, NetBeforeDiscount     struct{ Amount string }
				Gross, GrossBeforeDiscount *struct{ Amount string }
				VatRate                    *string
			}
		}
	}
	const price = ` variants { sku price(country: "%s"%s) { net { amount } netBeforeDiscount { amount } gross { amount } grossBeforeDiscount { amount } vatRate } } `
	s.data(t, &data, `{
		cz: product(sku: "LUM-MINI-BLK") {`+fmt.Sprintf(price, "CZ", "")+`}
		sk: product(sku: "LUM-MINI-BLK") {`+fmt.Sprintf(price, "SK", "")+`}
		eurInCz: product(sku: "LUM-MINI-BLK") {`+fmt.Sprintf(price, "CZ", `, priceList: "eur"`)+`}
		unknownCountry: product(sku: "LUM-MINI-BLK") {`+fmt.Sprintf(price, "US", "")+`}
		noSuchList: product(sku: "LUM-MINI-BLK") {`+fmt.Sprintf(price, "CZ", `, priceList: "none"`)+`}
	}`, nil)
	want := map[string]string{
		"cz":             "1480.17 1644.63 1791 1990 21", // 1644.63 × 0.9 × 1.21 = 1791.00, to whole crowns
		"sk":             "58.54 65.05 72.00 80.01 23",   // 65.045 × 0.9 × 1.23 = 72.00
		"eurInCz":        "58.54 65.05 70.83 78.70 21",
		"unknownCountry": "1480.17 1644.63 none none none",
		"noSuchList":     "none",
	}
	for name, expected := range want {
		variants := data[name].Variants
		i := slices.IndexFunc(variants, func(v struct {
			SKU   string
			Price *struct {
				Net, NetBeforeDiscount     struct{ Amount string }
				Gross, GrossBeforeDiscount *struct{ Amount string }
				VatRate                    *string
			}
		},
		) bool {
			return v.SKU == "LUM-MINI-BLK"
		})
		got := "none"
		if p := variants[i].Price; p != nil {
			got = p.Net.Amount + " " + p.NetBeforeDiscount.Amount + " none none none"
			if p.Gross != nil {
				got = strings.Join([]string{p.Net.Amount, p.NetBeforeDiscount.Amount, p.Gross.Amount, p.GrossBeforeDiscount.Amount, *p.VatRate}, " ")
			}
		}
		if got != expected {
			t.Errorf("%s: got %s, want %s", name, got, expected)
		}
	}
}

func TestProductListsFilterAndPageBackward(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	type list struct {
		Products struct {
			TotalCount int
			Nodes      []struct{ Title string }
			PageInfo   struct {
				HasNextPage, HasPreviousPage bool
				StartCursor, EndCursor       *string
			}
		}
	}
	const query = `query($first: Int, $after: String, $last: Int, $before: String, $filter: ProductFilter) @inContext(language: "en") {
		products(first: $first, after: $after, last: $last, before: $before, filter: $filter, sort: {key: TITLE}) {
			totalCount nodes { title } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
	filter := map[string]any{
		"inStock": true, "price": map[string]any{"max": "3000"}, // crowns: the default country's list
		"attributes": []any{map[string]any{"type": "colour", "values": []string{"black", "white"}}, map[string]any{"type": "connection", "values": []string{"wireless"}}},
	}
	var whole, first, second, last list
	s.data(t, &whole, query, map[string]any{"filter": filter})
	titles := whole.Products.Nodes
	if n := len(titles); n < 4 || n != whole.Products.TotalCount {
		t.Fatalf("got %+v", whole)
	}
	s.data(t, &first, query, map[string]any{"first": 2, "filter": filter})
	s.data(t, &second, query, map[string]any{"first": 2, "after": first.Products.PageInfo.EndCursor, "filter": filter})
	s.data(t, &last, query, map[string]any{"last": 2, "before": second.Products.PageInfo.StartCursor, "filter": filter})
	if !slices.Equal(last.Products.Nodes, titles[:2]) || !slices.Equal(second.Products.Nodes, titles[2:4]) {
		t.Errorf("pages %v, %v and back %v of %v", first.Products.Nodes, second.Products.Nodes, last.Products.Nodes, titles)
	}
	if p := last.Products.PageInfo; p.HasPreviousPage || !p.HasNextPage {
		t.Errorf("the first page, reached backward: %+v", p)
	}
	s.data(t, &last, query, map[string]any{"last": 2, "filter": filter})
	if p := last.Products.PageInfo; !p.HasPreviousPage || p.HasNextPage || !slices.Equal(last.Products.Nodes, titles[len(titles)-2:]) {
		t.Errorf("the last page: %+v", last)
	}
}

func TestSearchPagesThroughAllHits(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var seen []string
	var after *string
	total := 0
	for {
		var data struct {
			SearchProducts struct {
				TotalCount       int
				Engine, Language string
				Degraded         bool
				Edges            []struct {
					Cursor string
					Score  float64
					Node   struct{ ID string }
				}
				PageInfo struct {
					HasNextPage bool
					EndCursor   *string
				}
			}
		}
		s.data(t, &data, `query($after: String) { searchProducts(query: "sluchatka", language: "cs", first: 3, after: $after) {
			totalCount engine language degraded edges { cursor score node { id } } pageInfo { hasNextPage endCursor } } }`, map[string]any{"after": after})
		page := data.SearchProducts
		if page.Engine != "POSTGRES" || page.Language != "cs" || page.Degraded {
			t.Fatalf("got %+v", page)
		}
		for _, edge := range page.Edges {
			if slices.Contains(seen, edge.Node.ID) {
				t.Fatalf("%s is on two pages", edge.Node.ID)
			}
			seen = append(seen, edge.Node.ID)
		}
		total, after = page.TotalCount, page.PageInfo.EndCursor
		if !page.PageInfo.HasNextPage {
			break
		}
	}
	if total < 5 || len(seen) != total {
		t.Errorf("%d hits on all pages, %d in all", len(seen), total)
	}
}

func TestSearchFindsWhatCustomersMean(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, test := range []struct{ query, language, first string }{
		{"sluchátka bez drátu", "cs", "Bezdrátov"},
		{"sluchatka bez dratu", "cs", "Bezdrátov"},
		{"bezdratova sluchatka", "cs", "Bezdrátov"},
		{"bezdrotove sluchadla", "sk", "Bezdrôtov"},
		{"wireless headphones", "en", "ireless"},
		{"headphnoes", "en", "eadphone"},
		{"LUM-MINI-WHT", "en", "Lumora Mini"},
	} {
		var data struct {
			SearchProducts struct{ Nodes []struct{ Title string } }
		}
		s.data(t, &data, `query($q: String!, $l: LanguageCode) { searchProducts(query: $q, language: $l, first: 3) { nodes { title } } }`,
			map[string]any{"q": test.query, "l": test.language})
		if nodes := data.SearchProducts.Nodes; len(nodes) == 0 || !strings.Contains(nodes[0].Title, test.first) {
			t.Errorf("%s: got %v, want %s first", test.query, nodes, test.first)
		}
	}
}

func TestSendEmail(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	type payload struct {
		SendEmail struct {
			Email *struct {
				ID, State string
				To        []string
			}
			UserErrors []struct {
				Field         []string
				Message, Code string
			}
		}
	}
	send := func(input map[string]any) payload {
		var data payload
		s.data(t, &data, `mutation($input: SendEmailInput!) { sendEmail(input: $input) { email { id state to } userErrors { field message code } } }`,
			map[string]any{"input": input}, "Authorization", "Bearer "+s.token)
		return data
	}
	good := map[string]any{"to": []string{"jana@example.cz"}, "subject": "Objednávka", "html": "<p>Děkujeme</p>", "idempotencyKey": "order-1"}

	first, second := send(good), send(good)
	if first.SendEmail.Email == nil || first.SendEmail.Email.State != "QUEUED" || second.SendEmail.Email == nil ||
		second.SendEmail.Email.ID != first.SendEmail.Email.ID {
		t.Fatalf("the same key gives the first answer: %+v, %+v", first, second)
	}
	var jobs int
	if err := s.db.NewRaw("SELECT count(*) FROM jobs WHERE kind = 'send_email'").Scan(t.Context(), &jobs); err != nil || jobs != 1 {
		t.Errorf("%d jobs, %v", jobs, err)
	}
	with := func(key string, value any) map[string]any {
		changed := map[string]any{"idempotencyKey": nil}
		for k, v := range good {
			if k != "idempotencyKey" {
				changed[k] = v
			}
		}
		changed[key] = value
		return changed
	}
	reused := with("subject", "Another")
	reused["idempotencyKey"] = "order-1"
	for _, test := range []struct {
		input       map[string]any
		field, code string
	}{
		{reused, "input.idempotencyKey", "IDEMPOTENCY_KEY_REUSED"},
		{with("to", []string{"jana@example.cz", "not an address"}), "input.to.1", "INVALID_ADDRESS"},
		{with("to", []string{"jana@example.cz\r\nBcc: x@y.cz"}), "input.to.0", "INVALID_ADDRESS"},
		{with("to", []string{}), "input.to", "REQUIRED"},
		{with("to", slices.Repeat([]string{"a@b.cz"}, 51)), "input.to", "TOO_MANY"},
		{with("subject", ""), "input.subject", "REQUIRED"},
		{with("subject", "a\r\nBcc: x@y.cz"), "input.subject", "INVALID"},
		{with("subject", strings.Repeat("x", 256)), "input.subject", "TOO_LONG"},
		{with("html", ""), "input.text", "REQUIRED"},
	} {
		got := send(test.input).SendEmail
		if got.Email != nil || len(got.UserErrors) != 1 || strings.Join(got.UserErrors[0].Field, ".") != test.field || got.UserErrors[0].Code != test.code {
			t.Errorf("%s %s: got %+v", test.field, test.code, got)
		}
	}
	var byID struct {
		Email *struct{ State, Subject string }
	}
	s.data(t, &byID, `query($id: ID!) { email(id: $id) { state subject } }`, map[string]any{"id": first.SendEmail.Email.ID}, "Authorization", "Bearer "+s.token)
	if byID.Email == nil || byID.Email.Subject != "Objednávka" {
		t.Errorf("got %+v", byID.Email)
	}
	// Another token with the same permission does not see it.
	other, err := s.store.CreateAccessToken(t.Context(), "other", []models.Permission{models.PermissionSendEmail})
	if err != nil {
		t.Fatal(err)
	}
	s.data(t, &byID, `query($id: ID!) { email(id: $id) { state subject } }`, map[string]any{"id": first.SendEmail.Email.ID}, "Authorization", "Bearer "+other)
	if byID.Email != nil {
		t.Error("a mail is shown to another token")
	}
}

func TestNodeFindsEverythingAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var data struct {
		Product struct {
			ID         string
			Variants   []struct{ ID string }
			Categories []struct{ ID string }
		}
	}
	s.data(t, &data, `{ product(sku: "LUM-MINI-BLK") { id variants { id } categories { id } } }`, nil)
	for id, typeName := range map[string]string{
		data.Product.ID: "Product", data.Product.Variants[0].ID: "ProductVariant", data.Product.Categories[0].ID: "Category",
	} {
		var found struct {
			Node *struct {
				Type string `json:"__typename"`
				ID   string
			}
		}
		s.data(t, &found, `query($id: ID!) { node(id: $id) { __typename id } }`, map[string]any{"id": id})
		if found.Node == nil || found.Node.Type != typeName || found.Node.ID != id {
			t.Errorf("%s: got %+v", typeName, found.Node)
		}
	}
}
