package models_test

import (
	"io"
	"testing"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"ecoseller/models"
)

// BenchmarkCursor writes and reads the cursor that each edge of a list has.
func BenchmarkCursor(b *testing.B) {
	place := models.ProductCursor{SortKey: models.SortByCreatedAt, Value: "2026-11-26 10:11:12.123456+00", ID: uuid.New()}
	query := &models.ProductQuery{SortKey: models.SortByCreatedAt}
	cursor, err := models.EncodeCursor(place)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := models.EncodeCursor(place); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := models.ParseProductCursor(cursor, query); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPrice computes the price of a variant and writes its amounts as the answer has them.
func BenchmarkPrice(b *testing.B) {
	list := &models.PriceList{Code: "czk", Currency: "CZK", Rounding: models.NewDecimal(decimal.New(1, 0))}
	stored := &models.ProductPrice{Amount: decimal.RequireFromString("1234.5600"), DiscountPercent: decimal.New(15, 0), PriceList: list}
	vat := &models.VatGroup{Code: "cz", Country: "CZ", Rate: models.NewDecimal(decimal.New(21, 0))}
	b.ReportAllocs()
	for b.Loop() {
		price := models.NewPrice(stored, vat)
		price.Net().Amount.MarshalGQL(io.Discard)
		price.Gross().Amount.MarshalGQL(io.Discard)
	}
}

// BenchmarkMoneyFormatted writes an amount as people of a country read it.
func BenchmarkMoneyFormatted(b *testing.B) {
	amount := models.NewMoney(decimal.RequireFromString("1234.56"), decimal.New(1, -2), "CZK")
	b.ReportAllocs()
	for b.Loop() {
		if amount.Formatted("cs-CZ") == "" {
			b.Fatal("nothing was written")
		}
	}
}
