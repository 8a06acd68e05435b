package models

import (
	"cmp"
	"slices"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Among products that match equally well, those in stock and newer ones come first: their scores grow by this part,
// and by this part for each microsecond since 1970, which is a quarter of a percent in ten years.
const (
	InStockBonus = 0.005
	NewnessBonus = 0.8e-17
)

// The limits of a search's facets. A type of attributes is shown when at least one in FacetCoverage hits has it.
const (
	MaxAttributeFacets = 20
	MaxFacetValues     = 100
	MaxCategoryFacets  = 1000
	FacetCoverage      = 20
	// MaxFacetValue is how long a value of an attribute may be, in bytes, to be counted. Longer ones are
	// descriptions, which nobody picks from a list.
	MaxFacetValue = 256
)

// SearchFacets counts the hits of a search by what they can be narrowed by. Each facet sees every condition of the
// filter but its own, since its values are alternatives.
type SearchFacets struct {
	// Attributes has the types in the order in which they are shown.
	Attributes []AttributeCounts
	// Brands are the most frequent ones, those of more products first.
	Brands []ValueCount
	// Categories are those that lead to hits, in no particular order.
	Categories []CategoryCount
	// Price is nil when no hit has a price in the price list.
	Price *PriceFacet
	// InStock and OutOfStock are how many hits there would be with that condition.
	InStock, OutOfStock int
}

// AttributeCounts are the values of an attribute type among the hits.
type AttributeCounts struct {
	// Type is the code of the attribute type.
	Type string
	// ProductCount is how many hits have the attribute.
	ProductCount int
	Values       []ValueCount
	// Min and Max are the bounds of values that are numbers.
	Min, Max *decimal.Decimal
}

// Bound widens Min and Max to a number.
func (a *AttributeCounts) Bound(number decimal.Decimal) {
	if a.Min == nil || number.LessThan(*a.Min) {
		a.Min = &number
	}
	if a.Max == nil || number.GreaterThan(*a.Max) {
		a.Max = &number
	}
}

// ValueCount is a value and how many hits have it.
type ValueCount struct {
	Value        string
	ProductCount int
}

// CategoryCount is a category and how many hits are in it or below it.
type CategoryCount struct {
	CategoryID   uuid.UUID
	ProductCount int
}

// OrderAttributes puts the most widespread types first and drops those that too few of the hits have; types that the
// filter names stay in any case.
func OrderAttributes(all []AttributeCounts, hits int, q ProductQuery) []AttributeCounts {
	slices.SortFunc(all, func(a, b AttributeCounts) int {
		return cmp.Or(cmp.Compare(b.ProductCount, a.ProductCount), cmp.Compare(a.Type, b.Type))
	})
	filtered := q.FilteredTypes()
	var chosen []AttributeCounts
	others := 0
	for _, a := range all {
		if !slices.Contains(filtered, a.Type) {
			if others == MaxAttributeFacets || a.ProductCount*FacetCoverage < hits {
				continue
			}
			others++
		}
		if len(a.Values) > 0 {
			chosen = append(chosen, a)
		}
	}
	return chosen
}

// WithoutBrands returns the query without its condition on brands.
func (q ProductQuery) WithoutBrands() ProductQuery {
	q.Brands = nil
	return q
}

// WithoutCategories returns the query without its conditions on categories.
func (q ProductQuery) WithoutCategories() ProductQuery {
	q.CategoryIDs, q.CategorySlugs, q.Below = nil, nil, nil
	return q
}

// WithoutPrice returns the query without its condition on prices.
func (q ProductQuery) WithoutPrice() ProductQuery {
	q.Price = nil
	return q
}

// WithInStock returns the query with another condition on the stock.
func (q ProductQuery) WithInStock(inStock bool) ProductQuery {
	q.InStock = &inStock
	return q
}

// FilteredTypes are the codes of the attribute types that the query has conditions on, each once.
func (q ProductQuery) FilteredTypes() []string {
	codes := []string{}
	for _, condition := range q.Attributes {
		if !slices.Contains(codes, condition.Type) {
			codes = append(codes, condition.Type)
		}
	}
	return codes
}

// PricePlaces is how many decimal places prices have when they are compared: four of the price and four of a
// discount in percent. A price in such units is a whole number.
const PricePlaces = 8

// maxPriceBuckets is about how many buckets a histogram has.
const maxPriceBuckets = 10

// PriceFacet says what hits cost, each by its cheapest variant, without VAT and after the discount.
type PriceFacet struct {
	// PriceList is the code of the list.
	PriceList string
	Min, Max  Decimal
	Buckets   []*PriceBucket
}

// PriceBucket counts the hits that cost From or more but less than To.
type PriceBucket struct {
	From, To     Decimal
	ProductCount int
}

// StepCount is how many hits have prices of one PriceStep.
type StepCount struct {
	Step         int64
	ProductCount int
}

// PriceStep rounds a price in units down to two digits: 1249 becomes 1200. Prices are counted so, and steps are
// joined to the buckets of a histogram.
func PriceStep(units int64) int64 {
	resolution := priceResolution(units)
	return units / resolution * resolution
}

// priceResolution is the unit of a number's second digit.
func priceResolution(units int64) int64 {
	resolution := int64(1)
	for units/resolution >= 100 {
		resolution *= 10
	}
	return resolution
}

// NewPriceFacet joins steps to buckets with round bounds.
func NewPriceFacet(priceList string, least, most int64, steps []StepCount) *PriceFacet {
	facet := &PriceFacet{PriceList: priceList, Min: unitsToDecimal(least), Max: unitsToDecimal(most)}
	width := bucketWidth(least, most)
	first := PriceStep(least) / width
	for i := first; i <= PriceStep(most)/width; i++ {
		facet.Buckets = append(facet.Buckets, &PriceBucket{From: unitsToDecimal(i * width), To: unitsToDecimal((i + 1) * width)})
	}
	for _, s := range steps {
		if i := s.Step/width - first; i >= 0 && i < int64(len(facet.Buckets)) {
			facet.Buckets[i].ProductCount += s.ProductCount
		}
	}
	return facet
}

// bucketWidth is 1, 2 or 5 times a power of ten: no finer than the steps.
func bucketWidth(least, most int64) int64 {
	for power := priceResolution(most); ; power *= 10 {
		for _, digit := range []int64{1, 2, 5} {
			if (most-least)/(digit*power) < maxPriceBuckets {
				return digit * power
			}
		}
	}
}

func unitsToDecimal(units int64) Decimal { return NewDecimal(decimal.New(units, -PricePlaces)) }
