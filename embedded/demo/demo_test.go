package demo_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"ecoseller/embedded/demo"
)

type catalogueFile struct {
	PriceLists     []priceList     `json:"price_lists"`
	Countries      []country       `json:"countries"`
	VatGroups      []vatGroup      `json:"vat_groups"`
	AttributeTypes []attributeType `json:"attribute_types"`
	ProductTypes   []productType   `json:"product_types"`
	Categories     []category      `json:"categories"`
}

type priceList struct {
	Code      string          `json:"code"`
	Name      string          `json:"name"`
	Currency  string          `json:"currency"`
	Rounding  decimal.Decimal `json:"rounding"`
	IsDefault bool            `json:"is_default"`
}

type country struct {
	Code             string            `json:"code"`
	Name             map[string]string `json:"name"`
	Locale           string            `json:"locale"`
	DefaultPriceList string            `json:"default_price_list"`
}

type vatGroup struct {
	Code      string          `json:"code"`
	Name      string          `json:"name"`
	Country   string          `json:"country"`
	Rate      decimal.Decimal `json:"rate"`
	IsDefault bool            `json:"is_default"`
}

type attributeType struct {
	Code      string            `json:"code"`
	ValueType string            `json:"value_type"`
	Unit      *string           `json:"unit"`
	Name      map[string]string `json:"name"`
	Values    []attributeValue  `json:"values"`
}

type attributeValue struct {
	Value string            `json:"value"`
	Name  map[string]string `json:"name"`
}

type productType struct {
	Code           string            `json:"code"`
	Name           map[string]string `json:"name"`
	AttributeTypes []string          `json:"attribute_types"`
	VatGroups      []string          `json:"vat_groups"`
}

type category struct {
	Code         string                  `json:"code"`
	Parent       *string                 `json:"parent"`
	Published    bool                    `json:"published"`
	Position     int                     `json:"position"`
	Translations map[string]categoryText `json:"translations"`
}

type categoryText struct {
	Title       string `json:"title"`
	Slug        string `json:"slug"`
	Description string `json:"description"`
}

type product struct {
	Published        bool              `json:"published"`
	Brand            string            `json:"brand"`
	ProductType      string            `json:"product_type"`
	Categories       []string          `json:"categories"`
	Title            map[string]string `json:"title"`
	Slug             map[string]string `json:"slug"`
	ShortDescription map[string]string `json:"short_description"`
	Description      map[string]string `json:"description"`
	ReleasedAt       string            `json:"released_at"`
	ImageURL         string            `json:"image_url"`
	Variants         []variant         `json:"variants"`
}

type variant struct {
	SKU         string      `json:"sku"`
	EAN         []string    `json:"ean"`
	Name        string      `json:"name"`
	WeightGrams int         `json:"weight_grams"`
	Stock       int         `json:"stock"`
	Attributes  []attribute `json:"attributes"`
	Prices      []price     `json:"prices"`
}

type attribute struct {
	Code  string          `json:"code"`
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

type price struct {
	PriceList       string           `json:"price_list"`
	Amount          decimal.Decimal  `json:"amount"`
	DiscountPercent *decimal.Decimal `json:"discount_percent"`
}

var (
	allLanguages = []string{"cs", "en", "sk"}
	codePattern  = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)
	slugPattern  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	skuPattern   = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)
	eanPattern   = regexp.MustCompile(`^[0-9]{13}$`)
)

// notTranslated lists, by the sku of the first variant, the products that lack a language on purpose.
var notTranslated = map[string][]string{
	"LUM-CALM":   {"en"},
	"HAL-SWAY":   {"en"},
	"KOR-FLIP13": {"cs", "en"},
	"BRE-EDGE20": {"cs", "en"},
}

func TestCatalogueReadersAreTheCallersOwn(t *testing.T) {
	t.Parallel()
	changed := demo.Catalogue()
	changed[0] = 'x'
	if bytes.Equal(changed, demo.Catalogue()) {
		t.Error("a change to the returned slice has changed the catalogue")
	}
	first, second := readAll(t, demo.Products()), readAll(t, demo.Products())
	if len(first) == 0 || !bytes.Equal(first, second) {
		t.Error("two readers of the products do not give the same text")
	}
}

