package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"ecoseller/models"
)

var versionedProductType = versioned{table: "product_types", keyColumn: "code", name: "product type", field: "code"}

// CreateProductType writes a new product type.
func (s *Store) CreateProductType(ctx context.Context, code string, in *models.ProductTypeInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		err := tx.insertRow(ctx, "product_types", row{names: []string{"code"}, values: []any{code}})
		if err := takenAs(err, "code", "there is a product type %q already", code); err != nil {
			return err
		}
		return tx.changeProductType(ctx, code, in)
	})
}

// UpdateProductType changes the product type that has the version. UserErrors say why it did not.
func (s *Store) UpdateProductType(ctx context.Context, code string, version int64, in *models.ProductTypeInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, versionedProductType, code, version); err != nil {
			return err
		}
		return tx.changeProductType(ctx, code, in)
	})
}

func (s *Store) changeProductType(ctx context.Context, code string, in *models.ProductTypeInput) error {
	var r row
	if err := setTranslated(&r, in.Name); err != nil {
		return err
	}
	if err := s.updateRow(ctx, "product_types", "code", code, r); err != nil {
		return err
	}
	if in.AttributeTypes.IsSet() {
		if err := s.replaceLinks(ctx, typeAttributeTypes, code, in.AttributeTypes.Value()); err != nil {
			return err
		}
	}
	if in.VatGroups.IsSet() {
		if err := s.replaceLinks(ctx, typeVatGroups, code, in.VatGroups.Value()); err != nil {
			return err
		}
		if err := s.refuseTwoRates(ctx, code); err != nil {
			return err
		}
	}
	return s.touchProductsFound(ctx, aggregates[models.KindProductType].products, code)
}

// typeLink is what a product type refers to, in a table of its own.
type typeLink struct{ table, column, target, targetKey, name, field string }

var (
	typeAttributeTypes = typeLink{
		table: "product_type_attribute_types", column: "attribute_type_id", target: "attribute_types", targetKey: "id",
		name: "attribute type", field: "input.attributeTypes",
	}
	typeVatGroups = typeLink{
		table: "product_type_vat_groups", column: "vat_group", target: "vat_groups", targetKey: "code",
		name: "VAT group", field: "input.vatGroups",
	}
)

// replaceLinks makes the product type refer to what has the codes, and to nothing else.
func (s *Store) replaceLinks(ctx context.Context, l typeLink, code string, codes []string) error {
	var missing []int
	err := s.db.NewRaw(`
		SELECT place - 1 FROM unnest(?) WITH ORDINALITY AS given (code, place)
		WHERE NOT EXISTS (SELECT FROM `+l.target+` AS t WHERE t.code = given.code)`, stringArray(codes)).Scan(ctx, &missing)
	if err != nil {
		return wrap(ctx, err, "look for "+l.name)
	}
	var problems models.UserErrors
	for _, i := range missing {
		problems.Addf(models.UserErrorNotFound, fmt.Sprintf("%s.%d", l.field, i), "there is no %s %q", l.name, codes[i])
	}
	if err := problems.OrNil(); err != nil {
		return err
	}
	_, err = s.db.NewRaw(`
		WITH type AS (SELECT id FROM product_types WHERE code = ?0),
		given AS (SELECT `+l.targetKey+` AS key FROM `+l.target+` WHERE code = ANY(?1)),
		gone AS (
			DELETE FROM `+l.table+` WHERE product_type_id = (SELECT id FROM type) AND `+l.column+` NOT IN (SELECT key FROM given)
		)
		INSERT INTO `+l.table+` (product_type_id, `+l.column+`)
		SELECT type.id, given.key FROM type, given
		ON CONFLICT DO NOTHING`, code, stringArray(codes)).Exec(ctx)
	return wrap(ctx, err, "replace "+l.name)
}

// refuseTwoRates returns UserErrors when a country has two rates for the type: one could not tell which applies.
func (s *Store) refuseTwoRates(ctx context.Context, code string) error {
	var countries []models.CountryCode
	err := s.db.NewRaw(`
		SELECT vg.country
		FROM product_types AS pt
		JOIN product_type_vat_groups AS tg ON tg.product_type_id = pt.id
		JOIN vat_groups AS vg ON vg.code = tg.vat_group
		WHERE pt.code = ?
		GROUP BY vg.country
		HAVING count(*) > 1
		ORDER BY vg.country`, code).Scan(ctx, &countries)
	if err != nil {
		return wrap(ctx, err, "look for two rates of a country")
	}
	if len(countries) > 0 {
		return models.Refuse(models.UserErrorInvalid, "input.vatGroups", "%s has more than one group here", countries[0])
	}
	return nil
}

// DeleteProductType deletes the product type that has the version, unless a product has it; Restore brings it
// back.
func (s *Store) DeleteProductType(ctx context.Context, code string, version int64) (deletion *models.Deletion, err error) {
	var used bool
	err = s.db.NewRaw("SELECT EXISTS (SELECT FROM products WHERE product_type_id = (SELECT id FROM product_types WHERE code = ?))", code).Scan(ctx, &used)
	if err != nil {
		return nil, wrap(ctx, err, "look for products of type")
	}
	if used {
		return nil, models.Refuse(models.UserErrorInUse, "code", "there are products of this type")
	}
	return s.deleteVersion(ctx, versionedProductType, models.KindProductType, code, version)
}

// AttributeTypesByProductTypeIDs returns the attribute types that the product types describe their products by.
func (s *Store) AttributeTypesByProductTypeIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]*models.AttributeType, error) {
	var rows []struct {
		models.AttributeType `bun:",extend"`

		ProductTypeID uuid.UUID
	}
	err := s.db.NewRaw(`
		SELECT at.*, ta.product_type_id
		FROM product_type_attribute_types AS ta JOIN attribute_types AS at ON at.id = ta.attribute_type_id
		WHERE ta.product_type_id = ANY(?)
		ORDER BY at.code`, uuidArray(ids)).Scan(ctx, &rows)
	types := map[uuid.UUID][]*models.AttributeType{}
	for i := range rows {
		types[rows[i].ProductTypeID] = append(types[rows[i].ProductTypeID], &rows[i].AttributeType)
	}
	return types, wrap(ctx, err, "load attribute types of product types")
}

// VatGroupsByProductTypeIDs returns the VAT groups that apply to products of the types.
func (s *Store) VatGroupsByProductTypeIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]*models.VatGroup, error) {
	var rows []struct {
		models.VatGroup `bun:",extend"`

		ProductTypeID uuid.UUID
	}
	err := s.db.NewRaw(`
		SELECT vg.*, tg.product_type_id
		FROM product_type_vat_groups AS tg JOIN vat_groups AS vg ON vg.code = tg.vat_group
		WHERE tg.product_type_id = ANY(?)
		ORDER BY vg.country, vg.code`, uuidArray(ids)).Scan(ctx, &rows)
	groups := map[uuid.UUID][]*models.VatGroup{}
	for i := range rows {
		groups[rows[i].ProductTypeID] = append(groups[rows[i].ProductTypeID], &rows[i].VatGroup)
	}
	return groups, wrap(ctx, err, "load VAT groups of product types")
}

// ProductTypeByCode returns the product type, or ErrNotFound.
func (s *Store) ProductTypeByCode(ctx context.Context, code string) (*models.ProductType, error) {
	productType := new(models.ProductType)
	err := s.db.NewSelect().Model(productType).Where("code = ?", code).Scan(ctx)
	return productType, wrap(ctx, err, "load product type")
}
