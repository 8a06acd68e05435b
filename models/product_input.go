package models

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
)

// The limits of what the API writes; lengths are in characters.
const (
	maxTitleLength       = 1000
	maxDescriptionLength = 200_000
	maxCodeLength        = 200
	// MaxBulk is how many rows one bulk mutation takes.
	MaxBulk = 1000
)

// ProductInput is a change to a product: a field that is not set stays, a nil one is cleared.
type ProductInput struct {
	Published          graphql.Omittable[*bool]
	ProductType        graphql.Omittable[*string]
	Brand              graphql.Omittable[*string]
	ReleasedAt         graphql.Omittable[*time.Time]
	CategoryIDs        graphql.Omittable[[]string]
	Translations       graphql.Omittable[[]*ProductTranslationInput]
	RemoveTranslations graphql.Omittable[[]LanguageCode]
}

// ProductTranslationInput is a change to a product's texts in one language.
type ProductTranslationInput struct {
	Language         LanguageCode
	Title            graphql.Omittable[*string]
	Slug             graphql.Omittable[*string]
	MetaTitle        graphql.Omittable[*string]
	MetaDescription  graphql.Omittable[*string]
	ShortDescription graphql.Omittable[*string]
	Description      graphql.Omittable[*string]
}

// TextChange is a change to the texts of an aggregate in one language, column by column.
type TextChange struct {
	Language LanguageCode
	Texts    []TextColumn
}

// TextColumn is the new text of a column; empty to clear it.
type TextColumn struct{ Name, Text string }

// Text returns the new text of a column, and whether there is one.
func (c *TextChange) Text(column string) (string, bool) {
	for _, text := range c.Texts {
		if text.Name == column {
			return text.Text, true
		}
	}
	return "", false
}

func (c *TextChange) add(column string, given graphql.Omittable[*string]) {
	if !given.IsSet() {
		return
	}
	text := ""
	if value := given.Value(); value != nil {
		text = strings.TrimSpace(*value)
	}
	c.Texts = append(c.Texts, TextColumn{column, text})
}

// ProductChange is a ProductInput that was found right.
type ProductChange struct {
	Published   *bool
	ProductType graphql.Omittable[*string]
	Brand       *string
	ReleasedAt  graphql.Omittable[*time.Time]
	// Categories are all categories of the product when HasCategories is set.
	Categories    []uuid.UUID
	HasCategories bool
	Texts         []TextChange
	RemoveTexts   []LanguageCode
}

// Check returns the change that the input asks for, or UserErrors.
func (in *ProductInput) Check(languages Languages) (*ProductChange, error) {
	var problems UserErrors
	change := &ProductChange{
		Published: in.Published.Value(), ProductType: in.ProductType, ReleasedAt: in.ReleasedAt,
		RemoveTexts: in.RemoveTranslations.Value(), HasCategories: in.CategoryIDs.IsSet(),
	}
	if in.Published.IsSet() && in.Published.Value() == nil {
		problems.Addf(UserErrorInvalid, "input.published", "published is true or false")
	}
	if in.Brand.IsSet() {
		brand := ""
		if value := in.Brand.Value(); value != nil {
			brand = strings.TrimSpace(*value)
		}
		problems.checkText("input.brand", brand, maxCodeLength)
		change.Brand = &brand
	}
	for i, id := range in.CategoryIDs.Value() {
		key, err := ParseUUID(KindCategory, id)
		if err != nil {
			problems.Addf(UserErrorInvalid, fmt.Sprintf("input.categoryIds.%d", i), "%s", err)
		}
		change.Categories = append(change.Categories, key)
	}
	for _, t := range in.Translations.Value() {
		change.Texts = append(change.Texts, t.change())
	}
	problems.checkTexts(change.Texts, languages)
	return change, problems.OrNil()
}

func (t *ProductTranslationInput) change() TextChange {
	c := TextChange{Language: t.Language}
	c.add("title", t.Title)
	c.add("slug", t.Slug)
	c.add("meta_title", t.MetaTitle)
	c.add("meta_description", t.MetaDescription)
	c.add("short_description", t.ShortDescription)
	c.add("description", t.Description)
	return c
}

// checkTexts adds what is wrong with translations.
func (e *UserErrors) checkTexts(changes []TextChange, languages Languages) {
	seen := map[LanguageCode]bool{}
	for i, c := range changes {
		field := fmt.Sprintf("input.translations.%d", i)
		if !languages.Supports(c.Language) {
			e.Addf(UserErrorUnknownLanguage, field+".language", "the shop does not speak %q; it speaks %v", c.Language, languages.Supported)
		}
		if seen[c.Language] {
			e.Addf(UserErrorInvalid, field+".language", "%q is there twice", c.Language)
		}
		seen[c.Language] = true
		for _, text := range c.Texts {
			e.checkTextColumn(field, text)
		}
	}
}

func (e *UserErrors) checkTextColumn(field string, text TextColumn) {
	most := maxTitleLength
	if strings.HasSuffix(text.Name, "description") {
		most = maxDescriptionLength
	}
	name := field + "." + camelCase(text.Name)
	e.checkText(name, text.Text, most)
	if text.Name == "title" && text.Text == "" {
		e.Addf(UserErrorRequired, name, "a text has a title; remove it with removeTranslations")
	}
	if text.Name == "slug" && !ValidSlug(text.Text) {
		e.Addf(UserErrorInvalid, name, "a slug has lower-case letters, digits, hyphens, dots and underscores only, such as %q", Slug(text.Text))
	}
}

