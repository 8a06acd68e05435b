package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// PriceLists returns all price lists, the default one first.
func (s *Store) PriceLists(ctx context.Context) ([]*models.PriceList, error) {
	var lists []*models.PriceList
	err := s.db.NewSelect().Model(&lists).OrderExpr("is_default DESC, code").Scan(ctx)
	return lists, wrap(ctx, err, "load price lists")
}

// ProductPrices returns the prices that variants have in the price lists, with their lists.
func (s *Store) ProductPrices(ctx context.Context, skus, priceLists []string) ([]*models.ProductPrice, error) {
	var prices []*models.ProductPrice
	err := s.db.NewSelect().Model(&prices).
		Relation("PriceList").
		Where("pp.sku = ANY(?) AND pp.price_list = ANY(?)", pgdialect.Array(skus), pgdialect.Array(priceLists)).
		Scan(ctx)
	return prices, wrap(ctx, err, "load prices")
}

// ProductPriceRanges returns what the products cost in the price list, with the list; products without a price
// in it are left out.
func (s *Store) ProductPriceRanges(ctx context.Context, ids []uuid.UUID, priceList string) ([]*models.ProductPriceRange, error) {
	var ranges []*models.ProductPriceRange
	err := s.db.NewSelect().Model(&ranges).
		Relation("PriceList").
		Where("pr.product_id = ANY(?) AND pr.price_list = ? AND pr.lowest IS NOT NULL", uuidArray(ids), priceList).
		Scan(ctx)
	return ranges, wrap(ctx, err, "load price ranges")
}

// PriceListExists says whether there is a price list with the code.
func (s *Store) PriceListExists(ctx context.Context, code string) (bool, error) {
	exists, err := s.db.NewSelect().Model((*models.PriceList)(nil)).Where("pl.code = ?", code).Exists(ctx)
	return exists, wrap(ctx, err, "look up price list")
}

// marketRow is a VAT group of a wanted country.
type marketRow struct {
	Country       models.CountryCode
	Known         bool
	PriceList     string
	Code          *string
	Name          string
	Rate          models.Decimal
	IsDefault     bool
	Version       int64
	ProductTypeID *uuid.UUID
}

// MarketsByCountries returns a market for each country, also for those that the shop does not know:
// these have the default price list and no VAT.
func (s *Store) MarketsByCountries(ctx context.Context, countries []models.CountryCode) (map[models.CountryCode]*models.Market, error) {
	rows, err := s.queryJSON(ctx, marketsStatement, arrayText(countries))
	if err != nil {
		return nil, wrap(ctx, err, "load markets")
	}
	markets := make(map[models.CountryCode]*models.Market, len(countries))
	for _, raw := range rows {
		var row marketRow
		if err := json.Unmarshal([]byte(raw), &row); err != nil {
			return nil, fmt.Errorf("read market: %w", err)
		}
		if markets[row.Country] == nil {
			markets[row.Country] = models.NewMarket(row.Country, row.Known, row.PriceList)
		}
		row.addTo(markets[row.Country])
	}
	return markets, nil
}

// marketsStatement has a row for each VAT group of the countries, and one for a country without any.
const marketsStatement = `
	SELECT json_build_object(
		'Country', wanted.country, 'Known', co.code IS NOT NULL, 'PriceList', coalesce(co.default_price_list, pl.code, ''),
		'Code', vg.code, 'Name', coalesce(vg.name, ''), 'Rate', coalesce(vg.rate, 0), 'IsDefault', coalesce(vg.is_default, false),
		'Version', coalesce(vg.version, 0), 'ProductTypeID', tg.product_type_id)
	FROM unnest($1::text[]) AS wanted (country)
	LEFT JOIN countries AS co ON co.code = wanted.country
	LEFT JOIN price_lists AS pl ON pl.is_default
	LEFT JOIN vat_groups AS vg ON vg.country = co.code
	LEFT JOIN product_type_vat_groups AS tg ON tg.vat_group = vg.code`

func (r *marketRow) addTo(market *models.Market) {
	if r.Code == nil {
		return
	}
	group := &models.VatGroup{Code: *r.Code, Name: r.Name, Country: r.Country, Rate: r.Rate, IsDefault: r.IsDefault, Version: r.Version}
	if r.IsDefault {
		market.SetDefault(group)
	}
	if r.ProductTypeID != nil {
		market.SetForType(*r.ProductTypeID, group)
	}
}
