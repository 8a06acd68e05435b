package store

import (
	"context"

	"github.com/uptrace/bun"

	"ecoseller/models"
)

// Countries returns all countries with their price lists and VAT rates, by their codes.
func (s *Store) Countries(ctx context.Context) ([]*models.Country, error) {
	var countries []*models.Country
	err := s.db.NewSelect().Model(&countries).
		Relation("DefaultPriceList").
		Relation("VatGroups", func(q *bun.SelectQuery) *bun.SelectQuery { return q.OrderExpr("is_default DESC, code") }).
		OrderExpr("co.code").
		Scan(ctx)
	return countries, wrap(ctx, err, "load countries")
}
