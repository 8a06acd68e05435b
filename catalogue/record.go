// Package catalogue brings catalogues from files into the shop.
package catalogue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"golang.org/x/text/unicode/norm"

	"ecoseller/models"
)

// record is what a file says of a product: with its only variant, or with a list of variants.
type record struct {
	// Kind is product on lines that begin with it, and missing on others.
	Kind string `json:"kind"`
	// The product.
	ID               *string           `json:"id"`
	Title            map[string]string `json:"title"`
	Slug             map[string]string `json:"slug"`
	MetaTitle        map[string]string `json:"meta_title"`
	MetaDescription  map[string]string `json:"meta_description"`
	ShortDescription map[string]string `json:"short_description"`
	Description      map[string]string `json:"description"`
	Brand            *string           `json:"brand"`
	ReleasedAt       clearable[string] `json:"released_at"`
	ImageURL         string            `json:"image_url"`
	Media            []media           `json:"media"`
	Published        *bool             `json:"published"`
	ProductType      clearable[string] `json:"product_type"`
	Categories       []string          `json:"categories"`
	Variants         []variant         `json:"variants"`
	// Its only variant.
	variant
	Price *price `json:"price"`

	// id is ID, parsed.
	id uuid.UUID
	// exact lines come from an export: texts are taken as they are, null empties a field, and the list of
	// variants is all there are.
	exact bool
	// ordered says that the order of the variants is meant.
	ordered bool
	// onlyTypes bounds which attributes the variants' lists replace; nil means all.
	onlyTypes []string
}

// clearable is a field that a product can be without: absent leaves what is there, null empties it.
type clearable[T any] struct {
	value   *T
	cleared bool
}

// UnmarshalJSON reads a value or null.
func (c *clearable[T]) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		c.cleared = true
		return nil
	}
	return json.Unmarshal(raw, &c.value)
}

// media is a picture of the product.
type media struct {
	URL string `json:"url"`
}

// variant is a buyable form of the product. Name is the manufacturer's part number.
type variant struct {
	SKU         string         `json:"sku"`
	EAN         []string       `json:"ean"`
	Name        *string        `json:"name"`
	WeightGrams clearable[int] `json:"weight_grams"`
	Stock       *int           `json:"stock"`
	Attributes  []attribute    `json:"attributes"`
	Prices      []variantPrice `json:"prices"`

	// setPrices are prices beside which those in other lists stay; removedPrices are lists.
	setPrices     []variantPrice
	removedPrices []string
}

// price is in a currency; it goes into the price list of that name.
type price struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// variantPrice is a price in a list. Only setPrices may lack the amount: then it stays, as a missing discount does.
type variantPrice struct {
	PriceList       string  `json:"price_list"`
	Amount          *string `json:"amount"`
	DiscountPercent *string `json:"discount_percent"`
}

type attribute struct {
	Code  string `json:"code"`
	Type  string `json:"type"`
	Value any    `json:"value"`

	// text and number are the canonical value, valueType its kind; check sets them.
	text      string
	number    *string
	valueType models.AttributeValueType
	// literal is a value whose kind is that of its type, where there is one.
	literal bool
}

// The limits of a line; lengths are in bytes.
const (
	maxTitle       = 1000
	maxDescription = 200_000
	maxValue       = 20_000
	maxCode        = 200
	maxVariants    = 500
	maxAttributes  = 1000
	// maxAmount is what numeric(14, 4) holds.
	maxAmountDigits   = 10
	maxAmountFraction = 4
)

