package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json" // reads twice as fast as encoding/json
	"github.com/google/uuid"

	"ecoseller/models"
)

// ProductParts say what is read together with products.
type ProductParts struct {
	// Variants are read when Attributes or Prices are.
	Variants, Attributes, Prices bool
	// PriceList is the one that Prices and PriceRange are of.
	PriceList                      string
	PriceRange                     bool
	Media, Categories, ProductType bool
	// Description is the long text.
	Description bool
}

// ProductWithParts is a product with those parts that were asked for.
type ProductWithParts struct {
	models.Product

	Variants   []*VariantWithParts
	PriceRange *models.ProductPriceRange
	// PriceList is that of the prices.
	PriceList   *models.PriceList
	Media       []*models.ProductMedia
	Categories  []*models.Category
	ProductType *models.ProductType

	size int
}

// Size is about how many bytes the product takes in memory.
func (p *ProductWithParts) Size() uint32 { return uint32(min(3*p.size, 1<<30)) }

// VariantWithParts is a variant with its attributes and its price.
type VariantWithParts struct {
	models.ProductVariant

	Attributes []*models.Attribute
	Price      *models.ProductPrice
}

// ProductKey names a product: exactly one of slug, in the first language of the chain, and sku is not empty.
type ProductKey struct{ Slug, SKU string }

// ProductsWithParts returns the products that exist among the ids with their parts, in no particular order.
func (s *Store) ProductsWithParts(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode, parts ProductParts) ([]*ProductWithParts, error) {
	return s.productsWithParts(ctx, "p.id = ANY($3::uuid[])", arrayText(uuidTexts(ids)), chain, parts)
}

// ProductWithPartsByKey returns the product with its parts, or ErrNotFound.
func (s *Store) ProductWithPartsByKey(ctx context.Context, key ProductKey, chain []models.LanguageCode, parts ProductParts) (*ProductWithParts, error) {
	where, value := "p.id = (SELECT product_id FROM product_translations WHERE language = ($1::text[])[1] AND slug = $3::text)", key.Slug
	if key.SKU != "" {
		where, value = "p.id = (SELECT product_id FROM product_variants WHERE sku = $3::text)", key.SKU
	}
	products, err := s.productsWithParts(ctx, where, value, chain, parts)
	if err != nil {
		return nil, err
	}
	if len(products) == 0 {
		return nil, fmt.Errorf("find product: %w", ErrNotFound)
	}
	return products[0], nil
}

func (s *Store) productsWithParts(ctx context.Context, where, value string, chain []models.LanguageCode, parts ProductParts) ([]*ProductWithParts, error) {
	rows, err := s.queryJSON(ctx, parts.statement(where), arrayText(chain), parts.PriceList, value)
	if err != nil {
		return nil, wrap(ctx, err, "load products with their parts")
	}
	products := make([]*ProductWithParts, len(rows))
	for i, row := range rows {
		products[i] = new(ProductWithParts)
		if err := json.Unmarshal(row, products[i]); err != nil {
			return nil, fmt.Errorf("read product with its parts: %w", err)
		}
		products[i].setChain(chain)
		products[i].size = len(row)
	}
	return products, nil
}

// setChain completes what the rows do not say.
func (p *ProductWithParts) setChain(chain []models.LanguageCode) {
	p.Chain = chain
	if p.PriceRange != nil {
		p.PriceRange.PriceList = p.PriceList
	}
	for _, v := range p.Variants {
		v.ProductID, v.ProductTypeID, v.Chain = p.ID, p.ProductTypeID, chain
		if v.Price != nil {
			v.Price.SKU, v.Price.PriceListCode, v.Price.PriceList = v.SKU, p.PriceList.Code, p.PriceList
		}
		for _, a := range v.Attributes {
			a.AttributeTypeID, a.Chain, a.Type.Chain = a.Type.ID, chain, chain
		}
	}
	for _, c := range p.Categories {
		c.Chain = chain
	}
	if p.ProductType != nil {
		p.ProductType.Chain = chain
	}
}

