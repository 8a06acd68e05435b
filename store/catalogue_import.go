package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"

	"ecoseller/models"
)

// ProductImport is a batch of products as rows, ready to be written. Nil fields leave what is there.
type ProductImport struct {
	PriceLists     []ImportedPriceList
	AttributeTypes []ImportedAttributeType
	Attributes     []ImportedAttribute
	Products       []ImportedProduct
	Translations   []ImportedTranslation
	Categories     []ImportedCategory
	Media          []ImportedMedia
	Variants       []ImportedVariant
	// ReplaceAttributesOf and ReplaceCategoriesOf say whose attributes and categories are given anew.
	ReplaceAttributesOf []string
	ReplaceCategoriesOf []uuid.UUID
	VariantAttributes   []ImportedVariantAttribute
	Prices              []ImportedPrice
}

// The rows of an import. They travel as JSON, one statement for each table.
type (
	// ImportedPriceList is a list that prices are in; it is made when it does not exist.
	ImportedPriceList struct {
		Code     string `json:"code"`
		Currency string `json:"currency"`
	}
	// ImportedAttributeType is made when it does not exist, and widened when its values do not fit.
	ImportedAttributeType struct {
		Code      string                    `json:"code"`
		ValueType models.AttributeValueType `json:"value_type"`
	}
	// ImportedAttribute is a value; it is made when it does not exist.
	ImportedAttribute struct {
		Type   string  `json:"type"`
		Value  string  `json:"value"`
		Number *string `json:"number"`
	}
	// ImportedProduct is a new product or one that exists.
	ImportedProduct struct {
		ID          uuid.UUID `json:"id"`
		Published   *bool     `json:"published"`
		ProductType *string   `json:"product_type"`
		Brand       string    `json:"brand"`
		ReleasedAt  *string   `json:"released_at"`
	}
	// ImportedTranslation replaces the product's text in one language. Slug is nil when none was given:
	// then an existing one stays, and a new one is NewSlug.
	ImportedTranslation struct {
		ProductID        uuid.UUID           `json:"product_id"`
		Language         models.LanguageCode `json:"language"`
		Title            string              `json:"title"`
		Slug             *string             `json:"slug"`
		NewSlug          string              `json:"new_slug"`
		ShortDescription string              `json:"short_description"`
		Description      *string             `json:"description"`
	}
	// ImportedCategory puts a product into the category with the code.
	ImportedCategory struct {
		ProductID uuid.UUID `json:"product_id"`
		Category  string    `json:"category"`
		Position  int       `json:"position"`
	}
	// ImportedMedia is a product's first picture.
	ImportedMedia struct {
		ProductID uuid.UUID `json:"product_id"`
		URL       string    `json:"url"`
	}
	// ImportedVariant is a new variant or one that exists.
	ImportedVariant struct {
		SKU         string    `json:"sku"`
		ProductID   uuid.UUID `json:"product_id"`
		EAN         []string  `json:"ean"`
		PartNumber  string    `json:"part_number"`
		WeightGrams *int      `json:"weight_grams"`
		Stock       *int      `json:"stock"`
		Position    int       `json:"position"`
	}
	// ImportedVariantAttribute gives a variant a value.
	ImportedVariantAttribute struct {
		SKU      string `json:"sku"`
		Type     string `json:"type"`
		Value    string `json:"value"`
		Position int    `json:"position"`
	}
	// ImportedPrice sets the price in one list; prices in other lists stay.
	ImportedPrice struct {
		SKU             string `json:"sku"`
		PriceList       string `json:"price_list"`
		Amount          string `json:"amount"`
		DiscountPercent string `json:"discount_percent"`
	}
)

// ImportProducts writes the batch and enqueues the indexing of its products. It must be called inside
// InTx.
func (s *Store) ImportProducts(ctx context.Context, b *ProductImport) error {
	steps := []struct {
		doing string
		rows  any
		sql   string
	}{
		{"price lists", b.PriceLists, importPriceLists},
		{"attribute types", b.AttributeTypes, importAttributeTypes},
		{"attributes", b.Attributes, importAttributes},
		{"products", b.Products, importProducts},
		{"translations", b.Translations, importTranslations},
		{"variants", b.Variants, importVariants},
		{"product categories", importOf(b.ReplaceCategoriesOf, b.Categories), importCategories},
		{"media", b.Media, importMedia},
		{"variant attributes", importOf(b.ReplaceAttributesOf, b.VariantAttributes), importVariantAttributes},
		{"prices", b.Prices, importPrices},
	}
	for _, step := range steps {
		raw, err := json.Marshal(step.rows)
		if err != nil {
			return fmt.Errorf("write %s: %w", step.doing, err)
		}
		if string(raw) == "null" || string(raw) == "[]" {
			continue
		}
		if _, err := s.db.NewRaw(step.sql, string(raw)).Exec(ctx); err != nil {
			return wrap(ctx, err, "import "+step.doing)
		}
	}
	ids := make([]uuid.UUID, len(b.Products))
	for i, p := range b.Products {
		ids[i] = p.ID
	}
	if err := s.refreshSortTitles(ctx, ids); err != nil {
		return err
	}
	return s.EnqueueIndexing(ctx, ids)
}

