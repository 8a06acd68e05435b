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
	PriceLists          []ImportedPriceList
	AttributeTypes      []ImportedAttributeType
	Attributes          []ImportedAttribute
	Products            []ImportedProduct
	RemovedTranslations []TextKey
	Translations        []ImportedTranslation
	Categories          []ImportedCategory
	Media               []ImportedMedia
	Variants            []ImportedVariant
	// ReplaceCategoriesOf, ReplaceMediaOf and ReplaceVariantsOf say of which existing products the lists are given anew.
	ReplaceCategoriesOf []uuid.UUID
	ReplaceMediaOf      []uuid.UUID
	ReplaceVariantsOf   []uuid.UUID
	// ReplaceAttributesOf and ReplacePricesOf say of which existing variants the lists are given anew.
	ReplaceAttributesOf []string
	ReplacePricesOf     []string
	// OnlyTypes bounds ReplaceAttributesOf to attributes of these types; nil means all. Then attributes that
	// a variant has already keep their place among the others.
	OnlyTypes         []string
	VariantAttributes []ImportedVariantAttribute
	RemovedPrices     []PriceKey
	Prices            []ImportedPrice
	// AllNew says that none of the products and variants exists, so nobody need look for their rows. Should one have come
	// into being meanwhile, it is bad data.
	AllNew bool
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
	// ImportedProduct is a new product or one that exists. Cleared names the columns to be emptied.
	ImportedProduct struct {
		ID          uuid.UUID `json:"id"`
		Published   *bool     `json:"published"`
		ProductType *string   `json:"product_type"`
		Brand       *string   `json:"brand"`
		ReleasedAt  *string   `json:"released_at"`
		Cleared     []string  `json:"cleared"`
	}
	// TextKey names a product's text in one language.
	TextKey struct {
		ProductID uuid.UUID           `json:"product_id"`
		Language  models.LanguageCode `json:"language"`
	}
	// ImportedTranslation is the product's text in one language. Title is nil only for a text that exists.
	// Slug is nil when none was given: then an existing one stays, and a new one is NewSlug.
	ImportedTranslation struct {
		TextKey

		Title            *string `json:"title"`
		Slug             *string `json:"slug"`
		NewSlug          string  `json:"new_slug"`
		MetaTitle        *string `json:"meta_title"`
		MetaDescription  *string `json:"meta_description"`
		ShortDescription *string `json:"short_description"`
		Description      *string `json:"description"`
	}
	// ImportedCategory puts a product into the category with the code.
	ImportedCategory struct {
		ProductID uuid.UUID `json:"product_id"`
		Category  string    `json:"category"`
		Position  int       `json:"position"`
	}
	// ImportedMedia is a picture of a product. Without a position it keeps its own. File is the name of the file of
	// ours that has the address, should there be one.
	ImportedMedia struct {
		ProductID uuid.UUID `json:"product_id"`
		URL       string    `json:"url"`
		File      string    `json:"file"`
		Position  *int      `json:"position"`
	}
	// ImportedVariant is a new variant or one that exists. Without a position it keeps its own, or follows the
	// product's present ones by its index. Cleared names the columns to be emptied.
	ImportedVariant struct {
		SKU         string    `json:"sku"`
		ProductID   uuid.UUID `json:"product_id"`
		EAN         []string  `json:"ean"`
		PartNumber  *string   `json:"part_number"`
		WeightGrams *int      `json:"weight_grams"`
		Stock       *int      `json:"stock"`
		Position    *int      `json:"position"`
		Index       int       `json:"index"`
		Cleared     []string  `json:"cleared"`
	}
	// ImportedVariantAttribute gives a variant a value.
	ImportedVariantAttribute struct {
		SKU      string `json:"sku"`
		Type     string `json:"type"`
		Value    string `json:"value"`
		Position int    `json:"position"`
	}
	// PriceKey names the price of a variant in one list.
	PriceKey struct {
		SKU       string `json:"sku"`
		PriceList string `json:"price_list"`
	}
	// ImportedPrice sets the price in one list. Amount is nil only for a price that exists.
	ImportedPrice struct {
		PriceKey

		Amount          *string `json:"amount"`
		DiscountPercent *string `json:"discount_percent"`
	}
)

