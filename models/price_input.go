package models

import (
	"regexp"

	"github.com/99designs/gqlgen/graphql"
	"golang.org/x/text/currency"
)

var priceListCodePattern = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// PriceListInput is a change to a price list: a field that is not set stays.
type PriceListInput struct {
	Name      graphql.Omittable[*string]
	Rounding  graphql.Omittable[*Decimal]
	IsDefault graphql.Omittable[*bool]
}

// Check returns UserErrors when the input cannot be written.
func (in *PriceListInput) Check() error {
	var problems UserErrors
	problems.notNull("input.name", in.Name.IsSet(), in.Name.Value() == nil)
	problems.notNull("input.rounding", in.Rounding.IsSet(), in.Rounding.Value() == nil)
	problems.notNull("input.isDefault", in.IsDefault.IsSet(), in.IsDefault.Value() == nil)
	if name := in.Name.Value(); name != nil {
		problems.checkName(*name)
	}
	if step := in.Rounding.Value(); step != nil && (!step.fits(4, 2) || !step.IsPositive()) {
		problems.Addf(UserErrorInvalid, "input.rounding", "a step is positive, and has up to 4 digits and 2 decimals")
	}
	return problems.OrNil()
}

// CheckNew returns UserErrors when the input is not that of a new price list.
func (in *PriceListInput) CheckNew(code, currencyCode string) error {
	var problems UserErrors
	if !priceListCodePattern.MatchString(code) {
		problems.Addf(UserErrorInvalid, "code", "a code has lower-case letters, digits, _ and - only, and 1 to 40 of them")
	}
	if unit, err := currency.ParseISO(currencyCode); err != nil || unit.String() != currencyCode {
		problems.Addf(UserErrorInvalid, "currency", "%.10q is not a currency code (ISO 4217)", currencyCode)
	}
	if in.Name.Value() == nil {
		problems.Addf(UserErrorRequired, "input.name", "a new price list needs a name")
	}
	if err := in.Check(); len(problems) == 0 {
		return err
	}
	return problems.OrNil()
}

func (e *UserErrors) checkName(name string) {
	e.checkText("input.name", name, maxCodeLength)
	if name == "" {
		e.Addf(UserErrorRequired, "input.name", "a name is not empty")
	}
}
