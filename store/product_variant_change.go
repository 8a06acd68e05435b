package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

var versionedVariant = versioned{table: "product_variants", keyColumn: "sku", name: "variant", field: "sku"}

// CreateProductVariant adds a variant to a product.
func (s *Store) CreateProductVariant(ctx context.Context, product uuid.UUID, sku string, in *models.ProductVariantInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		products, err := tx.ProductsByIDs(ctx, []uuid.UUID{product}, nil)
		if err != nil {
			return err
		}
		if len(products) == 0 {
			return models.Refuse(models.UserErrorNotFound, "productId", "there is no such product")
		}
		// Behind the others, unless the input says where.
		_, err = tx.db.NewRaw(`
			INSERT INTO product_variants (sku, product_id, position)
			SELECT ?0, ?1, coalesce(max(position) + 1, 0) FROM product_variants WHERE product_id = ?1`, sku, product).Exec(ctx)
		err = takenAs(wrap(ctx, err, "insert variant"), "sku", "there is a variant %q already", sku)
		if err != nil {
			return err
		}
		return tx.changeVariant(ctx, sku, in)
	})
}

// UpdateProductVariant changes the variant that has the version. UserErrors say why it did not.
func (s *Store) UpdateProductVariant(ctx context.Context, sku string, version int64, in *models.ProductVariantInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, versionedVariant, sku, version); err != nil {
			return err
		}
		return tx.changeVariant(ctx, sku, in)
	})
}

func (s *Store) changeVariant(ctx context.Context, sku string, in *models.ProductVariantInput) error {
	var r row
	if in.EAN.IsSet() {
		r.set("ean", pgdialect.Array(append([]string{}, in.EAN.Value()...)))
	}
	setGiven(&r, "manufacturer_part_number", in.ManufacturerPartNumber, "")
	setGiven(&r, "weight_grams", in.WeightGrams, nil)
	setGiven(&r, "stock_quantity", in.StockQuantity, 0)
	setGiven(&r, "position", in.Position, 0)
	if err := s.updateRow(ctx, "product_variants", "sku", sku, r); err != nil {
		return err
	}
	if in.Attributes.IsSet() {
		if err := s.replaceAttributes(ctx, sku, in.Attributes.Value()); err != nil {
			return err
		}
	}
	return s.touchProductsOf(ctx, []string{sku})
}

// replaceAttributes gives the variant these attributes and takes all others away. Values that a type does not
// have yet are made.
func (s *Store) replaceAttributes(ctx context.Context, sku string, given []*models.VariantAttributeInput) error {
	types, err := s.attributeTypesByCodes(ctx, given)
	if err != nil {
		return err
	}
	var problems models.UserErrors
	values := make([]ImportedAttribute, len(given))
	links := make([]ImportedVariantAttribute, len(given))
	for i, a := range given {
		valueType, known := types[a.Type]
		if !known {
			problems.Addf(models.UserErrorNotFound, fmt.Sprintf("input.attributes.%d.type", i), "there is no attribute type %q", a.Type)
			continue
		}
		value, number, err := valueType.Canonical(a.Value)
		if err != nil {
			problems.Addf(models.UserErrorInvalid, fmt.Sprintf("input.attributes.%d.value", i), "%s", err)
			continue
		}
		values[i] = ImportedAttribute{Type: a.Type, Value: value, Number: number}
		links[i] = ImportedVariantAttribute{SKU: sku, Type: a.Type, Value: value, Position: i}
	}
	if err := problems.OrNil(); err != nil {
		return err
	}
	if err := s.execJSON(ctx, "make attributes", importAttributes, values); err != nil {
		return err
	}
	if err := s.execJSON(ctx, "leave out attributes", leaveOutVariantAttributes, leftOutOf([]string{sku}, links, nil)); err != nil {
		return err
	}
	return s.execJSON(ctx, "write attributes", importVariantAttributes+updateVariantAttributes, links)
}