// ImportProducts writes the batch and enqueues the indexing of its products. It must be called inside
// InTx.
func (s *Store) ImportProducts(ctx context.Context, b *ProductImport) error {
	for _, step := range b.steps() {
		raw, err := json.Marshal(step.rows)
		if err != nil {
			return fmt.Errorf("write %s: %w", step.doing, err)
		}
		if string(raw) == "null" || string(raw) == "[]" {
			continue
		}
		sql := step.sql
		if !b.AllNew {
			sql += step.update
		}
		if _, err := s.db.NewRaw(sql, string(raw), b.AllNew).Exec(ctx); err != nil {
			return wrap(ctx, err, "import "+step.doing)
		}
	}
	ids := make([]uuid.UUID, len(b.Products))
	for i, p := range b.Products {
		ids[i] = p.ID
	}
	if err := s.writeImportedSortTitles(ctx, b, ids); err != nil {
		return err
	}
	return s.EnqueueIndexing(ctx, ids)
}

// importStep writes rows of one kind.
type importStep struct {
	doing string
	rows  any
	// sql is given the rows as JSON, and whether all is new. Where rows may exist, update follows it.
	sql, update string
}

func (b *ProductImport) steps() []importStep {
	updateAttributes := updateVariantAttributes
	if b.OnlyTypes != nil {
		updateAttributes = keepVariantAttributes
	}
	return []importStep{
		{"price lists", b.PriceLists, importPriceLists, ""},
		{"attribute types", b.AttributeTypes, importAttributeTypes, ""},
		{"attributes", b.Attributes, importAttributes, ""},
		{"products", b.Products, importProducts, updateProducts},
		{"removed translations", b.RemovedTranslations, removeTranslations, ""},
		{"translations", b.Translations, importTranslations, updateTranslations},
		{"left out variants", leftOutOf(b.ReplaceVariantsOf, b.Variants, nil), removeVariants, ""},
		{"variants", b.Variants, importVariants, updateVariants},
		{"left out product categories", leftOutOf(b.ReplaceCategoriesOf, b.Categories, nil), leaveOutCategories, ""},
		{"product categories", b.Categories, importCategories, updateCategories},
		{"left out media", leftOutOf(b.ReplaceMediaOf, b.Media, nil), removeMedia, ""},
		{"media", b.Media, importMedia, updateMedia},
		{"left out variant attributes", leftOutOf(b.ReplaceAttributesOf, b.VariantAttributes, b.OnlyTypes), leaveOutVariantAttributes, ""},
		{"variant attributes", b.VariantAttributes, importVariantAttributes, updateAttributes},
		{"left out prices", leftOutOf(b.ReplacePricesOf, b.Prices, nil), leaveOutPrices, ""},
		{"removed prices", b.RemovedPrices, removePrices, ""},
		{"prices", b.Prices, importPrices, updatePrices},
	}
}

// writeImportedSortTitles writes the sort titles of the batch's products; of new ones all titles are at hand.
func (s *Store) writeImportedSortTitles(ctx context.Context, b *ProductImport, ids []uuid.UUID) error {
	if !b.AllNew {
		return s.refreshSortTitles(ctx, ids)
	}
	translated := make(map[uuid.UUID]models.Translated, len(ids))
	for _, id := range ids {
		translated[id] = models.Translated{}
	}
	for _, t := range b.Translations {
		translated[t.ProductID][t.Language] = *t.Title
	}
	return s.execJSON(ctx, "write sort titles", insertSortTitles, s.sortTitles(translated))
}

// replacement is the JSON of rows that take the place of all rows of their owners: those left out are to go.
type replacement struct {
	Owners any `json:"owners"`
	Rows   any `json:"rows"`
	// Types are the attribute types that are replaced; nil means all.
	Types []string `json:"types"`
}

