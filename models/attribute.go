package models

import (
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"
)

// AttributeValueType is the kind of value an attribute type takes.
type AttributeValueType string

// The kinds of attribute values.
const (
	AttributeText    AttributeValueType = "TEXT"
	AttributeInteger AttributeValueType = "INTEGER"
	AttributeDecimal AttributeValueType = "DECIMAL"
	AttributeBoolean AttributeValueType = "BOOLEAN"
)

// AttributeType is a property variants can have, such as colour or weight.
type AttributeType struct {
	bun.BaseModel `bun:"table:attribute_types,alias:at"`

	ID        uuid.UUID `bun:",pk"`
	Code      string
	ValueType AttributeValueType
	Unit      *string
	Name      Translated `bun:"type:jsonb"`
	// Version grows with every change to the type, not with those to its attributes.
	Version int64
	Chain   []LanguageCode `bun:"-"`
}

// Attribute is one value of an attribute type, such as colour: black. The predecessor calls it base
// attribute.
type Attribute struct {
	bun.BaseModel `bun:"table:attributes,alias:a"`

	ID              uuid.UUID `bun:",pk"`
	AttributeTypeID uuid.UUID
	// Value is the canonical text of the value: "black", "16", "true".
	Value    string
	Number   *decimal.Decimal
	Name     Translated `bun:"type:jsonb"`
	Position int
	// Version grows with every change.
	Version int64

	Type  *AttributeType `bun:"rel:belongs-to,join:attribute_type_id=id"`
	Chain []LanguageCode `bun:"-"`
}

// LocalName is the type's name in the reader's language, or its code.
func (t *AttributeType) LocalName() string { return nameOr(t.Name, t.Chain, t.Code) }

// LocalName is the value in the reader's language, or as it is stored.
func (a *Attribute) LocalName() string { return nameOr(a.Name, a.Chain, a.Value) }
