package resolvers

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"ecoseller/graph"
	"ecoseller/models"
)

// attributeFacets gives names to the counted attributes. What was deleted a moment ago is left out.
func (r *Resolver) attributeFacets(ctx context.Context, f *models.ProductSearchFacets) ([]*models.AttributeFacet, error) {
	var codes, values []string
	for _, counts := range f.Counts.Attributes {
		for _, v := range counts.Values {
			codes, values = append(codes, counts.Type), append(values, v.Value)
		}
	}
	if len(codes) == 0 {
		return nil, nil
	}
	attributes, err := r.Store.AttributesByValues(ctx, codes, values, f.Chain)
	if err != nil {
		return nil, err
	}
	type key struct{ code, value string }
	named := make(map[key]*models.Attribute, len(attributes))
	for _, a := range attributes {
		named[key{a.Type.Code, a.Value}] = a
	}
	var facets []*models.AttributeFacet
	var types []*models.AttributeType
	for _, counts := range f.Counts.Attributes {
		facet := &models.AttributeFacet{}
		for _, v := range counts.Values {
			if a := named[key{counts.Type, v.Value}]; a != nil {
				facet.Type = a.Type
				facet.Values = append(facet.Values, &models.AttributeFacetValue{Attribute: a, ProductCount: v.ProductCount})
			}
		}
		if facet.Type == nil {
			continue
		}
		if facet.Type.ValueType == models.AttributeInteger || facet.Type.ValueType == models.AttributeDecimal {
			facet.Min, facet.Max = decimalOrNil(counts.Min), decimalOrNil(counts.Max)
		}
		sortFacetValues(facet.Values)
		facets, types = append(facets, facet), append(types, facet.Type)
	}
	graph.FromContext(ctx).Loaders.ExpectAttributeTypes(types)
	return facets, nil
}

func decimalOrNil(d *decimal.Decimal) *models.Decimal {
	if d == nil {
		return nil
	}
	wrapped := models.NewDecimal(*d)
	return &wrapped
}

// sortFacetValues puts the most frequent values first, equally frequent ones in their order among the type's.
func sortFacetValues(values []*models.AttributeFacetValue) {
	slices.SortStableFunc(values, func(a, b *models.AttributeFacetValue) int {
		return cmp.Or(
			cmp.Compare(b.ProductCount, a.ProductCount),
			cmp.Compare(a.Attribute.Position, b.Attribute.Position),
			cmp.Compare(a.Attribute.Value, b.Attribute.Value),
		)
	})
}

// categoryFacets makes the tree of the counted categories. Those that no way leads to from the root are left out.
func (r *Resolver) categoryFacets(ctx context.Context, f *models.ProductSearchFacets) ([]*models.CategoryFacetValue, error) {
	ids, counts := make([]uuid.UUID, len(f.Counts.Categories)), map[uuid.UUID]int{}
	for i, c := range f.Counts.Categories {
		ids[i], counts[c.CategoryID] = c.CategoryID, c.ProductCount
	}
	if len(ids) == 0 {
		return nil, nil
	}
	categories, err := r.Store.CategoriesByIDs(ctx, ids, f.Chain)
	if err != nil {
		return nil, err
	}
	graph.FromContext(ctx).Loaders.ExpectCategories(categories)
	slices.SortFunc(categories, func(a, b *models.Category) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Code, b.Code))
	})
	below := map[uuid.UUID][]*models.Category{} // those at the root are below the nil id
	for _, c := range categories {
		parent := uuid.Nil
		if c.ParentID != nil {
			parent = *c.ParentID
		}
		below[parent] = append(below[parent], c)
	}
	return categoryTree(below, uuid.Nil, counts), nil
}

func categoryTree(below map[uuid.UUID][]*models.Category, parent uuid.UUID, counts map[uuid.UUID]int) []*models.CategoryFacetValue {
	var values []*models.CategoryFacetValue
	for _, c := range below[parent] {
		values = append(values, &models.CategoryFacetValue{
			Category: c, ProductCount: counts[c.ID], Children: categoryTree(below, c.ID, counts),
		})
	}
	return values
}
