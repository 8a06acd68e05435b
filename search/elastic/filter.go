package elastic

import (
	"github.com/google/uuid"

	"ecoseller/models"
)

// filters writes the conditions of a filter; all must hold. They mean what store.CountProducts means by them.
func filters(q models.ProductQuery, slugCategoryIDs []uuid.UUID) []any {
	var all []any
	if q.Published != nil {
		all = append(all, term("published", *q.Published))
	}
	if q.IDs != nil {
		all = append(all, terms("product_id", q.IDs))
	}
	if q.SKUs != nil {
		all = append(all, oneVariant(terms("variants.sku", q.SKUs)))
	}
	categories := "category_ids"
	if q.UnpublishedCategories {
		categories = "staff_category_ids"
	}
	if q.CategoryIDs != nil {
		all = append(all, terms(categories, q.CategoryIDs))
	}
	if q.CategorySlugs != nil {
		all = append(all, terms(categories, slugCategoryIDs))
	}
	if q.Brands != nil {
		all = append(all, terms("brand.exact", q.Brands))
	}
	if q.ProductTypes != nil {
		all = append(all, terms("product_type", q.ProductTypes))
	}
	if q.CreatedSince != nil {
		all = append(all, object{"range": object{"created_at": object{"gte": q.CreatedSince.UnixMicro()}}})
	}
	if q.UpdatedSince != nil {
		all = append(all, object{"range": object{"updated_at": object{"gte": q.UpdatedSince.UnixMicro()}}})
	}
	if q.InStock != nil && !*q.InStock {
		all = append(all, term("in_stock", false))
	}
	if conditions := variantFilters(q); len(conditions) > 0 {
		all = append(all, oneVariant(conditions...))
	}
	return all
}

// variantFilters are the conditions that one variant has to meet together.
func variantFilters(q models.ProductQuery) []any {
	var all []any
	if q.InStock != nil && *q.InStock {
		all = append(all, term("variants.in_stock", true))
	}
	if q.Price != nil {
		all = append(all, priceFilter(q.Price))
	}
	for _, a := range q.Attributes {
		all = append(all, attributeFilters(a)...)
	}
	return all
}

func priceFilter(c *models.PriceCondition) object {
	field := "variants.price." + c.PriceList
	bounds := object{"gte": 0} // also without bounds: the variant needs a price in the list
	if c.Min != nil {
		bounds["gte"] = clamp(c.Min.Shift(models.PricePlaces).Ceil())
	}
	if c.Max != nil {
		bounds["lte"] = clamp(c.Max.Shift(models.PricePlaces).Floor())
	}
	return object{"range": object{field: bounds}}
}

func attributeFilters(c models.AttributeCondition) []any {
	var all []any
	if c.Values != nil {
		values := make([]string, len(c.Values))
		for i, value := range c.Values {
			values[i] = attributeTerm(c.Type, value)
		}
		all = append(all, terms("variants.attributes", values))
	}
	if c.Min != nil || c.Max != nil {
		// The digits end before "g".
		bounds := object{"gte": attributePrefix(c.Type), "lt": attributePrefix(c.Type) + "g"}
		if c.Min != nil {
			bounds["gte"] = numberTerm(c.Type, *c.Min)
		}
		if c.Max != nil {
			delete(bounds, "lt")
			bounds["lte"] = numberTerm(c.Type, *c.Max)
		}
		all = append(all, object{"range": object{"variants.numbers": bounds}})
	}
	if len(all) == 0 {
		all = append(all, object{"prefix": object{"variants.attributes": attributePrefix(c.Type)}})
	}
	return all
}

func oneVariant(conditions ...any) object {
	return object{"nested": object{"path": "variants", "query": allOf(conditions)}}
}

func allOf(conditions []any) object { return object{"bool": object{"filter": conditions}} }

func term(field string, value any) object { return object{"term": object{field: value}} }

// terms is met by any of the values; by nothing when there are none.
func terms[V any](field string, values []V) object {
	return object{"terms": object{field: append([]V{}, values...)}}
}