// statement reads products with their parts as one JSON each, in which everything has the name of its Go field. $1 is
// the language chain, $2 the price list, and $3 belongs to the condition. One prepared statement costs less than one
// for each part: most of the time of such small reads is the way there and back, and planning.
func (parts ProductParts) statement(where string) string {
	columns := []string{`
		p.id AS "ID", p.published AS "Published", p.product_type_id AS "ProductTypeID", p.brand AS "Brand",
		p.released_at::timestamptz AS "ReleasedAt", p.version AS "Version", p.index_version AS "IndexVersion",
		p.created_at AS "CreatedAt", p.updated_at AS "UpdatedAt", row_to_json(t) AS "Translation"`}
	if parts.Variants || parts.Attributes || parts.Prices {
		columns = append(columns, parts.variants())
	}
	if parts.PriceRange {
		columns = append(columns, `(
		SELECT json_build_object('ProductID', r.product_id, 'PriceListCode', r.price_list, 'Lowest', r.lowest, 'Highest', r.highest)
		FROM product_price_ranges AS r
		WHERE r.product_id = p.id AND r.price_list = $2::text AND r.lowest IS NOT NULL
	) AS "PriceRange"`)
	}
	if parts.Prices || parts.PriceRange {
		columns = append(columns, priceListAsJSON)
	}
	if parts.Media {
		columns = append(columns, mediaAsJSON)
	}
	if parts.Categories {
		columns = append(columns, categoriesAsJSON)
	}
	if parts.ProductType {
		columns = append(columns, `(
		SELECT json_build_object('ID', pt.id, 'Code', pt.code, 'Name', pt.name, 'Version', pt.version)
		FROM product_types AS pt WHERE pt.id = p.product_type_id
	) AS "ProductType"`)
	}
	description := "''"
	if parts.Description {
		description = "description"
	}
	return `SELECT row_to_json(product) FROM (
	SELECT` + strings.Join(columns, ", ") + `
	FROM products AS p
	LEFT JOIN LATERAL (
		SELECT product_id AS "ProductID", language AS "Language", title AS "Title", slug AS "Slug", meta_title AS "MetaTitle",
			meta_description AS "MetaDescription", short_description AS "ShortDescription", ` + description + ` AS "Description"
		FROM product_translations
		WHERE product_id = p.id AND language = ANY($1::text[])
		ORDER BY array_position($1::text[], language)
		LIMIT 1
	) AS t ON true
	WHERE ` + where + `
) AS product, (SELECT $2::text) AS price_list`
}

func (parts ProductParts) variants() string {
	columns := []string{`
			v.sku AS "SKU", v.ean AS "EAN", v.manufacturer_part_number AS "ManufacturerPartNumber", v.weight_grams AS "WeightGrams",
			v.stock_quantity AS "StockQuantity", v.position AS "Position", v.version AS "Version"`}
	if parts.Attributes {
		columns = append(columns, attributesAsJSON)
	}
	if parts.Prices {
		columns = append(columns, `(
				SELECT json_build_object('Amount', pp.amount, 'DiscountPercent', pp.discount_percent)
				FROM product_prices AS pp WHERE pp.sku = v.sku AND pp.price_list = $2::text
			) AS "Price"`)
	}
	return `(
		SELECT json_agg(variant) FROM (
			SELECT` + strings.Join(columns, ", ") + `
			FROM product_variants AS v WHERE v.product_id = p.id
			ORDER BY v.position, v.sku
		) AS variant
	) AS "Variants"`
}

// priceListAsJSON does not depend on a row, and so is read once.
const priceListAsJSON = `(
		SELECT json_build_object('Code', pl.code, 'Name', pl.name, 'Currency', pl.currency, 'Rounding', pl.rounding,
			'IsDefault', pl.is_default, 'Version', pl.version)
		FROM price_lists AS pl WHERE pl.code = $2::text
	) AS "PriceList"`

const attributesAsJSON = `(
				SELECT json_agg(json_build_object('ID', a.id, 'Value', a.value,
					'Number', a.number, 'Name', a.name, 'Position', a.position, 'Version', a.version,
					'Type', json_build_object('ID', at.id, 'Code', at.code, 'ValueType', at.value_type, 'Unit', at.unit,
						'Name', at.name, 'Version', at.version)
				) ORDER BY va.position, at.code, a.value)
				FROM product_variant_attributes AS va
				JOIN attributes AS a ON a.id = va.attribute_id
				JOIN attribute_types AS at ON at.id = a.attribute_type_id
				WHERE va.sku = v.sku
			) AS "Attributes"`

const mediaAsJSON = `(
		SELECT json_agg(json_build_object('ID', pm.id, 'ProductID', pm.product_id, 'Address', pm.url, 'Position', pm.position,
			'Width', f.width, 'Height', f.height, 'Transparent', coalesce(f.transparent, false)) ORDER BY pm.position, pm.id)
		FROM product_media AS pm LEFT JOIN media_files AS f ON f.name = pm.url
		WHERE pm.product_id = p.id
	) AS "Media"`

const categoriesAsJSON = `(
		SELECT json_agg(json_build_object('ID', c.id, 'Code', c.code, 'ParentID', c.parent_id, 'Published', c.published,
			'Position', c.position, 'Version', c.version, 'CreatedAt', c.created_at, 'UpdatedAt', c.updated_at,
			'Translation', row_to_json(t)) ORDER BY pc.position, c.code)
		FROM product_categories AS pc
		JOIN categories AS c ON c.id = pc.category_id
		LEFT JOIN LATERAL (
			SELECT category_id AS "CategoryID", language AS "Language", title AS "Title", slug AS "Slug", meta_title AS "MetaTitle",
				meta_description AS "MetaDescription", description AS "Description"
			FROM category_translations
			WHERE category_id = c.id AND language = ANY($1::text[])
			ORDER BY array_position($1::text[], language)
			LIMIT 1
		) AS t ON true
		WHERE pc.product_id = p.id
	) AS "Categories"`
