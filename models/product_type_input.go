package models

import "github.com/99designs/gqlgen/graphql"

// ProductTypeInput is a change to a product type: a field that is not set stays.
type ProductTypeInput struct {
	Name           graphql.Omittable[[]*TranslatedTextInput]
	AttributeTypes graphql.Omittable[[]string]
	VatGroups      graphql.Omittable[[]string]
}

// Check returns UserErrors when the input cannot be written.
func (in *ProductTypeInput) Check(languages Languages) error {
	var problems UserErrors
	problems.checkTranslatedName(in.Name.Value(), languages)
	return problems.OrNil()
}