func TestPriceListsCountriesAndVatGroups(t *testing.T) {
	t.Parallel()
	c := readCatalogue(t)
	priceLists := byCode(t, c.PriceLists, func(p priceList) string { return p.Code })
	countries := byCode(t, c.Countries, func(c country) string { return c.Code })
	byCode(t, c.VatGroups, func(g vatGroup) string { return g.Code })

	defaults := 0
	for _, p := range c.PriceLists {
		defaults += count(p.IsDefault)
		if p.Name == "" || len(p.Currency) != 3 || !p.Rounding.IsPositive() {
			t.Errorf("price list %q is not complete", p.Code)
		}
	}
	if defaults != 1 {
		t.Errorf("%d price lists are the default, want 1", defaults)
	}
	standard := map[string]int{}
	for _, g := range c.VatGroups {
		standard[g.Country] += count(g.IsDefault)
		if _, ok := countries[g.Country]; !ok {
			t.Errorf("VAT group %q is of the unknown country %q", g.Code, g.Country)
		}
		if g.Name == "" || g.Rate.IsNegative() || g.Rate.GreaterThan(decimal.NewFromInt(100)) {
			t.Errorf("VAT group %q is not complete", g.Code)
		}
	}
	for _, c := range c.Countries {
		wantLanguages(t, "country "+c.Code, c.Name, allLanguages)
		if _, ok := priceLists[c.DefaultPriceList]; !ok {
			t.Errorf("country %s has the unknown price list %q", c.Code, c.DefaultPriceList)
		}
		if !strings.HasSuffix(c.Locale, "-"+c.Code) {
			t.Errorf("country %s has the locale %q", c.Code, c.Locale)
		}
		if standard[c.Code] != 1 {
			t.Errorf("country %s has %d default VAT groups, want 1", c.Code, standard[c.Code])
		}
	}
}

func TestAttributeAndProductTypes(t *testing.T) {
	t.Parallel()
	c := readCatalogue(t)
	attributeTypes := byCode(t, c.AttributeTypes, func(a attributeType) string { return a.Code })
	vatGroups := byCode(t, c.VatGroups, func(g vatGroup) string { return g.Code })
	byCode(t, c.ProductTypes, func(p productType) string { return p.Code })

	for _, a := range c.AttributeTypes {
		wantCode(t, a.Code)
		wantLanguages(t, "attribute type "+a.Code, a.Name, allLanguages)
		byCode(t, a.Values, func(v attributeValue) string { return v.Value })
		for _, v := range a.Values {
			wantLanguages(t, a.Code+" "+v.Value, v.Name, allLanguages)
		}
		if err := checkValueList(a); err != nil {
			t.Errorf("attribute type %q: %v", a.Code, err)
		}
	}
	for _, p := range c.ProductTypes {
		wantCode(t, p.Code)
		wantLanguages(t, "product type "+p.Code, p.Name, allLanguages)
		wantKnown(t, "product type "+p.Code, p.AttributeTypes, attributeTypes)
		wantKnown(t, "product type "+p.Code, p.VatGroups, vatGroups)
	}
}

func TestCategoriesAreATreeWithParentsFirst(t *testing.T) {
	t.Parallel()
	c := readCatalogue(t)
	byCode(t, c.Categories, func(c category) string { return c.Code })
	depth, slugs, unpublished := map[string]int{}, map[string]bool{}, 0
	for _, c := range c.Categories {
		wantCode(t, c.Code)
		depth[c.Code] = 1
		if c.Parent != nil {
			if depth[*c.Parent] == 0 {
				t.Errorf("category %q comes before its parent %q", c.Code, *c.Parent)
			}
			depth[c.Code] = depth[*c.Parent] + 1
		}
		if depth[c.Code] > 3 {
			t.Errorf("category %q is on level %d, want 3 at most", c.Code, depth[c.Code])
		}
		unpublished += count(!c.Published)
		titles, descriptions := map[string]string{}, map[string]string{}
		for language, text := range c.Translations {
			titles[language], descriptions[language] = text.Title, text.Description
			wantNewSlug(t, slugs, language, text.Slug)
		}
		wantLanguages(t, "title of category "+c.Code, titles, allLanguages)
		wantLanguages(t, "description of category "+c.Code, descriptions, allLanguages)
	}
	if unpublished != 1 {
		t.Errorf("%d categories are not published, want 1", unpublished)
	}
}

