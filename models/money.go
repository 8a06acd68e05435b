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
type Decimal struct {
	decimal.Decimal
	// digits is how many fraction digits are written at least.
	digits int32
}

// NewDecimal wraps a decimal.
func NewDecimal(d decimal.Decimal) Decimal { return Decimal{Decimal: d} }

// MarshalGQL writes the number as a GraphQL string.
func (d Decimal) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(d.text())) }

// fits says whether the number is not negative and has at most so many digits and decimals.
func (d Decimal) fits(digits, decimals int32) bool {
	return !d.IsNegative() && d.LessThan(decimal.New(1, digits)) && d.Equal(d.Truncate(decimals))
}

// text writes no zeros at the end beyond the digits.
func (d Decimal) text() string {
	if -d.Exponent() == d.digits || d.Truncate(d.digits).Equal(d.Decimal) {
		return d.StringFixed(d.digits)
	}
	return d.String()
}

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
	return Money{
		Amount:   Decimal{Decimal: RoundTo(amount, step), digits: digitsOf(step)},
		Currency: currency,
	}
}

// digitsOf counts the fraction digits of a step: 2 for 0.01, none for 1.00.
func digitsOf(step decimal.Decimal) int32 {
	if digits, ok := lastDigit(step); ok {
		return digits
	}
	var digits int32
	for !step.Truncate(digits).Equal(step) {
		digits++
	}
	return digits
}

// RoundTo rounds half away from zero to a multiple of step, as Czech and Slovak tills do.
func RoundTo(amount, step decimal.Decimal) decimal.Decimal {
	if !step.IsPositive() {
		return amount
	}
	if digits, ok := lastDigit(step); ok {
		return roundToDigits(amount, digits) // the same, and much less work
	}
	return amount.DivRound(step, 0).Mul(step)
}

// maxDigits is how many decimal digits fit an int64 whatever they are.
const maxDigits = 18

// lastDigit returns how many fraction digits are left by rounding to a step that is one of them: 1, 0.1, 0.01.
func lastDigit(step decimal.Decimal) (digits int32, ok bool) {
	if !step.IsPositive() || step.NumDigits() > maxDigits {
		return 0, false
	}
	coefficient, exponent := step.CoefficientInt64(), step.Exponent()
	for coefficient%10 == 0 {
		coefficient, exponent = coefficient/10, exponent+1
	}
	return -exponent, coefficient == 1 && exponent <= 0
}

// roundToDigits is decimal.Round for few digits: those of a price fit a machine word.
func roundToDigits(amount decimal.Decimal, digits int32) decimal.Decimal {
	dropped := -amount.Exponent() - digits
	if dropped <= 0 || dropped > maxDigits || amount.NumDigits() > maxDigits {
		return amount.Round(digits)
	}
	unit := int64(1)
	for range dropped {
		unit *= 10
	}
	coefficient := amount.CoefficientInt64()
	whole, rest := coefficient/unit, coefficient%unit
	switch half := unit / 2; {
	case rest >= half:
		whole++
	case rest <= -half:
		whole--
	}
	return decimal.New(whole, -digits)
}
