package elastic

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
)

// document is a product as Elasticsearch stores it.
type document struct {
	ProductID   uuid.UUID             `json:"product_id"`
	ID          []string              `json:"id"`
	Codes       []string              `json:"codes"`
	Brand       string                `json:"brand"`
	ProductType string                `json:"product_type,omitempty"`
	Published   bool                  `json:"published"`
	InStock     bool                  `json:"in_stock"`
	Languages   []models.LanguageCode `json:"languages"`
	// CategoryIDs are the categories that lead customers to the product, StaffCategoryIDs also the unpublished ones.
	CategoryIDs      []uuid.UUID `json:"category_ids"`
	StaffCategoryIDs []uuid.UUID `json:"staff_category_ids"`
	// CreatedAt, UpdatedAt and NewSince are in microseconds, as exact as the database's, and never negative: newness is
	// part of scores.
	CreatedAt        int64                            `json:"created_at"`
	UpdatedAt        int64                            `json:"updated_at"`
	NewSince         int64                            `json:"new_since"`
	Title            map[models.LanguageCode]string   `json:"title"`
	ShortDescription map[models.LanguageCode]string   `json:"short_description"`
	AttributeList    map[models.LanguageCode][]string `json:"attribute_list"`
	SortTitle        map[models.LanguageCode]string   `json:"sort_title"`
	// AttributeCodes, Attributes and Numbers are those of all variants; Variants tells which have which.
	AttributeCodes []string `json:"attribute_codes,omitempty"`
	Attributes     []string `json:"attributes,omitempty"`
	Numbers        []string `json:"numbers,omitempty"`
	// Price is the lowest price by list, PriceStep the same rounded down to two digits.
	Price     map[string]int64  `json:"price,omitempty"`
	PriceStep map[string]int64  `json:"price_step,omitempty"`
	Variants  []documentVariant `json:"variants,omitempty"`
}

// documentVariant is what one variant has to meet filters with.
type documentVariant struct {
	SKU        string           `json:"sku"`
	InStock    bool             `json:"in_stock"`
	Attributes []string         `json:"attributes,omitempty"`
	Numbers    []string         `json:"numbers,omitempty"`
	Price      map[string]int64 `json:"price,omitempty"`
}

func (e *Engine) source(d *search.Document) ([]byte, error) {
	doc := document{
		ProductID: d.ProductID, ID: d.Codes, Brand: d.Brand, ProductType: d.ProductType,
		Published: d.Published, InStock: d.InStock(), CategoryIDs: []uuid.UUID{}, StaffCategoryIDs: []uuid.UUID{},
		CreatedAt: max(0, d.CreatedAt.UnixMicro()), UpdatedAt: max(0, d.UpdatedAt.UnixMicro()), NewSince: max(0, d.NewSince().UnixMicro()),
		Title: map[models.LanguageCode]string{}, ShortDescription: map[models.LanguageCode]string{},
		AttributeList: map[models.LanguageCode][]string{}, SortTitle: map[models.LanguageCode]string{},
	}
	for _, c := range d.Categories {
		doc.StaffCategoryIDs = append(doc.StaffCategoryIDs, c.ID)
		if c.Visible {
			doc.CategoryIDs = append(doc.CategoryIDs, c.ID)
		}
	}
	for _, language := range e.languages {
		doc.SortTitle[language] = d.SortTitles[language]
		text, ok := d.Texts[language]
		if !ok {
			continue
		}
		doc.Languages = append(doc.Languages, language)
		doc.Title[language] = text.Title
		doc.ShortDescription[language] = text.ShortDescription
		doc.AttributeList[language] = text.Attributes
	}
	for _, code := range d.Codes {
		doc.Codes = append(doc.Codes, analysis.Code(code))
	}
	doc.addVariants(d.Variants)
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return raw, nil
}

func (doc *document) addVariants(variants []search.DocumentVariant) {
	codes, attributes, numbers := map[string]bool{}, map[string]bool{}, map[string]bool{}
	doc.Price, doc.PriceStep = map[string]int64{}, map[string]int64{}
	for _, v := range variants {
		variant := documentVariant{SKU: v.SKU, InStock: v.InStock, Price: map[string]int64{}}
		for _, a := range v.Attributes {
			codes[a.Type] = true
			variant.Attributes = append(variant.Attributes, attributeTerm(a.Type, a.Value))
			if len(a.Value) <= models.MaxFacetValue {
				attributes[attributeTerm(a.Type, a.Value)] = true
			}
			if a.Number != nil {
				number := numberTerm(a.Type, *a.Number)
				numbers[number] = true
				variant.Numbers = append(variant.Numbers, number)
			}
		}
		for list, price := range v.Prices {
			units := priceUnits(price)
			variant.Price[list] = units
			if lowest, ok := doc.Price[list]; !ok || units < lowest {
				doc.Price[list], doc.PriceStep[list] = units, models.PriceStep(units)
			}
		}
		doc.Variants = append(doc.Variants, variant)
	}
	doc.AttributeCodes = slices.Sorted(maps.Keys(codes))
	doc.Attributes = slices.Sorted(maps.Keys(attributes))
	doc.Numbers = slices.Sorted(maps.Keys(numbers))
}
