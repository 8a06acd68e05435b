package catalogue_test

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"pgregory.net/rapid"

	"ecoseller/catalogue"
	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/store"
)

// TestExportGivesTheSameCatalogue generates catalogues; what is imported is what is exported, to the byte.
func TestExportGivesTheSameCatalogue(t *testing.T) {
	t.Parallel()
	first, firstDB := newStore(t)
	second, secondDB := newStore(t)
	rapid.Check(t, func(r *rapid.T) {
		model := drawCatalogue(r)
		empty(r, firstDB)
		empty(r, secondDB)
		importAll(r, first, model.lines(false))
		compareTexts(r, "NDJSON", model.lines(false), export(r, first, catalogue.FormatNDJSON))

		table := export(r, first, catalogue.FormatCSV)
		importAll(r, second, model.reference())
		importAll(r, second, table)
		compareTexts(r, "CSV", table, export(r, second, catalogue.FormatCSV))
		compareTexts(r, "NDJSON after CSV", model.lines(true), export(r, second, catalogue.FormatNDJSON))

		// Repeated over what is there, neither changes anything.
		importAll(r, first, table)
		importAll(r, first, model.lines(false))
		compareTexts(r, "NDJSON repeated", model.lines(false), export(r, first, catalogue.FormatNDJSON))
	})
}

func TestExportOfTheDemo(t *testing.T) {
	t.Parallel()
	demo, _ := cataloguetest.NewDemo(t)
	lines, table := export(t, demo, catalogue.FormatNDJSON), export(t, demo, catalogue.FormatCSV)
	copied, _ := newStore(t)
	importAll(t, copied, lines)
	compareTexts(t, "NDJSON", lines, export(t, copied, catalogue.FormatNDJSON))
	compareTexts(t, "CSV", table, export(t, copied, catalogue.FormatCSV))
	importAll(t, copied, table)
	compareTexts(t, "NDJSON after CSV", lines, export(t, copied, catalogue.FormatNDJSON))
}

// TestImportThatWasKilledIsRepeated stops an import in the middle of the file and repeats it.
func TestImportThatWasKilledIsRepeated(t *testing.T) {
	t.Parallel()
	source, _ := newStore(t)
	importAll(t, source, headphones+"\n"+manyLines(1800))
	for _, format := range []catalogue.Format{catalogue.FormatNDJSON, catalogue.FormatCSV} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			file, lines := export(t, source, format), export(t, source, catalogue.FormatNDJSON)
			target, db := newStore(t)
			reference, _, _ := strings.Cut(lines, `{"kind":"product"`)
			importAll(t, target, reference)
			ctx, cancel := context.WithCancel(t.Context())
			kill := killer(func() {
				for query(t, db, "SELECT count(*) FROM products") == "0" {
					time.Sleep(time.Millisecond)
				}
				cancel()
			})
			killed := io.MultiReader(strings.NewReader(file[:len(file)*3/4]), kill, strings.NewReader(file[len(file)*3/4:]))
			report, err := catalogue.NewImporter(target, models.MediaAddresses{}).Import(ctx, killed, func(catalogue.Refusal) {})
			if err == nil || report.Imported == 0 {
				t.Fatalf("was not killed in the middle: %+v, %v", report, err)
			}
			importAll(t, target, file)
			compareTexts(t, "repeated", lines, export(t, target, catalogue.FormatNDJSON))
		})
	}
}

// killer kills when it is read.
type killer func()

func (k killer) Read([]byte) (int, error) {
	k()
	return 0, io.EOF
}

