package store

import (
	"context"

	"ecoseller/models"
)

// QueryPlanVersion grows with every change to synonyms and query rules.
func (s *Store) QueryPlanVersion(ctx context.Context) (int64, error) {
	var version int64
	err := s.db.NewRaw("SELECT version FROM query_plan_version").Scan(ctx, &version)
	return version, wrap(ctx, err, "load version of synonyms and query rules")
}

// QueryPlanData returns all synonyms and the query rules that are enabled and not over, as they are at one moment.
func (s *Store) QueryPlanData(ctx context.Context) (*models.QueryPlanData, error) {
	data := new(models.QueryPlanData)
	err := s.InSnapshot(ctx, func(ctx context.Context, tx *Store) (err error) {
		if data.Version, err = tx.QueryPlanVersion(ctx); err != nil {
			return err
		}
		if err := tx.db.NewSelect().Model(&data.Synonyms).OrderExpr("created_at, id").Scan(ctx); err != nil {
			return wrap(ctx, err, "load all synonyms")
		}
		err = tx.db.NewSelect().Model(&data.Rules).
			Where("enabled AND (active_until IS NULL OR active_until > now())").
			OrderExpr("priority DESC, created_at DESC, id").Scan(ctx)
		return wrap(ctx, err, "load active query rules")
	})
	return data, err
}
