package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/google/uuid"

	"ecoseller/models"
)

// aggregate is what goes and comes back together when an object is deleted and restored.
type aggregate struct {
	kind string
	// title selects what people know the object by; ?0 is its key, as everywhere here.
	title string
	// parts are the rows of the object, the object's own row first, then those that hang on it.
	parts []part
	// products selects the ids of the products that have the object, and whose search documents change.
	products string
}

// part are the rows of one table that belong to an object.
type part struct{ table, where string }

// deleteObject moves the rows of an object out of their tables, and returns what `restore` needs. Derived rows
// are not kept: they are made anew.
func (s *Store) deleteObject(ctx context.Context, a aggregate, key string) (*models.Deletion, error) {
	deletion := &models.Deletion{ID: newID(), Kind: a.kind, Key: key}
	var products []uuid.UUID
	if err := s.db.NewRaw(a.products, key).Scan(ctx, &products); err != nil {
		return nil, wrap(ctx, err, "find products of deleted object")
	}
	err := s.db.NewRaw(`
		WITH before AS (DELETE FROM deletions WHERE kind = ?1 AND key = ?0)
		SELECT coalesce((`+a.title+`), '')`, key, a.kind).Scan(ctx, &deletion.Title)
	if err != nil {
		return nil, wrap(ctx, err, "name deleted object")
	}
	_, err = s.db.NewInsert().Model(deletion).ExcludeColumn("deleted_at").Returning("deleted_at").Exec(ctx)
	if err != nil {
		return nil, wrap(ctx, err, "note deletion")
	}
	for _, p := range a.parts {
		_, err := s.db.NewRaw("INSERT INTO deleted_rows (deletion_id, table_name, content) SELECT ?1, ?2, to_jsonb(t) FROM ?3 AS t WHERE "+p.where,
			key, deletion.ID, p.table, bun.Ident(p.table)).Exec(ctx)
		if err != nil {
			return nil, wrap(ctx, err, "keep rows of "+p.table)
		}
	}
	for _, p := range slices.Backward(a.parts) {
		if _, err := s.db.NewRaw("DELETE FROM ?1 AS t WHERE "+p.where, key, bun.Ident(p.table)).Exec(ctx); err != nil {
			return nil, wrap(ctx, err, "delete rows of "+p.table)
		}
	}
	return deletion, s.TouchProducts(ctx, products)
}

// Restore brings an object back. Rows that refer to what is gone meanwhile are left out; the object itself must
// not be among them. UserErrors say why nothing was restored.
func (s *Store) Restore(ctx context.Context, id uuid.UUID) (*models.Deletion, error) {
	deletion := new(models.Deletion)
	err := s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		err := wrap(ctx, tx.db.NewSelect().Model(deletion).Where("id = ?", id).For("UPDATE").Scan(ctx), "load deletion")
		if errors.Is(err, ErrNotFound) {
			return models.Refuse(models.UserErrorNotFound, "deletionId", "there is no such deletion; was it restored already?")
		}
		if err != nil {
			return err
		}
		return tx.restoreObject(ctx, deletion)
	})
	return deletion, err
}

func (s *Store) restoreObject(ctx context.Context, deletion *models.Deletion) error {
	a := aggregates[deletion.Kind]
	for i, p := range a.parts {
		restored, err := s.restoreRows(ctx, deletion.ID, p.table)
		err = takenAs(err, "deletionId", "another object has its key or slug now")
		if err != nil {
			return err
		}
		if i == 0 && restored == 0 {
			return models.Refuse(models.UserErrorNotFound, "deletionId", "what the %s belongs to is gone; restore that first", deletion.Kind)
		}
	}
	var products []uuid.UUID
	if err := s.db.NewRaw(a.products, deletion.Key).Scan(ctx, &products); err != nil {
		return wrap(ctx, err, "find products of restored object")
	}
	if _, err := s.db.NewRaw("DELETE FROM deletions WHERE id = ?", deletion.ID).Exec(ctx); err != nil {
		return wrap(ctx, err, "forget deletion")
	}
	return s.TouchProducts(ctx, products)
}