// TestExportRealCatalogues exports what ECOSELLER_DATA holds, and imports that.
func TestExportRealCatalogues(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("ECOSELLER_DATA")
	if folder == "" {
		t.Skip("ECOSELLER_DATA does not name a folder with <name>-products.ndjson.gz")
	}
	s, _ := newStore(t)
	// The whole catalogue, with its 5,000 kinds of attributes, takes minutes.
	products := 2000
	if os.Getenv("ECOSELLER_BENCH") != "" {
		products = math.MaxInt
	}
	source, products := firstLines(t, filepath.Join(folder, "icecat-products.ndjson.gz"), products)
	run(t, s, source)
	lines := export(t, s, catalogue.FormatNDJSON)
	for _, format := range []catalogue.Format{catalogue.FormatNDJSON, catalogue.FormatCSV} {
		name := filepath.Join(t.TempDir(), "export")
		file, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		peak := watchHeap(t, func() {
			if _, err := catalogue.NewExporter(s, models.MediaAddresses{}).Export(t.Context(), format, file, nil); err != nil {
				t.Fatal(err)
			}
		})
		info, _ := file.Stat()
		t.Logf("%s: %d MB in %s, heap at most %d MB", format, info.Size()>>20, time.Since(started).Round(time.Millisecond), peak>>20)
		_, _ = file.Seek(0, io.SeekStart)
		copied, _ := newStore(t)
		if format == catalogue.FormatCSV {
			reference, _, _ := strings.Cut(lines, `{"kind":"product"`)
			importAll(t, copied, reference)
		}
		started = time.Now()
		report, refusals := run(t, copied, file)
		t.Logf("%s: imported %+v in %s", format, report, time.Since(started).Round(time.Millisecond))
		if report.Imported != products || len(refusals) != 0 {
			t.Errorf("got %+v, refused %v", report, refusals[:min(5, len(refusals))])
		}
		if format == catalogue.FormatNDJSON {
			compareTexts(t, "exported again", lines, export(t, copied, format))
		}
		_ = file.Close()
	}
}

// firstLines reads as many lines of a compressed file, and says how many there were.
func firstLines(t *testing.T, name string, most int) (io.Reader, int) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines, read := new(bytes.Buffer), 0
	for reader := bufio.NewReader(unpacked); read < most; read++ {
		line, err := reader.ReadBytes('\n')
		if err != nil {
			break
		}
		lines.Write(line)
	}
	return lines, read
}

