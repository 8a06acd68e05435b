// Package catalogue brings catalogues from files into the shop.
package catalogue

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"strings"
	"time"
	"unicode"

	"github.com/shopspring/decimal"
	"golang.org/x/text/unicode/norm"

	"ecoseller/models"
)

// record is a line of a catalogue file: a product with its only variant, or with a list of variants.
type record struct {
	// The product.
	Title            map[string]string `json:"title"`
	Slug             map[string]string `json:"slug"`
	ShortDescription map[string]string `json:"short_description"`
	Description      map[string]string `json:"description"`
	Brand            string            `json:"brand"`
	ReleasedAt       *string           `json:"released_at"`
	ImageURL         string            `json:"image_url"`
	Published        *bool             `json:"published"`
	ProductType      *string           `json:"product_type"`
	Categories       []string          `json:"categories"`
	Variants         []variant         `json:"variants"`
	// Its only variant.
	variant
	Price *price `json:"price"`
}

// variant is a buyable form of the product. Name is the manufacturer's part number.
type variant struct {
	SKU         string         `json:"sku"`
	EAN         []string       `json:"ean"`
	Name        *string        `json:"name"`
	WeightGrams *int           `json:"weight_grams"`
	Stock       *int           `json:"stock"`
	Attributes  []attribute    `json:"attributes"`
	Prices      []variantPrice `json:"prices"`
}

// price is in a currency; it goes into the price list of that name.
type price struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

type variantPrice struct {
	PriceList       string `json:"price_list"`
	Amount          string `json:"amount"`
	DiscountPercent string `json:"discount_percent"`
}

type attribute struct {
	Code  string `json:"code"`
	Type  string `json:"type"`
	Value any    `json:"value"`

	// text and number are the canonical value, valueType its kind; checked sets them.
	text      string
	number    *string
	valueType models.AttributeValueType
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
func parseRecord(line []byte) (*record, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	r := new(record)
	if err := decoder.Decode(r); err != nil {
		return nil, fmt.Errorf("not a product: %w", err)
	}
	if decoder.More() {
		return nil, errors.New("more than one JSON value on the line")
	}
	if bytes.Contains(line, []byte(`\u0000`)) {
		return nil, errors.New("NUL characters cannot be stored")
	}
	if len(r.Variants) == 0 {
		r.Variants = []variant{r.variant}
	} else if r.SKU != "" {
		return nil, errors.New("both sku and variants are given")
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *record) check() error {
	if err := r.checkTexts(); err != nil {
		return err
	}
	if r.ReleasedAt != nil {
		if _, err := time.Parse(time.DateOnly, *r.ReleasedAt); err != nil {
			return fmt.Errorf("released_at: %q is not a date such as 2026-11-24", *r.ReleasedAt)
		}
	}
	if len(r.Variants) > maxVariants {
		return fmt.Errorf("%d variants, at most %d", len(r.Variants), maxVariants)
	}
	if r.Price != nil {
		list, err := priceListOf(r.Price.Currency)
		if err != nil {
			return err
		}
		r.Variants[0].Prices = append(r.Variants[0].Prices, variantPrice{PriceList: list, Amount: r.Price.Amount})
	}
	seen := map[string]bool{}
	for i := range r.Variants {
		v := &r.Variants[i]
		if seen[v.SKU] {
			return fmt.Errorf("sku %q is twice on the line", v.SKU)
		}
		seen[v.SKU] = true
		if err := v.check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *record) checkTexts() error {
	for name, texts := range map[string]map[string]string{
		"title": r.Title, "slug": r.Slug, "short_description": r.ShortDescription, "description": r.Description,
	} {
		for language, text := range texts {
			if _, err := models.ParseLanguageCode(language); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			// Suppliers' plain texts often come with the entities of the page they were taken from.
			text = strings.TrimSpace(html.UnescapeString(text))
			texts[language] = text
			most := maxDescription
			if name == "title" || name == "slug" {
				most = maxTitle
			}
			if len(text) > most {
				return fmt.Errorf("%s in %s is longer than %d bytes", name, language, most)
			}
			if name != "title" && r.Title[language] == "" {
				return fmt.Errorf("%s in %s without a title in that language", name, language)
			}
		}
	}
	return nil
}

func (v *variant) check() error {
	if v.SKU == "" {
		return errors.New("no sku")
	}
	if !models.ValidSKU(v.SKU) {
		return fmt.Errorf("sku %q: only letters, digits, _ . - are allowed, at most 100", v.SKU)
	}
	if v.WeightGrams != nil && *v.WeightGrams < 0 {
		return fmt.Errorf("weight_grams of %s is negative", v.SKU)
	}
	if len(v.Attributes) > maxAttributes {
		return fmt.Errorf("%d attributes, at most %d", len(v.Attributes), maxAttributes)
	}
	for i := range v.Attributes {
		if err := v.Attributes[i].check(); err != nil {
			return err
		}
	}
	for i := range v.Prices {
		if err := v.Prices[i].check(); err != nil {
			return fmt.Errorf("price of %s: %w", v.SKU, err)
		}
	}
	return nil
}

func (p *variantPrice) check() error {
	if err := checkDecimal(p.Amount, maxAmountDigits, maxAmountFraction); err != nil {
		return fmt.Errorf("amount: %w", err)
	}
	if p.DiscountPercent == "" {
		p.DiscountPercent = "0"
	}
	if err := checkDecimal(p.DiscountPercent, 3, 2); err != nil {
		return fmt.Errorf("discount_percent: %w", err)
	}
	if d := decimal.RequireFromString(p.DiscountPercent); d.GreaterThan(decimal.NewFromInt(100)) {
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
