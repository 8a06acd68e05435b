package store

import (
	"context"

	"github.com/uptrace/bun"

	"ecoseller/models"
)

// Countries returns all countries with their price lists and VAT rates, by their codes.
func (s *Store) Countries(ctx context.Context) ([]*models.Country, error) {
	var countries []*models.Country
	err := s.selectCountries(&countries).OrderExpr("co.code").Scan(ctx)
	return countries, wrap(ctx, err, "load countries")
}

// CountryByCode returns the country with its price list and VAT rates, or ErrNotFound.
func (s *Store) CountryByCode(ctx context.Context, code models.CountryCode) (*models.Country, error) {
	country := new(models.Country)
	err := s.selectCountries(country).Where("co.code = ?", code).Scan(ctx)
	return country, wrap(ctx, err, "load country")
}

func (s *Store) selectCountries(into any) *bun.SelectQuery {
	return s.db.NewSelect().Model(into).
		Relation("DefaultPriceList").
		Relation("VatGroups", func(q *bun.SelectQuery) *bun.SelectQuery { return q.OrderExpr("is_default DESC, code") })
}
