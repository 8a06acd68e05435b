package store

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/models"
)

// SearchNames are the names that suggestions come from besides titles.
type SearchNames struct {
	Categories []*CategoryName
	Brands     []*BrandName
}

// CategoryName is a category that customers see.
type CategoryName struct {
	ID     uuid.UUID
	Titles models.Translated `bun:"type:jsonb"`
	// Products counts what is in it, not what is below it.
	Products int
}

// BrandName is the brand of a published product.
type BrandName struct {
	Brand    string
	Products int
}

// SearchNamesVersion returns a text that changes when a category or product is edited or deleted. It is cheap:
// a few looks at the ends of indexes.
func (s *Store) SearchNamesVersion(ctx context.Context) (string, error) {
	var version string
	err := s.db.NewRaw(`
		SELECT concat_ws(' ',
			(SELECT max(updated_at) FROM products),
			(SELECT max(updated_at) FROM categories),
			(SELECT count(*) FROM categories),
			(SELECT max(deleted_at) FROM deletions))`).Scan(ctx, &version)
	return version, wrap(ctx, err, "look for changed names")
}

// LoadSearchNames returns the names of all categories that customers see and of all brands of published products.
func (s *Store) LoadSearchNames(ctx context.Context) (*SearchNames, error) {
	names := new(SearchNames)
	err := s.db.NewRaw(`
		WITH RECURSIVE visible AS (
			SELECT id FROM categories WHERE parent_id IS NULL AND published
			UNION ALL
			SELECT c.id FROM categories AS c JOIN visible ON c.parent_id = visible.id WHERE c.published
		), members AS (
			SELECT category_id, count(*) AS products FROM product_categories GROUP BY category_id
		)
		SELECT visible.id, jsonb_object_agg(t.language, t.title) AS titles, coalesce(max(members.products), 0) AS products
		FROM visible
		JOIN category_translations AS t ON t.category_id = visible.id
		LEFT JOIN members ON members.category_id = visible.id
		GROUP BY visible.id`).Scan(ctx, &names.Categories)
	if err != nil {
		return nil, wrap(ctx, err, "load names of categories")
	}
	err = s.db.NewRaw(`
		SELECT brand, count(*) AS products FROM products WHERE published AND brand <> '' GROUP BY brand`).Scan(ctx, &names.Brands)
	return names, wrap(ctx, err, "load brands")
}

// PublishedInStock says of each published product among the ids whether any of its variants is in stock.
func (s *Store) PublishedInStock(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	var rows []struct {
		ID      uuid.UUID
		InStock bool
	}
	err := s.db.NewRaw(`
		SELECT p.id, EXISTS (
			SELECT FROM product_variants AS v WHERE v.product_id = p.id AND v.stock_quantity > 0
		) AS in_stock
		FROM products AS p WHERE p.id = ANY(?) AND p.published`, uuidArray(ids)).Scan(ctx, &rows)
	inStock := make(map[uuid.UUID]bool, len(rows))
	for _, row := range rows {
		inStock[row.ID] = row.InStock
	}
	return inStock, wrap(ctx, err, "look for stock")
}
