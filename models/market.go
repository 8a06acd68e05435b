package models

import "github.com/google/uuid"

// Market is what a country decides about prices: the price list customers see and the VAT they pay.
type Market struct {
	Country CountryCode
	// Known says whether the shop sells to the country.
	Known bool
	// PriceList is the code of the country's price list, or of the default list when the shop does not
	// know the country; empty when there is no price list at all.
	PriceList string

	defaultGroup *VatGroup
	groupsByType map[uuid.UUID]*VatGroup
}

// NewMarket makes a market without VAT.
func NewMarket(country CountryCode, known bool, priceList string) *Market {
	return &Market{Country: country, Known: known, PriceList: priceList, groupsByType: map[uuid.UUID]*VatGroup{}}
}

// SetDefault says which VAT applies to product types without a rate of their own.
func (m *Market) SetDefault(group *VatGroup) { m.defaultGroup = group }

// SetForType says which VAT applies to a product type.
func (m *Market) SetForType(productType uuid.UUID, group *VatGroup) {
	m.groupsByType[productType] = group
}

// Vat is the VAT that applies to a product: a *VatGroup, or a *NoVat that says why there is none.
type Vat interface{ IsVat() }

// IsVat marks a VAT group as a Vat.
func (*VatGroup) IsVat() {}

// NoVat says that no VAT is known, so that there is no price with VAT.
type NoVat struct{ Reason NoVatReason }

// IsVat marks the lack of VAT as a Vat.
func (*NoVat) IsVat() {}

// NoVatReason is why there is no VAT.
type NoVatReason string

// The reasons.
const (
	NoVatCountryUnknown NoVatReason = "COUNTRY_UNKNOWN"
	NoVatNoRate         NoVatReason = "NO_RATE"
)

// Vat returns what applies to products of a type, which may be nil: the type's own group in this country, else
// the country's default, else none.
func (m *Market) Vat(productType *uuid.UUID) Vat {
	if productType != nil && m.groupsByType[*productType] != nil {
		return m.groupsByType[*productType]
	}
	if m.defaultGroup != nil {
		return m.defaultGroup
	}
	if !m.Known {
		return &NoVat{NoVatCountryUnknown}
	}
	return &NoVat{NoVatNoRate}
}
