package models

import "github.com/99designs/gqlgen/graphql"

// AttributeTypeInput is a change to an attribute type: a field that is not set stays, a nil one is cleared.
type AttributeTypeInput struct {
	Name graphql.Omittable[[]*TranslatedTextInput]
	Unit graphql.Omittable[*string]
}

// Check returns UserErrors when the input cannot be written.
func (in *AttributeTypeInput) Check(languages Languages) error {
	var problems UserErrors
	problems.checkTranslatedName(in.Name.Value(), languages)
	if unit := in.Unit.Value(); unit != nil {
		problems.checkText("input.unit", *unit, maxCodeLength)
	}
	return problems.OrNil()
}

// AttributeInput is a change to an attribute: a field that is not set stays.
type AttributeInput struct {
	Value    graphql.Omittable[*string]
	Name     graphql.Omittable[[]*TranslatedTextInput]
	Position graphql.Omittable[*int32]
}

// Check returns UserErrors when the input cannot be written. Whether the value fits its type is seen later.
func (in *AttributeInput) Check(languages Languages) error {
	var problems UserErrors
	problems.checkTranslatedName(in.Name.Value(), languages)
	problems.notNull("input.value", in.Value.IsSet(), in.Value.Value() == nil)
	problems.notNull("input.position", in.Position.IsSet(), in.Position.Value() == nil)
	return problems.OrNil()
}

// notNull adds that a field which cannot be cleared is null.
func (e *UserErrors) notNull(field string, set, null bool) {
	if set && null {
		e.Addf(UserErrorInvalid, field, "it cannot be null; leave it out to keep it")
	}
}

// CheckNewCode returns UserErrors when the code cannot be the key of a new object.
func CheckNewCode(code string) error {
	var problems UserErrors
	problems.checkCode("code", code)
	return problems.OrNil()
}
