package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// translationOfProduct joins the text in the first language of the chain that has one.
const translationOfProduct = `
	LEFT JOIN LATERAL (
		SELECT * FROM product_translations
		WHERE product_id = p.id AND language = ANY(?0)
		ORDER BY array_position(?0, language)
		LIMIT 1
	) AS t ON true`

// productColumns are what models.Product holds.
const productColumns = `
	p.*,
	t.product_id AS translation_product_id, t.language AS translation_language, t.title AS translation_title,
	t.slug AS translation_slug, t.meta_title AS translation_meta_title,
	t.meta_description AS translation_meta_description, t.short_description AS translation_short_description,
	t.description AS translation_description`

// ProductPlace is where a product stands in a list.
type ProductPlace struct {
	ID uuid.UUID
	// SortKey is the value that it is sorted by, for its cursor.
	SortKey string
}

// ProductPage returns the places of a page in their order, and whether there are more: after the page, or before it when
// it is asked for backward.
func (s *Store) ProductPage(ctx context.Context, q models.ProductQuery) (places []ProductPlace, more bool, err error) {
	direction := q.Direction
	if q.Backward {
		direction = direction.Reverse()
	}
	if q, err = s.WithBelow(ctx, q); err != nil {
		return nil, false, err
	}
	if isCategoryPage(q) {
		places, err = s.categoryPage(ctx, q, direction, q.Size+1)
	} else {
		places, err = s.filteredPage(ctx, q, direction, q.Size+1)
	}
	if err != nil {
		return nil, false, err
	}
	if len(places) > q.Size {
		places, more = places[:q.Size], true
	}
	if q.Backward {
		slices.Reverse(places)
	}
	return places, more, nil
}

// filteredPage returns up to limit places of any list.
func (s *Store) filteredPage(ctx context.Context, q models.ProductQuery, direction models.SortDirection, limit int) ([]ProductPlace, error) {
	order, err := orderOf(q)
	if err != nil {
		return nil, err
	}
	rare, err := s.rareAttributes(ctx, q.Attributes)
	if err != nil {
		return nil, err
	}
	query := s.db.NewSelect().Model((*models.Product)(nil)).
		ColumnExpr("p.id, ?::text AS sort_key", order.text).
		Apply(order.join).
		Apply(filterProducts(besides(q, rare))).
		Apply(lookUp(rare)).
		OrderExpr("? ?, ? ?", order.key, bun.Safe(direction), order.id, bun.Safe(direction)).
		Limit(int64(limit))
	if q.SortKey == models.SortByPrice && q.Price != nil && q.Price.PriceList == q.SortPriceList {
		boundPrices(query, order.key, q.Price)
	}
	if q.From != nil {
		query.Where("(?, ?) ? (?, ?)", order.key, order.id, after(direction), bun.SafeQuery(order.parse, q.From.Value), q.From.ID)
	}
	var places []ProductPlace
	err = query.Scan(ctx, &places)
	return places, wrap(ctx, err, "load page of products")
}

// CountProducts counts the products that a list has on all its pages.
func (s *Store) CountProducts(ctx context.Context, q models.ProductQuery) (int, error) {
	q, err := s.WithBelow(ctx, q)
	if err != nil {
		return 0, err
	}
	count, err := s.db.NewSelect().Model((*models.Product)(nil)).Apply(filterProducts(q)).Count(ctx)
	return int(count), wrap(ctx, err, "count products")
}

// ProductsByIDs returns the products that exist among the ids, in no particular order, with texts in
// the chain's languages.
func (s *Store) ProductsByIDs(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) ([]*models.Product, error) {
	var products []*models.Product
	err := s.selectProducts(&products, chain).Where("p.id = ANY(?)", uuidArray(ids)).Scan(ctx)
	return withChain(products, chain), wrap(ctx, err, "load products")
}

// ProductIDsAfter returns up to limit ids of all products, published or not, that follow the given one
// in the order of ids.
func (s *Store) ProductIDsAfter(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := s.db.NewRaw("SELECT id FROM products WHERE id > ? ORDER BY id LIMIT ?", after, limit).Scan(ctx, &ids)
	return ids, wrap(ctx, err, "list product ids")
}

