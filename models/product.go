package models

import (
	"regexp"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"
)

// Product is what a shop sells; customers buy one of its variants.
type Product struct {
	bun.BaseModel `bun:"table:products,alias:p"`

	ID            uuid.UUID `bun:",pk"`
	Published     bool
	ProductTypeID *uuid.UUID
	Brand         string
	ReleasedAt    *time.Time
	// Version grows with every change to the product's own fields, texts, categories and pictures; a write
	// that knows an older one is stale.
	Version int64
	// IndexVersion grows with every change to anything indexed: the version of the search document.
	IndexVersion int64
	CreatedAt    time.Time
	UpdatedAt    time.Time

	// Translation is the text in the first language of the reader's chain that has one; its language
	// is empty when the product has no text at all.
	Translation ProductTranslation `bun:"embed:translation_"`
	// Chain is the reader's language chain; what hangs on the product is answered in it.
	Chain []LanguageCode `bun:"-"`
}

// ProductTranslation is a product's text in one language.
type ProductTranslation struct {
	ProductID        uuid.UUID
	Language         LanguageCode
	Title            string
	Slug             string
	MetaTitle        string
	MetaDescription  string
	ShortDescription string
	Description      string
}

// ProductType says which attributes and which VAT a kind of product has.
type ProductType struct {
	bun.BaseModel `bun:"table:product_types,alias:pt"`

	ID   uuid.UUID `bun:",pk"`
	Code string
	Name Translated `bun:"type:jsonb"`
	// Version grows with every change.
	Version int64
	Chain   []LanguageCode `bun:"-"`
}

// ProductVariant is one buyable form of a product, known by its sku.
type ProductVariant struct {
	bun.BaseModel `bun:"table:product_variants,alias:v"`

	SKU                    string `bun:"sku,pk"`
	ProductID              uuid.UUID
	EAN                    []string `bun:"ean,type:jsonb"`
	ManufacturerPartNumber string
	WeightGrams            *int
	StockQuantity          int
	Position               int
	// Version grows with every change to the variant's own fields and attributes; stock and prices have none.
	Version int64

	// ProductTypeID decides on the variant's VAT; it is the product's.
	ProductTypeID *uuid.UUID     `bun:"product_type_id,scanonly"`
	Chain         []LanguageCode `bun:"-"`
}

var skuPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// ValidSKU says whether s can be the key of a variant.
func ValidSKU(s string) bool { return skuPattern.MatchString(s) }

// Title is nil when the product has no text.
func (p *Product) Title() *string { return orNil(p.Translation.Title) }

// Slug is nil when the product has no text.
func (p *Product) Slug() *string { return orNil(p.Translation.Slug) }

// MetaTitle is nil when there is none.
func (p *Product) MetaTitle() *string { return orNil(p.Translation.MetaTitle) }

// MetaDescription is nil when there is none.
func (p *Product) MetaDescription() *string { return orNil(p.Translation.MetaDescription) }

// ShortDescription is nil when there is none.
func (p *Product) ShortDescription() *string { return orNil(p.Translation.ShortDescription) }

// Description is nil when there is none.
func (p *Product) Description() *string { return orNil(p.Translation.Description) }

// Language is the language of the texts, nil when there are none.
func (p *Product) Language() *LanguageCode { return orNil(p.Translation.Language) }

// BrandOrNil is nil when the brand is unknown.
func (p *Product) BrandOrNil() *string { return orNil(p.Brand) }

// LocalName is the type's name in the reader's language, or its code.
func (t *ProductType) LocalName() string { return nameOr(t.Name, t.Chain, t.Code) }

// PartNumberOrNil is nil when the manufacturer's part number is unknown.
func (v *ProductVariant) PartNumberOrNil() *string { return orNil(v.ManufacturerPartNumber) }

// ProductSortKey is what a product list is sorted by.
type ProductSortKey string

// The sort keys.
const (
	SortByCreatedAt ProductSortKey = "CREATED_AT"
	SortByUpdatedAt ProductSortKey = "UPDATED_AT"
	SortByTitle     ProductSortKey = "TITLE"
	SortByPrice     ProductSortKey = "PRICE"
)

// SortDirection is the direction of sorting.
type SortDirection string

// Reverse is the other direction.
func (d SortDirection) Reverse() SortDirection {
	if d == Descending {
		return Ascending
	}
	return Descending
}

// The directions.
const (
	Ascending  SortDirection = "ASC"
	Descending SortDirection = "DESC"
)

// ProductQuery says which products a list has, in which order and from where on. Nil conditions do not
// apply.
type ProductQuery struct {
	// Chain is the reader's language chain; titles are sorted by the alphabet of its first language.
	Chain []LanguageCode
	// Size is how many products the page has at most. It begins behind From, or ends before it when
	// Backward is set; without From it is the first page, or the last.
	Size     int
	Backward bool
	From     *ProductCursor

	SortKey   ProductSortKey
	Direction SortDirection
	// SortPriceList is the code of the list whose prices count for SortByPrice.
	SortPriceList string

	IDs         []uuid.UUID
	SKUs        []string
	CategoryIDs []uuid.UUID
	// CategorySlugs are slugs in the first language of the chain.
	CategorySlugs []string
	// UnpublishedCategories says that unpublished categories lead to products as well.
	UnpublishedCategories bool
	// Below is what the store makes of CategoryIDs and CategorySlugs: lists of the categories and all below them, of
	// each of which a product must be in one.
	Below        [][]uuid.UUID
	ProductTypes []string
	Brands       []string
	CreatedSince *time.Time
	UpdatedSince *time.Time
	Published    *bool
	// InStock, Attributes and Price must hold for one and the same variant; InStock false holds when no
	// variant is in stock.
	InStock    *bool
	Attributes []AttributeCondition
	Price      *PriceCondition
}

// AttributeCondition wants one of the values, or a number from Min to Max; nil bounds are open.
type AttributeCondition struct {
	// Type is the code of the attribute type.
	Type     string
	Values   []string
	Min, Max *decimal.Decimal
}

// PriceCondition wants a price in the list, without VAT and after the discount, from Min to Max; nil bounds
// are open.
type PriceCondition struct {
	PriceList string
	Min, Max  *decimal.Decimal
}

// SortedWithin says what else than key and direction decides on the order: the price list for SortByPrice, the
// language for SortByTitle. A cursor of one is no place in another.
func (q *ProductQuery) SortedWithin() string {
	switch q.SortKey {
	case SortByPrice:
		return q.SortPriceList
	case SortByTitle:
		return string(q.Chain[0])
	}
	return ""
}

// ProductCursor is a place in a sorted list: the sort key of a product and its id.
type ProductCursor struct {
	SortKey ProductSortKey `json:"k"`
	// Within is the price list or the language that the list is sorted in; see ProductQuery.SortedWithin.
	Within string `json:"w,omitempty"`
	// Value is an instant, a number, or the hexadecimal digits of a title's collation key.
	Value string    `json:"v"`
	ID    uuid.UUID `json:"i"`
}
