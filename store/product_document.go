package store

import (
	"context"
	"encoding/hex"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// CategoryAbove is a category that leads to a product.
type CategoryAbove struct {
	ProductID  uuid.UUID
	CategoryID uuid.UUID
	// Visible says that the way from the category down to the product is published.
	Visible bool
}

// CategoriesAboveProducts returns the categories that the products are in, and all above these.
func (s *Store) CategoriesAboveProducts(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]CategoryAbove, error) {
	var rows []CategoryAbove
	err := s.db.NewRaw(`
		WITH RECURSIVE above AS (
			SELECT pc.product_id, c.id, c.parent_id, c.published AS visible
			FROM product_categories AS pc JOIN categories AS c ON c.id = pc.category_id
			WHERE pc.product_id = ANY(?)
			UNION
			SELECT above.product_id, c.id, c.parent_id, above.visible AND c.published
			FROM above JOIN categories AS c ON c.id = above.parent_id
		)
		SELECT product_id, id AS category_id, bool_or(visible) AS visible
		FROM above
		GROUP BY product_id, id
		ORDER BY product_id, id`, uuidArray(ids)).Scan(ctx, &rows)
	return groupBy(rows, func(row CategoryAbove) uuid.UUID { return row.ProductID }), wrap(ctx, err, "load categories above products")
}

// CategoryIDsBySlugs returns the ids of the categories that have one of the slugs in the language.
func (s *Store) CategoryIDsBySlugs(ctx context.Context, language models.LanguageCode, slugs []string) ([]uuid.UUID, error) {
	ids := []uuid.UUID{}
	err := s.db.NewRaw("SELECT category_id FROM category_translations WHERE language = ? AND slug = ANY(?)", language, pgdialect.Array(slugs)).
		Scan(ctx, &ids)
	return ids, wrap(ctx, err, "find categories by slugs")
}

// DiscountedPrices returns what the variants cost in each price list, without VAT and after the discount: by sku,
// then by the code of the list.
func (s *Store) DiscountedPrices(ctx context.Context, skus []string) (map[string]map[string]decimal.Decimal, error) {
	var rows []struct {
		SKU       string `bun:"sku"`
		PriceList string
		Price     decimal.Decimal
	}
	err := s.db.NewRaw("SELECT sku, price_list, amount * (100 - discount_percent) / 100 AS price FROM product_prices WHERE sku = ANY(?)",
		pgdialect.Array(skus)).Scan(ctx, &rows)
	bySKU := make(map[string]map[string]decimal.Decimal, len(skus))
	for _, row := range rows {
		if bySKU[row.SKU] == nil {
			bySKU[row.SKU] = map[string]decimal.Decimal{}
		}
		bySKU[row.SKU][row.PriceList] = row.Price
	}
	return bySKU, wrap(ctx, err, "load discounted prices")
}

// SortTitlesByProductIDs returns the places of the products in the alphabets of the shop's languages, as
// hexadecimal digits.
func (s *Store) SortTitlesByProductIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]map[models.LanguageCode]string, error) {
	var rows []struct {
		ProductID uuid.UUID
		Language  models.LanguageCode
		SortKey   []byte
	}
	err := s.db.NewRaw("SELECT product_id, language, sort_key FROM product_sort_titles WHERE product_id = ANY(?)", uuidArray(ids)).
		Scan(ctx, &rows)
	byProduct := make(map[uuid.UUID]map[models.LanguageCode]string, len(ids))
	for _, row := range rows {
		if byProduct[row.ProductID] == nil {
			byProduct[row.ProductID] = map[models.LanguageCode]string{}
		}
		byProduct[row.ProductID][row.Language] = hex.EncodeToString(row.SortKey)
	}
	return byProduct, wrap(ctx, err, "load sort titles of products")
}