// restoreRows puts the rows of a table back, without those whose references lead nowhere, and says how many.
func (s *Store) restoreRows(ctx context.Context, deletion uuid.UUID, table string) (int64, error) {
	columns, err := s.columnsOf(ctx, table)
	if err != nil {
		return 0, err
	}
	names, values, conditions := make([]string, len(columns)), make([]string, len(columns)), []string{"true"}
	for i, c := range columns {
		names[i], values[i] = c.Name, "t."+c.Name
		if c.References == nil {
			continue
		}
		exists := "EXISTS (SELECT FROM " + *c.References + " AS r WHERE r." + *c.ReferencedColumn + " = t." + c.Name + ")"
		if *c.References == table {
			// The rows of a tree come back together.
			exists = "(" + exists + " OR t." + c.Name + "::text IN (SELECT content ->> '" + *c.ReferencedColumn + "' FROM rows))"
		}
		if c.Nullable {
			values[i] = "CASE WHEN " + exists + " THEN t." + c.Name + " END"
			continue
		}
		conditions = append(conditions, exists)
	}
	if slices.Contains(names, "version") {
		// Who still has the object open from before must not take it for unchanged.
		values[slices.Index(names, "version")] = "t.version + 1"
	}
	result, err := s.db.NewRaw(`
		WITH rows AS (SELECT content FROM deleted_rows WHERE deletion_id = ? AND table_name = ?)
		INSERT INTO `+table+` (`+strings.Join(names, ", ")+`)
		SELECT `+strings.Join(values, ", ")+`
		FROM rows, jsonb_populate_record(NULL::`+table+`, rows.content) AS t
		WHERE `+strings.Join(conditions, " AND "), deletion, table).Exec(ctx)
	if err != nil {
		return 0, wrap(ctx, err, "restore rows of "+table)
	}
	n, err := result.RowsAffected()
	return n, wrap(ctx, err, "count restored rows of "+table)
}

// tableColumn is a column that is written, and where it refers to.
type tableColumn struct {
	Name             string
	Nullable         bool
	References       *string
	ReferencedColumn *string
}

// columnsOf asks the database itself, so that a new column or reference is not forgotten here.
func (s *Store) columnsOf(ctx context.Context, table string) ([]tableColumn, error) {
	var columns []tableColumn
	err := s.db.NewRaw(`
		SELECT a.attname AS name, NOT a.attnotnull AS nullable,
			fk.confrelid::regclass::text AS references, target.attname AS referenced_column
		FROM pg_attribute AS a
		LEFT JOIN pg_constraint AS fk ON fk.conrelid = a.attrelid AND fk.contype = 'f' AND fk.conkey = ARRAY[a.attnum]
		LEFT JOIN pg_attribute AS target ON target.attrelid = fk.confrelid AND target.attnum = fk.confkey[1]
		WHERE a.attrelid = ?::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
		ORDER BY a.attnum`, table).Scan(ctx, &columns)
	return columns, wrap(ctx, err, "read columns of "+table)
}

// Deletions returns a page of what was deleted, the newest first, and whether there are more. An empty kind
// means all kinds.
func (s *Store) Deletions(ctx context.Context, kind string, after *models.DeletionCursor, limit int) (deletions []*models.Deletion, more bool, err error) {
	query := s.db.NewSelect().Model(&deletions).OrderExpr("deleted_at DESC, id DESC").Limit(int64(limit) + 1)
	if kind != "" {
		query.Where("kind = ?", kind)
	}
	if after != nil {
		query.Where("(deleted_at, id) < (?, ?)", after.DeletedAt, after.ID)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, false, wrap(ctx, err, "load deletions")
	}
	if len(deletions) > limit {
		return deletions[:limit], true, nil
	}
	return deletions, false, nil
}

// DeletionKind returns the kind of a deleted object; empty when there is no such deletion.
func (s *Store) DeletionKind(ctx context.Context, id uuid.UUID) (string, error) {
	var kinds []string
	err := s.db.NewRaw("SELECT kind FROM deletions WHERE id = ?", id).Scan(ctx, &kinds)
	if len(kinds) == 0 {
		return "", wrap(ctx, err, "look for deletion")
	}
	return kinds[0], nil
}

// deleteVersion deletes the object that has the version.
func (s *Store) deleteVersion(ctx context.Context, v versioned, kind, key string, version int64) (deletion *models.Deletion, err error) {
	err = s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, v, key, version); err != nil {
			return err
		}
		deletion, err = tx.deleteObject(ctx, aggregates[kind], key)
		return err
	})
	return deletion, err
}

