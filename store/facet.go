package store

import (
	"context"
	"maps"
	"slices"

	"github.com/shopspring/decimal"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// maxFacetValues is how many values of a type a facet has at most.
const maxFacetValues = 100

// facetRow is a value of a facet.
type facetRow struct {
	variantAttribute `bun:",extend"`

	ProductCount int
	Lowest       *decimal.Decimal
	Highest      *decimal.Decimal
}

// AttributeFacets returns the attributes of all products that a list has on all its pages, the types by their
// codes. A type that the list is filtered by shows the values the list would have without that condition. It
// takes one statement, and one for each type in the filter.
func (s *Store) AttributeFacets(ctx context.Context, q models.ProductQuery) ([]*models.AttributeFacet, error) {
	q, err := s.WithBelow(ctx, q)
	if err != nil {
		return nil, err
	}
	filtered := make([]string, len(q.Attributes))
	for i, condition := range q.Attributes {
		filtered[i] = condition.Type
	}
	rows, err := s.facetRows(ctx, q, "at.code <> ALL(?)", filtered)
	if err != nil {
		return nil, err
	}
	for _, code := range filtered {
		ofType, err := s.facetRows(ctx, q.WithoutAttribute(code), "at.code = ANY(?)", []string{code})
		if err != nil {
			return nil, err
		}
		rows = append(rows, ofType...)
	}
	return facetsOf(rows, q.Chain), nil
}

// facetRows counts the products by attribute. Ranges are those of all values, also of those beyond the most
// frequent ones.
func (s *Store) facetRows(ctx context.Context, q models.ProductQuery, where string, codes []string) ([]*facetRow, error) {
	list := s.db.NewSelect().TableExpr("products AS p").Column("p.id").Apply(filterProducts(q))
	var rows []*facetRow
	err := s.db.NewRaw(`
		WITH list AS (?),
		counted AS (
			SELECT va.attribute_id, count(DISTINCT v.product_id) AS product_count
			FROM list
			JOIN product_variants AS v ON v.product_id = list.id
			JOIN product_variant_attributes AS va ON va.sku = v.sku
			GROUP BY va.attribute_id
		), ranked AS (
			SELECT a.*, counted.product_count,
				at.code AS type_code, at.value_type AS type_value_type, at.unit AS type_unit, at.name AS type_name,
				min(a.number) OVER (PARTITION BY at.id) AS lowest,
				max(a.number) OVER (PARTITION BY at.id) AS highest,
				row_number() OVER (PARTITION BY at.id ORDER BY counted.product_count DESC, a.position, a.value) AS rank
			FROM counted
			JOIN attributes AS a ON a.id = counted.attribute_id
			JOIN attribute_types AS at ON at.id = a.attribute_type_id
			WHERE `+where+`
		)
		SELECT id, attribute_type_id, value, number, name, position, type_code, type_value_type, type_unit, type_name,
			product_count, lowest, highest
		FROM ranked
		WHERE rank <= ?
		ORDER BY type_code, rank`, list, pgdialect.Array(codes), maxFacetValues).Scan(ctx, &rows)
	return rows, wrap(ctx, err, "count attributes")
}

// facetsOf puts the values of each type together and the types in the order of their codes.
func facetsOf(rows []*facetRow, chain []models.LanguageCode) []*models.AttributeFacet {
	byCode := map[string]*models.AttributeFacet{}
	for _, row := range rows {
		attribute := row.attribute()
		attribute.Chain, attribute.Type.Chain = chain, chain
		facet := byCode[row.TypeCode]
		if facet == nil {
			facet = &models.AttributeFacet{Type: attribute.Type, Min: decimalOrNil(row.Lowest), Max: decimalOrNil(row.Highest)}
			byCode[row.TypeCode] = facet
		}
		facet.Values = append(facet.Values, &models.AttributeFacetValue{Attribute: attribute, ProductCount: row.ProductCount})
	}
	facets := make([]*models.AttributeFacet, 0, len(byCode))
	for _, code := range slices.Sorted(maps.Keys(byCode)) {
		facets = append(facets, byCode[code])
	}
	return facets
}

func decimalOrNil(d *decimal.Decimal) *models.Decimal {
	if d == nil {
		return nil
	}
	wrapped := models.NewDecimal(*d)
	return &wrapped
}
