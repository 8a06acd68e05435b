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

// Price is what a variant costs in a price list, for a country or without one.
type Price struct {
	PriceList       *PriceList
	DiscountPercent Decimal
	// Net and NetBeforeDiscount are without VAT.
	Net               Money
	NetBeforeDiscount Money
	// VatRate, in percent, and the gross prices are nil where there is no VAT.
	Vat                 Vat
	VatRate             *Decimal
	Gross               *Money
	GrossBeforeDiscount *Money
}

// NewPrice computes the price with the list's rounding. The gross price is that of the exact net price, rounded
// to the list's step; the net price is rounded to cents.
func NewPrice(p *ProductPrice, vat Vat) *Price {
	list := p.PriceList
	discounted := p.Amount
	if !p.DiscountPercent.IsZero() {
		discounted = p.Amount.Mul(hundred.Sub(p.DiscountPercent)).Shift(-2)
	}

	price := &Price{
		PriceList:         list,
		DiscountPercent:   NewDecimal(p.DiscountPercent),
		Net:               NewMoney(discounted, cent, list.Currency),
		NetBeforeDiscount: NewMoney(p.Amount, cent, list.Currency),
		Vat:               vat,
	}
	group, ok := vat.(*VatGroup)
	if !ok {
		return price
	}
	factor := hundred.Add(group.Rate.Decimal).Shift(-2)
	gross := NewMoney(discounted.Mul(factor), list.Rounding.Decimal, list.Currency)
	before := gross
	if !p.DiscountPercent.IsZero() {
		before = NewMoney(p.Amount.Mul(factor), list.Rounding.Decimal, list.Currency)
	}
	price.VatRate, price.Gross, price.GrossBeforeDiscount = &group.Rate, &gross, &before
	return price
}

// PriceRange is what a product costs in a price list, for a country or without one.
type PriceRange struct {
	PriceList *PriceList
	// LowestNet and HighestNet are without VAT.
	LowestNet, HighestNet Money
	// LowestGross and HighestGross are nil where there is no VAT.
	LowestGross, HighestGross *Money
}

// NewPriceRange computes the prices as NewPrice does: the variants of a product have one VAT rate, so that the
// cheapest without VAT is the cheapest with it.
func NewPriceRange(r *ProductPriceRange, vat Vat) *PriceRange {
	lowest := NewPrice(&ProductPrice{Amount: r.Lowest, PriceList: r.PriceList}, vat)
	highest := NewPrice(&ProductPrice{Amount: r.Highest, PriceList: r.PriceList}, vat)
	return &PriceRange{
		PriceList: r.PriceList,
		LowestNet: lowest.Net, HighestNet: highest.Net,
		LowestGross: lowest.Gross, HighestGross: highest.Gross,
	}
}