// EveryNthProductID returns the first id of all products, published or not, and of every n-th behind it, in the
// order of ids.
func (s *Store) EveryNthProductID(ctx context.Context, n int) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := s.db.NewRaw(`
		SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM products) AS numbered
		WHERE place % ? = 0
		ORDER BY id`, n).Scan(ctx, &ids)
	return ids, wrap(ctx, err, "divide products into parts")
}

// ProductTranslationsByProductIDs returns the products' texts in all languages.
func (s *Store) ProductTranslationsByProductIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]*models.ProductTranslation, error) {
	var translations []*models.ProductTranslation
	err := s.db.NewRaw("SELECT * FROM product_translations WHERE product_id = ANY(?) ORDER BY product_id, language",
		uuidArray(ids)).Scan(ctx, &translations)
	return groupBy(translations, func(t *models.ProductTranslation) uuid.UUID { return t.ProductID }),
		wrap(ctx, err, "load translations of products")
}

// ProductTypesByIDs returns the product types that exist among the ids, in no particular order.
func (s *Store) ProductTypesByIDs(ctx context.Context, ids []uuid.UUID) ([]*models.ProductType, error) {
	var types []*models.ProductType
	err := s.db.NewSelect().Model(&types).Where("pt.id = ANY(?)", uuidArray(ids)).Scan(ctx)
	return types, wrap(ctx, err, "load product types")
}

// ProductTypes returns all product types, by their codes.
func (s *Store) ProductTypes(ctx context.Context) ([]*models.ProductType, error) {
	var types []*models.ProductType
	err := s.db.NewSelect().Model(&types).OrderExpr("pt.code").Scan(ctx)
	return types, wrap(ctx, err, "load product types")
}

// CountAllProducts says how many products there are, published or not.
func (s *Store) CountAllProducts(ctx context.Context) (int, error) {
	count, err := s.db.NewSelect().Model((*models.Product)(nil)).Count(ctx)
	return int(count), wrap(ctx, err, "count all products")
}

func (s *Store) selectProducts(into *[]*models.Product, chain []models.LanguageCode) *bun.SelectQuery {
	return s.db.NewSelect().Model(into).
		ColumnExpr(productColumns).
		Join(translationOfProduct, languageArray(chain))
}

// productOrder is what a list is sorted by: a key and, where keys are equal, the id, both as an index has them.
type productOrder struct {
	key, id bun.Safe
	// text is the key as a cursor carries it, parse reads it back.
	text  bun.Safe
	parse string
	// join brings in the table that has the index.
	join func(*bun.SelectQuery) *bun.SelectQuery
}

func orderOf(q models.ProductQuery) (productOrder, error) {
	switch q.SortKey {
	case models.SortByCreatedAt:
		return orderByColumn("p.created_at"), nil
	case models.SortByUpdatedAt:
		return orderByColumn("p.updated_at"), nil
	case models.SortByTitle:
		return productOrder{
			key: "s.sort_key", id: "s.product_id", text: "encode(s.sort_key, 'hex')", parse: "decode(?, 'hex')",
			join: func(query *bun.SelectQuery) *bun.SelectQuery {
				return query.Join("JOIN product_sort_titles AS s ON s.product_id = p.id AND s.language = ?", q.Chain[0])
			},
		}, nil
	case models.SortByPrice:
		// What has no price comes last, hence a key for each direction.
		key := bun.Safe("coalesce(r.lowest, 'Infinity')")
		if q.Direction == models.Descending {
			key = "coalesce(r.lowest, -1)"
		}
		return productOrder{
			key: key, id: "r.product_id", text: key, parse: "?::numeric",
			join: func(query *bun.SelectQuery) *bun.SelectQuery {
				return query.Join("JOIN product_price_ranges AS r ON r.product_id = p.id AND r.price_list = ?", q.SortPriceList)
			},
		}, nil
	}
	return productOrder{}, fmt.Errorf("products cannot be sorted by %q", q.SortKey)
}

// boundPrices tells a list sorted by price what its filter means for the sorted prices: otherwise it would walk
// through all the dearer products to the first that the filter lets pass.
func boundPrices(query *bun.SelectQuery, key bun.Safe, c *models.PriceCondition) {
	if c.Max != nil {
		query.Where("? <= ?", key, *c.Max)
	}
	if c.Min != nil {
		query.Where("r.highest >= ?", *c.Min)
	}
}