func TestProductsReferToTheCatalogue(t *testing.T) {
	t.Parallel()
	c := readCatalogue(t)
	productTypes := byCode(t, c.ProductTypes, func(p productType) string { return p.Code })
	categories := byCode(t, c.Categories, func(c category) string { return c.Code })
	priceLists := byCode(t, c.PriceLists, func(p priceList) string { return p.Code })
	attributeTypes := byCode(t, c.AttributeTypes, func(a attributeType) string { return a.Code })

	used := map[string]bool{}
	for _, p := range readProducts(t) {
		for _, code := range p.Categories {
			used[code] = true
		}
		kind, ok := productTypes[p.ProductType]
		if !ok {
			t.Errorf("%s has the unknown product type %q", name(p), p.ProductType)
		}
		if len(p.Categories) == 0 {
			t.Errorf("%s is in no category", name(p))
		}
		wantKnown(t, name(p), p.Categories, categories)
		for _, v := range p.Variants {
			wantAttributes(t, v, kind, attributeTypes)
			wantKnown(t, v.SKU, priceListsOf(v), priceLists)
			wantPrices(t, v)
		}
	}
	parents := map[string]bool{}
	for _, c := range c.Categories {
		if c.Parent != nil {
			parents[*c.Parent] = true
		}
	}
	for code := range categories {
		if !used[code] && !parents[code] {
			t.Errorf("no product is in category %q", code)
		}
	}
}

func TestProductTextsAndSlugs(t *testing.T) {
	t.Parallel()
	slugs, shorts := map[string]bool{}, map[string]bool{}
	for _, p := range readProducts(t) {
		languages, partly := notTranslated[name(p)]
		if !partly {
			languages = allLanguages
		}
		wantLanguages(t, "title of "+name(p), p.Title, languages)
		wantLanguages(t, "slug of "+name(p), p.Slug, languages)
		wantLanguages(t, "short description of "+name(p), p.ShortDescription, languages)
		wantLanguages(t, "description of "+name(p), p.Description, languages)
		for language, slug := range p.Slug {
			wantNewSlug(t, slugs, language, slug)
		}
		for language, text := range p.ShortDescription {
			if shorts[language+text] {
				t.Errorf("%s: another product has the same short description in %s", name(p), language)
			}
			shorts[language+text] = true
		}
		if p.Brand == "" {
			t.Errorf("%s has no brand", name(p))
		}
		if _, err := time.Parse(time.DateOnly, p.ReleasedAt); err != nil {
			t.Errorf("%s was released at %q: %v", name(p), p.ReleasedAt, err)
		}
		if p.ImageURL != "" && !strings.HasPrefix(p.ImageURL, "https://example.com/demo/") {
			t.Errorf("%s has the image %q", name(p), p.ImageURL)
		}
	}
}

func TestVariantCodes(t *testing.T) {
	t.Parallel()
	skus, eans := map[string]bool{}, map[string]bool{}
	for _, p := range readProducts(t) {
		if len(p.Variants) < 1 || len(p.Variants) > 4 {
			t.Errorf("%s has %d variants, want 1 to 4", name(p), len(p.Variants))
		}
		for _, v := range p.Variants {
			if !skuPattern.MatchString(v.SKU) || skus[strings.ToLower(v.SKU)] {
				t.Errorf("the sku %q is not valid or not unique", v.SKU)
			}
			skus[strings.ToLower(v.SKU)] = true
			if v.Name == "" || v.WeightGrams <= 0 || v.Stock < 0 || len(v.EAN) != 1 {
				t.Errorf("%s is not complete", v.SKU)
			}
			for _, ean := range v.EAN {
				if !validEAN(ean) || eans[ean] {
					t.Errorf("%s: the EAN %q is not valid or not unique", v.SKU, ean)
				}
				eans[ean] = true
			}
		}
	}
}

