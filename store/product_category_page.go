package store

import (
	"context"
	"fmt"

	"ecoseller/models"
)

// maxMergedCategories is of how many categories the newest products are merged. Where there are more, most products are in
// one of them, and the list of all products soon has enough of them.
const maxMergedCategories = 32

// isCategoryPage says whether a query is for published products of categories by the time they were created, with no other
// condition: what storefronts show of a category.
func isCategoryPage(q models.ProductQuery) bool {
	return q.SortKey == models.SortByCreatedAt && len(q.Below) == 1 && len(q.Below[0]) <= maxMergedCategories &&
		q.Published != nil && *q.Published &&
		q.IDs == nil && q.SKUs == nil && q.Brands == nil && q.ProductTypes == nil && q.CreatedSince == nil && q.UpdatedSince == nil &&
		q.Price == nil && q.Attributes == nil && q.InStock == nil
}

// categoryPage returns up to limit places. It takes the first products of each category and merges them, so that its time
// depends neither on the number of products nor on what the planner expects of the categories.
func (s *Store) categoryPage(ctx context.Context, q models.ProductQuery, direction models.SortDirection, limit int) ([]ProductPlace, error) {
	args := []any{arrayText(uuidTexts(q.Below[0])), int64(limit)}
	from := ""
	if q.From != nil {
		from = fmt.Sprintf("AND (created_at, product_id) %s ($3::timestamptz, $4::uuid)", after(direction))
		args = append(args, q.From.Value, q.From.ID.String())
	}
	rows, err := s.queryJSON(ctx, fmt.Sprintf(categoryPageStatement, from, direction), args...)
	if err != nil {
		return nil, wrap(ctx, err, "load page of products in categories")
	}
	places := make([]ProductPlace, len(rows))
	for i, text := range rows {
		err := readRow(text, func(r *jsonRow) { places[i] = ProductPlace{ID: r.uuid(), SortKey: r.string()} })
		if err != nil {
			return nil, fmt.Errorf("read page of products in categories: %w", err)
		}
	}
	return places, nil
}

// categoryPageStatement has the place that the page begins behind, and the direction.
const categoryPageStatement = `
	SELECT json_build_array(product_id, created_at::text)::text
	FROM (
		SELECT DISTINCT created_at, product_id
		FROM unnest($1::uuid[]) AS category (id)
		CROSS JOIN LATERAL (
			SELECT created_at, product_id
			FROM product_categories
			WHERE category_id = category.id AND published %[1]s
			ORDER BY created_at %[2]s, product_id %[2]s
			LIMIT $2::bigint
		) AS first_of_category
		ORDER BY created_at %[2]s, product_id %[2]s
		LIMIT $2::bigint
	) AS page
	ORDER BY created_at %[2]s, product_id %[2]s`
