package resolvers_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

// pricedList is a page of a list that is sorted by price.
type pricedList struct {
	Products struct {
		TotalCount int
		Edges      []struct {
			Cursor string
			Node   struct {
				ID         string
				PriceRange *struct {
					PriceList             struct{ Code string }
					LowestNet, HighestNet struct{ Amount, Currency string }
					LowestGross           *struct{ Amount string }
				}
				Variants []struct {
					Price *struct{ Net struct{ Amount string } }
				}
			}
		}
	}
}

const pricedQuery = `query($first: Int, $after: String, $direction: SortDirection!, $list: String) {
	products(first: $first, after: $after, sort: {key: PRICE, direction: $direction, priceList: $list}) {
		totalCount
		edges { cursor node {
			id
			priceRange(priceList: $list) { priceList { code } lowestNet { amount currency } highestNet { amount currency } lowestGross { amount } }
			variants { price(priceList: $list) { net { amount } } }
		} }
	} }`

func TestProductsAreSortedByPrice(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if _, err := s.db.Exec("DELETE FROM product_prices WHERE price_list = 'eur' AND hashtext(sku) % 4 = 0"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		direction string
		list      any
		code      string
	}{{"ASC", "eur", "eur"}, {"DESC", "eur", "eur"}, {"ASC", nil, "czk"}, {"DESC", nil, "czk"}} {
		var page pricedList
		s.data(t, &page, pricedQuery, map[string]any{"first": 100, "direction": test.direction, "list": test.list})
		var lowest []decimal.Decimal
		ended := false
		for _, edge := range page.Products.Edges {
			var nets []decimal.Decimal
			for _, v := range edge.Node.Variants {
				if v.Price != nil {
					nets = append(nets, decimal.RequireFromString(v.Price.Net.Amount))
				}
			}
			priceRange := edge.Node.PriceRange
			if (priceRange == nil) != (len(nets) == 0) {
				t.Fatalf("range %+v of prices %v", priceRange, nets)
			}
			if priceRange == nil {
				ended = true
				continue
			}
			slices.SortFunc(nets, decimal.Decimal.Compare)
			first, last := nets[0].StringFixed(2), nets[len(nets)-1].StringFixed(2)
			if priceRange.PriceList.Code != test.code || priceRange.LowestNet.Amount != first || priceRange.HighestNet.Amount != last {
				t.Errorf("range %+v of prices %v", priceRange, nets)
			}
			if ended {
				t.Errorf("%s: a product with a price stands behind one without", test.direction)
			}
			lowest = append(lowest, nets[0])
		}
		if test.direction == "DESC" {
			slices.Reverse(lowest)
		}
		if len(lowest) < 10 || !slices.IsSortedFunc(lowest, decimal.Decimal.Compare) {
			t.Errorf("%s in %s: %v", test.direction, test.code, lowest)
		}
	}
}

func TestPriceRangeCostsOneStatement(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ask := func(first int) int64 {
		return s.data(t, &struct{}{}, `query($first: Int!) { products(first: $first) { nodes { priceRange { lowestNet { amount } highestGross { amount } } } } }`,
			map[string]any{"first": first}).statements
	}
	// Page, market, ranges.
	if few, many := ask(3), ask(100); few != 3 || many != 3 {
		t.Errorf("%d statements for 3 products, %d for 100", few, many)
	}
}

func TestPriceRangeFollowsCountryAndList(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if _, err := s.db.Exec(`UPDATE product_prices SET amount = 65.045, discount_percent = 10 WHERE sku LIKE 'LUM-MINI-%' AND price_list = 'eur'`); err != nil {
		t.Fatal(err)
	}
	var data struct {
		Product map[string]*struct {
			LowestNet                 struct{ Amount, Currency string }
			LowestGross, HighestGross *struct{ Amount string }
		}
	}
	s.data(t, &data, `{ product(sku: "LUM-MINI-BLK") {
		sk: priceRange(country: "SK") { ...Range }
		us: priceRange(country: "US", priceList: "eur") { ...Range }
		none: priceRange(priceList: "none") { ...Range }
	} } fragment Range on PriceRange { lowestNet { amount currency } lowestGross { amount } highestGross { amount } }`, nil)
	if sk := data.Product["sk"]; sk == nil || sk.LowestNet.Amount != "58.54" || sk.LowestNet.Currency != "EUR" || sk.LowestGross.Amount != "72.00" || sk.HighestGross.Amount != "72.00" {
		t.Errorf("Slovakia: %+v", sk)
	}
	if us := data.Product["us"]; us == nil || us.LowestNet.Amount != "58.54" || us.LowestGross != nil || us.HighestGross != nil {
		t.Errorf("a country without VAT: %+v", us)
	}
	if data.Product["none"] != nil {
		t.Errorf("a list that does not exist: %+v", data.Product["none"])
	}
}

