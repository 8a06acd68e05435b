package models

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

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

// Canonical returns the form in which a value of the type is stored, and its number where it is one. The error
// says what is wrong with the value, for its author.
func (t AttributeValueType) Canonical(value string) (text string, number *string, err error) {
	text = strings.TrimSpace(value)
	switch t {
	case AttributeBoolean:
		if text != "true" && text != "false" {
			return "", nil, fmt.Errorf("%.50q is neither true nor false", text)
		}
		return text, nil, nil
	case AttributeInteger, AttributeDecimal:
		d, err := decimal.NewFromString(text)
		if err != nil || len(text) > 40 || d.Exponent() < -20 || d.Exponent() > 30 {
			return "", nil, fmt.Errorf("%.50q is not a number that can be stored", text)
		}
		if t == AttributeInteger && !d.IsInteger() {
			return "", nil, fmt.Errorf("%s is not a whole number", d)
		}
		text = d.String()
		return text, &text, nil
	}
	if text == "" || utf8.RuneCountInString(text) > maxDescriptionLength/10 || strings.ContainsRune(text, 0) {
		return "", nil, errors.New("a value has 1 to 20,000 characters, none of them NUL")
	}
	return text, nil, nil
}