// parseRecord reads and checks a line. The error says what is wrong with it, for the author of the file.
func parseRecord(line []byte, exact bool) (*record, error) {
	r := &record{exact: exact}
	if err := decodeStrictly(line, r); err != nil {
		return nil, err
	}
	if r.Kind != "" && !exact {
		return nil, errors.New("kind stands first on its line")
	}
	if r.ordered = r.Variants != nil; r.ordered && r.SKU != "" {
		return nil, errors.New("both sku and variants are given")
	}
	withoutVariants := exact && r.ordered && r.ID != nil
	if len(r.Variants) == 0 && !withoutVariants {
		r.ordered, r.Variants = false, []variant{r.variant}
	}
	if !exact {
		r.ReleasedAt.cleared, r.ProductType.cleared = false, false
		for i := range r.Variants {
			r.Variants[i].WeightGrams.cleared = false
		}
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// decodeStrictly reads the only JSON object of a line, without fields that are unknown.
func decodeStrictly(line []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("not a product: %w", err)
	}
	if decoder.More() {
		return errors.New("more than one JSON value on the line")
	}
	if bytes.Contains(line, []byte(`\u0000`)) {
		return errors.New("NUL characters cannot be stored")
	}
	return nil
}

func (r *record) check() error {
	if err := r.checkTexts(); err != nil {
		return err
	}
	if r.ID != nil {
		id, err := uuid.Parse(*r.ID)
		if err != nil || id == uuid.Nil {
			return fmt.Errorf("id: %.50q is not a UUID", *r.ID)
		}
		r.id = id
	}
	if date := r.ReleasedAt.value; date != nil {
		if _, err := time.Parse(time.DateOnly, *date); err != nil {
			return fmt.Errorf("released_at: %q is not a date such as 2026-11-24", *date)
		}
	}
	for _, m := range r.Media {
		if m.URL == "" {
			return errors.New("media without a url")
		}
	}
	if len(r.Variants) > maxVariants {
		return fmt.Errorf("%d variants, at most %d", len(r.Variants), maxVariants)
	}
	if r.Price != nil && len(r.Variants) > 0 {
		list, err := priceListOf(r.Price.Currency)
		if err != nil {
			return err
		}
		zero := "0"
		first := &r.Variants[0]
		first.setPrices = append(first.setPrices, variantPrice{PriceList: list, Amount: &r.Price.Amount, DiscountPercent: &zero})
	}
	return r.checkVariants()
}

func (r *record) checkVariants() error {
	seen := map[string]bool{}
	for i := range r.Variants {
		v := &r.Variants[i]
		if seen[v.SKU] {
			return fmt.Errorf("sku %q is twice on the line", v.SKU)
		}
		seen[v.SKU] = true
		if err := v.check(r.exact); err != nil {
			return err
		}
	}
	return nil
}

// texts are the record's texts by their names.
func (r *record) texts() map[string]map[string]string {
	return map[string]map[string]string{
		"title": r.Title, "slug": r.Slug, "meta_title": r.MetaTitle, "meta_description": r.MetaDescription,
		"short_description": r.ShortDescription, "description": r.Description,
	}
}

func (r *record) checkTexts() error {
	for name, texts := range r.texts() {
		for language, text := range texts {
			if _, err := models.ParseLanguageCode(language); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if !r.exact {
				// Suppliers' plain texts often come with the entities of the page they were taken from.
				text = strings.TrimSpace(html.UnescapeString(text))
				texts[language] = text
			}
			if most := maxLength(name); len(text) > most {
				return fmt.Errorf("%s in %s is longer than %d bytes", name, language, most)
			}
			// A table may lack the column of titles; an empty text needs none.
			if title, given := r.Title[language]; title == "" && (given && text != "" || !given && r.Variants != nil && !r.exact) {
				return fmt.Errorf("%s in %s without a title in that language", name, language)
			}
		}
	}
	return nil
}

// maxLength is how long a text may be, in bytes.
func maxLength(name string) int {
	if name == "title" || name == "slug" {
		return maxTitle
	}
	return maxDescription
}

func (v *variant) check(exact bool) error {
	if v.SKU == "" {
		return errors.New("no sku")
	}
	if !models.ValidSKU(v.SKU) {
		return fmt.Errorf("sku %q: only letters, digits, _ . - are allowed, at most 100", v.SKU)
	}
	if grams := v.WeightGrams.value; grams != nil && *grams < 0 {
		return fmt.Errorf("weight_grams of %s is negative", v.SKU)
	}
	if len(v.Attributes) > maxAttributes {
		return fmt.Errorf("%d attributes, at most %d", len(v.Attributes), maxAttributes)
	}
	for i := range v.Attributes {
		v.Attributes[i].literal = exact
		if err := v.Attributes[i].check(); err != nil {
			return err
		}
	}
	for i := range v.Prices {
		if v.Prices[i].Amount == nil {
			return fmt.Errorf("price of %s: no amount", v.SKU)
		}
		if v.Prices[i].DiscountPercent == nil {
			zero := "0"
			v.Prices[i].DiscountPercent = &zero
		}
	}
	for _, p := range slices.Concat(v.Prices, v.setPrices) {
		if err := p.check(); err != nil {
			return fmt.Errorf("price of %s: %w", v.SKU, err)
		}
	}
	return nil
}

func (p *variantPrice) check() error {
	if p.Amount != nil {
		if err := checkDecimal(*p.Amount, maxAmountDigits, maxAmountFraction); err != nil {
			return fmt.Errorf("amount: %w", err)
		}
	}
	if p.DiscountPercent == nil {
		return nil
	}
	if err := checkDecimal(*p.DiscountPercent, 3, 2); err != nil {
		return fmt.Errorf("discount_percent: %w", err)
	}
	if d := decimal.RequireFromString(*p.DiscountPercent); d.GreaterThan(decimal.NewFromInt(100)) {
		return fmt.Errorf("discount_percent: %s is more than 100", d)
	}
	return nil
}

// checkDecimal says whether s is a decimal that is not negative and has at most so many digits.
func checkDecimal(s string, digits, fraction int32) error {
	if len(s) > 40 {
		return errors.New("too long for a number")
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return fmt.Errorf("%q is not a decimal number", s)
	}
	switch {
	case d.IsNegative():
		return fmt.Errorf("%s is negative", s)
	case !d.Equal(d.Truncate(fraction)):
		return fmt.Errorf("%s has more than %d decimals", s, fraction)
	case d.GreaterThanOrEqual(decimal.New(1, digits)):
		return fmt.Errorf("%s is too large", s)
	}
	return nil
}

func (a *attribute) check() error {
	if a.Code == "" || len(a.Code) > maxCode {
		return fmt.Errorf("attribute code %.50q: 1 to %d bytes", a.Code, maxCode)
	}
	if text, isText := a.Value.(string); isText && a.literal {
		return a.setLiteral(text)
	}
	switch value := a.Value.(type) {
	case bool:
		a.valueType, a.text = models.AttributeBoolean, fmt.Sprint(value)
	case json.Number:
		return a.setNumber(value.String())
	case string:
		if a.Type == "number" {
			return a.setNumber(value)
		}
		if a.Type == "boolean" && (value == "true" || value == "false") {
			a.valueType, a.text = models.AttributeBoolean, value
			return nil
		}
		a.valueType, a.text = models.AttributeText, strings.TrimSpace(html.UnescapeString(value))
		if a.text == "" || len(a.text) > maxValue {
			return fmt.Errorf("value of %s: 1 to %d bytes", a.Code, maxValue)
		}
	default:
		return fmt.Errorf("value of %s is neither text nor number nor boolean", a.Code)
	}
	return nil
}

// setLiteral takes the text as it is; settle finds out what kind of value it is.
func (a *attribute) setLiteral(text string) error {
	if text == "" || len(text) > maxValue {
		return fmt.Errorf("value of %s: 1 to %d bytes", a.Code, maxValue)
	}
	a.text = text
	return nil
}

// settle gives a literal value the kind of its type, else the one that it says, else the one that it looks like.
// What does not fit is a text, by which the type will be widened.
func (a *attribute) settle(known models.AttributeValueType) {
	if !a.literal || a.valueType != "" {
		return
	}
	isBoolean := a.text == "true" || a.text == "false"
	plain, decimalErr := decimal.NewFromString(a.text)
	looksNumeric := decimalErr == nil && plain.String() == a.text
	wantsNumber := known == models.AttributeInteger || known == models.AttributeDecimal ||
		known == "" && (a.Type == "number" || a.Type == "" && looksNumeric)
	wantsBoolean := known == models.AttributeBoolean || known == "" && (a.Type == "boolean" || a.Type == "")
	switch {
	case wantsNumber && a.setNumber(a.text) == nil:
		if known == models.AttributeDecimal {
			a.valueType = known
		}
	case wantsBoolean && isBoolean:
		a.valueType = models.AttributeBoolean
	default:
		a.valueType = models.AttributeText
	}
}

func (a *attribute) setNumber(s string) error {
	d, err := decimal.NewFromString(s)
	if err != nil || len(s) > 40 || d.Exponent() < -20 || d.Exponent() > 30 {
		return fmt.Errorf("value of %s: %.50q is not a number we can store", a.Code, s)
	}
	a.valueType = models.AttributeDecimal
	if d.IsInteger() {
		a.valueType = models.AttributeInteger
	}
	a.text = d.String()
	a.number = &a.text
	return nil
}

// priceListOf names the price list for a currency: its code in lower case.
func priceListOf(currency string) (string, error) {
	if len(currency) != 3 || strings.Trim(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", fmt.Errorf("currency %q is not three capital letters (ISO 4217)", currency)
	}
	return strings.ToLower(currency), nil
}

// maxSlugTitle keeps addresses short; the sku makes them unique.
const maxSlugTitle = 80

// slugFor makes the part of an address out of a title and a sku.
func slugFor(title, sku string) string {
	words := strings.FieldsFunc(foldToASCII(title), func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	slug := ""
	for _, word := range words {
		if len(slug)+len(word) > maxSlugTitle {
			break
		}
		slug += word + "-"
	}
	return slug + strings.ToLower(sku)
}

func foldToASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(strings.ToLower(s)))
}