// replacement is the JSON of rows that take the place of all rows of their owners.
type replacement struct {
	Owners any `json:"owners"`
	Rows   any `json:"rows"`
}

func importOf[O, R any](owners []O, rows []R) any {
	if len(owners) == 0 {
		return nil
	}
	if rows == nil {
		rows = []R{}
	}
	return replacement{owners, rows}
}

const importPriceLists = `
	INSERT INTO price_lists (code, name, currency, is_default)
	SELECT r.code, upper(r.code), r.currency, NOT EXISTS (SELECT FROM price_lists WHERE is_default) AND row_number() OVER (ORDER BY r.code) = 1
	FROM jsonb_to_recordset(?::jsonb) AS r (code text, currency text)
	ORDER BY r.code
	ON CONFLICT (code) DO NOTHING`

// A type whose values were whole numbers takes fractions next, and any text after that.
const importAttributeTypes = `
	INSERT INTO attribute_types AS at (code, value_type)
	SELECT code, value_type FROM jsonb_to_recordset(?::jsonb) AS r (code text, value_type text)
	ORDER BY code
	ON CONFLICT (code) DO UPDATE
	SET value_type = CASE WHEN at.value_type IN ('INTEGER', 'DECIMAL') AND excluded.value_type IN ('INTEGER', 'DECIMAL')
		THEN 'DECIMAL' ELSE 'TEXT' END
	WHERE at.value_type <> excluded.value_type
	  AND at.value_type <> 'TEXT'
	  AND NOT (at.value_type = 'DECIMAL' AND excluded.value_type = 'INTEGER')`

const importAttributes = `
	INSERT INTO attributes (attribute_type_id, value, number)
	SELECT at.id, r.value, r.number
	FROM jsonb_to_recordset(?::jsonb) AS r (type text, value text, number numeric)
	JOIN attribute_types AS at ON at.code = r.type
	ORDER BY at.id, r.value
	ON CONFLICT (attribute_type_id, value_digest) DO NOTHING`

const importProducts = `
	INSERT INTO products AS p (id, published, product_type_id, brand, released_at)
	SELECT r.id, coalesce(r.published, old.published, true), coalesce(pt.id, old.product_type_id), r.brand, r.released_at
	FROM jsonb_to_recordset(?::jsonb) AS r (id uuid, published boolean, product_type text, brand text, released_at date)
	LEFT JOIN products AS old ON old.id = r.id
	LEFT JOIN product_types AS pt ON pt.code = r.product_type
	ORDER BY r.id
	ON CONFLICT (id) DO UPDATE
	SET published = excluded.published, product_type_id = excluded.product_type_id, brand = excluded.brand,
		released_at = excluded.released_at, version = p.version + 1, index_version = p.index_version + 1,
		updated_at = now()`

const importTranslations = `
	INSERT INTO product_translations AS t (product_id, language, title, slug, short_description, description)
	SELECT r.product_id, r.language, r.title, coalesce(r.slug, old.slug, r.new_slug), r.short_description,
		coalesce(r.description, old.description, '')
	FROM jsonb_to_recordset(?::jsonb) AS r (product_id uuid, language text, title text, slug text, new_slug text,
		short_description text, description text)
	LEFT JOIN product_translations AS old ON old.product_id = r.product_id AND old.language = r.language
	ORDER BY r.product_id, r.language
	ON CONFLICT (product_id, language) DO UPDATE
	SET title = excluded.title, slug = excluded.slug, short_description = excluded.short_description,
		description = excluded.description`

const importVariants = `
	INSERT INTO product_variants AS v (sku, product_id, ean, manufacturer_part_number, weight_grams, stock_quantity, position)
	SELECT r.sku, r.product_id, r.ean, r.part_number, coalesce(r.weight_grams, old.weight_grams),
		coalesce(r.stock, old.stock_quantity, 0), r.position
	FROM jsonb_to_recordset(?::jsonb) AS r (sku text, product_id uuid, ean text[], part_number text, weight_grams int,
		stock int, position int)
	LEFT JOIN product_variants AS old ON old.sku = r.sku
	ORDER BY r.sku
	ON CONFLICT (sku) DO UPDATE
	SET ean = excluded.ean, manufacturer_part_number = excluded.manufacturer_part_number,
		weight_grams = excluded.weight_grams, stock_quantity = excluded.stock_quantity, position = excluded.position`