func TestEdgeCasesArePresent(t *testing.T) {
	t.Parallel()
	products := readProducts(t)
	if len(products) < 95 || len(products) > 115 {
		t.Errorf("%d products, want about 100", len(products))
	}
	got := map[string]int{}
	for _, p := range products {
		czk, eur, soldOut := true, true, true
		for _, v := range p.Variants {
			czk = czk && slices.Contains(priceListsOf(v), "czk")
			eur = eur && slices.Contains(priceListsOf(v), "eur")
			soldOut = soldOut && v.Stock == 0
			got["variant out of stock"] += count(v.Stock == 0)
		}
		got["not published"] += count(!p.Published)
		got["without Slovak"] += count(p.Title["sk"] == "")
		got["English only"] += count(p.Title["sk"] == "" && p.Title["cs"] == "")
		got["without a price"] += count(!czk && !eur)
		got["without a price in EUR only"] += count(czk && !eur)
		got["published and sold out"] += count(p.Published && soldOut)
	}
	want := map[string]int{
		"not published": 3, "without Slovak": 4, "English only": 2,
		"without a price": 1, "without a price in EUR only": 2,
	}
	for what, n := range want {
		if got[what] != n {
			t.Errorf("%s: %d products, want %d", what, got[what], n)
		}
	}
	if got["variant out of stock"] < 5 || got["published and sold out"] < 1 {
		t.Errorf("too little is out of stock: %v", got)
	}
}

func TestCheckDigit(t *testing.T) {
	t.Parallel()
	for ean, want := range map[string]bool{
		"8590000000015": true,
		"8590000000012": false,
		"859000000001":  false,
		"859000000001x": false,
	} {
		if got := validEAN(ean); got != want {
			t.Errorf("validEAN(%q) = %v, want %v", ean, got, want)
		}
	}
}

