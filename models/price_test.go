package models_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"ecoseller/models"
)

// step draws a rounding step of a price list.
func step() *rapid.Generator[decimal.Decimal] {
	return rapid.Map(rapid.SampledFrom([]string{"0.01", "0.05", "0.10", "0.50", "1", "5", "10"}), decimal.RequireFromString)
}

func drawPrice(t *rapid.T) *models.ProductPrice {
	return &models.ProductPrice{
		Amount:          decimal.New(rapid.Int64Range(0, 99_999_999_9999).Draw(t, "amount"), -4),
		DiscountPercent: decimal.New(rapid.Int64Range(0, 100_00).Draw(t, "discount"), -2),
		PriceList:       &models.PriceList{Code: "czk", Currency: "CZK", Rounding: models.NewDecimal(step().Draw(t, "step"))},
	}
}

func drawVat(t *rapid.T) *models.VatGroup {
	return &models.VatGroup{Code: "vat", Rate: models.NewDecimal(decimal.New(rapid.Int64Range(0, 100_00).Draw(t, "rate"), -2))}
}

var hundred = decimal.NewFromInt(100)

func TestPriceArithmetic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, vat := drawPrice(t), drawVat(t)
		price := models.NewPrice(p, vat)
		gross, net, rounding := price.Gross().Amount.Decimal, price.Net().Amount.Decimal, p.PriceList.Rounding.Decimal

		// gross = net + VAT: the exact gross price, rounded half away from zero to the step of the list.
		exactNet := p.Amount.Mul(hundred.Sub(p.DiscountPercent)).Div(hundred)
		exact := exactNet.Mul(hundred.Add(vat.Rate.Decimal)).Div(hundred)
		if !gross.Mod(rounding).IsZero() {
			t.Fatalf("gross %s is not in steps of %s", gross, rounding)
		}
		if twice := gross.Sub(exact).Mul(decimal.NewFromInt(2)); twice.GreaterThan(rounding) || twice.LessThanOrEqual(rounding.Neg()) {
			t.Fatalf("gross %s of %s in steps of %s", gross, exact, rounding)
		}
		if net.Sub(exactNet).Abs().GreaterThan(decimal.New(5, -3)) {
			t.Fatalf("net %s of %s", net, exactNet)
		}
		if net.IsNegative() || gross.IsNegative() {
			t.Fatalf("negative: %s, %s", net, gross)
		}
		if price.GrossBeforeDiscount().Amount.LessThan(gross) || price.NetBeforeDiscount().Amount.LessThan(net) {
			t.Fatal("a discount made it dearer")
		}

		p.DiscountPercent = decimal.Zero
		if whole := models.NewPrice(p, vat); !whole.Gross().Amount.Equal(whole.GrossBeforeDiscount().Amount.Decimal) || !whole.Net().Amount.Equal(whole.NetBeforeDiscount().Amount.Decimal) {
			t.Fatal("no discount changes the price")
		}
		p.DiscountPercent = hundred
		if free := models.NewPrice(p, vat); !free.Gross().Amount.IsZero() || !free.Net().Amount.IsZero() {
			t.Fatal("a discount of 100 % leaves something to pay")
		}
	})
}

func TestRoundingIsHalfAwayFromZero(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ amount, step, want string }{
		{"0.005", "0.01", "0.01"}, {"0.0049", "0.01", "0"}, {"1234.5", "1", "1235"}, {"1234.49", "1", "1234"}, {"0.025", "0.05", "0.05"}, {"7.5", "5", "10"},
	} {
		if got := models.RoundTo(decimal.RequireFromString(test.amount), decimal.RequireFromString(test.step)); !got.Equal(decimal.RequireFromString(test.want)) {
			t.Errorf("%s in steps of %s is %s, want %s", test.amount, test.step, got, test.want)
		}
	}
}

func TestVatOfAMarket(t *testing.T) {
	t.Parallel()
	books := uuid.New()
	standard, reduced := &models.VatGroup{Code: "cz"}, &models.VatGroup{Code: "cz-books"}
	full := models.NewMarket("CZ", true, "czk")
	full.SetDefault(standard)
	full.SetForType(books, reduced)
	other := uuid.New()
	for _, test := range []struct {
		name   string
		market *models.Market
		kind   *uuid.UUID
		want   models.Vat
	}{
		{"its type's", full, &books, reduced},
		{"another type", full, &other, standard},
		{"no type", full, nil, standard},
	} {
		if got := test.market.Vat(test.kind); got != test.want {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
	for market, want := range map[*models.Market]models.NoVatReason{
		models.NewMarket("US", false, "eur"): models.NoVatCountryUnknown, models.NewMarket("DE", true, "eur"): models.NoVatNoRate,
	} {
		none, ok := market.Vat(&books).(*models.NoVat)
		if !ok || none.Reason != want {
			t.Errorf("%s: %+v", market.Country, none)
		}
		price := models.NewPrice(&models.ProductPrice{Amount: hundred, PriceList: &models.PriceList{Currency: "EUR"}}, market.Vat(nil))
		if price.Gross() != nil || price.GrossBeforeDiscount() != nil || price.VatRate() != nil || price.Net().Amount.IsZero() {
			t.Errorf("%s: %+v", market.Country, price)
		}
	}
}

func TestMoneyIsWrittenAsPeopleReadIt(t *testing.T) {
	t.Parallel()
	money := func(amount, step, currency string) models.Money {
		return models.NewMoney(decimal.RequireFromString(amount), decimal.RequireFromString(step), currency)
	}
	for _, test := range []struct {
		money        models.Money
		locale, want string
	}{
		{money("1234", "1", "CZK"), "cs-CZ", "1 234 Kč"},
		{money("1234.5", "0.01", "CZK"), "cs-CZ", "1 234,50 Kč"},
		{money("1234.5", "0.01", "EUR"), "sk-SK", "1 234,50 €"},
		{money("1234.5", "0.01", "EUR"), "en-US", "€1,234.50"},
		{money("1234567", "1", "CZK"), "en-CZ", "1 234 567 CZK"},
		{money("0.1", "0.01", "USD"), "en-US", "$0.10"},
		{money("5", "0.01", "EUR"), "tlh-XX", "€5.00"},
	} {
		got := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(test.money.Formatted(test.locale))
		if got != test.want {
			t.Errorf("%s in %s is %q, want %q", test.money.Amount, test.locale, got, test.want)
		}
		if strings.Contains(test.money.Formatted(test.locale), " ") {
			t.Errorf("%s in %s has a space that breaks lines", test.money.Amount, test.locale)
		}
	}
}

// TestRoundingToADigit compares the short way with dividing by the step.
func TestRoundingToADigit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := decimal.New(rapid.Int64().Draw(t, "coefficient"), rapid.Int32Range(-25, 3).Draw(t, "exponent"))
		if rapid.Bool().Draw(t, "long") {
			amount = amount.Mul(decimal.New(rapid.Int64().Draw(t, "factor"), 0))
		}
		step := decimal.RequireFromString(rapid.SampledFrom([]string{"1", "1.00", "1.0000", "0.1", "0.10", "0.01", "0.010"}).Draw(t, "step"))
		if got, want := models.RoundTo(amount, step), amount.DivRound(step, 0).Mul(step); !got.Equal(want) {
			t.Fatalf("%s to %s: %s, want %s", amount, step, got, want)
		}
	})
}
