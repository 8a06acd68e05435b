package models

import (
	"github.com/99designs/gqlgen/graphql"
	"golang.org/x/text/language"
)

// CountryInput is a change to a country: a field that is not set stays.
type CountryInput struct {
	Name             graphql.Omittable[[]*TranslatedTextInput]
	Locale           graphql.Omittable[*string]
	DefaultPriceList graphql.Omittable[*string]
}

// Check returns UserErrors when the input cannot be written.
func (in *CountryInput) Check(languages Languages) error {
	var problems UserErrors
	problems.checkTranslatedName(in.Name.Value(), languages)
	problems.notNull("input.locale", in.Locale.IsSet(), in.Locale.Value() == nil)
	problems.notNull("input.defaultPriceList", in.DefaultPriceList.IsSet(), in.DefaultPriceList.Value() == nil)
	if locale := in.Locale.Value(); locale != nil {
		if _, err := language.Parse(*locale); err != nil {
			problems.Addf(UserErrorInvalid, "input.locale", "%.50q is not a locale (BCP 47), such as cs-CZ", *locale)
		}
	}
	return problems.OrNil()
}

// CheckNew returns UserErrors when the input is not that of a new country.
func (in *CountryInput) CheckNew(languages Languages) error {
	var problems UserErrors
	if in.Locale.Value() == nil {
		problems.Addf(UserErrorRequired, "input.locale", "a new country needs a locale")
	}
	if in.DefaultPriceList.Value() == nil {
		problems.Addf(UserErrorRequired, "input.defaultPriceList", "a new country needs a price list")
	}
	if len(problems) > 0 {
		return problems
	}
	return in.Check(languages)
}

// VatGroupInput is a change to a VAT group: a field that is not set stays.
type VatGroupInput struct {
	Name      graphql.Omittable[*string]
	Rate      graphql.Omittable[*Decimal]
	IsDefault graphql.Omittable[*bool]
}

// Check returns UserErrors when the input cannot be written.
func (in *VatGroupInput) Check() error {
	var problems UserErrors
	problems.notNull("input.name", in.Name.IsSet(), in.Name.Value() == nil)
	problems.notNull("input.rate", in.Rate.IsSet(), in.Rate.Value() == nil)
	problems.notNull("input.isDefault", in.IsDefault.IsSet(), in.IsDefault.Value() == nil)
	if name := in.Name.Value(); name != nil {
		problems.checkName(*name)
	}
	if rate := in.Rate.Value(); rate != nil && (!rate.fits(3, 2) || rate.GreaterThan(hundred)) {
		problems.Addf(UserErrorInvalid, "input.rate", "a rate is 0 to 100 percent with up to 2 decimals")
	}
	return problems.OrNil()
}

// CheckNew returns UserErrors when the input is not that of a new VAT group.
func (in *VatGroupInput) CheckNew(code string) error {
	var problems UserErrors
	problems.checkCode("code", code)
	if in.Name.Value() == nil {
		problems.Addf(UserErrorRequired, "input.name", "a new VAT group needs a name")
	}
	if in.Rate.Value() == nil {
		problems.Addf(UserErrorRequired, "input.rate", "a new VAT group needs a rate")
	}
	if len(problems) > 0 {
		return problems
	}
	return in.Check()
}
