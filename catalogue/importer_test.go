package catalogue_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"ecoseller/catalogue"
	"ecoseller/catalogue/cataloguetest"
	"ecoseller/embedded/demo"
	"ecoseller/models"
	"ecoseller/store"
	"ecoseller/store/storetest"
)

const headphones = `{"sku":"H-1","ean":["4006381333931"],"brand":"Acme","name":"AC/1","title":{"en":"Tom &amp; Jerry headphones","cs":"Sluchátka"},` +
	`"short_description":{"en":"Good ones"},"released_at":"2024-02-29","price":{"amount":"17.95","currency":"USD"},"image_url":"https://example.com/1.jpg",` +
	`"attributes":[{"code":"colour","type":"text","value":"Black"},{"code":"weight","type":"number","value":6.0},{"code":"wireless","type":"boolean","value":true},` +
	`{"code":"colour","type":"text","value":"Black"}]}`

func TestImportWritesTheWholeProduct(t *testing.T) {
	t.Parallel()
	s, db := newStore(t)
	report, refusals := run(t, s, strings.NewReader(headphones+"\n"))
	if len(refusals) != 0 || report != (catalogue.Report{Imported: 1, Created: 1}) {
		t.Fatalf("got %+v, refused %v", report, refusals)
	}
	got := query(t, db, `
		SELECT p.brand, p.published, p.released_at, t.title, t.slug, v.ean, v.manufacturer_part_number, m.url, pp.price_list, pp.amount,
			(SELECT string_agg(at.code || '=' || at.value_type || ':' || a.value, ' ' ORDER BY va.position)
			 FROM product_variant_attributes va JOIN attributes a ON a.id = va.attribute_id JOIN attribute_types at ON at.id = a.attribute_type_id
			 WHERE va.sku = v.sku) AS attributes,
			(SELECT count(*) FROM jobs WHERE kind = 'index_products') AS jobs
		FROM products p JOIN product_translations t ON t.product_id = p.id AND t.language = 'en'
		JOIN product_variants v ON v.product_id = p.id JOIN product_media m ON m.product_id = p.id JOIN product_prices pp ON pp.sku = v.sku`)
	want := "Acme|true|2024-02-29|Tom & Jerry headphones|tom-jerry-headphones-h-1|{4006381333931}|AC/1|https://example.com/1.jpg|usd|17.9500|" +
		"colour=TEXT:Black weight=INTEGER:6 wireless=BOOLEAN:true|1"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestImportIsIdempotent(t *testing.T) {
	t.Parallel()
	s, db := cataloguetest.NewDemo(t)
	before := contents(t, db)
	report, refusals := run(t, s, demo.Products())
	if len(refusals) != 0 || report.Created != 0 || report.Imported != strings.Count(string(readAll(t, demo.Products())), "\n") {
		t.Errorf("got %+v, refused %v", report, refusals)
	}
	if diff := cmp.Diff(before, contents(t, db)); diff != "" {
		t.Error(diff)
	}
}

// TestImportLeavesWhatIsNotGiven: absent is not null.
func TestImportLeavesWhatIsNotGiven(t *testing.T) {
	t.Parallel()
	s, db := newStore(t)
	run(t, s, strings.NewReader(`{"sku":"A","title":{"en":"Old"},"slug":{"en":"kept"},"published":false,"stock":7,"weight_grams":5,`+
		`"price":{"amount":"1","currency":"EUR"},"attributes":[{"code":"c","type":"text","value":"x"}]}`))
	run(t, s, strings.NewReader(`{"sku":"A","title":{"en":"New"},"price":{"amount":"2","currency":"USD"}}`))
	got := query(t, db, `SELECT t.title, t.slug, p.published, p.version, v.stock_quantity, v.weight_grams,
		(SELECT count(*) FROM product_variant_attributes), (SELECT string_agg(price_list, ',' ORDER BY price_list) FROM product_prices)
		FROM products p JOIN product_translations t ON t.product_id = p.id JOIN product_variants v ON v.product_id = p.id`)
	if want := "New|kept|false|2|7|5|1|eur,usd"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestImportWidensAttributeTypes(t *testing.T) {
	t.Parallel()
	for values, want := range map[string]string{
		"6 7": "INTEGER", "6 6.5": "DECIMAL", "6.5 7": "DECIMAL", `6 "x"`: "TEXT", `true "x"`: "TEXT", `true 1`: "TEXT", `"x" 6`: "TEXT",
	} {
		for _, together := range []bool{true, false} {
			t.Run(fmt.Sprint(values, together), func(t *testing.T) {
				t.Parallel()
				s, db := newStore(t)
				var lines []string
				for i, value := range strings.Fields(values) {
					lines = append(lines, fmt.Sprintf(`{"sku":"A%d","attributes":[{"code":"c","value":%s}]}`, i, value))
				}
				if together {
					run(t, s, strings.NewReader(strings.Join(lines, "\n")))
				} else {
					for _, line := range lines {
						run(t, s, strings.NewReader(line))
					}
				}
				if got := query(t, db, "SELECT value_type FROM attribute_types"); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			})
		}
	}
}

func TestImportRefusesBadLines(t *testing.T) {
	t.Parallel()
	tests := []struct{ line, reason string }{
		{`not json`, "not a product"},
		{`{"sku":"A"} {"sku":"B"}`, "more than one"},
		{`{"sku":"A","titel":{"en":"x"}}`, `unknown field "titel"`},
		{`{"title":{"en":"x"}}`, "no sku"},
		{`{"sku":"a b"}`, "sku"},
		{`{"sku":"` + strings.Repeat("x", 101) + `"}`, "sku"},
		{`{"sku":"A","title":{"xx-not-a-language":"x"}}`, "language"},
		{`{"sku":"A","title":{"en":"\u0000"}}`, "NUL"},
		{`{"sku":"A","title":{"en":"` + strings.Repeat("x", 1001) + `"}}`, "longer than"},
		{`{"sku":"A","short_description":{"en":"x"}}`, "without a title"},
		{`{"sku":"A","released_at":"2024-02-30"}`, "released_at"},
		{`{"sku":"A","price":{"amount":"-1","currency":"USD"}}`, "negative"},
		{`{"sku":"A","price":{"amount":"1e999999999","currency":"USD"}}`, "decimal"},
		{`{"sku":"A","price":{"amount":"12345678901","currency":"USD"}}`, "too large"},
		{`{"sku":"A","price":{"amount":"1.00001","currency":"USD"}}`, "more than 4"},
		{`{"sku":"A","price":{"amount":"1","currency":"dollars"}}`, "currency"},
		{`{"sku":"A","prices":[{"price_list":"none","amount":"1"}]}`, "price list"},
		{`{"sku":"A","attributes":[{"code":"","value":"x"}]}`, "attribute code"},
		{`{"sku":"A","attributes":[{"code":"c","type":"number","value":"many"}]}`, "number"},
		{`{"sku":"A","attributes":[{"code":"c","value":[1]}]}`, "neither"},
		{`{"sku":"A","categories":["none"]}`, `category "none"`},
		{`{"sku":"A","product_type":"none"}`, `product type "none"`},
		{`{"variants":[{"sku":"A"},{"sku":"A"}]}`, "twice"},
		{`{"sku":"A","variants":[{"sku":"B"}]}`, "both"},
		{`{"variants":[{"sku":"FIRST"},{"sku":"SECOND"}]}`, "different products"},
		{`{"sku":"A","title":{"en":"x"},"slug":{"en":"taken"}}`, "taken"},
	}
	s, db := newStore(t)
	run(t, s, strings.NewReader(`{"sku":"FIRST","title":{"en":"x"},"slug":{"en":"taken"}}`+"\n"+`{"sku":"SECOND"}`))
	var file strings.Builder
	for i, test := range tests {
		fmt.Fprintf(&file, "%s\n{\"sku\":\"GOOD-%d\"}\n", test.line, i)
	}
	report, refusals := run(t, s, strings.NewReader(file.String()))
	reasons := map[int]string{}
	for _, r := range refusals {
		reasons[r.Line] = r.Reason
	}
	for i, test := range tests {
		if got := reasons[2*i+1]; !strings.Contains(got, test.reason) {
			t.Errorf("%s: got %q, want %q", test.line, got, test.reason)
		}
	}
	if report.Refused != len(tests) || report.Imported != len(tests) {
		t.Errorf("got %+v, want %d lines in and %d refused", report, len(tests), len(tests))
	}
	if got, want := query(t, db, "SELECT count(*) FROM products"), fmt.Sprint(len(tests)+2); got != want {
		t.Errorf("%s products, want %s", got, want)
	}
}

func TestImportReadsStrangeFiles(t *testing.T) {
	t.Parallel()
	zipped := func(content string) io.Reader {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, _ = w.Write([]byte(content))
		_ = w.Close()
		return &out
	}
	tooLong := `{"sku":"L","description":{"en":"` + strings.Repeat("x", 9<<20) + `"}}`
	tests := []struct {
		name              string
		file              io.Reader
		imported, refused int
	}{
		{"empty", strings.NewReader(""), 0, 0},
		{"no last line end, blank lines, CRLF", strings.NewReader("\n{\"sku\":\"A\"}\r\n\n{\"sku\":\"B\"}"), 2, 0},
		{"gzip", zipped("{\"sku\":\"A\"}\n{\"sku\":\"B\"}\n"), 2, 0},
		{"a line of 9 MB", strings.NewReader("{\"sku\":\"A\"}\n" + tooLong + "\n{\"sku\":\"B\"}"), 2, 1},
		{"one sku twice", strings.NewReader("{\"sku\":\"A\",\"brand\":\"x\"}\n{\"sku\":\"A\",\"brand\":\"y\"}\n"), 2, 0},
		{"more than a batch", strings.NewReader(manyLines(1201)), 1201, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, _ := newStore(t)
			report, refusals := run(t, s, test.file)
			if report.Imported != test.imported || report.Refused != test.refused {
				t.Errorf("got %+v, refused %v", report, refusals)
			}
		})
	}
}

// TestImportRealCatalogues imports what ECOSELLER_DATA holds, within the time that README promises.
func TestImportRealCatalogues(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("ECOSELLER_DATA")
	if folder == "" {
		t.Skip("ECOSELLER_DATA does not name a folder with <name>-products.ndjson.gz")
	}
	for _, name := range []string{"icecat", "esci"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := newStore(t)
			// What measures relevance imports all of both.
			file, products := firstLines(t, filepath.Join(folder, name+"-products.ndjson.gz"), 5000)
			started := time.Now()
			report, refusals := run(t, s, file)
			if report.Imported != products || len(refusals) != 0 {
				t.Errorf("got %+v, refused %v", report, refusals)
			}
			t.Logf("%d products in %s", report.Imported, time.Since(started).Round(time.Millisecond))
		})
	}
}