func leftOutOf[O, R any](owners []O, rows []R, types []string) any {
	if len(owners) == 0 {
		return nil
	}
	if rows == nil {
		rows = []R{}
	}
	return replacement{owners, rows, types}
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
	SELECT r.id, coalesce(r.published, old.published, true),
		CASE WHEN 'product_type' = ANY(r.cleared) THEN NULL ELSE coalesce(pt.id, old.product_type_id) END,
		coalesce(r.brand, old.brand, ''),
		CASE WHEN 'released_at' = ANY(r.cleared) THEN NULL ELSE coalesce(r.released_at, old.released_at) END
	FROM jsonb_to_recordset(?0::jsonb) AS r (id uuid, published boolean, product_type text, brand text, released_at date,
		cleared text[])
	LEFT JOIN products AS old ON NOT ?1 AND old.id = r.id
	LEFT JOIN product_types AS pt ON pt.code = r.product_type
	ORDER BY r.id`

const updateProducts = `
	ON CONFLICT (id) DO UPDATE
	SET published = excluded.published, product_type_id = excluded.product_type_id, brand = excluded.brand,
		released_at = excluded.released_at, version = p.version + 1, index_version = nextval('product_index_versions'),
		updated_at = now()`

const removeTranslations = `
	DELETE FROM product_translations
	WHERE (product_id, language) IN (
		SELECT product_id, language FROM jsonb_to_recordset(?::jsonb) AS r (product_id uuid, language text)
	)`

const importTranslations = `
	INSERT INTO product_translations AS t (product_id, language, title, slug, meta_title, meta_description,
		short_description, description)
	SELECT r.product_id, r.language, coalesce(r.title, old.title), coalesce(r.slug, old.slug, r.new_slug),
		coalesce(r.meta_title, old.meta_title, ''), coalesce(r.meta_description, old.meta_description, ''),
		coalesce(r.short_description, old.short_description, ''), coalesce(r.description, old.description, '')
	FROM jsonb_to_recordset(?0::jsonb) AS r (product_id uuid, language text, title text, slug text, new_slug text,
		meta_title text, meta_description text, short_description text, description text)
	LEFT JOIN product_translations AS old ON NOT ?1 AND old.product_id = r.product_id AND old.language = r.language
	ORDER BY r.product_id, r.language`

const updateTranslations = `
	ON CONFLICT (product_id, language) DO UPDATE
	SET title = excluded.title, slug = excluded.slug, meta_title = excluded.meta_title,
		meta_description = excluded.meta_description, short_description = excluded.short_description,
		description = excluded.description`

const removeVariants = `
	WITH given AS (SELECT ?::jsonb AS value)
	DELETE FROM product_variants
	WHERE product_id = ANY(ARRAY(SELECT jsonb_array_elements_text(given.value -> 'owners')::uuid FROM given))
	  AND sku <> ALL(ARRAY(SELECT jsonb_array_elements(given.value -> 'rows') ->> 'sku' FROM given))`

const importVariants = `
	INSERT INTO product_variants AS v (sku, product_id, ean, manufacturer_part_number, weight_grams, stock_quantity, position)
	SELECT r.sku, r.product_id, coalesce(r.ean, old.ean, '{}'),
		coalesce(r.part_number, old.manufacturer_part_number, ''),
		CASE WHEN 'weight_grams' = ANY(r.cleared) THEN NULL ELSE coalesce(r.weight_grams, old.weight_grams) END,
		coalesce(r.stock, old.stock_quantity, 0),
		coalesce(r.position, old.position, r.index + (
			SELECT coalesce(max(position) + 1, 0) FROM product_variants WHERE product_id = r.product_id
		))
	FROM jsonb_to_recordset(?0::jsonb) AS r (sku text, product_id uuid, ean text[], part_number text, weight_grams int,
		stock int, position int, index int, cleared text[])
	LEFT JOIN product_variants AS old ON NOT ?1 AND old.sku = r.sku
	ORDER BY r.sku`

const updateVariants = `
	ON CONFLICT (sku) DO UPDATE
	SET ean = excluded.ean, manufacturer_part_number = excluded.manufacturer_part_number,
		weight_grams = excluded.weight_grams, stock_quantity = excluded.stock_quantity, position = excluded.position`

const leaveOutCategories = `
	WITH given AS (SELECT ?::jsonb AS value)
	DELETE FROM product_categories
	WHERE product_id = ANY(ARRAY(SELECT jsonb_array_elements_text(given.value -> 'owners')::uuid FROM given))
	  AND (product_id, category_id) NOT IN (
		SELECT r.product_id, c.id
		FROM given, jsonb_to_recordset(given.value -> 'rows') AS r (product_id uuid, category text)
		JOIN categories AS c ON c.code = r.category
	)`

const importCategories = `
	INSERT INTO product_categories (product_id, category_id, position)
	SELECT r.product_id, c.id, r.position
	FROM jsonb_to_recordset(?::jsonb) AS r (product_id uuid, category text, position int)
	JOIN categories AS c ON c.code = r.category`

const updateCategories = `
	ON CONFLICT (product_id, category_id) DO UPDATE SET position = excluded.position`

const removeMedia = `
	WITH given AS (SELECT ?::jsonb AS value)
	DELETE FROM product_media
	WHERE product_id = ANY(ARRAY(SELECT jsonb_array_elements_text(given.value -> 'owners')::uuid FROM given))
	  AND (product_id, url) NOT IN (
		SELECT product_id, coalesce(f.name, r.url)
		FROM given, jsonb_to_recordset(given.value -> 'rows') AS r (product_id uuid, url text, file text)
		LEFT JOIN media_files AS f ON f.name = r.file
	)`

const importMedia = `
	WITH rows AS (
		SELECT DISTINCT ON (r.product_id, coalesce(f.name, r.url)) r.product_id, coalesce(f.name, r.url) AS url, r.position
		FROM jsonb_to_recordset(?0::jsonb) AS r (product_id uuid, url text, file text, position int)
		LEFT JOIN media_files AS f ON f.name = r.file
	)
	INSERT INTO product_media (product_id, url, position)
	SELECT rows.product_id, rows.url, coalesce(rows.position, old.position, 0)
	FROM rows
	LEFT JOIN product_media AS old ON NOT ?1 AND old.product_id = rows.product_id AND old.url = rows.url
	ORDER BY product_id, url`

const updateMedia = `
	ON CONFLICT (product_id, url) DO UPDATE SET position = excluded.position`

const leaveOutVariantAttributes = `
	WITH given AS (SELECT ?::jsonb AS value),
	rows AS MATERIALIZED ( -- all that finds the attribute as columns of one relation: else the planner uses half of the index
		SELECT r.sku, at.id AS attribute_type_id, md5(r.value)::uuid AS value_digest
		FROM given, jsonb_to_recordset(given.value -> 'rows') AS r (sku text, type text, value text)
		JOIN attribute_types AS at ON at.code = r.type
	), present AS (
		SELECT rows.sku, a.id AS attribute_id
		FROM rows JOIN attributes AS a USING (attribute_type_id, value_digest)
	)
	DELETE FROM product_variant_attributes AS va
	-- Not USING given: for the row's lock each row would carry all of the JSON.
	WHERE va.sku = ANY(ARRAY(SELECT jsonb_array_elements_text(given.value -> 'owners') FROM given))
	  AND (
		(SELECT jsonb_typeof(given.value -> 'types') = 'null' FROM given)
		OR va.attribute_id IN (
			SELECT a.id FROM attributes AS a JOIN attribute_types AS at ON at.id = a.attribute_type_id
			WHERE at.code = ANY(ARRAY(
				SELECT jsonb_array_elements_text(CASE jsonb_typeof(given.value -> 'types') WHEN 'array' THEN given.value -> 'types' ELSE '[]' END)
				FROM given
			))
		)
	  )
	  AND NOT EXISTS (SELECT FROM present WHERE present.sku = va.sku AND present.attribute_id = va.attribute_id)`

const importVariantAttributes = `
	WITH rows AS MATERIALIZED ( -- as above
		SELECT r.sku, r.position, at.id AS attribute_type_id, md5(r.value)::uuid AS value_digest
		FROM jsonb_to_recordset(?::jsonb) AS r (sku text, type text, value text, position int)
		JOIN attribute_types AS at ON at.code = r.type
	)
	INSERT INTO product_variant_attributes (sku, attribute_id, position)
	SELECT rows.sku, a.id, rows.position
	FROM rows JOIN attributes AS a USING (attribute_type_id, value_digest)`

const updateVariantAttributes = `
	ON CONFLICT (sku, attribute_id) DO UPDATE SET position = excluded.position`

const keepVariantAttributes = `
	ON CONFLICT (sku, attribute_id) DO NOTHING`

const leaveOutPrices = `
	WITH given AS (SELECT ?::jsonb AS value)
	DELETE FROM product_prices
	WHERE sku = ANY(ARRAY(SELECT jsonb_array_elements_text(given.value -> 'owners') FROM given))
	  AND (sku, price_list) NOT IN (
		SELECT sku, price_list
		FROM given, jsonb_to_recordset(given.value -> 'rows') AS r (sku text, price_list text)
	)`

const removePrices = `
	DELETE FROM product_prices
	WHERE (sku, price_list) IN (
		SELECT sku, price_list FROM jsonb_to_recordset(?::jsonb) AS r (sku text, price_list text)
	)`

const importPrices = `
	INSERT INTO product_prices (sku, price_list, amount, discount_percent)
	SELECT r.sku, r.price_list, coalesce(r.amount, old.amount), coalesce(r.discount_percent, old.discount_percent, 0)
	FROM jsonb_to_recordset(?0::jsonb) AS r (sku text, price_list text, amount numeric, discount_percent numeric)
	LEFT JOIN product_prices AS old ON NOT ?1 AND old.sku = r.sku AND old.price_list = r.price_list
	WHERE coalesce(r.amount, old.amount) IS NOT NULL OR r.discount_percent <> 0
	ORDER BY sku, price_list`

const updatePrices = `
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

// LockProducts keeps others from changing the products until the transaction ends. It returns which of the ids are
// products.
func (s *Store) LockProducts(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	var rows []uuid.UUID
	err := s.db.NewRaw("SELECT id FROM products WHERE id = ANY(?) ORDER BY id FOR NO KEY UPDATE", uuidArray(ids)).Scan(ctx, &rows)
	exist := make(map[uuid.UUID]bool, len(rows))
	for _, id := range rows {
		exist[id] = true
	}
	return exist, wrap(ctx, err, "lock products")
}

// Codes are codes of what catalogue files refer to.
type Codes struct {
	Categories, ProductTypes, AttributeTypes, VatGroups []string
}

// KnownCodes says which codes exist.
type KnownCodes struct {
	Categories, ProductTypes, VatGroups map[string]bool
	AttributeTypes                      map[string]models.AttributeValueType
}

// KnownCodes returns which of the codes exist.
func (s *Store) KnownCodes(ctx context.Context, codes Codes) (KnownCodes, error) {
	var rows []struct{ Kind, Code, ValueType string }
	err := s.db.NewRaw(`
		SELECT 'category' AS kind, code, '' AS value_type FROM categories WHERE code = ANY(?)
		UNION ALL
		SELECT 'product_type', code, '' FROM product_types WHERE code = ANY(?)
		UNION ALL
		SELECT 'vat_group', code, '' FROM vat_groups WHERE code = ANY(?)
		UNION ALL
		SELECT 'attribute_type', code, value_type FROM attribute_types WHERE code = ANY(?)`,
		stringArray(codes.Categories), stringArray(codes.ProductTypes), stringArray(codes.VatGroups),
		stringArray(codes.AttributeTypes)).Scan(ctx, &rows)
	known := KnownCodes{
		Categories: map[string]bool{}, ProductTypes: map[string]bool{}, VatGroups: map[string]bool{},
		AttributeTypes: map[string]models.AttributeValueType{},
	}
	for _, row := range rows {
		switch row.Kind {
		case "category":
			known.Categories[row.Code] = true
		case "product_type":
			known.ProductTypes[row.Code] = true
		case "vat_group":
			known.VatGroups[row.Code] = true
		case "attribute_type":
			known.AttributeTypes[row.Code] = models.AttributeValueType(row.ValueType)
		}
	}
	return known, wrap(ctx, err, "look up codes")
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

// IsDeadlock says whether a transaction was ended because it and another one waited for each other.
func IsDeadlock(err error) bool {
	pgErr, ok := errors.AsType[pgdriver.Error](err)
	return ok && pgErr.Field('C') == "40P01"
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
