package store

import (
	"context"
	"fmt"
	"strings"
	"sync"

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
	read := s.reads.of(parts, where)
	rows, err := s.queryJSON(ctx, read.statement, arrayText(chain), parts.PriceList, value)
	if err != nil {
		return nil, wrap(ctx, err, "load products with their parts")
	}
	products := make([]*ProductWithParts, len(rows))
	for i, text := range rows {
		products[i] = &ProductWithParts{size: len(text)}
		err := readRow(text, func(r *jsonRow) {
			for _, part := range read.parts {
				part.read(r, products[i])
			}
		})
		if err != nil {
			return nil, fmt.Errorf("read product with its parts: %w", err)
		}
		products[i].setChain(chain)
	}
	return products, nil
}

// setChain completes what the rows do not say.
func (p *ProductWithParts) setChain(chain []models.LanguageCode) {
	p.Chain = chain
	if p.PriceRange != nil {
		p.PriceRange.ProductID, p.PriceRange.PriceListCode, p.PriceRange.PriceList = p.ID, p.PriceList.Code, p.PriceList
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
	for _, m := range p.Media {
		m.ProductID = p.ID
	}
	for _, c := range p.Categories {
		c.Chain = chain
	}
	if p.ProductType != nil {
		p.ProductType.Chain = chain
	}
}

// productReads are the statements that have been put together for products with parts: there are few, and putting one
// together takes as long as reading a small answer to it.
type productReads struct {
	mu    sync.Mutex
	known map[productReadKey]productRead
}

type productReadKey struct {
	parts ProductParts
	where string
}

type productRead struct {
	parts     []productPart
	statement string
}

func (r *productReads) of(parts ProductParts, where string) productRead {
	parts.PriceList = "" // is a parameter
	key := productReadKey{parts, where}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.known[key]; ok {
		return known
	}
	selected := parts.selected()
	read := productRead{parts: selected, statement: statementOf(selected, where)}
	if r.known == nil {
		r.known = map[productReadKey]productRead{}
	}
	r.known[key] = read
	return read
}

// A productPart is something of a product p: values in SQL, separated by commas, and what reads the same values, in the
// same order.
type productPart struct {
	values string
	read   func(r *jsonRow, p *ProductWithParts)
}

// statementOf reads products with their parts as one array of JSON each. $1 is the language chain, $2 the price list, and
// $3 belongs to the condition. One prepared statement costs less than one for each part: most of the time of such small
// reads is the way there and back, and planning.
func statementOf(selected []productPart, where string) string {
	var values strings.Builder
	for i, part := range selected {
		if i > 0 {
			values.WriteString(",")
		}
		values.WriteString(part.values)
	}
	return `
	SELECT json_build_array(` + values.String() + `
	)::text
	FROM products AS p
	LEFT JOIN LATERAL (
		SELECT language, title, slug, meta_title, meta_description, short_description, description
		FROM product_translations
		WHERE product_id = p.id AND language = ANY($1::text[])
		ORDER BY array_position($1::text[], language)
		LIMIT 1
	) AS t ON true
	CROSS JOIN (SELECT $2::text AS code) AS price_list
	WHERE ` + where
}

// selected returns the parts that are asked for.
func (parts ProductParts) selected() []productPart {
	selected := []productPart{ownFieldsPart}
	for _, part := range []struct {
		wanted bool
		productPart
	}{
		{parts.Description, descriptionPart},
		{parts.Variants || parts.Attributes || parts.Prices, parts.variantsPart()},
		{parts.Prices || parts.PriceRange, priceListPart},
		{parts.PriceRange, priceRangePart},
		{parts.Media, mediaPart},
		{parts.Categories, categoriesPart},
		{parts.ProductType, productTypePart},
	} {
		if part.wanted {
			selected = append(selected, part.productPart)
		}
	}
	return selected
}

var ownFieldsPart = productPart{
	`
		p.id, p.published, p.product_type_id, p.brand, p.released_at::timestamptz, p.version, p.index_version, p.created_at, p.updated_at,
		t.language, t.title, t.slug, t.meta_title, t.meta_description, t.short_description`,
	func(r *jsonRow, p *ProductWithParts) {
		p.ID, p.Published, p.ProductTypeID, p.Brand, p.ReleasedAt = r.uuid(), r.bool(), r.uuidOrNil(), r.string(), r.timeOrNil()
		p.Version, p.IndexVersion, p.CreatedAt, p.UpdatedAt = r.int64(), r.int64(), r.time(), r.time()
		t := &p.Translation
		t.Language, t.Title, t.Slug = models.LanguageCode(r.string()), r.string(), r.string()
		t.MetaTitle, t.MetaDescription, t.ShortDescription = r.string(), r.string(), r.string()
		if t.Language != "" {
			t.ProductID = p.ID
		}
	},
}

var descriptionPart = productPart{
	`
		t.description`,
	func(r *jsonRow, p *ProductWithParts) { p.Translation.Description = r.string() },
}

// variantsPart reads the variants, each with its attributes and its price when they are asked for.
func (parts ProductParts) variantsPart() productPart {
	values := `
				v.sku, to_json(v.ean), v.manufacturer_part_number, v.weight_grams, v.stock_quantity, v.position, v.version`
	if parts.Attributes {
		values += "," + attributesOfVariant
	}
	if parts.Prices {
		values += "," + priceOfVariant
	}
	return productPart{
		`(
			SELECT json_agg(json_build_array(` + values + `
			) ORDER BY v.position, v.sku)
			FROM product_variants AS v WHERE v.product_id = p.id
		)`,
		func(r *jsonRow, p *ProductWithParts) {
			known := newKnownAttributes()
			r.each(func() {
				r.tuple(func() { p.Variants = append(p.Variants, readVariant(r, parts, known)) })
			})
		},
	}
}

func readVariant(r *jsonRow, parts ProductParts, known *knownAttributes) *VariantWithParts {
	v := new(VariantWithParts)
	v.SKU, v.EAN, v.ManufacturerPartNumber, v.WeightGrams = r.string(), r.strings(), r.string(), r.intOrNil()
	v.StockQuantity, v.Position, v.Version = r.int(), r.int(), r.int64()
	if parts.Attributes {
		r.each(func() {
			r.tuple(func() { v.Attributes = append(v.Attributes, known.read(r)) })
		})
	}
	if parts.Prices {
		price := new(models.ProductPrice)
		if r.tuple(func() { price.Amount, price.DiscountPercent = r.decimal(), r.decimal() }) {
			v.Price = price
		}
	}
	return v
}

const attributesOfVariant = `(
					SELECT json_agg(json_build_array(a.id, a.value, a.number, a.name, a.position, a.version,
						at.id, at.code, at.value_type, at.unit, at.name, at.version) ORDER BY va.position, at.code, a.value)
					FROM product_variant_attributes AS va
					JOIN attributes AS a ON a.id = va.attribute_id
					JOIN attribute_types AS at ON at.id = a.attribute_type_id
					WHERE va.sku = v.sku
				)`

const priceOfVariant = `(
					SELECT json_build_array(pp.amount, pp.discount_percent)
					FROM product_prices AS pp WHERE pp.sku = v.sku AND pp.price_list = price_list.code
				)`

// knownAttributes are those that were read of one product. Its variants have many in common, and share them.
type knownAttributes struct {
	attributes map[uuid.UUID]*models.Attribute
	types      map[uuid.UUID]*models.AttributeType
}

func newKnownAttributes() *knownAttributes {
	return &knownAttributes{attributes: map[uuid.UUID]*models.Attribute{}, types: map[uuid.UUID]*models.AttributeType{}}
}

// read reads what attributesOfVariant has of one attribute.
func (k *knownAttributes) read(r *jsonRow) *models.Attribute {
	id := r.uuid()
	if known := k.attributes[id]; known != nil {
		r.skipRest()
		return known
	}
	a := &models.Attribute{ID: id}
	a.Value, a.Number, a.Name, a.Position, a.Version = r.string(), r.decimalOrNil(), r.translated(), r.int(), r.int64()
	a.Type = k.readType(r)
	k.attributes[id] = a
	return a
}

func (k *knownAttributes) readType(r *jsonRow) *models.AttributeType {
	id := r.uuid()
	if known := k.types[id]; known != nil {
		r.skipRest()
		return known
	}
	t := &models.AttributeType{ID: id}
	t.Code, t.ValueType, t.Unit = r.string(), models.AttributeValueType(r.string()), r.stringOrNil()
	t.Name, t.Version = r.translated(), r.int64()
	k.types[id] = t
	return t
}

// priceListPart does not depend on a product, and so is read once.
var priceListPart = productPart{
	`(
			SELECT json_build_array(pl.code, pl.name, pl.currency, pl.rounding, pl.is_default, pl.version)
			FROM price_lists AS pl WHERE pl.code = $2::text
		)`,
	func(r *jsonRow, p *ProductWithParts) {
		list := new(models.PriceList)
		if r.tuple(func() {
			list.Code, list.Name, list.Currency = r.string(), r.string(), r.string()
			list.Rounding, list.IsDefault, list.Version = models.NewDecimal(r.decimal()), r.bool(), r.int64()
		}) {
			p.PriceList = list
		}
	},
}

var priceRangePart = productPart{
	`(
			SELECT json_build_array(r.lowest, r.highest)
			FROM product_price_ranges AS r
			WHERE r.product_id = p.id AND r.price_list = price_list.code AND r.lowest IS NOT NULL
		)`,
	func(r *jsonRow, p *ProductWithParts) {
		prices := new(models.ProductPriceRange)
		if r.tuple(func() { prices.Lowest, prices.Highest = r.decimal(), r.decimal() }) {
			p.PriceRange = prices
		}
	},
}

var mediaPart = productPart{
	`(
			SELECT json_agg(json_build_array(pm.id, pm.url, pm.position, f.width, f.height, f.transparent) ORDER BY pm.position, pm.id)
			FROM product_media AS pm LEFT JOIN media_files AS f ON f.name = pm.url
			WHERE pm.product_id = p.id
		)`,
	func(r *jsonRow, p *ProductWithParts) {
		r.each(func() {
			m := new(models.ProductMedia)
			r.tuple(func() {
				m.ID, m.Address, m.Position = r.uuid(), r.string(), r.int()
				m.Width, m.Height, m.Transparent = r.intOrNil(), r.intOrNil(), r.bool()
			})
			p.Media = append(p.Media, m)
		})
	},
}

var categoriesPart = productPart{
	`(
			SELECT json_agg(json_build_array(c.id, c.code, c.parent_id, c.published, c.position, c.version, c.created_at, c.updated_at,
				t.language, t.title, t.slug, t.meta_title, t.meta_description, t.description) ORDER BY pc.position, c.code)
			FROM product_categories AS pc
			JOIN categories AS c ON c.id = pc.category_id
			LEFT JOIN LATERAL (
				SELECT language, title, slug, meta_title, meta_description, description
				FROM category_translations
				WHERE category_id = c.id AND language = ANY($1::text[])
				ORDER BY array_position($1::text[], language)
				LIMIT 1
			) AS t ON true
			WHERE pc.product_id = p.id
		)`,
	func(r *jsonRow, p *ProductWithParts) {
		r.each(func() {
			c := new(models.Category)
			r.tuple(func() { readCategory(r, c) })
			p.Categories = append(p.Categories, c)
		})
	},
}

func readCategory(r *jsonRow, c *models.Category) {
	c.ID, c.Code, c.ParentID, c.Published = r.uuid(), r.string(), r.uuidOrNil(), r.bool()
	c.Position, c.Version, c.CreatedAt, c.UpdatedAt = r.int(), r.int64(), r.time(), r.time()
	t := &c.Translation
	t.Language, t.Title, t.Slug = models.LanguageCode(r.string()), r.string(), r.string()
	t.MetaTitle, t.MetaDescription, t.Description = r.string(), r.string(), r.string()
	if t.Language != "" {
		t.CategoryID = c.ID
	}
}

var productTypePart = productPart{
	`(
			SELECT json_build_array(pt.id, pt.code, pt.name, pt.version) FROM product_types AS pt WHERE pt.id = p.product_type_id
		)`,
	func(r *jsonRow, p *ProductWithParts) {
		t := new(models.ProductType)
		if r.tuple(func() { t.ID, t.Code, t.Name, t.Version = r.uuid(), r.string(), r.translated(), r.int64() }) {
			p.ProductType = t
		}
	},
}