func readAll(t *testing.T, r io.Reader) []byte {
	t.Helper()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func readCatalogue(t *testing.T) catalogueFile {
	t.Helper()
	var c catalogueFile
	decodeStrictly(t, demo.Catalogue(), &c)
	return c
}

func readProducts(t *testing.T) []product {
	t.Helper()
	var products []product
	lines := bufio.NewScanner(demo.Products())
	for lines.Scan() {
		var p product
		decodeStrictly(t, lines.Bytes(), &p)
		products = append(products, p)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return products
}

func decodeStrictly(t *testing.T, raw []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("read %.60s: %v", raw, err)
	}
}

// name tells products apart in messages.
func name(p product) string {
	if len(p.Variants) == 0 {
		return fmt.Sprintf("product %q", p.Title["en"])
	}
	return p.Variants[0].SKU
}

func byCode[T any](t *testing.T, list []T, code func(T) string) map[string]T {
	t.Helper()
	found := map[string]T{}
	for _, one := range list {
		if _, twice := found[code(one)]; twice {
			t.Errorf("%q is there twice", code(one))
		}
		found[code(one)] = one
	}
	return found
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func wantCode(t *testing.T, code string) {
	t.Helper()
	if !codePattern.MatchString(code) {
		t.Errorf("%q is not a valid code", code)
	}
}

func wantLanguages(t *testing.T, what string, texts map[string]string, languages []string) {
	t.Helper()
	if got := slices.Sorted(maps.Keys(texts)); !cmp.Equal(got, languages) {
		t.Errorf("%s has the languages %q, want %q", what, got, languages)
	}
	for language, text := range texts {
		if strings.TrimSpace(text) == "" || strings.TrimSpace(text) != text {
			t.Errorf("%s in %s is empty or has spaces around it: %q", what, language, text)
		}
	}
}

func wantNewSlug(t *testing.T, seen map[string]bool, language, slug string) {
	t.Helper()
	if !slugPattern.MatchString(slug) || seen[language+"/"+slug] {
		t.Errorf("the %s slug %q is not valid or not unique", language, slug)
	}
	seen[language+"/"+slug] = true
}

func wantKnown[T any](t *testing.T, what string, codes []string, known map[string]T) {
	t.Helper()
	seen := map[string]bool{}
	for _, code := range codes {
		if _, ok := known[code]; !ok {
			t.Errorf("%s refers to the unknown %q", what, code)
		}
		if seen[code] {
			t.Errorf("%s refers to %q twice", what, code)
		}
		seen[code] = true
	}
}

func valuesOf(a attributeType) []string {
	values := make([]string, 0, len(a.Values))
	for _, v := range a.Values {
		values = append(values, v.Value)
	}
	return values
}

// checkValueList says what is wrong with the values a type lists: texts list theirs, numbers none.
func checkValueList(a attributeType) error {
	switch a.ValueType {
	case "TEXT":
		if len(a.Values) == 0 {
			return errors.New("a text type lists no values")
		}
		return nil
	case "BOOLEAN":
		if got := valuesOf(a); !cmp.Equal(got, []string{"true", "false"}) {
			return fmt.Errorf("a boolean type lists the values %q", got)
		}
		return nil
	case "INTEGER", "DECIMAL":
		if len(a.Values) > 0 {
			return errors.New("a number type lists values")
		}
		return nil
	}
	return fmt.Errorf("the value type %q is not known", a.ValueType)
}

func wantAttributes(t *testing.T, v variant, kind productType, types map[string]attributeType) {
	t.Helper()
	var codes []string
	for _, a := range v.Attributes {
		codes = append(codes, a.Code)
		if !slices.Contains(kind.AttributeTypes, a.Code) {
			t.Errorf("%s has the attribute %q, which product type %q does not have", v.SKU, a.Code, kind.Code)
		}
		if err := checkValue(a, types[a.Code]); err != nil {
			t.Errorf("%s: attribute %q: %v", v.SKU, a.Code, err)
		}
	}
	wantKnown(t, v.SKU, codes, types)
}

func checkValue(a attribute, kind attributeType) error {
	wanted := map[string]string{"TEXT": "text", "BOOLEAN": "boolean", "INTEGER": "number", "DECIMAL": "number"}
	if a.Type != wanted[kind.ValueType] {
		return fmt.Errorf("type %q does not go with %s", a.Type, kind.ValueType)
	}
	switch kind.ValueType {
	case "TEXT":
		var text string
		if err := json.Unmarshal(a.Value, &text); err != nil {
			return err
		}
		if !slices.Contains(valuesOf(kind), text) {
			return fmt.Errorf("the value %q is not in the catalogue", text)
		}
		return nil
	case "BOOLEAN":
		return json.Unmarshal(a.Value, new(bool))
	case "INTEGER":
		return json.Unmarshal(a.Value, new(int))
	}
	return json.Unmarshal(a.Value, new(float64))
}

func priceListsOf(v variant) []string {
	var codes []string
	for _, p := range v.Prices {
		codes = append(codes, p.PriceList)
	}
	return codes
}

func wantPrices(t *testing.T, v variant) {
	t.Helper()
	for _, p := range v.Prices {
		if !p.Amount.IsPositive() {
			t.Errorf("%s costs %s in %q", v.SKU, p.Amount, p.PriceList)
		}
		if p.DiscountPercent == nil {
			continue
		}
		if !p.DiscountPercent.IsPositive() || p.DiscountPercent.GreaterThan(decimal.NewFromInt(100)) {
			t.Errorf("%s has a discount of %s %%", v.SKU, p.DiscountPercent)
		}
	}
}

// validEAN checks the last digit of an EAN-13: the digits, weighted by 1 and 3 in turn, add up to tens.
func validEAN(ean string) bool {
	if !eanPattern.MatchString(ean) {
		return false
	}
	sum := 0
	for i, digit := range ean {
		weight := 1 + 2*(i%2)
		sum += weight * int(digit-'0')
	}
	return sum%10 == 0
}
