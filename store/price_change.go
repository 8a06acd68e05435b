package store

import (
	"context"
	"fmt"

	"ecoseller/models"
)

// priceRow is a ProductPriceInput as the statements read it.
type priceRow struct {
	SKU             string  `json:"sku"`
	PriceList       string  `json:"price_list"`
	Amount          *string `json:"amount"`
	DiscountPercent string  `json:"discount_percent"`
}

// UpdateProductPrices sets prices, and removes those without an amount: all of them, or none with UserErrors.
func (s *Store) UpdateProductPrices(ctx context.Context, inputs []*models.ProductPriceInput) error {
	rows, skus := make([]priceRow, len(inputs)), make([]string, len(inputs))
	for i, in := range inputs {
		rows[i], skus[i] = priceRow{SKU: in.SKU, PriceList: in.PriceList, DiscountPercent: in.DiscountPercent.String()}, in.SKU
		if amount := in.Amount.Value(); amount != nil {
			text := amount.String()
			rows[i].Amount = &text
		}
	}
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.requireVariants(ctx, skus); err != nil {
			return err
		}
		if err := tx.requirePriceLists(ctx, rows); err != nil {
			return err
		}
		for _, sql := range []string{deleteProductPrices, upsertProductPrices} {
			if err := tx.execJSON(ctx, "update prices", sql, rows); err != nil {
				return err
			}
		}
		return tx.touchProductsOf(ctx, skus)
	})
}

func (s *Store) requirePriceLists(ctx context.Context, rows []priceRow) error {
	lists, err := s.PriceLists(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, list := range lists {
		known[list.Code] = true
	}
	var problems models.UserErrors
	for i, r := range rows {
		if !known[r.PriceList] {
			problems.Addf(models.UserErrorNotFound, fmt.Sprintf("input.%d.priceList", i), "there is no price list %q", r.PriceList)
		}
	}
	return problems.OrNil()
}

const deleteProductPrices = `
	DELETE FROM product_prices AS pp
	USING jsonb_to_recordset(?::jsonb) AS given (sku text, price_list text, amount numeric)
	WHERE pp.sku = given.sku AND pp.price_list = given.price_list AND given.amount IS NULL`

const upsertProductPrices = `
	INSERT INTO product_prices (sku, price_list, amount, discount_percent)
	SELECT sku, price_list, amount, discount_percent
	FROM jsonb_to_recordset(?::jsonb) AS given (sku text, price_list text, amount numeric, discount_percent numeric)
	WHERE amount IS NOT NULL
	ORDER BY sku, price_list
	ON CONFLICT (sku, price_list) DO UPDATE SET amount = excluded.amount, discount_percent = excluded.discount_percent`
