package models

import (
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
)

// Country is a country the shop sells to.
type Country struct {
	bun.BaseModel `bun:"table:countries,alias:co"`

	Code          CountryCode `bun:",pk"`
	Name          Translated  `bun:"type:jsonb"`
	Locale        string
	PriceListCode string `bun:"default_price_list"`
	// Version grows with every change.
	Version int64

	DefaultPriceList *PriceList     `bun:"rel:belongs-to,join:default_price_list=code"`
	VatGroups        []*VatGroup    `bun:"rel:has-many,join:code=country"`
	Chain            []LanguageCode `bun:"-"`
}

// LocalName is the country's name in the reader's language, or its code.
func (c *Country) LocalName() string { return nameOr(c.Name, c.Chain, string(c.Code)) }

// VatGroup is a VAT rate of a country, in percent.
type VatGroup struct {
	bun.BaseModel `bun:"table:vat_groups,alias:vg"`

	Code      string `bun:",pk"`
	Name      string
	Country   CountryCode
	Rate      Decimal
	IsDefault bool
	// Version grows with every change.
	Version int64
}

// CountryCode is an ISO 3166-1 alpha-2 code in upper case.
type CountryCode string

var countryCodePattern = regexp.MustCompile(`^[A-Z]{2}$`)

// ParseCountryCode reads a code in either case.
func ParseCountryCode(s string) (CountryCode, error) {
	code := strings.ToUpper(s)
	if !countryCodePattern.MatchString(code) {
		return "", BadInput(CodeBadInput, `a country code is two letters (ISO 3166-1 alpha-2), such as "CZ"`)
	}
	return CountryCode(code), nil
}

// MarshalGQL writes the code as a GraphQL string.
func (c CountryCode) MarshalGQL(w io.Writer) {
	_, _ = io.WriteString(w, strconv.Quote(string(c)))
}

// UnmarshalGQL reads the code from a GraphQL string, in either case.
func (c *CountryCode) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return BadInput(CodeBadInput, "a country code is a string")
	}
	code, err := ParseCountryCode(s)
	if err != nil {
		return err
	}
	*c = code
	return nil
}
