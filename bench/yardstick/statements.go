package main

// The statements, written for these answers alone. They use the indexes that the shop has, and tell what the GraphQL
// queries of bench/speed are told: published products, texts in the first language of a chain that has them, prices
// for a country. The arguments are the chain, the country, and where to look.

// market is what a country decides about prices.
const market = `
	market AS (
		SELECT pl.code AS price_list, pl.currency, pl.rounding, co.code AS country, vg.rate
		FROM countries AS co
		JOIN price_lists AS pl ON pl.code = co.default_price_list
		LEFT JOIN vat_groups AS vg ON vg.country = co.code AND vg.is_default
		WHERE co.code = $2
	)`

// vatOfProduct is the rate of the product's type, else that of the country.
const vatOfProduct = `
	CROSS JOIN LATERAL (
		SELECT coalesce((
			SELECT vg.rate FROM product_type_vat_groups AS tg JOIN vat_groups AS vg ON vg.code = tg.vat_group
			WHERE tg.product_type_id = p.product_type_id AND vg.country = m.country
		), m.rate) AS rate
	) AS vat`

// textOfProduct is the text in the first language of the chain.
const textOfProduct = `
	LEFT JOIN LATERAL (
		SELECT * FROM product_translations
		WHERE product_id = p.id AND language = ANY($1::text[])
		ORDER BY array_position($1::text[], language)
		LIMIT 1
	) AS t ON true`

// variants are those of a product with stock, attributes and the price in one list.
const variants = `(
	SELECT coalesce(json_agg(json_build_object(
		'sku', v.sku, 'ean', v.ean, 'stockQuantity', v.stock_quantity,
		'attributes', (
			SELECT coalesce(json_agg(json_build_object(
				'value', a.value, 'name', coalesce(a.name ->> ($1::text[])[1], a.name ->> ($1::text[])[2], a.name ->> ($1::text[])[3], a.value),
				'type', json_build_object('code', at.code, 'unit', at.unit,
					'name', coalesce(at.name ->> ($1::text[])[1], at.name ->> ($1::text[])[2], at.name ->> ($1::text[])[3], at.code))
			) ORDER BY va.position, at.code, a.value), '[]')
			FROM product_variant_attributes AS va
			JOIN attributes AS a ON a.id = va.attribute_id
			JOIN attribute_types AS at ON at.id = a.attribute_type_id
			WHERE va.sku = v.sku
		),
		'price', ` + priceOfVariant + `
	) ORDER BY v.position, v.sku), '[]')
	FROM product_variants AS v WHERE v.product_id = p.id
)`

// variantsWithPrices are those of a product in a list.
const variantsWithPrices = `(
	SELECT coalesce(json_agg(json_build_object(
		'sku', v.sku, 'stockQuantity', v.stock_quantity, 'price', ` + priceOfVariant + `
	) ORDER BY v.position, v.sku), '[]')
	FROM product_variants AS v WHERE v.product_id = p.id
)`

const priceOfVariant = `(
	SELECT json_build_object(
		'net', json_build_object('amount', round(d.net, 2)::text, 'currency', m.currency),
		'gross', json_build_object('amount', (round(d.net * (100 + vat.rate) / 100 / m.rounding) * m.rounding)::text, 'currency', m.currency),
		'vatRate', vat.rate::text, 'discountPercent', pp.discount_percent::text)
	FROM product_prices AS pp
	CROSS JOIN LATERAL (SELECT pp.amount * (100 - pp.discount_percent) / 100 AS net) AS d
	WHERE pp.sku = v.sku AND pp.price_list = m.price_list
)`

// productStatement takes a slug as its third argument.
const productStatement = `
	WITH` + market + `
	SELECT json_build_object('data', json_build_object('product', json_build_object(
		'id', p.id, 'title', t.title, 'slug', t.slug, 'language', t.language, 'shortDescription', t.short_description,
		'description', t.description, 'brand', p.brand,
		'media', (
			SELECT coalesce(json_agg(json_build_object('url', pm.url, 'position', pm.position) ORDER BY pm.position, pm.id), '[]')
			FROM product_media AS pm WHERE pm.product_id = p.id
		),
		'variants', ` + variants + `
	)))::text
	FROM product_translations AS named
	JOIN products AS p ON p.id = named.product_id
	CROSS JOIN market AS m` + vatOfProduct + textOfProduct + `
	WHERE named.language = ($1::text[])[1] AND named.slug = $3 AND p.published`

// page is 24 products, the newest first, of a category and those below it, and one more, which says that there are
// more. Its arguments are the category's slug and the time and id of the product before. The newest of each category are
// merged, by the same index that the server has for it.
const page = `
	categories_below AS MATERIALIZED (
		WITH RECURSIVE below AS (
			SELECT c.id FROM category_translations AS ct JOIN categories AS c ON c.id = ct.category_id
			WHERE ct.language = ($1::text[])[1] AND ct.slug = $3 AND c.published
			UNION
			SELECT c.id FROM categories AS c JOIN below ON c.parent_id = below.id WHERE c.published
		)
		SELECT id FROM below
	), found AS (
		SELECT DISTINCT created_at, product_id
		FROM categories_below
		CROSS JOIN LATERAL (
			SELECT created_at, product_id
			FROM product_categories
			WHERE category_id = categories_below.id AND published AND (created_at, product_id) < ($4::timestamptz, $5::uuid)
			ORDER BY created_at DESC, product_id DESC
			LIMIT 25
		) AS newest_of_category
		ORDER BY created_at DESC, product_id DESC
		LIMIT 25
	), page AS (
		SELECT p.id, p.brand, p.product_type_id, p.created_at,
			row_number() OVER (ORDER BY found.created_at DESC, found.product_id DESC) AS place
		FROM found JOIN products AS p ON p.id = found.product_id
	)`

// listStatement gives the first picture and the lowest price of each product.
var listStatement = listOf(`
	'media', (
		SELECT coalesce(json_agg(json_build_object('url', pm.url)), '[]')
		FROM (SELECT url FROM product_media WHERE product_id = p.id ORDER BY position, id LIMIT 1) AS pm
	),
	'priceRange', (
		SELECT json_build_object(
			'lowestNet', json_build_object('amount', round(r.lowest, 2)::text, 'currency', m.currency),
			'lowestGross', json_build_object('amount', (round(r.lowest * (100 + vat.rate) / 100 / m.rounding) * m.rounding)::text, 'currency', m.currency))
		FROM product_price_ranges AS r WHERE r.product_id = p.id AND r.price_list = m.price_list AND r.lowest IS NOT NULL
	)`)

// fullListStatement gives all pictures, variants and prices.
var fullListStatement = listOf(`
	'media', (
		SELECT coalesce(json_agg(json_build_object('url', pm.url) ORDER BY pm.position, pm.id), '[]')
		FROM product_media AS pm WHERE pm.product_id = p.id
	),
	'variants', ` + variantsWithPrices)

func listOf(fields string) string {
	return `
	WITH` + market + `,` + page + `
	SELECT json_build_object('data', json_build_object('products', json_build_object(
		'nodes', coalesce(json_agg(json_build_object(
			'id', p.id, 'title', t.title, 'slug', t.slug, 'brand', p.brand,` + fields + `
		) ORDER BY p.place) FILTER (WHERE p.place <= 24), '[]'),
		'pageInfo', json_build_object('hasNextPage', count(*) > 24,
			'endCursor', max(p.created_at || '|' || p.id) FILTER (WHERE p.place = 24))
	)))::text
	FROM page AS p
	CROSS JOIN market AS m` + vatOfProduct + textOfProduct
}