// checkText adds what keeps a text from being stored.
func (e *UserErrors) checkText(field, text string, most int) {
	if utf8.RuneCountInString(text) > most {
		e.Addf(UserErrorTooLong, field, "at most %d characters", most)
	}
	if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
		e.Addf(UserErrorInvalid, field, "the text has characters that cannot be stored")
	}
}

// checkCode adds what keeps a text from being the key of an object.
func (e *UserErrors) checkCode(field, code string) {
	if code == "" {
		e.Addf(UserErrorRequired, field, "a code is needed")
	}
	if code != strings.TrimSpace(code) || strings.ContainsAny(code, "\n\r\t|") {
		e.Addf(UserErrorInvalid, field, "a code has no space around it, no line breaks, tabs or |")
	}
	e.checkText(field, code, maxCodeLength)
}

// camelCase turns the name of a column into that of a field: meta_title into metaTitle.
func camelCase(column string) string {
	words := strings.Split(column, "_")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}

// ProductVariantInput is a change to a variant: a field that is not set stays, a nil one is cleared.
type ProductVariantInput struct {
	EAN                    graphql.Omittable[[]string]
	ManufacturerPartNumber graphql.Omittable[*string]
	WeightGrams            graphql.Omittable[*int32]
	StockQuantity          graphql.Omittable[*int32]
	Position               graphql.Omittable[*int32]
	Attributes             graphql.Omittable[[]*VariantAttributeInput]
}

// VariantAttributeInput is an attribute that a variant is to have.
type VariantAttributeInput struct{ Type, Value string }

// Check returns UserErrors when the input cannot be written.
func (in *ProductVariantInput) Check() error {
	var problems UserErrors
	for i, ean := range in.EAN.Value() {
		field := fmt.Sprintf("input.ean.%d", i)
		problems.checkText(field, ean, maxCodeLength)
		if strings.TrimSpace(ean) == "" {
			problems.Addf(UserErrorRequired, field, "an article number is not empty")
		}
	}
	if number := in.ManufacturerPartNumber.Value(); number != nil {
		problems.checkText("input.manufacturerPartNumber", *number, maxCodeLength)
	}
	if grams := in.WeightGrams.Value(); grams != nil && *grams < 0 {
		problems.Addf(UserErrorInvalid, "input.weightGrams", "a weight is not negative")
	}
	for name, field := range map[string]graphql.Omittable[*int32]{"stockQuantity": in.StockQuantity, "position": in.Position} {
		if field.IsSet() && field.Value() == nil {
			problems.Addf(UserErrorInvalid, "input."+name, "a number is needed")
		}
	}
	seen := map[VariantAttributeInput]bool{}
	for i, a := range in.Attributes.Value() {
		if seen[*a] {
			problems.Addf(UserErrorInvalid, fmt.Sprintf("input.attributes.%d", i), "the attribute is there twice")
		}
		seen[*a] = true
	}
	return problems.OrNil()
}

// CheckNewVariant returns UserErrors when a variant with the sku cannot be written.
func CheckNewVariant(sku string, in *ProductVariantInput) error {
	if !ValidSKU(sku) {
		return Refuse(UserErrorInvalid, "sku", "a sku has letters, digits, _, . and - only, and 1 to 100 of them")
	}
	return in.Check()
}

// StockInput sets the stock of a variant, or changes it.
type StockInput struct {
	SKU      string
	Quantity graphql.Omittable[*int32]
	Change   graphql.Omittable[*int32]
}

// ProductPriceInput sets the price of a variant in a price list; without an amount it removes it.
type ProductPriceInput struct {
	SKU             string
	PriceList       string
	Amount          graphql.Omittable[*Decimal]
	DiscountPercent Decimal
}

// CheckStock returns UserErrors when the inputs cannot be written together.
func CheckStock(inputs []*StockInput) error {
	var problems UserErrors
	problems.checkBulk(len(inputs))
	seen := map[string]bool{}
	for i, in := range inputs {
		if (in.Quantity.Value() == nil) == (in.Change.Value() == nil) {
			problems.Addf(UserErrorInvalid, fmt.Sprintf("input.%d", i), "exactly one of quantity and change is given")
		}
		if seen[in.SKU] {
			problems.Addf(UserErrorInvalid, fmt.Sprintf("input.%d.sku", i), "%q is there twice", in.SKU)
		}
		seen[in.SKU] = true
	}
	return problems.OrNil()
}

// CheckPrices returns UserErrors when the inputs cannot be written together.
func CheckPrices(inputs []*ProductPriceInput) error {
	var problems UserErrors
	problems.checkBulk(len(inputs))
	type key struct{ sku, priceList string }
	seen := map[key]bool{}
	for i, in := range inputs {
		field := fmt.Sprintf("input.%d", i)
		if amount := in.Amount.Value(); amount != nil && !amount.fits(10, 4) {
			problems.Addf(UserErrorInvalid, field+".amount", "an amount is not negative, and has up to 10 digits and 4 decimals")
		}
		if d := in.DiscountPercent; !d.fits(3, 2) || d.GreaterThan(hundred) {
			problems.Addf(UserErrorInvalid, field+".discountPercent", "a discount is 0 to 100 percent with up to 2 decimals")
		}
		if seen[key{in.SKU, in.PriceList}] {
			problems.Addf(UserErrorInvalid, field, "the price of %q in %q is there twice", in.SKU, in.PriceList)
		}
		seen[key{in.SKU, in.PriceList}] = true
	}
	return problems.OrNil()
}

func (e *UserErrors) checkBulk(rows int) {
	if rows > MaxBulk {
		e.Addf(UserErrorTooMany, "input", "at most %d rows in one call", MaxBulk)
	}
}
