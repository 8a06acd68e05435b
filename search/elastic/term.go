package elastic

import (
	"crypto/md5" //nolint:gosec // names long values, guards nothing
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"ecoseller/models"
)

// An attribute is indexed as the term "code=value", a number as "code=" and digits that sort as the number does.
// One field holds those of all attribute types: a field for each type would be thousands of fields.

var (
	codeEscape   = strings.NewReplacer("%", "%25", "=", "%3D")
	codeUnescape = strings.NewReplacer("%3D", "=", "%25", "%")
)

func attributePrefix(code string) string { return codeEscape.Replace(code) + "=" }

// attributeTerm stands for a value; a long one is told by its digest, as in the database.
func attributeTerm(code, value string) string {
	if len(value) > models.MaxFacetValue {
		digest := md5.Sum([]byte(value)) //nolint:gosec // see above
		value = "\x00" + hex.EncodeToString(digest[:])
	}
	return attributePrefix(code) + value
}

// splitTerm is the reverse of attributeTerm.
func splitTerm(term string) (code, value string) {
	code, value, _ = strings.Cut(term, "=")
	return codeUnescape.Replace(code), value
}

func numberTerm(code string, number decimal.Decimal) string {
	return attributePrefix(code) + sortableNumber(number.InexactFloat64())
}

// sortableNumber writes a number so that texts sort as numbers do: negative ones have all bits turned round, the
// others their sign.
func sortableNumber(f float64) string {
	bits := math.Float64bits(f + 0) // -0 becomes 0
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return fmt.Sprintf("%016x", bits)
}

// parseSortable is the reverse of sortableNumber.
func parseSortable(digits string) (float64, error) {
	bits, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("read number %q: %w", digits, err)
	}
	if bits>>63 == 1 {
		return math.Float64frombits(bits &^ (1 << 63)), nil
	}
	return math.Float64frombits(^bits), nil
}

// priceUnits are hundred-millionths: what a price of four places has after a discount of two. A price fits into
// 64 bits so, exactly.
func priceUnits(price decimal.Decimal) int64 { return clamp(price.Shift(models.PricePlaces).Round(0)) }

var largest = decimal.NewFromInt(math.MaxInt64)

func clamp(d decimal.Decimal) int64 {
	switch {
	case d.GreaterThanOrEqual(largest):
		return math.MaxInt64
	case d.LessThanOrEqual(largest.Neg()):
		return -math.MaxInt64
	}
	return d.IntPart()
}
