// Package generate fills a database with a made-up catalogue, the same one at each run, to measure with.
package generate

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// Languages are those that every product has texts in.
var Languages = []string{"en", "cs", "sk"}

// Fill writes a catalogue of so many products into an empty, migrated database: three languages, 2.5 variants on
// average, two price lists, four attributes a variant, three pictures, 10 product types, and 210 categories in
// three levels. What the program derives from products is for the caller to make.
func Fill(ctx context.Context, db *bun.DB, products int) error {
	for _, step := range steps {
		if _, err := db.NewRaw(step.sql, products).Exec(ctx); err != nil {
			return fmt.Errorf("generate %s: %w", step.what, err)
		}
	}
	return nil
}

// The statements; ?0 is the number of products. Numbers that look random are remainders by primes: each run makes
// the same catalogue, and the properties of a product are independent of each other.
var steps = []struct{ what, sql string }{
	{"price lists", `
		INSERT INTO price_lists (code, name, currency, rounding, is_default)
		VALUES ('czk', 'Koruny', 'CZK', 1, ?0 >= 0), ('eur', 'Eura', 'EUR', 0.01, false)`},
	{"countries", `
		INSERT INTO countries (code, locale, default_price_list) SELECT code, locale, list
		FROM (VALUES ('CZ', 'cs-CZ', 'czk'), ('SK', 'sk-SK', 'eur')) AS c (code, locale, list) WHERE ?0 >= 0`},
	{"VAT groups", `
		INSERT INTO vat_groups (code, name, country, rate, is_default) SELECT code, upper(code), country, rate, true
		FROM (VALUES ('cz', 'CZ', 21), ('sk', 'SK', 23)) AS g (code, country, rate) WHERE ?0 >= 0`},
	{"attribute types", `
		INSERT INTO attribute_types (code, value_type, unit, name)
		SELECT code, value_type, unit, name::jsonb FROM (VALUES
			('colour', 'TEXT', NULL, '{"en": "Colour", "cs": "Barva", "sk": "Farba"}'),
			('material', 'TEXT', NULL, '{"en": "Material", "cs": "Materiál", "sk": "Materiál"}'),
			('size', 'TEXT', NULL, '{"en": "Size", "cs": "Velikost", "sk": "Veľkosť"}'),
			('weight', 'INTEGER', 'g', '{"en": "Weight", "cs": "Hmotnost", "sk": "Hmotnosť"}')
		) AS t (code, value_type, unit, name) WHERE ?0 >= 0`},
	{"attributes", `
		INSERT INTO attributes (attribute_type_id, value, number, name, position)
		SELECT at.id, CASE at.code WHEN 'weight' THEN (10 * n)::text ELSE at.code || '-' || n END,
			CASE at.code WHEN 'weight' THEN 10 * n END, jsonb_build_object('en', at.code || ' ' || n, 'cs', 'hodnota ' || n), n
		FROM attribute_types AS at, generate_series(1, 200) AS n
		WHERE n <= CASE at.code WHEN 'colour' THEN 40 WHEN 'material' THEN 25 WHEN 'size' THEN 12 ELSE 200 END AND ?0 >= 0`},
	{"product types", `
		INSERT INTO product_types (code, name) SELECT 'type-' || n, jsonb_build_object('en', 'Type ' || n)
		FROM generate_series(0, 9) AS n WHERE ?0 >= 0`},
	{"categories", `
		INSERT INTO categories (id, code, position) SELECT md5('category-' || n)::uuid, 'category-' || n, n
		FROM generate_series(0, 9) AS n WHERE ?0 >= 0`},
	{"categories below", `
		INSERT INTO categories (id, code, parent_id, position)
		SELECT md5('category-' || n)::uuid, 'category-' || n, md5('category-' || (n - 10) / 4)::uuid, n
		FROM generate_series(10, 49) AS n WHERE ?0 >= 0`},
	{"categories at the bottom", `
		INSERT INTO categories (id, code, parent_id, position)
		SELECT md5('category-' || n)::uuid, 'category-' || n, md5('category-' || 10 + (n - 50) / 4)::uuid, n
		FROM generate_series(50, 209) AS n WHERE ?0 >= 0`},
	{"texts of categories", `
		INSERT INTO category_translations (category_id, language, title, slug)
		SELECT id, language, initcap(code) || ' ' || language, code
		FROM categories, unnest('{en,cs,sk}'::text[]) AS language WHERE ?0 >= 0`},
	{"products", `
		INSERT INTO products (id, published, product_type_id, brand, created_at, updated_at)
		SELECT md5('product-' || n)::uuid, n % 20 <> 0, pt.id, 'Brand ' || n % 211,
			'2025-01-01'::timestamptz + n * interval '5 min', '2026-01-01'::timestamptz + (n * 7919 % ?0) * interval '4 min'
		FROM generate_series(1, ?0) AS n
		JOIN product_types AS pt ON pt.code = 'type-' || n % 10`},
	{"texts", `
		INSERT INTO product_translations (product_id, language, title, slug, short_description, description)
		SELECT md5('product-' || n)::uuid, language,
			(w.adjectives)[1 + n % 13] || ' ' || (w.nouns)[1 + n % 17] || ' ' || (w.ends)[1 + n % 7] || ' ' || (n * 7907 % ?0),
			'product-' || n, repeat((w.nouns)[1 + n % 17] || ' ', 12), repeat((w.adjectives)[1 + n % 13] || ' ' || (w.nouns)[1 + n % 17] || '. ', 40)
		FROM (VALUES
			('en', '{Wireless,Black,Small,Heavy,Light,Silent,Fast,Red,Round,Old,New,Warm,Zesty}'::text[],
				'{headphones,lamp,kettle,chair,backpack,keyboard,mouse,monitor,phone,camera,bottle,jacket,shoes,tent,knife,pan,clock}'::text[], '{Air,Pro,Mini,Max,Lite,Ultra,One}'::text[]),
			('cs', '{Bezdrátová,Černá,Malá,Těžká,Lehká,Tichá,Rychlá,Červená,Kulatá,Stará,Nová,Teplá,Žlutá}',
				'{sluchátka,lampa,konvice,židle,batoh,klávesnice,myš,monitor,telefon,kamera,láhev,bunda,boty,stan,nůž,pánev,hodiny}', '{Air,Pro,Mini,Max,Lite,Ultra,One}'),
			('sk', '{Bezdrôtové,Čierne,Malé,Ťažké,Ľahké,Tiché,Rýchle,Červené,Okrúhle,Staré,Nové,Teplé,Žlté}',
				'{slúchadlá,lampa,kanvica,stolička,batoh,klávesnica,myš,monitor,telefón,kamera,fľaša,bunda,topánky,stan,nôž,panvica,hodiny}', '{Air,Pro,Mini,Max,Lite,Ultra,One}')
		) AS w (language, adjectives, nouns, ends), generate_series(1, ?0) AS n`},
	{"categories of products", `
		INSERT INTO product_categories (product_id, category_id)
		SELECT md5('product-' || n)::uuid, md5('category-' || 50 + n * 7919 % 160)::uuid FROM generate_series(1, ?0) AS n`},
	{"media", `
		INSERT INTO product_media (product_id, url, position)
		SELECT md5('product-' || n)::uuid, 'https://images.example/' || n || '-' || i || '.jpg', i
		FROM generate_series(1, ?0) AS n, generate_series(0, 2) AS i`},
	{"variants", `
		INSERT INTO product_variants (sku, product_id, ean, stock_quantity, position)
		SELECT 'SKU-' || n || '-' || i, md5('product-' || n)::uuid, ARRAY[(8590000000000 + n * 4 + i)::text], (n * 31 + i * 7) % 12, i
		FROM generate_series(1, ?0) AS n, generate_series(0, 3) AS i WHERE i <= n % 4`},
	{"prices", `
		INSERT INTO product_prices (sku, price_list, amount, discount_percent)
		SELECT v.sku, list, (500 + hashtext(v.sku) % 400) * rate, CASE WHEN hashtext(v.sku || 'd') % 5 = 0 THEN 15 ELSE 0 END
		FROM product_variants AS v, (VALUES ('czk', 20), ('eur', 0.8)) AS p (list, rate)
		WHERE hashtext(v.sku || 'p') % 50 <> 0 AND ?0 >= 0`},
	{"attributes of variants", `
		INSERT INTO product_variant_attributes (sku, attribute_id, position)
		SELECT v.sku, a.id, 0
		FROM product_variants AS v
		CROSS JOIN attribute_types AS at
		JOIN attributes AS a ON a.attribute_type_id = at.id
			AND a.position = 1 + abs(hashtext(v.sku || at.code)) % CASE at.code WHEN 'colour' THEN 40 WHEN 'material' THEN 25 WHEN 'size' THEN 12 ELSE 200 END
		WHERE ?0 >= 0`},
	{"statistics", `ANALYZE /* ?0 */`},
}
