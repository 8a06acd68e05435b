package store

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// ProductVariantsByProductIDs returns the products' variants in their order.
func (s *Store) ProductVariantsByProductIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]*models.ProductVariant, error) {
	variants, err := s.productVariants(ctx, "v.product_id = ANY(?)", uuidArray(ids))
	return groupBy(variants, func(v *models.ProductVariant) uuid.UUID { return v.ProductID }), err
}

// ProductVariantsBySKUs returns the variants that exist among the skus.
func (s *Store) ProductVariantsBySKUs(ctx context.Context, skus []string) ([]*models.ProductVariant, error) {
	return s.productVariants(ctx, "v.sku = ANY(?)", pgdialect.Array(skus))
}

func (s *Store) productVariants(ctx context.Context, where string, arg any) ([]*models.ProductVariant, error) {
	var variants []*models.ProductVariant
	err := s.db.NewSelect().Model(&variants).
		// As JSON: the driver's reader of arrays takes two apostrophes in an element for one.
		ColumnExpr("v.sku, v.product_id, to_jsonb(v.ean) AS ean, v.manufacturer_part_number, v.weight_grams").
		ColumnExpr("v.stock_quantity, v.position, v.version, p.product_type_id").
		Join("JOIN products AS p ON p.id = v.product_id").
		Where(where, arg).
		Order("v.product_id", "v.position", "v.sku").
		Scan(ctx)
	return variants, wrap(ctx, err, "load variants")
}

// variantAttribute is an attribute and its type as one row, or the ids of a variant's attributes.
type variantAttribute struct {
	SKU          string `bun:"sku"`
	AttributeIDs string `bun:"attribute_ids"`

	ID              uuid.UUID
	AttributeTypeID uuid.UUID
	Value           string
	Number          *decimal.Decimal
	Name            models.Translated `bun:"type:jsonb"`
	Position        int
	Version         int64

	TypeCode      string
	TypeValueType models.AttributeValueType
	TypeUnit      *string
	TypeName      models.Translated `bun:"type:jsonb"`
	TypeVersion   int64
}

// AttributesBySKUs returns the variants' attributes with their types, in their order. Variants share them, and each is
// read once: where products are read by the hundred, that is a small part of the rows.
func (s *Store) AttributesBySKUs(ctx context.Context, skus []string) (map[string][]*models.Attribute, error) {
	var rows []variantAttribute
	//nolint:dupword // columns
	err := s.db.NewRaw(`
		WITH had AS MATERIALIZED (
			SELECT va.sku, va.attribute_id, va.position, a.value, at.code
			FROM product_variant_attributes AS va
			JOIN attributes AS a ON a.id = va.attribute_id
			JOIN attribute_types AS at ON at.id = a.attribute_type_id
			WHERE va.sku = ANY(?)
		)
		SELECT '' AS sku, '' AS attribute_ids, a.id, a.attribute_type_id, a.value, a.number, a.name, a.position, a.version,
			at.code AS type_code, at.value_type AS type_value_type, at.unit AS type_unit, at.name AS type_name, at.version AS type_version
		FROM attributes AS a
		JOIN attribute_types AS at ON at.id = a.attribute_type_id
		WHERE a.id IN (SELECT attribute_id FROM had)
		UNION ALL
		SELECT sku, string_agg(attribute_id::text, ' ' ORDER BY position, code, value),
			NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
		FROM had GROUP BY sku`, pgdialect.Array(skus)).Scan(ctx, &rows)
	if err != nil {
		return nil, wrap(ctx, err, "load attributes of variants")
	}
	attributes := map[string]*models.Attribute{}
	for i := range rows {
		if rows[i].SKU == "" {
			attributes[rows[i].ID.String()] = rows[i].attribute()
		}
	}
	bySKU := make(map[string][]*models.Attribute, len(skus))
	for i := range rows {
		if rows[i].SKU == "" {
			continue
		}
		ids := strings.Fields(rows[i].AttributeIDs)
		had := make([]*models.Attribute, len(ids))
		for j, id := range ids {
			had[j] = attributes[id]
		}
		bySKU[rows[i].SKU] = had
	}
	return bySKU, nil
}

func (r *variantAttribute) attribute() *models.Attribute {
	return &models.Attribute{
		ID: r.ID, AttributeTypeID: r.AttributeTypeID, Value: r.Value, Number: r.Number, Name: r.Name, Position: r.Position, Version: r.Version,
		Type: &models.AttributeType{
			ID: r.AttributeTypeID, Code: r.TypeCode, ValueType: r.TypeValueType, Unit: r.TypeUnit, Name: r.TypeName, Version: r.TypeVersion,
		},
	}
}
