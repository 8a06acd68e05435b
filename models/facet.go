package models

import (
	"slices"
)

// AttributeFacet is an attribute type with the values that the products of a list have.
type AttributeFacet struct {
	Type *AttributeType
	// Values are the most frequent ones, those of more products first.
	Values []*AttributeFacetValue
	// Min and Max are the smallest and the largest number; nil for types without numbers.
	Min, Max *Decimal
}

// AttributeFacetValue is a value and how many products of a list have it.
type AttributeFacetValue struct {
	Attribute    *Attribute
	ProductCount int
}

// WithoutAttribute returns the query without its condition on an attribute type: the values of a type are
// alternatives, so choosing one must not hide the others.
func (q ProductQuery) WithoutAttribute(code string) ProductQuery {
	q.Attributes = slices.DeleteFunc(slices.Clone(q.Attributes), func(c AttributeCondition) bool { return c.Type == code })
	return q
}