const importCategories = `
	WITH given AS (SELECT ?::jsonb AS value),
	present AS (
		SELECT r.product_id, c.id AS category_id, r.position
		FROM given, jsonb_to_recordset(given.value -> 'rows') AS r (product_id uuid, category text, position int)
		JOIN categories AS c ON c.code = r.category
	), gone AS (
		DELETE FROM product_categories AS pc
		-- Not USING given: for the row's lock each row would carry all of the JSON.
		WHERE pc.product_id = ANY(ARRAY(SELECT jsonb_array_elements_text(given.value -> 'owners')::uuid FROM given))
		  AND NOT EXISTS (SELECT FROM present WHERE present.product_id = pc.product_id AND present.category_id = pc.category_id)
	)
	INSERT INTO product_categories (product_id, category_id, position)
	SELECT product_id, category_id, position FROM present
	ON CONFLICT (product_id, category_id) DO UPDATE SET position = excluded.position`

const importMedia = `
	INSERT INTO product_media (product_id, url)
	SELECT product_id, url FROM jsonb_to_recordset(?::jsonb) AS r (product_id uuid, url text)
	ORDER BY product_id
	ON CONFLICT (product_id, url) DO NOTHING`

const importVariantAttributes = `
	WITH given AS (SELECT ?::jsonb AS value),
	rows AS MATERIALIZED ( -- all that finds the attribute as columns of one relation: else the planner uses half of the index
		SELECT r.sku, r.position, at.id AS attribute_type_id, md5(r.value)::uuid AS value_digest
		FROM given, jsonb_to_recordset(given.value -> 'rows') AS r (sku text, type text, value text, position int)
		JOIN attribute_types AS at ON at.code = r.type
	), present AS (
		SELECT rows.sku, a.id AS attribute_id, rows.position
		FROM rows JOIN attributes AS a USING (attribute_type_id, value_digest)
	), gone AS (
		DELETE FROM product_variant_attributes AS va
		WHERE va.sku = ANY(ARRAY(SELECT jsonb_array_elements_text(given.value -> 'owners') FROM given))
		  AND NOT EXISTS (SELECT FROM present WHERE present.sku = va.sku AND present.attribute_id = va.attribute_id)
	)
	INSERT INTO product_variant_attributes (sku, attribute_id, position)
	SELECT sku, attribute_id, position FROM present
	ON CONFLICT (sku, attribute_id) DO UPDATE SET position = excluded.position`

const importPrices = `
	INSERT INTO product_prices (sku, price_list, amount, discount_percent)
	SELECT sku, price_list, amount, discount_percent
	FROM jsonb_to_recordset(?::jsonb) AS r (sku text, price_list text, amount numeric, discount_percent numeric)
	ORDER BY sku, price_list
	ON CONFLICT (sku, price_list) DO UPDATE SET amount = excluded.amount, discount_percent = excluded.discount_percent`

// ProductIDsBySKUs returns which products the existing ones among the skus belong to.
func (s *Store) ProductIDsBySKUs(ctx context.Context, skus []string) (map[string]uuid.UUID, error) {
	var rows []struct {
		SKU       string `bun:"sku"`
		ProductID uuid.UUID
	}
	err := s.db.NewRaw("SELECT sku, product_id FROM product_variants WHERE sku = ANY(?)", pgdialect.Array(skus)).Scan(ctx, &rows)
	owners := make(map[string]uuid.UUID, len(rows))
	for _, row := range rows {
		owners[row.SKU] = row.ProductID
	}
	return owners, wrap(ctx, err, "find products by skus")
}

// KnownCodes returns which of the codes are categories and which are product types.
func (s *Store) KnownCodes(ctx context.Context, categories, productTypes []string) (map[string]bool, map[string]bool, error) {
	var rows []struct{ Kind, Code string }
	err := s.db.NewRaw(`
		SELECT 'category' AS kind, code FROM categories WHERE code = ANY(?)
		UNION ALL
		SELECT 'product_type', code FROM product_types WHERE code = ANY(?)`,
		pgdialect.Array(categories), pgdialect.Array(productTypes)).Scan(ctx, &rows)
	known := map[string]map[string]bool{"category": {}, "product_type": {}}
	for _, row := range rows {
		known[row.Kind][row.Code] = true
	}
	return known["category"], known["product_type"], wrap(ctx, err, "look up codes")
}

// IsBadData says whether a statement failed because of what it was to write: a constraint (class 23) or a
// value out of range (class 22), not because of the database.
func IsBadData(err error) bool {
	pgErr, ok := errors.AsType[pgdriver.Error](err)
	if !ok || len(pgErr.Field('C')) != 5 {
		return false
	}
	class := pgErr.Field('C')[:2]
	return class == "23" || class == "22"
}

// Reason is what the database says against bad data, in one line.
func Reason(err error) string {
	pgErr, ok := errors.AsType[pgdriver.Error](err)
	if !ok {
		return err.Error()
	}
	if detail := pgErr.Field('D'); detail != "" {
		return detail
	}
	return pgErr.Field('M')
}
