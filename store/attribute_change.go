package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/models"
)

var (
	versionedAttributeType = versioned{table: "attribute_types", keyColumn: "code", name: "attribute type", field: "code"}
	versionedAttribute     = versioned{table: "attributes", keyColumn: "id", name: "attribute", field: "id"}
)

// setTranslated lays the given names over the stored ones.
func setTranslated(r *row, given field[[]*models.TranslatedTextInput]) error {
	if !given.IsSet() {
		return nil
	}
	texts, err := models.TranslatedChange(given.Value())
	if err != nil {
		return err
	}
	r.set("name", bun.SafeQuery("jsonb_strip_nulls(name || ?::jsonb)", texts))
	return nil
}

// CreateAttributeType writes a new attribute type.
func (s *Store) CreateAttributeType(ctx context.Context, code string, valueType models.AttributeValueType, in *models.AttributeTypeInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		var r row
		r.set("code", code)
		r.set("value_type", valueType)
		if err := takenAs(tx.insertRow(ctx, "attribute_types", r), "code", "there is an attribute type %q already", code); err != nil {
			return err
		}
		return tx.changeAttributeType(ctx, code, in)
	})
}

// UpdateAttributeType changes the attribute type that has the version, and so all products with its attributes.
func (s *Store) UpdateAttributeType(ctx context.Context, code string, version int64, in *models.AttributeTypeInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, versionedAttributeType, code, version); err != nil {
			return err
		}
		return tx.changeAttributeType(ctx, code, in)
	})
}

func (s *Store) changeAttributeType(ctx context.Context, code string, in *models.AttributeTypeInput) error {
	var r row
	if err := setTranslated(&r, in.Name); err != nil {
		return err
	}
	setGiven(&r, "unit", in.Unit, nil)
	if err := s.updateRow(ctx, "attribute_types", "code", code, r); err != nil {
		return err
	}
	return s.touchProductsFound(ctx, aggregates[models.KindAttributeType].products, code)
}

// DeleteAttributeType deletes the attribute type that has the version, with its attributes; Restore brings it
// back.
func (s *Store) DeleteAttributeType(ctx context.Context, code string, version int64) (*models.Deletion, error) {
	return s.deleteVersion(ctx, versionedAttributeType, models.KindAttributeType, code, version)
}

// CreateAttribute writes a new value of an attribute type and returns its id.
func (s *Store) CreateAttribute(ctx context.Context, typeCode string, in *models.AttributeInput) (uuid.UUID, error) {
	if in.Value.Value() == nil {
		return uuid.Nil, models.Refuse(models.UserErrorRequired, "input.value", "a new attribute needs a value")
	}
	id := newID()
	err := s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		var types []uuid.UUID
		if err := tx.db.NewRaw("SELECT id FROM attribute_types WHERE code = ?", typeCode).Scan(ctx, &types); err != nil {
			return wrap(ctx, err, "find attribute type")
		}
		if len(types) == 0 {
			return models.Refuse(models.UserErrorNotFound, "type", "there is no attribute type %q", typeCode)
		}
		var r row
		r.set("id", id)
		r.set("attribute_type_id", types[0])
		// The id stands in for the value until it was read as one of the type.
		r.set("value", id.String())
		if err := tx.insertRow(ctx, "attributes", r); err != nil {
			return err
		}
		return tx.changeAttribute(ctx, id, in)
	})
	return id, err
}

// UpdateAttribute changes the attribute that has the version, for all variants that have it.
func (s *Store) UpdateAttribute(ctx context.Context, id uuid.UUID, version int64, in *models.AttributeInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, versionedAttribute, id, version); err != nil {
			return err
		}
		return tx.changeAttribute(ctx, id, in)
	})
}

func (s *Store) changeAttribute(ctx context.Context, id uuid.UUID, in *models.AttributeInput) error {
	var r row
	if err := setTranslated(&r, in.Name); err != nil {
		return err
	}
	setGiven(&r, "position", in.Position, 0)
	if value := in.Value.Value(); value != nil {
		if err := s.setAttributeValue(ctx, &r, id, *value); err != nil {
			return err
		}
	}
	err := takenAs(s.updateRow(ctx, "attributes", "id", id, r), "input.value", "the type has this value already")
	if err != nil {
		return err
	}
	return s.touchProductsFound(ctx, aggregates[models.KindAttribute].products, id.String())
}

func (s *Store) setAttributeValue(ctx context.Context, r *row, id uuid.UUID, value string) error {
	var valueType models.AttributeValueType
	err := s.db.NewRaw(`
		SELECT at.value_type FROM attributes AS a JOIN attribute_types AS at ON at.id = a.attribute_type_id
		WHERE a.id = ?`, id).Scan(ctx, &valueType)
	if err != nil {
		return wrap(ctx, err, "find type of attribute")
	}
	text, number, err := valueType.Canonical(value)
	if err != nil {
		return models.Refuse(models.UserErrorInvalid, "input.value", "%s", err)
	}
	r.set("value", text)
	r.set("number", number)
	return nil
}

// DeleteAttribute deletes the attribute that has the version; Restore brings it back.
func (s *Store) DeleteAttribute(ctx context.Context, id uuid.UUID, version int64) (*models.Deletion, error) {
	return s.deleteVersion(ctx, versionedAttribute, models.KindAttribute, id.String(), version)
}

// AttributesByIDs returns the attributes that exist among the ids, with their types.
func (s *Store) AttributesByIDs(ctx context.Context, ids []uuid.UUID) ([]*models.Attribute, error) {
	var attributes []*models.Attribute
	err := s.db.NewSelect().Model(&attributes).Relation("Type").Where("a.id = ANY(?)", uuidArray(ids)).Scan(ctx)
	return attributes, wrap(ctx, err, "load attributes")
}

// AttributesByTypeIDs returns all attributes of the types, in their order, with their types.
func (s *Store) AttributesByTypeIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]*models.Attribute, error) {
	var attributes []*models.Attribute
	err := s.db.NewSelect().Model(&attributes).Relation("Type").
		Where("a.attribute_type_id = ANY(?)", uuidArray(ids)).
		OrderExpr("a.attribute_type_id, a.position, a.number, a.value").
		Scan(ctx)
	return groupBy(attributes, func(a *models.Attribute) uuid.UUID { return a.AttributeTypeID }), wrap(ctx, err, "load attributes of types")
}
