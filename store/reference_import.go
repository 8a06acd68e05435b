package store

import (
	"context"
	"encoding/json"
)

// ImportReference writes what products refer to: price lists, countries, VAT groups, attribute types with
// their values, product types and categories, in the JSON form of catalogue.Reference. What exists under the same code
// is replaced.
func (s *Store) ImportReference(ctx context.Context, reference json.RawMessage) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		for _, sql := range referenceStatements {
			if _, err := tx.db.NewRaw(sql, string(reference)).Exec(ctx); err != nil {
				return wrap(ctx, err, "import reference data")
			}
		}
		return nil
	})
}

var referenceStatements = []string{
	// Price lists. The old default gives way to the new one first.
	`WITH r AS (SELECT * FROM jsonb_to_recordset(?::jsonb -> 'price_lists') AS r (code text, is_default boolean))
	UPDATE price_lists SET is_default = false
	WHERE is_default AND EXISTS (SELECT FROM r WHERE r.is_default)`,

	`INSERT INTO price_lists (code, name, currency, rounding, is_default)
	SELECT code, name, currency, rounding, is_default
	FROM jsonb_to_recordset(?::jsonb -> 'price_lists') AS r (code text, name text, currency text, rounding numeric, is_default boolean)
	ON CONFLICT (code) DO UPDATE
	SET name = excluded.name, currency = excluded.currency, rounding = excluded.rounding, is_default = excluded.is_default`,

	`INSERT INTO countries (code, name, locale, default_price_list)
	SELECT code, name, locale, default_price_list
	FROM jsonb_to_recordset(?::jsonb -> 'countries') AS r (code text, name jsonb, locale text, default_price_list text)
	ON CONFLICT (code) DO UPDATE
	SET name = excluded.name, locale = excluded.locale, default_price_list = excluded.default_price_list`,

	`INSERT INTO vat_groups (code, name, country, rate, is_default)
	SELECT code, name, country, rate, is_default
	FROM jsonb_to_recordset(?::jsonb -> 'vat_groups') AS r (code text, name text, country text, rate numeric, is_default boolean)
	ON CONFLICT (code) DO UPDATE
	SET name = excluded.name, country = excluded.country, rate = excluded.rate, is_default = excluded.is_default`,

	`INSERT INTO attribute_types (code, value_type, unit, name)
	SELECT code, value_type, unit, name
	FROM jsonb_to_recordset(?::jsonb -> 'attribute_types') AS r (code text, value_type text, unit text, name jsonb)
	ON CONFLICT (code) DO UPDATE
	SET value_type = excluded.value_type, unit = excluded.unit, name = excluded.name`,

	`INSERT INTO attributes (attribute_type_id, value, number, name, position)
	SELECT at.id, v.value ->> 'value',
		CASE WHEN at.value_type IN ('INTEGER', 'DECIMAL') THEN (v.value ->> 'value')::numeric END,
		coalesce(v.value -> 'name', '{}'), v.position
	FROM jsonb_to_recordset(?::jsonb -> 'attribute_types') AS r (code text, "values" jsonb)
	JOIN attribute_types AS at ON at.code = r.code
	CROSS JOIN jsonb_array_elements(coalesce(r."values", '[]')) WITH ORDINALITY AS v (value, position)
	ON CONFLICT (attribute_type_id, value_digest) DO UPDATE
	SET name = excluded.name, position = excluded.position`,

	`INSERT INTO product_types (code, name)
	SELECT code, name FROM jsonb_to_recordset(?::jsonb -> 'product_types') AS r (code text, name jsonb)
	ON CONFLICT (code) DO UPDATE SET name = excluded.name`,

	`INSERT INTO product_type_attribute_types (product_type_id, attribute_type_id)
	SELECT pt.id, at.id
	FROM jsonb_to_recordset(?::jsonb -> 'product_types') AS r (code text, attribute_types text[])
	JOIN product_types AS pt ON pt.code = r.code
	JOIN attribute_types AS at ON at.code = ANY(r.attribute_types)
	ON CONFLICT DO NOTHING`,

	`INSERT INTO product_type_vat_groups (product_type_id, vat_group)
	SELECT pt.id, vg.code
	FROM jsonb_to_recordset(?::jsonb -> 'product_types') AS r (code text, vat_groups text[])
	JOIN product_types AS pt ON pt.code = r.code
	JOIN vat_groups AS vg ON vg.code = ANY(r.vat_groups)
	ON CONFLICT DO NOTHING`,

	// Categories come first without their parents, because these may follow them.
	`INSERT INTO categories (code, published, position)
	SELECT code, published, position
	FROM jsonb_to_recordset(?::jsonb -> 'categories') AS r (code text, published boolean, position int)
	ON CONFLICT (code) DO UPDATE SET published = excluded.published, position = excluded.position, updated_at = now()`,

	`UPDATE categories AS c SET parent_id = parent.id
	FROM jsonb_to_recordset(?::jsonb -> 'categories') AS r (code text, parent text)
	JOIN categories AS parent ON parent.code = r.parent
	WHERE c.code = r.code`,

	`INSERT INTO category_translations (category_id, language, title, slug, description)
	SELECT c.id, t.language, t.text ->> 'title', t.text ->> 'slug', coalesce(t.text ->> 'description', '')
	FROM jsonb_to_recordset(?::jsonb -> 'categories') AS r (code text, translations jsonb)
	JOIN categories AS c ON c.code = r.code
	CROSS JOIN jsonb_each(r.translations) AS t (language, text)
	ON CONFLICT (category_id, language) DO UPDATE
	SET title = excluded.title, slug = excluded.slug, description = excluded.description`,
}