func manyLines(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "{\"sku\":\"S%d\",\"title\":{\"en\":\"Same title\"}}\n", i)
	}
	return out.String()
}

func newStore(t *testing.T) (*store.Store, *bun.DB) {
	t.Helper()
	db := storetest.NewDB(t)
	return store.New(db, cataloguetest.Languages(), nil), db
}

func run(t *testing.T, s *store.Store, file io.Reader) (catalogue.Report, []catalogue.Refusal) {
	t.Helper()
	var refusals []catalogue.Refusal
	report, err := catalogue.NewImporter(s, models.MediaAddresses{}).Import(t.Context(), file, func(r catalogue.Refusal) { refusals = append(refusals, r) })
	if err != nil {
		t.Fatal(err)
	}
	return report, refusals
}

// query returns the only row of a statement as text.
func query(t *testing.T, db *bun.DB, sql string) string {
	t.Helper()
	var row string
	wrapped := "SELECT array_to_string(ARRAY(SELECT value FROM json_each_text(row_to_json(q))), '|') FROM (" + sql + ") AS q"
	if err := db.NewRaw(strings.ReplaceAll(wrapped, "v.ean,", "v.ean::text AS ean,")).Scan(context.Background(), &row); err != nil {
		t.Fatal(err)
	}
	return row
}

// contents counts and sums up what an import must not change when it is repeated.
func contents(t *testing.T, db *bun.DB) string {
	t.Helper()
	return query(t, db, `SELECT (SELECT count(*) FROM products) AS a, (SELECT count(*) FROM product_translations) AS b, (SELECT md5(string_agg(slug, ',' ORDER BY slug)) FROM product_translations) AS c,
		(SELECT md5(string_agg(sku || stock_quantity || position, ',' ORDER BY sku)) FROM product_variants) AS d, (SELECT count(*) FROM attributes) AS e,
		(SELECT md5(string_agg(sku || attribute_id || position, ',' ORDER BY sku, attribute_id)) FROM product_variant_attributes) AS f,
		(SELECT md5(string_agg(sku || price_list || amount || discount_percent, ',' ORDER BY sku, price_list)) FROM product_prices) AS g,
		(SELECT md5(string_agg(product_id::text || category_id || position, ',' ORDER BY product_id, category_id)) FROM product_categories) AS h,
		(SELECT count(*) FROM product_media) AS i`)
}

func readAll(t *testing.T, r io.Reader) []byte {
	t.Helper()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
