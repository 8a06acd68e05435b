package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// Orders of an export are those of bytes, so that they are the same on every server.

// ExportedProductType is a product type with the codes of its attribute types and VAT groups.
type ExportedProductType struct {
	Code           string
	Name           models.Translated `bun:"type:jsonb"`
	AttributeTypes []string          `bun:",array"`
	VatGroups      []string          `bun:",array"`
}

// ExportedCategory is a category with its parent's code.
type ExportedCategory struct {
	ID        uuid.UUID
	Code      string
	Parent    *string
	Published bool
	Position  int
}

// VatGroups returns the VAT groups of all countries, by their codes.
func (s *Store) VatGroups(ctx context.Context) ([]*models.VatGroup, error) {
	var groups []*models.VatGroup
	err := s.db.NewRaw(`SELECT * FROM vat_groups ORDER BY code COLLATE "C"`).Scan(ctx, &groups)
	return groups, wrap(ctx, err, "load VAT groups")
}

// ExportedProductTypes returns all product types, by their codes.
func (s *Store) ExportedProductTypes(ctx context.Context) ([]*ExportedProductType, error) {
	var types []*ExportedProductType
	err := s.db.NewRaw(`
		SELECT pt.code, pt.name,
			ARRAY(
				SELECT at.code
				FROM product_type_attribute_types AS pa JOIN attribute_types AS at ON at.id = pa.attribute_type_id
				WHERE pa.product_type_id = pt.id
				ORDER BY at.code COLLATE "C"
			) AS attribute_types,
			ARRAY(
				SELECT vat_group FROM product_type_vat_groups
				WHERE product_type_id = pt.id
				ORDER BY vat_group COLLATE "C"
			) AS vat_groups
		FROM product_types AS pt
		ORDER BY pt.code COLLATE "C"`).Scan(ctx, &types)
	return types, wrap(ctx, err, "load product types")
}

// ExportedCategories returns all categories, parents before their children.
func (s *Store) ExportedCategories(ctx context.Context) ([]*ExportedCategory, error) {
	var categories []*ExportedCategory
	err := s.db.NewRaw(`
		WITH RECURSIVE tree AS (
			SELECT id, code, NULL::text AS parent, published, position, 0 AS depth
			FROM categories WHERE parent_id IS NULL
			UNION ALL
			SELECT c.id, c.code, tree.code, c.published, c.position, tree.depth + 1
			FROM tree JOIN categories AS c ON c.parent_id = tree.id
		)
		SELECT id, code, parent, published, position
		FROM tree
		ORDER BY depth, parent COLLATE "C", position, code COLLATE "C"`).Scan(ctx, &categories)
	return categories, wrap(ctx, err, "load categories")
}

// ExportedCategoryTexts returns the texts of categories in all languages.
func (s *Store) ExportedCategoryTexts(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]*models.CategoryTranslation, error) {
	var texts []*models.CategoryTranslation
	err := s.db.NewRaw(`
		SELECT category_id, language, title, slug, meta_title, meta_description, description
		FROM category_translations
		WHERE category_id = ANY(?)`, uuidArray(ids)).Scan(ctx, &texts)
	return groupBy(texts, func(t *models.CategoryTranslation) uuid.UUID { return t.CategoryID }), wrap(ctx, err, "load texts of categories")
}

// AttributesAfter returns up to limit attributes of the types that follow the given one, nil at the beginning: by
// the codes of their types, their positions and values. They carry their types.
func (s *Store) AttributesAfter(ctx context.Context, types []uuid.UUID, last *models.Attribute, limit int) ([]*models.Attribute, error) {
	var q statement
	q.add(`
		SELECT a.id, a.attribute_type_id, a.value, a.number, a.name, a.position, at.code AS type_code,
			at.value_type AS type_value_type
		FROM attributes AS a JOIN attribute_types AS at ON at.id = a.attribute_type_id
		WHERE a.attribute_type_id = ANY(?)`, uuidArray(types))
	if last != nil {
		q.add(` AND (at.code COLLATE "C", a.position, a.value COLLATE "C") > (?, ?, ?)`, last.Type.Code, last.Position, last.Value)
	}
	q.add(` ORDER BY at.code COLLATE "C", a.position, a.value COLLATE "C" LIMIT ?`, limit)
	var rows []variantAttribute
	err := s.db.NewRaw(q.sql, q.args...).Scan(ctx, &rows)
	attributes := make([]*models.Attribute, len(rows))
	for i := range rows {
		attributes[i] = rows[i].attribute()
	}
	return attributes, wrap(ctx, err, "load attributes")
}

// CategoryCodesByProductIDs returns the codes of all categories that the products are in, published or not, in
// their order.
func (s *Store) CategoryCodesByProductIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]string, error) {
	var rows []struct {
		ProductID uuid.UUID
		Code      string
	}
	err := s.db.NewRaw(`
		SELECT pc.product_id, c.code
		FROM product_categories AS pc JOIN categories AS c ON c.id = pc.category_id
		WHERE pc.product_id = ANY(?)
		ORDER BY pc.product_id, pc.position, c.code COLLATE "C"`, uuidArray(ids)).Scan(ctx, &rows)
	codes := map[uuid.UUID][]string{}
	for _, row := range rows {
		codes[row.ProductID] = append(codes[row.ProductID], row.Code)
	}
	return codes, wrap(ctx, err, "load categories of products")
}

// AllPrices returns the prices of variants in all price lists, by the codes of the lists.
func (s *Store) AllPrices(ctx context.Context, skus []string) (map[string][]*models.ProductPrice, error) {
	var prices []*models.ProductPrice
	err := s.db.NewRaw(`SELECT * FROM product_prices WHERE sku = ANY(?) ORDER BY sku, price_list COLLATE "C"`,
		pgdialect.Array(skus)).Scan(ctx, &prices)
	return groupBy(prices, func(p *models.ProductPrice) string { return p.SKU }), wrap(ctx, err, "load prices")
}

// TranslatedLanguages returns the languages in which products have texts.
func (s *Store) TranslatedLanguages(ctx context.Context) ([]models.LanguageCode, error) {
	var languages []models.LanguageCode
	err := s.db.NewRaw(`
		SELECT language FROM product_translations GROUP BY language ORDER BY language COLLATE "C"`).Scan(ctx, &languages)
	return languages, wrap(ctx, err, "list languages of texts")
}
