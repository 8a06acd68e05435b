package models

import (
	"github.com/bojanz/currency"
)

// Currency is a currency that the shop has prices in.
type Currency struct{ Code, Symbol string }

// NewCurrency describes the currency for readers of the locale, such as "cs-CZ".
func NewCurrency(code, locale string) *Currency {
	symbol, known := currency.GetSymbol(code, currency.NewLocale(locale))
	if !known || symbol == "" {
		symbol = code
	}
	return &Currency{Code: code, Symbol: symbol}
}

// Digits is how many decimals amounts have (ISO 4217).
func (c *Currency) Digits() int {
	digits, known := currency.GetDigits(c.Code)
	if !known {
		return 2
	}
	return int(digits)
}

// Formatted writes the amount as readers of the locale do (CLDR), with as many decimals as it is rounded to:
// "1 234 Kč". A locale that is unknown is read as its language, in the end as English.
func (m Money) Formatted(locale string) string {
	amount, err := currency.NewAmount(m.Amount.text(), m.Currency)
	if err != nil {
		return m.Amount.text() + "\u00a0" + m.Currency
	}
	formatter := currency.NewFormatter(currency.NewLocale(locale))
	formatter.MinDigits = uint8(max(m.Amount.digits, 0))
	return formatter.Format(amount)
}