func (s *Store) attributeTypesByCodes(ctx context.Context, given []*models.VariantAttributeInput) (map[string]models.AttributeValueType, error) {
	codes := make([]string, len(given))
	for i, a := range given {
		codes[i] = a.Type
	}
	var rows []struct {
		Code      string
		ValueType models.AttributeValueType
	}
	err := s.db.NewRaw("SELECT code, value_type FROM attribute_types WHERE code = ANY(?)", pgdialect.Array(codes)).Scan(ctx, &rows)
	types := map[string]models.AttributeValueType{}
	for _, r := range rows {
		types[r.Code] = r.ValueType
	}
	return types, wrap(ctx, err, "find attribute types")
}

// execJSON runs a statement whose only argument are rows as JSON.
func (s *Store) execJSON(ctx context.Context, doing, sql string, rows any) error {
	raw, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	_, err = s.db.NewRaw(sql, string(raw)).Exec(ctx)
	return wrap(ctx, err, doing)
}

// touchProductsOf marks the products that have the variants as changed.
func (s *Store) touchProductsOf(ctx context.Context, skus []string) error {
	var ids []uuid.UUID
	err := s.db.NewRaw("SELECT DISTINCT product_id FROM product_variants WHERE sku = ANY(?)", pgdialect.Array(skus)).Scan(ctx, &ids)
	if err != nil {
		return wrap(ctx, err, "find products of variants")
	}
	return s.TouchProducts(ctx, ids)
}

// stockRow is a StockInput as the statement reads it.
type stockRow struct {
	SKU      string `json:"sku"`
	Quantity *int32 `json:"quantity"`
	Change   *int32 `json:"change"`
}

// UpdateStock sets or changes the stock of variants: of all of them, or of none with UserErrors.
func (s *Store) UpdateStock(ctx context.Context, inputs []*models.StockInput) error {
	rows, skus := make([]stockRow, len(inputs)), make([]string, len(inputs))
	for i, in := range inputs {
		rows[i], skus[i] = stockRow{in.SKU, in.Quantity.Value(), in.Change.Value()}, in.SKU
	}
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.requireVariants(ctx, skus); err != nil {
			return err
		}
		if err := tx.execJSON(ctx, "update stock", updateStock, rows); err != nil {
			return err
		}
		return tx.touchProductsOf(ctx, skus)
	})
}

const updateStock = `
	WITH given AS (
		SELECT sku, quantity, change FROM jsonb_to_recordset(?::jsonb) AS r (sku text, quantity int, change int)
	), locked AS ( -- in one order, so that two calls wait for each other instead of locking each other out
		SELECT sku FROM product_variants WHERE sku IN (SELECT sku FROM given) ORDER BY sku FOR NO KEY UPDATE
	)
	UPDATE product_variants AS v
	SET stock_quantity = coalesce(given.quantity, v.stock_quantity + given.change)
	FROM given JOIN locked USING (sku)
	WHERE v.sku = given.sku`

// requireVariants returns UserErrors for the places at which there is no variant with the sku.
func (s *Store) requireVariants(ctx context.Context, skus []string) error {
	var missing []int
	err := s.db.NewRaw(`
		SELECT place - 1 FROM unnest(?) WITH ORDINALITY AS given (sku, place)
		WHERE NOT EXISTS (SELECT FROM product_variants AS v WHERE v.sku = given.sku)`, stringArray(skus)).Scan(ctx, &missing)
	if err != nil {
		return wrap(ctx, err, "look for variants")
	}
	var problems models.UserErrors
	for _, i := range missing {
		problems.Addf(models.UserErrorNotFound, fmt.Sprintf("input.%d.sku", i), "there is no variant %q", skus[i])
	}
	return problems.OrNil()
}

// DeleteProductVariant deletes the variant that has the version; Restore brings it back.
func (s *Store) DeleteProductVariant(ctx context.Context, sku string, version int64) (*models.Deletion, error) {
	return s.deleteVersion(ctx, versionedVariant, models.KindProductVariant, sku, version)
}
