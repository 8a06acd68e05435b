package models

// ProductSearchFacets are the facets of a search for a reader.
type ProductSearchFacets struct {
	// Counts are what was counted, without names.
	Counts *SearchFacets
	// Chain is the reader's language chain.
	Chain []LanguageCode
}

// Brands are the most frequent brands.
func (f *ProductSearchFacets) Brands() []*BrandFacetValue {
	brands := make([]*BrandFacetValue, len(f.Counts.Brands))
	for i, b := range f.Counts.Brands {
		brands[i] = &BrandFacetValue{Brand: b.Value, ProductCount: b.ProductCount}
	}
	return brands
}

// Price is nil when nothing has a price.
func (f *ProductSearchFacets) Price() *PriceFacet { return f.Counts.Price }

// InStockCount is how many hits there are with a variant in stock.
func (f *ProductSearchFacets) InStockCount() int { return f.Counts.InStock }

// OutOfStockCount is how many hits there are without one.
func (f *ProductSearchFacets) OutOfStockCount() int { return f.Counts.OutOfStock }

// BrandFacetValue is a brand and how many hits are of it.
type BrandFacetValue struct {
	Brand        string
	ProductCount int
}

// CategoryFacetValue is a category, how many hits it leads to, and the same of the categories right below it.
type CategoryFacetValue struct {
	Category     *Category
	ProductCount int
	Children     []*CategoryFacetValue
}

// ProductSearchHighlight is where a hit matches: HTML with the matches in <mark>.
type ProductSearchHighlight struct {
	// Title is nil when nothing in it matches.
	Title            *string
	ShortDescription []string
}
