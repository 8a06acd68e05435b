package models

import (
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Market is what a country decides about prices: the price list customers see and the VAT they pay.
type Market struct {
	Country CountryCode
	// PriceList is the code of the country's price list, or of the default list when the shop does not
	// know the country; empty when there is no price list at all.
	PriceList string

	defaultRate *decimal.Decimal
	ratesByType map[uuid.UUID]decimal.Decimal
}

// NewMarket makes a market without VAT.
func NewMarket(country CountryCode, priceList string) *Market {
	return &Market{Country: country, PriceList: priceList, ratesByType: map[uuid.UUID]decimal.Decimal{}}
}

// SetDefaultRate says which VAT, in percent, applies to product types without a rate of their own.
func (m *Market) SetDefaultRate(percent decimal.Decimal) { m.defaultRate = &percent }

// SetTypeRate says which VAT, in percent, applies to a product type.
func (m *Market) SetTypeRate(productType uuid.UUID, percent decimal.Decimal) {
	m.ratesByType[productType] = percent
}

// VatRate returns the VAT of a product type in percent: its own rate, else the country's default, else
// nil, which means that no VAT is known.
func (m *Market) VatRate(productType *uuid.UUID) *decimal.Decimal {
	if productType != nil {
		if rate, ok := m.ratesByType[*productType]; ok {
			return &rate
		}
	}
	return m.defaultRate
}
