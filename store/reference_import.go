package store

import (
	"context"
	"encoding/json"
	"fmt"
)

// ImportReference writes what products refer to: price lists, countries, VAT groups, attribute types with
// their values, attributes, product types and categories, as one JSON object of lists. What exists under the same
// code is replaced.
func (s *Store) ImportReference(ctx context.Context, reference json.RawMessage) error {
	var lists map[string]json.RawMessage
	if err := json.Unmarshal(reference, &lists); err != nil {
		return fmt.Errorf("read reference data: %w", err)
	}
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		for _, statement := range referenceStatements {
			list, given := lists[statement.list]
			if !given {
				continue
			}
			if _, err := tx.db.NewRaw(statement.sql, string(list)).Exec(ctx); err != nil {
				return wrap(ctx, err, "import reference data")
			}
		}
		return nil
	})
}

// referenceStatement writes one list of the reference data, or a part of it.
type referenceStatement struct{ list, sql string }

var referenceStatements = []referenceStatement{
	// The old default gives way to the new one first.
	{"price_lists", `
	UPDATE price_lists SET is_default = false
	WHERE is_default AND EXISTS (SELECT FROM jsonb_to_recordset(?::jsonb) AS r (is_default boolean) WHERE r.is_default)`},

	{"price_lists", `
	INSERT INTO price_lists AS pl (code, name, currency, rounding, is_default)
	SELECT code, name, currency, rounding, is_default
	FROM jsonb_to_recordset(?::jsonb) AS r (code text, name text, currency text, rounding numeric, is_default boolean)
	ON CONFLICT (code) DO UPDATE
	SET name = excluded.name, currency = excluded.currency, rounding = excluded.rounding, is_default = excluded.is_default,
		version = pl.version + 1`},

	{"countries", `
	INSERT INTO countries AS co (code, name, locale, default_price_list)
	SELECT code, coalesce(name, '{}'), locale, default_price_list
	FROM jsonb_to_recordset(?::jsonb) AS r (code text, name jsonb, locale text, default_price_list text)
	ON CONFLICT (code) DO UPDATE
	SET name = excluded.name, locale = excluded.locale, default_price_list = excluded.default_price_list,
		version = co.version + 1`},

	{"vat_groups", `
	UPDATE vat_groups SET is_default = false
	WHERE is_default AND country IN (
		SELECT country FROM jsonb_to_recordset(?::jsonb) AS r (country text, is_default boolean) WHERE r.is_default
	)`},

	{"vat_groups", `
	INSERT INTO vat_groups AS vg (code, name, country, rate, is_default)
	SELECT code, name, country, rate, is_default
	FROM jsonb_to_recordset(?::jsonb) AS r (code text, name text, country text, rate numeric, is_default boolean)
	ON CONFLICT (code) DO UPDATE
	SET name = excluded.name, country = excluded.country, rate = excluded.rate, is_default = excluded.is_default,
		version = vg.version + 1`},

	{"attribute_types", `
	INSERT INTO attribute_types AS at (code, value_type, unit, name)
	SELECT code, value_type, unit, coalesce(name, '{}')
	FROM jsonb_to_recordset(?::jsonb) AS r (code text, value_type text, unit text, name jsonb)
	ON CONFLICT (code) DO UPDATE
	SET value_type = excluded.value_type, unit = excluded.unit, name = excluded.name, version = at.version + 1`},

	{"attribute_types", `
	INSERT INTO attributes AS a (attribute_type_id, value, number, name, position)
	SELECT at.id, v.value ->> 'value',
		CASE WHEN at.value_type IN ('INTEGER', 'DECIMAL') THEN (v.value ->> 'value')::numeric END,
		coalesce(v.value -> 'name', '{}'), v.position
	FROM jsonb_to_recordset(?::jsonb) AS r (code text, "values" jsonb)
	JOIN attribute_types AS at ON at.code = r.code
	CROSS JOIN jsonb_array_elements(coalesce(r."values", '[]')) WITH ORDINALITY AS v (value, position)
	ON CONFLICT (attribute_type_id, value_digest) DO UPDATE
	SET name = excluded.name, position = excluded.position, version = a.version + 1`},

	{"attributes", `
	INSERT INTO attributes AS a (attribute_type_id, value, number, name, position)
	SELECT at.id, r.value, r.number, coalesce(r.name, '{}'), r.position
	FROM jsonb_to_recordset(?::jsonb) AS r (attribute_type text, value text, number numeric, name jsonb, position int)
	JOIN attribute_types AS at ON at.code = r.attribute_type
	ON CONFLICT (attribute_type_id, value_digest) DO UPDATE
	SET number = excluded.number, name = excluded.name, position = excluded.position, version = a.version + 1`},

	{"product_types", `
	INSERT INTO product_types AS pt (code, name)
	SELECT code, coalesce(name, '{}') FROM jsonb_to_recordset(?::jsonb) AS r (code text, name jsonb)
	ON CONFLICT (code) DO UPDATE SET name = excluded.name, version = pt.version + 1`},

	{"product_types", `
	WITH present AS (
		SELECT pt.id AS product_type_id, at.id AS attribute_type_id
		FROM jsonb_to_recordset(?::jsonb) AS r (code text, attribute_types text[])
		JOIN product_types AS pt ON pt.code = r.code
		LEFT JOIN attribute_types AS at ON at.code = ANY(r.attribute_types)
	), gone AS (
		DELETE FROM product_type_attribute_types
		WHERE product_type_id IN (SELECT product_type_id FROM present)
		  AND (product_type_id, attribute_type_id) NOT IN (SELECT product_type_id, attribute_type_id FROM present WHERE attribute_type_id IS NOT NULL)
	)
	INSERT INTO product_type_attribute_types (product_type_id, attribute_type_id)
	SELECT product_type_id, attribute_type_id FROM present WHERE attribute_type_id IS NOT NULL
	ON CONFLICT DO NOTHING`},

	{"product_types", `
	WITH present AS (
		SELECT pt.id AS product_type_id, vg.code AS vat_group
		FROM jsonb_to_recordset(?::jsonb) AS r (code text, vat_groups text[])
		JOIN product_types AS pt ON pt.code = r.code
		LEFT JOIN vat_groups AS vg ON vg.code = ANY(r.vat_groups)
	), gone AS (
		DELETE FROM product_type_vat_groups
		WHERE product_type_id IN (SELECT product_type_id FROM present)
		  AND (product_type_id, vat_group) NOT IN (SELECT product_type_id, vat_group FROM present WHERE vat_group IS NOT NULL)
	)
	INSERT INTO product_type_vat_groups (product_type_id, vat_group)
	SELECT product_type_id, vat_group FROM present WHERE vat_group IS NOT NULL
	ON CONFLICT DO NOTHING`},

	// Categories come first without their parents, because these may follow them.
	{"categories", `
	INSERT INTO categories AS c (code, published, position)
	SELECT code, published, position
	FROM jsonb_to_recordset(?::jsonb) AS r (code text, published boolean, position int)
	ON CONFLICT (code) DO UPDATE
	SET published = excluded.published, position = excluded.position, updated_at = now(), version = c.version + 1`},

	{"categories", `
	UPDATE categories AS c SET parent_id = parent.id
	FROM jsonb_to_recordset(?::jsonb) AS r (code text, parent text)
	LEFT JOIN categories AS parent ON parent.code = r.parent
	WHERE c.code = r.code`},

	{"categories", `
	DELETE FROM category_translations AS t
	USING jsonb_to_recordset(?::jsonb) AS r (code text, translations jsonb)
	JOIN categories AS c ON c.code = r.code
	WHERE t.category_id = c.id AND NOT jsonb_exists(coalesce(r.translations, '{}'), t.language)`},

	{"categories", `
	INSERT INTO category_translations (category_id, language, title, slug, meta_title, meta_description, description)
	SELECT c.id, t.language, t.text ->> 'title', t.text ->> 'slug', coalesce(t.text ->> 'meta_title', ''),
		coalesce(t.text ->> 'meta_description', ''), coalesce(t.text ->> 'description', '')
	FROM jsonb_to_recordset(?::jsonb) AS r (code text, translations jsonb)
	JOIN categories AS c ON c.code = r.code
	CROSS JOIN jsonb_each(coalesce(r.translations, '{}')) AS t (language, text)
	ON CONFLICT (category_id, language) DO UPDATE
	SET title = excluded.title, slug = excluded.slug, meta_title = excluded.meta_title,
		meta_description = excluded.meta_description, description = excluded.description`},
}
