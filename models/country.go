package models

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"
)

// Country is a country the shop sells to.
type Country struct {
	bun.BaseModel `bun:"table:countries,alias:co"`

	Code             CountryCode `bun:",pk"`
	Name             Translated  `bun:"type:jsonb"`
	Locale           string
	DefaultPriceList string
}

// VatGroup is a VAT rate of a country, in percent.
type VatGroup struct {
	bun.BaseModel `bun:"table:vat_groups,alias:vg"`

	Code      string `bun:",pk"`
	Name      string
	Country   CountryCode
	Rate      decimal.Decimal
	IsDefault bool
}

// VatRates answers which VAT applies. It is small (a few rows a country) and loaded whole.
type VatRates struct {
	defaults map[CountryCode]decimal.Decimal
	byType   map[vatKey]decimal.Decimal
}

type vatKey struct {
	productType uuid.UUID
	country     CountryCode
}

// NewVatRates makes a lookup from all groups, and from the groups chosen by product types.
func NewVatRates(groups []*VatGroup, byType map[uuid.UUID][]string) *VatRates {
	r := &VatRates{defaults: map[CountryCode]decimal.Decimal{}, byType: map[vatKey]decimal.Decimal{}}
	byCode := map[string]*VatGroup{}
	for _, g := range groups {
		byCode[g.Code] = g
		if g.IsDefault {
			r.defaults[g.Country] = g.Rate
		}
	}
	for productType, codes := range byType {
		for _, code := range codes {
			if g := byCode[code]; g != nil {
				r.byType[vatKey{productType, g.Country}] = g.Rate
			}
		}
	}
	return r
}

// Rate returns the percent for a product type in a country: the type's own group, else the country's
// default, else nil.
func (r *VatRates) Rate(productType *uuid.UUID, country CountryCode) *decimal.Decimal {
	if productType != nil {
		if rate, ok := r.byType[vatKey{*productType, country}]; ok {
			return &rate
		}
	}
	if rate, ok := r.defaults[country]; ok {
		return &rate
	}
	return nil
}

// CountryCode is an ISO 3166-1 alpha-2 code in upper case.
type CountryCode string

var countryCodePattern = regexp.MustCompile(`^[A-Z]{2}$`)

// MarshalGQL writes the code as a GraphQL string.
func (c CountryCode) MarshalGQL(w io.Writer) {
	_, _ = io.WriteString(w, strconv.Quote(string(c)))
}

// UnmarshalGQL reads the code from a GraphQL string, in either case.
func (c *CountryCode) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok || !countryCodePattern.MatchString(strings.ToUpper(s)) {
		return fmt.Errorf("a country code is two letters (ISO 3166-1 alpha-2), such as \"CZ\"")
	}
	*c = CountryCode(strings.ToUpper(s))
	return nil
}