// aggregates say what belongs to an object, by its kind. A new table that hangs on one of them has to be named
// here, or its rows would not come back.
var aggregates = map[string]aggregate{
	models.KindProduct: {
		kind:  models.KindProduct,
		title: "SELECT title FROM product_translations WHERE product_id = ?0::uuid ORDER BY language LIMIT 1",
		parts: []part{
			{"products", "t.id = ?0::uuid"},
			{"product_translations", "t.product_id = ?0::uuid"},
			{"product_categories", "t.product_id = ?0::uuid"},
			{"product_media", "t.product_id = ?0::uuid"},
			{"product_variants", "t.product_id = ?0::uuid"},
			{"product_variant_attributes", "t.sku IN (SELECT sku FROM product_variants WHERE product_id = ?0::uuid)"},
			{"product_prices", "t.sku IN (SELECT sku FROM product_variants WHERE product_id = ?0::uuid)"},
		},
		products: "SELECT ?0::uuid",
	},
	models.KindProductVariant: {
		kind:  models.KindProductVariant,
		title: "SELECT ?0",
		parts: []part{
			{"product_variants", "t.sku = ?0"},
			{"product_variant_attributes", "t.sku = ?0"},
			{"product_prices", "t.sku = ?0"},
		},
		products: "SELECT product_id FROM product_variants WHERE sku = ?0",
	},
	models.KindCategory: {
		kind:  models.KindCategory,
		title: "SELECT title FROM category_translations WHERE category_id = ?0::uuid ORDER BY language LIMIT 1",
		parts: []part{
			{"categories", "t.id IN (" + below + ")"},
			{"category_translations", "t.category_id IN (" + below + ")"},
			{"product_categories", "t.category_id IN (" + below + ")"},
		},
		products: "SELECT DISTINCT product_id FROM product_categories WHERE category_id IN (" + below + ")",
	},
	models.KindAttributeType: {
		kind:  models.KindAttributeType,
		title: "SELECT ?0",
		parts: []part{
			{"attribute_types", "t.code = ?0"},
			{"attributes", "t.attribute_type_id IN (SELECT id FROM attribute_types WHERE code = ?0)"},
			{"product_variant_attributes", "t.attribute_id IN (" + attributesOfType + ")"},
			{"product_type_attribute_types", "t.attribute_type_id IN (SELECT id FROM attribute_types WHERE code = ?0)"},
		},
		products: productsWithAttributes + attributesOfType + ")",
	},
	models.KindAttribute: {
		kind:  models.KindAttribute,
		title: "SELECT value FROM attributes WHERE id = ?0::uuid",
		parts: []part{
			{"attributes", "t.id = ?0::uuid"},
			{"product_variant_attributes", "t.attribute_id = ?0::uuid"},
		},
		products: productsWithAttributes + "?0::uuid)",
	},
	models.KindProductType: {
		kind:  models.KindProductType,
		title: "SELECT ?0",
		parts: []part{
			{"product_types", "t.code = ?0"},
			{"product_type_attribute_types", "t.product_type_id IN (SELECT id FROM product_types WHERE code = ?0)"},
			{"product_type_vat_groups", "t.product_type_id IN (SELECT id FROM product_types WHERE code = ?0)"},
		},
		products: "SELECT id FROM products WHERE product_type_id = (SELECT id FROM product_types WHERE code = ?0)",
	},
	models.KindPriceList: {
		kind:  models.KindPriceList,
		title: "SELECT name FROM price_lists WHERE code = ?0",
		parts: []part{
			{"price_lists", "t.code = ?0"},
			{"product_prices", "t.price_list = ?0"},
		},
		products: "SELECT DISTINCT v.product_id FROM product_prices AS pp JOIN product_variants AS v USING (sku) WHERE pp.price_list = ?0",
	},
	models.KindCountry: {
		kind:  models.KindCountry,
		title: "SELECT ?0",
		parts: []part{
			{"countries", "t.code = ?0"},
			{"vat_groups", "t.country = ?0"},
			{"product_type_vat_groups", "t.vat_group IN (SELECT code FROM vat_groups WHERE country = ?0)"},
		},
		products: noProducts,
	},
	models.KindVatGroup: {
		kind:  models.KindVatGroup,
		title: "SELECT name FROM vat_groups WHERE code = ?0",
		parts: []part{
			{"vat_groups", "t.code = ?0"},
			{"product_type_vat_groups", "t.vat_group = ?0"},
		},
		products: noProducts,
	},
	models.KindSynonym: {
		kind:     models.KindSynonym,
		title:    "SELECT array_to_string(phrases, ', ') FROM synonyms WHERE id = ?0::uuid",
		parts:    []part{{"synonyms", "t.id = ?0::uuid"}},
		products: noProducts,
	},
	models.KindQueryRule: {
		kind:     models.KindQueryRule,
		title:    "SELECT name FROM query_rules WHERE id = ?0::uuid",
		parts:    []part{{"query_rules", "t.id = ?0::uuid"}},
		products: noProducts,
	},
}

const (
	// below selects a category and all below it.
	below = `
		WITH RECURSIVE below AS (
			SELECT id FROM categories WHERE id = ?0::uuid
			UNION
			SELECT c.id FROM categories AS c JOIN below ON c.parent_id = below.id
		)
		SELECT id FROM below`
	attributesOfType       = "SELECT a.id FROM attributes AS a JOIN attribute_types AS at ON at.id = a.attribute_type_id WHERE at.code = ?0"
	productsWithAttributes = `
		SELECT DISTINCT v.product_id
		FROM product_variant_attributes AS va JOIN product_variants AS v USING (sku)
		WHERE va.attribute_id IN (`
	// VAT, synonyms and query rules are not in the search documents.
	noProducts = "SELECT id FROM products WHERE false AND ?0 = ''"
)
