package models

import (
	"regexp"
	"time"

	"github.com/google/uuid"
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
	// Version grows with every change to anything indexed.
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time

	// Translation is the text in the first language of the reader's chain that has one; its language
	// is empty when the product has no text at all.
	Translation ProductTranslation `bun:"embed:translation_"`
	// Chain is the reader's language chain; what hangs on the product is answered in it.
	Chain []LanguageCode `bun:"-"`
	// SortKey is the value the row was sorted by, for its cursor.
	SortKey string `bun:"sort_key,scanonly"`
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
}

// ProductMedia is a picture of a product.
type ProductMedia struct {
	bun.BaseModel `bun:"table:product_media,alias:pm"`

	ID        uuid.UUID `bun:",pk"`
	ProductID uuid.UUID
	URL       string `bun:"url"`
	Position  int
}

// ProductVariant is one buyable form of a product, known by its sku.
type ProductVariant struct {
	bun.BaseModel `bun:"table:product_variants,alias:v"`

	SKU                    string `bun:"sku,pk"`
	ProductID              uuid.UUID
	EAN                    []string `bun:"ean,array"`
	ManufacturerPartNumber string
	WeightGrams            *int
	StockQuantity          int
	Position               int

	// ProductTypeID decides on the variant's VAT; it is the product's.
	ProductTypeID *uuid.UUID     `bun:"product_type_id,scanonly"`
	Chain         []LanguageCode `bun:"-"`
}

var skuPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// ValidSKU says whether s can be the key of a variant.
func ValidSKU(s string) bool { return skuPattern.MatchString(s) }
