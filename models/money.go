package models

import (
	"encoding/json"
	"io"
	"strconv"

	"github.com/shopspring/decimal"
)

// maxDecimalText bounds what a client may send as a decimal; the columns hold 14 digits.
const maxDecimalText = 32

// Decimal is an exact decimal number; GraphQL and JSON carry it as a string, so that no client turns
// it into a float unasked.
type Decimal struct{ decimal.Decimal }

// NewDecimal wraps a decimal.
func NewDecimal(d decimal.Decimal) Decimal { return Decimal{d} }

// MarshalGQL writes the number as a GraphQL string.
func (d Decimal) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(d.String())) }

// UnmarshalGQL reads the number from a GraphQL string or whole number; floats are refused, because
// they have lost their digits before they arrive here.
func (d *Decimal) UnmarshalGQL(v any) error {
	switch v := v.(type) {
	case string:
		return d.parse(v)
	case int64:
		d.Decimal = decimal.NewFromInt(v)
		return nil
	case json.Number:
		return d.parse(v.String())
	}
	return BadInput(CodeBadInput, "a decimal is written as a string, such as \"12.50\"")
}

func (d *Decimal) parse(s string) error {
	if len(s) > maxDecimalText {
		return BadInput(CodeBadInput, "a decimal has at most %d characters", maxDecimalText)
	}
	parsed, err := decimal.NewFromString(s)
	if err != nil {
		return BadInput(CodeBadInput, "%q is not a decimal number", s)
	}
	d.Decimal = parsed
	return nil
}

// Money is an amount in a currency.
type Money struct {
	Amount   Decimal
	Currency string
}

// NewMoney gives the amount with the digits its rounding step has: 12.5 in steps of 0.01 is "12.50".
func NewMoney(amount, step decimal.Decimal, currency string) Money {
	rounded := RoundTo(amount, step)
	return Money{Amount: NewDecimal(withDigits(rounded, step)), Currency: currency}
}

// withDigits writes a number with at least the fraction digits of the step.
func withDigits(d, step decimal.Decimal) decimal.Decimal {
	digits := max(-step.Exponent(), 0)
	if -d.Exponent() >= digits {
		return d
	}
	scaled, err := decimal.NewFromString(d.StringFixed(digits))
	if err != nil {
		return d
	}
	return scaled
}

// RoundTo rounds half away from zero to a multiple of step, as Czech and Slovak tills do.
func RoundTo(amount, step decimal.Decimal) decimal.Decimal {
	if !step.IsPositive() {
		return amount
	}
	return amount.DivRound(step, 0).Mul(step)
}