// TestBrokenCursorsOfSortedLists writes cursors by hand: all are the client's mistake, none reaches the database.
func TestBrokenCursorsOfSortedLists(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const id = `"i":"7f0c7f0e-0000-4000-8000-000000000000"`
	for _, test := range []struct{ name, sort, cursor string }{
		{"a price that is none", `{key: PRICE}`, `{"k":"PRICE","w":"czk","v":"cheap",` + id + `}`},
		{"a price beyond numeric", `{key: PRICE}`, `{"k":"PRICE","w":"czk","v":"1e999999",` + id + `}`},
		{"less than infinity", `{key: PRICE}`, `{"k":"PRICE","w":"czk","v":"-Infinity",` + id + `}`},
		{"a price of another list", `{key: PRICE}`, `{"k":"PRICE","w":"eur","v":"1",` + id + `}`},
		{"a price of no list", `{key: PRICE}`, `{"k":"PRICE","v":"1",` + id + `}`},
		{"a title for a price", `{key: PRICE}`, `{"k":"TITLE","w":"czk","v":"00",` + id + `}`},
		{"a title that is no key", `{key: TITLE}`, `{"k":"TITLE","w":"en","v":"Lamp",` + id + `}`},
		{"half a byte", `{key: TITLE}`, `{"k":"TITLE","w":"en","v":"abc",` + id + `}`},
		{"a title of another language", `{key: TITLE}`, `{"k":"TITLE","w":"cs","v":"00",` + id + `}`},
		{"an id that is none", `{key: TITLE}`, `{"k":"TITLE","w":"en","v":"00","i":"x"}`},
		{"the year 0", `{key: CREATED_AT}`, `{"k":"CREATED_AT","v":"0000-01-01 00:00:00+00",` + id + `}`},
		{"a zone far away", `{key: UPDATED_AT}`, `{"k":"UPDATED_AT","v":"2026-01-01 00:00:00+23",` + id + `}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cursor := base64.RawURLEncoding.EncodeToString([]byte(test.cursor))
			a := s.ask(t, `{ products(language: "en", after: "`+cursor+`", sort: `+test.sort+`) { edges { cursor } } }`, nil)
			if a.code() != "INVALID_CURSOR" {
				t.Errorf("got %+v", a.Errors)
			}
		})
	}
	a := s.ask(t, `{ products(sort: {key: PRICE, priceList: "none"}) { totalCount } }`, nil)
	if a.code() != "BAD_USER_INPUT" || !strings.Contains(a.Errors[0].Message, "none") {
		t.Errorf("a price list that does not exist: %+v", a.Errors)
	}
}

// TestCursorOfALongTitle pages through titles as long as an import takes them.
func TestCursorOfALongTitle(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	long := strings.Repeat("žluťoučký kůň ", 60)
	if _, err := s.db.Exec("UPDATE product_translations SET title = '" + long + "' || product_id"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec("DELETE FROM derivations"); err != nil {
		t.Fatal(err)
	}
	if err := s.store.KeepSortTitles(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var after any
	for {
		var page pricedList
		s.data(t, &page, `query($after: String) { products(first: 40, after: $after, sort: {key: TITLE}) { totalCount edges { cursor node { id } } } }`,
			map[string]any{"after": after})
		for _, edge := range page.Products.Edges {
			seen[edge.Node.ID] = true
			after = edge.Cursor
		}
		if len(page.Products.Edges) < 40 {
			if len(seen) != page.Products.TotalCount {
				t.Errorf("%d of %d products", len(seen), page.Products.TotalCount)
			}
			return
		}
	}
}

func TestPricesAsCustomersReadThem(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if _, err := s.db.Exec(`UPDATE product_prices SET amount = 1020.66, discount_percent = 0 WHERE sku = 'HAL-SWAY'`); err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(s.text(t, `query @inContext(language: "cs", country: "CZ") {
		product(sku: "HAL-SWAY") { variants { price {
			gross { formatted english: formatted(locale: "en-US") } net { formatted }
			vat { ... on VatGroup { rate country } ... on NoVat { reason } }
		} abroad: price(country: "US") { gross { amount } vat { ... on NoVat { reason } } } } }
		currencies { code digits symbol } priceList(code: "eur") { rounding } none: priceList(code: "x") { code } country(code: "SK") { name locale } nowhere: country(code: "US") { name }
	}`), "\u00a0", " ")
	for _, part := range []string{
		`"gross":{"formatted":"1 235 Kč","english":"CZK 1,235"}`, `"net":{"formatted":"1 020,66 Kč"}`, `"vat":{"rate":"21","country":"CZ"}`,
		`"abroad":{"gross":null,"vat":{"reason":"COUNTRY_UNKNOWN"}}`, `{"code":"CZK","digits":2,"symbol":"Kč"}`, `"priceList":{"rounding":"0.01"}`,
		`"none":null`, `"country":{"name":"Slovensko","locale":"sk-SK"}`, `"nowhere":null`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("%s is not in %s", part, got)
		}
	}
}
