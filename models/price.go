package models

import (
	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"
)

// PriceList is a set of prices in one currency.
type PriceList struct {
	bun.BaseModel `bun:"table:price_lists,alias:pl"`

	Code     string `bun:",pk"`
	Name     string
	Currency string
	// Rounding is the step that prices for customers are rounded to, such as 0.01 or 1.
	Rounding  Decimal
	IsDefault bool
	// Version grows with every change to the list itself, not to its prices.
	Version int64
}

// ProductPrice is the price of one variant in one price list, without VAT and before the discount.
type ProductPrice struct {
	bun.BaseModel `bun:"table:product_prices,alias:pp"`

	SKU             string `bun:"sku,pk"`
	PriceListCode   string `bun:"price_list,pk"`
	Amount          decimal.Decimal
	DiscountPercent decimal.Decimal

	PriceList *PriceList `bun:"rel:belongs-to,join:price_list=code"`
}

// ProductPriceRange is what a product's variants cost in one price list, without VAT and after the discount.
type ProductPriceRange struct {
	bun.BaseModel `bun:"table:product_price_ranges,alias:pr"`

	ProductID     uuid.UUID `bun:",pk"`
	PriceListCode string    `bun:"price_list,pk"`
	Lowest        decimal.Decimal
	Highest       decimal.Decimal

	PriceList *PriceList `bun:"rel:belongs-to,join:price_list=code"`
}

// cent is the step for amounts that nobody pays as such: net prices and VAT.
var cent = decimal.New(1, -2)

var hundred = decimal.NewFromInt(100)

// Price is what a variant costs in a price list, for a country or without one. What is asked of it is computed then:
// most readers want one of its amounts.
type Price struct {
	PriceList       *PriceList
	DiscountPercent Decimal
	// Vat is the VAT group, or why there is none.
	Vat Vat

	amount decimal.Decimal
}

// NewPrice returns the price with the list's rounding.
func NewPrice(p *ProductPrice, vat Vat) *Price {
	return &Price{PriceList: p.PriceList, DiscountPercent: NewDecimal(p.DiscountPercent), Vat: vat, amount: p.Amount}
}

// Net is without VAT, after the discount, rounded to cents.
func (p *Price) Net() Money { return NewMoney(p.discounted(), cent, p.PriceList.Currency) }

// NetBeforeDiscount is without VAT, rounded to cents.
func (p *Price) NetBeforeDiscount() Money { return NewMoney(p.amount, cent, p.PriceList.Currency) }

// Gross is what the customer pays: the exact net price with VAT, rounded to the list's step. It is nil where there is no
// VAT.
func (p *Price) Gross() *Money { return p.withVat(p.discounted()) }

// GrossBeforeDiscount is Gross without the discount.
func (p *Price) GrossBeforeDiscount() *Money { return p.withVat(p.amount) }

// VatRate is in percent; nil where there is no VAT.
func (p *Price) VatRate() *Decimal {
	if group, ok := p.Vat.(*VatGroup); ok {
		return &group.Rate
	}
	return nil
}

func (p *Price) discounted() decimal.Decimal {
	if p.DiscountPercent.IsZero() {
		return p.amount
	}
	return p.amount.Mul(hundred.Sub(p.DiscountPercent.Decimal)).Shift(-2)
}

func (p *Price) withVat(net decimal.Decimal) *Money {
	group, ok := p.Vat.(*VatGroup)
	if !ok {
		return nil
	}
	exact := net.Mul(hundred.Add(group.Rate.Decimal)).Shift(-2)
	gross := NewMoney(exact, p.PriceList.Rounding.Decimal, p.PriceList.Currency)
	return &gross
}

// PriceRange is what a product costs in a price list, for a country or without one: the variants of a product have one
// VAT rate, so that the cheapest without VAT is the cheapest with it.
type PriceRange struct {
	PriceList *PriceList

	lowest, highest *Price
}

// NewPriceRange computes the prices as NewPrice does.
func NewPriceRange(r *ProductPriceRange, vat Vat) *PriceRange {
	return &PriceRange{
		PriceList: r.PriceList,
		lowest:    NewPrice(&ProductPrice{Amount: r.Lowest, PriceList: r.PriceList}, vat),
		highest:   NewPrice(&ProductPrice{Amount: r.Highest, PriceList: r.PriceList}, vat),
	}
}

// LowestNet is without VAT.
func (r *PriceRange) LowestNet() Money { return r.lowest.Net() }

// HighestNet is without VAT.
func (r *PriceRange) HighestNet() Money { return r.highest.Net() }

// LowestGross is nil where there is no VAT.
func (r *PriceRange) LowestGross() *Money { return r.lowest.Gross() }

// HighestGross is nil where there is no VAT.
func (r *PriceRange) HighestGross() *Money { return r.highest.Gross() }