// watchHeap returns how large the heap was at most.
func watchHeap(t *testing.T, do func()) (peak uint64) {
	t.Helper()
	runtime.GC()
	stop, done := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			most = max(most, stats.HeapInuse)
			select {
			case <-stop:
				done <- most
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	do()
	close(stop)
	return <-done
}

func TestImportOfTables(t *testing.T) {
	t.Parallel()
	const before = `{"kind":"price_list","code":"eur","name":"Euro","currency":"EUR","rounding":"0.01","is_default":true}
{"kind":"attribute_type","code":"size","value_type":"INTEGER"}
{"sku":"A","title":{"en":"Old"},"short_description":{"en":"Kept"},"brand":"Acme","stock":7,"weight_grams":5,"released_at":"2024-01-02",` +
		`"variants":null,"prices":[{"price_list":"eur","amount":"10","discount_percent":"5"}],` +
		`"attributes":[{"code":"size","type":"number","value":6},{"code":"colour","value":"red"}]}`
	const state = `SELECT t.title, t.short_description, p.brand, p.released_at, v.stock_quantity, v.weight_grams,
		(SELECT amount || '-' || discount_percent FROM product_prices) AS price,
		(SELECT string_agg(at.value_type || ':' || a.value, ' ' ORDER BY at.code, a.value) FROM product_variant_attributes AS va
		 JOIN attributes AS a ON a.id = va.attribute_id JOIN attribute_types AS at ON at.id = a.attribute_type_id) AS attributes
		FROM products AS p JOIN product_translations AS t ON t.product_id = p.id JOIN product_variants AS v ON v.product_id = p.id
		WHERE v.sku = 'A'`
	tests := []struct{ name, table, want, refused string }{
		{"only stock", "sku,stock\nA,3\n", "Old|Kept|Acme|2024-01-02|3|5|10.0000-5.00|TEXT:red INTEGER:6", ""},
		{"empty cells", "sku,stock,weight_grams,brand,released_at,price.eur,attribute.colour\nA,,,,,,\n", "Old|Kept||0|INTEGER:6", ""},
		{"Excel", "\ufeffsku;price.eur;title.en\r\nA;12,5;\"a \"\"b\"\"; c\"\r\n", "a \"b\"; c|Kept|Acme|2024-01-02|7|5|12.5000-5.00|TEXT:red INTEGER:6", ""},
		{"text without its title", "sku,short_description.en\nA,New\n", "Old|New|Acme|2024-01-02|7|5|10.0000-5.00|TEXT:red INTEGER:6", ""},
		{"number stays number", "sku,attribute.size\nA,7|8\n", "Old|Kept|Acme|2024-01-02|7|5|10.0000-5.00|TEXT:red INTEGER:7 INTEGER:8", ""},
		{"only the discount", "sku,discount.eur\nA,20\n", "Old|Kept|Acme|2024-01-02|7|5|10.0000-20.00|TEXT:red INTEGER:6", ""},
		{"formula", "sku,title.en\nA,'=1+1\n", "=1+1|Kept|Acme|2024-01-02|7|5|10.0000-5.00|TEXT:red INTEGER:6", ""},
		{"unknown category", "sku,stock,categories\nA,1,none\n", "", `2: there is no category "none"`},
		{"unknown type", "sku,stock\nA,7\n\nA,x\n", "", `4: stock: "x" is not a whole number`},
		{"unknown product type", "sku,product_type\nA,none\n", "", `2: there is no product type "none"`},
		{"too few cells", "sku,stock\nA\n", "", "2: record on line 2: wrong number of fields"},
		{"not UTF-8", "sku,brand\nA,\xe8\n", "", "2: column 2 is not UTF-8"},
		{"title emptied under a text", "sku,title.en,description.en\nA,,x\n", "", "2: description in en without a title in that language"},
		{"rows that differ", "product_id,sku,brand\n" + someID + ",B,x\n" + someID + ",C,y\n", "", "3: column 3 differs from the row before, of the same product"},
		{"foreign id", "product_id,sku\n" + someID + ",A\n", "", `2: sku "A" belongs to another product than its id says`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, db := newStore(t)
			importAll(t, s, before)
			want := test.want
			if want == "" {
				want = query(t, db, state)
			}
			_, refusals := run(t, s, strings.NewReader(test.table))
			refused := ""
			for _, r := range refusals {
				refused += fmt.Sprintf("%d: %s", r.Line, r.Reason)
			}
			if refused != test.refused {
				t.Errorf("refused %q, want %q", refused, test.refused)
			}
			if diff := gocmp.Diff(want, query(t, db, state)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const someID = "0193a5e0-0000-7000-8000-000000000001"

func TestImportRefusesBadTables(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	for table, want := range map[string]string{
		"sku,nonsense\nA,1\n":                          `there is no column "nonsense"`,
		"sku,sku\nA,B\n":                               `column "sku" is there twice`,
		"stock,brand\n1,x\n":                           `there is no column "sku"`,
		"sku,title.nolanguage1\n":                      "language",
		"sku,brand\nA,\"" + strings.Repeat("x", 9<<20): "longer than",
	} {
		_, err := catalogue.NewImporter(s, models.MediaAddresses{}).ImportCSV(t.Context(), strings.NewReader(table), func(catalogue.Refusal) {})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", table, err, want)
		}
	}
}

func TestImportRefusesBadReferenceLines(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	tests := []struct{ line, reason string }{
		{`{"kind":"thing"}`, `no kind "thing"`},
		{`{"kind":"price_list","code":"eur","colour":1}`, `unknown field "colour"`},
		{`{"kind":"price_list","code":"eur","name":"x","currency":"euro","rounding":"1"}`, "currency"},
		{`{"kind":"country","code":"CZ","locale":"cs","default_price_list":"none"}`, "none"},
		{`{"kind":"attribute_type","code":"","value_type":"TEXT"}`, "code"},
		{`{"kind":"attribute_type","code":"a","value_type":"COLOUR"}`, "value_type"},
		{`{"kind":"attribute","attribute_type":"none","value":"x","position":0}`, `no attribute type "none"`},
		{`{"kind":"product_type","code":"a","attribute_types":["none"],"vat_groups":[]}`, `no attribute type "none"`},
		{`{"kind":"category","code":"a","parent":"none","published":true,"position":0,"translations":{}}`, `no category "none"`},
		{`{"kind":"category","code":"a","parent":null,"published":true,"position":0,"translations":{"en":{"title":"","slug":"x"}}}`, "without title"},
		{`{"kind":"product","id":"1","variants":[]}`, "not a UUID"},
	}
	var file strings.Builder
	for i, test := range tests {
		fmt.Fprintf(&file, "%s\n{\"kind\":\"attribute_type\",\"code\":\"good-%d\",\"value_type\":\"TEXT\"}\n", test.line, i)
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
	if report.References != len(tests) || report.Refused != len(tests) {
		t.Errorf("got %+v", report)
	}
}

// reporter is what both tests and properties are.
type reporter interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func export(t reporter, s *store.Store, format catalogue.Format) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := catalogue.NewExporter(s, models.MediaAddresses{}).Export(t.Context(), format, &out, nil); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func importAll(t reporter, s *store.Store, file string) {
	t.Helper()
	_, err := catalogue.NewImporter(s, models.MediaAddresses{}).Import(t.Context(), strings.NewReader(file), func(r catalogue.Refusal) {
		t.Fatalf("line %d was refused: %s", r.Line, r.Reason)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func compareTexts(t reporter, what, want, got string) {
	t.Helper()
	if want == got {
		return
	}
	wants, gots := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	for i := range wants {
		if i >= len(gots) || wants[i] != gots[i] {
			t.Fatalf("%s: line %d is\n%.3000q, want\n%.3000q", what, i+1, gots[min(i, len(gots)-1)], wants[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d", what, len(gots), len(wants))
}

// empty takes everything out of a database.
func empty(t reporter, db *bun.DB) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), `TRUNCATE products, categories, product_types, attribute_types, vat_groups, countries, price_lists, jobs CASCADE`)
	if err != nil {
		t.Fatal(err)
	}
}

// model is a catalogue as the lines of its export.
type model struct {
	references []any
	products   []*catalogue.ProductLine
}

func (m *model) reference() string { return encode(m.references...) }

// lines is the file; a table orders attributes by their types.
func (m *model) lines(byType bool) string {
	out := m.reference()
	for _, p := range m.products {
		copied := *p
		copied.Variants = slices.Clone(p.Variants)
		for i := range copied.Variants {
			if byType {
				copied.Variants[i].Attributes = slices.Clone(copied.Variants[i].Attributes)
				slices.SortStableFunc(copied.Variants[i].Attributes, func(a, b catalogue.VariantAttribute) int { return cmp.Compare(a.Code, b.Code) })
			}
		}
		out += encode(copied)
	}
	return out
}

func encode(lines ...any) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for _, line := range lines {
		_ = encoder.Encode(line)
	}
	return out.String()
}

// text draws texts that files trip over.
func text() *rapid.Generator[string] {
	strange := []string{
		"=1+1", "+x", "-5", "-x", "@a", "'", "''x", "a|b", `\`, `a\|`, `\e`, "\"", "a,b;c", "x\ny", "x\r\ny", "\r\n", "\r\n\n", "\r\r\n", "\r", "\ty", " x ", "&amp;", "&lt;b>",
		"ř\u0301\u200d👩‍🚀", "\u2028", "\ufeffx", "\u202eabc", "{", "null", "0012", "1e5", "true",
	}
	return rapid.OneOf(rapid.SampledFrom(strange), rapid.String(), rapid.StringMatching(`[a-z ,;"'\n\r|\\]{0,12}`)).
		Filter(func(s string) bool { return !strings.Contains(s, "\x00") && len(s) < 900 })
}

func notEmpty() *rapid.Generator[string] {
	return text().Filter(func(s string) bool { return s != "" })
}

func drawName(r *rapid.T) models.Translated {
	name := models.Translated{}
	for _, language := range []models.LanguageCode{"cs", "en"} {
		if rapid.Bool().Draw(r, "named") {
			name[language] = text().Draw(r, "name")
		}
	}
	return name
}

func drawCatalogue(r *rapid.T) *model {
	m := &model{references: []any{
		catalogue.PriceListLine{Kind: "price_list", Code: "czk", Name: text().Draw(r, "name"), Currency: "CZK", Rounding: "1", IsDefault: true},
		catalogue.PriceListLine{Kind: "price_list", Code: "eur", Name: "€", Currency: "EUR", Rounding: "0.01"},
		catalogue.CountryLine{Kind: "country", Code: "CZ", Name: drawName(r), Locale: "cs-CZ", DefaultPriceList: "czk"},
		catalogue.VatGroupLine{Kind: "vat_group", Code: "cz", Name: text().Draw(r, "name"), Country: "CZ", Rate: "12.5", IsDefault: rapid.Bool().Draw(r, "default")},
	}}
	values := drawAttributes(r, m)
	m.references = append(m.references, catalogue.ProductTypeLine{
		Kind: "product_type", Code: "thing", Name: drawName(r),
		AttributeTypes: rapid.SampledFrom([][]string{{}, {"a|=number"}, {"boolean", "whole"}}).Draw(r, "types"),
		VatGroups:      rapid.SampledFrom([][]string{{}, {"cz"}}).Draw(r, "VAT groups"),
	})
	drawCategories(r, m)
	for i := range rapid.IntRange(0, 5).Draw(r, "products") {
		m.products = append(m.products, drawProduct(r, i, values))
	}
	return m
}

// drawAttributes adds a type of each kind with values, and returns the values.
func drawAttributes(r *rapid.T, m *model) (values []catalogue.VariantAttribute) {
	unit := "cm"
	m.references = append(m.references,
		catalogue.AttributeTypeLine{Kind: "attribute_type", Code: "a|=number", ValueType: models.AttributeDecimal, Unit: &unit, Name: drawName(r)},
		catalogue.AttributeTypeLine{Kind: "attribute_type", Code: "boolean", ValueType: models.AttributeBoolean},
		catalogue.AttributeTypeLine{Kind: "attribute_type", Code: "text", ValueType: models.AttributeText, Name: drawName(r)},
		catalogue.AttributeTypeLine{Kind: "attribute_type", Code: "whole", ValueType: models.AttributeInteger},
	)
	drawn := map[string]*rapid.Generator[string]{
		"a|=number": rapid.SampledFrom([]string{"-1.5", "0", "0.001", "2", "30"}), "boolean": rapid.SampledFrom([]string{"true", "false"}),
		"text": notEmpty(), "whole": rapid.Map(rapid.IntRange(-9, 2000), strconv.Itoa),
	}
	kinds := map[string]string{"a|=number": "number", "boolean": "boolean", "text": "text", "whole": "number"}
	for _, code := range []string{"a|=number", "boolean", "text", "whole"} {
		for position, value := range rapid.SliceOfNDistinct(drawn[code], 0, 3, rapid.ID).Draw(r, code) {
			line := catalogue.AttributeLine{Kind: "attribute", AttributeType: code, Value: value, Name: drawName(r), Position: position}
			if kinds[code] == "number" {
				line.Number = &value
			}
			if kinds[code] == "boolean" {
				line.Name = nil
			}
			m.references = append(m.references, line)
			values = append(values, catalogue.VariantAttribute{Code: code, Type: kinds[code], Value: value})
		}
	}
	return values
}

func drawCategories(r *rapid.T, m *model) {
	parent := "a|b"
	m.references = append(m.references,
		catalogue.CategoryLine{Kind: "category", Code: parent, Published: true, Translations: map[models.LanguageCode]*catalogue.CategoryText{
			"en": {Title: notEmpty().Draw(r, "title"), Slug: "a", MetaTitle: text().Draw(r, "meta title"), Description: text().Draw(r, "description")},
		}},
		catalogue.CategoryLine{Kind: "category", Code: "'c", Parent: &parent, Position: 3, Translations: map[models.LanguageCode]*catalogue.CategoryText{}},
		catalogue.CategoryLine{Kind: "category", Code: "=d", Parent: &parent, Position: 3, Translations: map[models.LanguageCode]*catalogue.CategoryText{
			"cs": {Title: "x", Slug: "d", MetaDescription: text().Draw(r, "meta description")},
		}},
	)
}

func drawProduct(r *rapid.T, number int, values []catalogue.VariantAttribute) *catalogue.ProductLine {
	p := &catalogue.ProductLine{
		Kind: "product", ID: uuid.MustParse(fmt.Sprintf("0193a5e0-0000-7000-8000-%012d", number)), Published: rapid.Bool().Draw(r, "published"),
		Brand: text().Draw(r, "brand"), Media: []catalogue.Media{}, Variants: []catalogue.VariantLine{},
		Categories: distinct(r, "categories", []string{"a|b", "'c", "=d"}),
		Title:      map[string]string{}, Slug: map[string]string{}, MetaTitle: map[string]string{}, MetaDescription: map[string]string{},
		ShortDescription: map[string]string{}, Description: map[string]string{},
	}
	if rapid.Bool().Draw(r, "has a type") {
		code := "thing"
		p.ProductType = &code
	}
	if rapid.Bool().Draw(r, "is released") {
		date := fmt.Sprintf("20%02d-02-%02d", rapid.IntRange(0, 99).Draw(r, "year"), rapid.IntRange(1, 28).Draw(r, "day"))
		p.ReleasedAt = &date
	}
	for _, language := range distinct(r, "languages", []string{"cs", "en", "pt-BR"}) {
		p.Title[language] = notEmpty().Draw(r, "title")
		p.Slug[language] = fmt.Sprint(text().Draw(r, "slug"), number)
		for _, texts := range []map[string]string{p.MetaTitle, p.MetaDescription, p.ShortDescription, p.Description} {
			texts[language] = text().Draw(r, "text")
		}
	}
	for _, url := range rapid.SliceOfNDistinct(notEmpty(), 0, 3, rapid.ID).Draw(r, "media") {
		p.Media = append(p.Media, catalogue.Media{URL: url})
	}
	for i := range rapid.IntRange(0, 3).Draw(r, "variants") {
		p.Variants = append(p.Variants, drawVariant(r, fmt.Sprintf("%c-%d-%d", "ZAm"[i], number, i), values))
	}
	return p
}

func drawVariant(r *rapid.T, sku string, values []catalogue.VariantAttribute) catalogue.VariantLine {
	v := catalogue.VariantLine{
		SKU: sku, EAN: append([]string{}, rapid.SliceOfN(text(), 0, 3).Draw(r, "ean")...), Name: text().Draw(r, "part number"),
		Stock: rapid.IntRange(-5, 50).Draw(r, "stock"), Attributes: append([]catalogue.VariantAttribute{}, distinct(r, "attributes", values)...),
		Prices: []catalogue.VariantPrice{},
	}
	if rapid.Bool().Draw(r, "has a weight") {
		grams := rapid.IntRange(0, 5000).Draw(r, "grams")
		v.WeightGrams = &grams
	}
	for _, list := range []string{"czk", "eur"} {
		if rapid.Bool().Draw(r, "has a price") {
			v.Prices = append(v.Prices, catalogue.VariantPrice{
				PriceList: list, Amount: rapid.SampledFrom([]string{"0", "0.0001", "12.5", "9999999999.9999", "100"}).Draw(r, "amount"),
				DiscountPercent: rapid.SampledFrom([]string{"0", "12.5", "100", "10"}).Draw(r, "discount"),
			})
		}
	}
	return v
}

// distinct draws some of the elements in any order.
func distinct[T any](r *rapid.T, label string, from []T) []T {
	some := append([]T{}, rapid.Permutation(from).Draw(r, label)...)
	return some[:rapid.IntRange(0, len(some)).Draw(r, label+" count")]
}
