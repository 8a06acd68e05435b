package store

import (
	"context"

	"github.com/uptrace/bun"

	"ecoseller/models"
)

// A page is read in one of two ways: along the order of the list until enough products have met the filter, or by
// looking up all products that meet it and sorting them. The first is quick when many do, the second when few do. The
// planner cannot tell for attributes: their values come from a query of their own, and it does not know that two of
// them together are rare. So it is told.
const (
	// countedVariants bounds the counting of the variants that have an attribute.
	countedVariants = 30_000
	// fewVariants are quicker looked up and sorted than found along the order.
	fewVariants = 2_000
)

// rareAttributes returns the conditions that few variants meet together; none when they are many.
func (s *Store) rareAttributes(ctx context.Context, conditions []models.AttributeCondition) ([]models.AttributeCondition, error) {
	if len(conditions) == 0 {
		return nil, nil
	}
	var counts []struct {
		Place    int
		Variants float64
		Total    float64
	}
	query := countVariants(conditions)
	if err := s.db.NewRaw(query.sql, query.args...).Scan(ctx, &counts); err != nil {
		return nil, wrap(ctx, err, "count variants with attributes")
	}
	var rare []models.AttributeCondition
	together := 0.0
	for _, c := range counts {
		if c.Variants >= countedVariants {
			continue
		}
		if len(rare) == 0 {
			together = c.Variants
		} else {
			together *= c.Variants / max(c.Total, c.Variants, 1)
		}
		rare = append(rare, conditions[c.Place])
	}
	if together > fewVariants {
		return nil, nil
	}
	return rare, nil
}

// countVariants counts for each condition, and says about how many variants there are at all.
func countVariants(conditions []models.AttributeCondition) statement {
	var b statement
	for i, c := range conditions {
		if i > 0 {
			b.add(" UNION ALL ")
		}
		b.add("SELECT ?::int AS place, (SELECT count(*)::float8 FROM (SELECT FROM product_variant_attributes WHERE attribute_id = ANY(", i)
		b.attributeIDs(c)
		b.add(`) LIMIT ?) AS counted) AS variants,
			(SELECT reltuples::float8 FROM pg_class WHERE oid = 'product_variants'::regclass) AS total`, countedVariants)
	}
	return b
}

// besides is what is left to be asked when the rare attributes have been looked up. What one and the same variant has
// to meet together is not divided.
func besides(q models.ProductQuery, rare []models.AttributeCondition) models.ProductQuery {
	if len(rare) == len(q.Attributes) && q.Price == nil && q.InStock == nil {
		q.Attributes = nil
	}
	return q
}

// lookUp has the products looked up that have a variant with all of the attributes.
func lookUp(attributes []models.AttributeCondition) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(query *bun.SelectQuery) *bun.SelectQuery {
		if len(attributes) == 0 {
			return query
		}
		var b statement
		b.add("p.id = ANY(ARRAY(SELECT product_id FROM product_variants WHERE sku = ANY(ARRAY(")
		for i, a := range attributes {
			if i > 0 {
				b.add(" INTERSECT ")
			}
			b.add("SELECT sku FROM product_variant_attributes WHERE attribute_id = ANY(")
			b.attributeIDs(a)
			b.add(")")
		}
		b.add("))))")
		return query.Where(b.sql, b.args...)
	}
}