func orderByColumn(column bun.Safe) productOrder {
	return productOrder{
		key: column, id: "p.id", text: column, parse: "?::timestamptz",
		join: func(query *bun.SelectQuery) *bun.SelectQuery { return query },
	}
}

func after(d models.SortDirection) bun.Safe {
	if d == models.Descending {
		return "<"
	}
	return ">"
}

// filterProducts adds the conditions of the query; those that are nil do not apply. Its categories have been looked up
// (WithBelow).
func filterProducts(q models.ProductQuery) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(query *bun.SelectQuery) *bun.SelectQuery {
		if q.Published != nil {
			query.Where("p.published = ?", *q.Published)
		}
		if q.IDs != nil {
			query.Where("p.id = ANY(?)", uuidArray(q.IDs))
		}
		if q.SKUs != nil {
			query.Where("p.id IN (SELECT product_id FROM product_variants WHERE sku = ANY(?))", pgdialect.Array(q.SKUs))
		}
		for _, categories := range q.Below {
			query.Where("p.id IN (SELECT product_id FROM product_categories WHERE category_id = ANY(?))", uuidArray(categories))
		}
		if q.Brands != nil {
			query.Where("p.brand = ANY(?)", pgdialect.Array(q.Brands))
		}
		if q.ProductTypes != nil {
			query.Where("p.product_type_id IN (SELECT id FROM product_types WHERE code = ANY(?))", pgdialect.Array(q.ProductTypes))
		}
		if q.CreatedSince != nil {
			query.Where("p.created_at >= ?", *q.CreatedSince)
		}
		if q.UpdatedSince != nil {
			query.Where("p.updated_at >= ?", *q.UpdatedSince)
		}
		return filterVariants(query, q)
	}
}

// filterVariants adds the conditions that one variant has to meet together.
func filterVariants(query *bun.SelectQuery, q models.ProductQuery) *bun.SelectQuery {
	var conditions statement
	if q.InStock != nil && *q.InStock {
		conditions.add(" AND v.stock_quantity > 0")
	}
	if q.Price != nil {
		conditions.add(" AND v.sku IN (SELECT sku FROM product_prices WHERE price_list = ?", q.Price.PriceList)
		conditions.between("amount * (100 - discount_percent) / 100", q.Price.Min, q.Price.Max)
		conditions.add(")")
	}
	for _, a := range q.Attributes {
		conditions.attribute(a)
	}
	if conditions.sql != "" {
		query.Where("p.id IN (SELECT v.product_id FROM product_variants AS v WHERE true"+conditions.sql+")", conditions.args...)
	}
	if q.InStock != nil && !*q.InStock {
		query.Where("NOT EXISTS (SELECT FROM product_variants AS v WHERE v.product_id = p.id AND v.stock_quantity > 0)")
	}
	return query
}

// attribute adds the condition that a variant has one of the values. The values are looked up first: they
// are few, and their index leads to the variants.
func (b *statement) attribute(c models.AttributeCondition) {
	b.add(" AND v.sku IN (SELECT sku FROM product_variant_attributes WHERE attribute_id = ANY(")
	b.attributeIDs(c)
	b.add("))")
}

// attributeIDs adds the array of the attributes that meet the condition.
func (b *statement) attributeIDs(c models.AttributeCondition) {
	b.add("ARRAY(SELECT a.id FROM attributes AS a JOIN attribute_types AS at ON at.id = a.attribute_type_id WHERE at.code = ?", c.Type)
	if c.Values != nil {
		b.add(" AND a.value_digest IN (SELECT md5(given)::uuid FROM unnest(?::text[]) AS given)", pgdialect.Array(c.Values))
	}
	b.between("a.number", c.Min, c.Max)
	b.add(")")
}

// between adds the bounds that are not nil.
func (b *statement) between(expression string, least, most *decimal.Decimal) {
	if least != nil {
		b.add(" AND "+expression+" >= ?", *least)
	}
	if most != nil {
		b.add(" AND "+expression+" <= ?", *most)
	}
}

func withChain(products []*models.Product, chain []models.LanguageCode) []*models.Product {
	for _, p := range products {
		p.Chain = chain
	}
	return products
}
