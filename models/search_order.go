package models

// Among products that match equally well, those in stock and newer ones come first: their scores grow by this part,
// and by this part for each microsecond since 1970, which is half a percent in ten years.
const (
	InStockBonus = 0.005
	NewnessBonus = 1.6e-17
)

// MaxFacetValue is how long a value of an attribute may be, in bytes, to be counted in facets. Longer ones are
// descriptions, which nobody picks from a list.
const MaxFacetValue = 256

// PricePlaces is how many decimal places prices have when they are compared: four of the price and four of a
// discount in percent.
const PricePlaces = 8

// PriceStep rounds a price down to two digits: 1249 becomes 1200. Prices are counted so, and steps are joined to the
// buckets of a histogram.
func PriceStep(units int64) int64 {
	step := int64(1)
	for units/step >= 100 {
		step *= 10
	}
	return units / step * step
}
