package store

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/models"
)

// QueryRules returns a page of query rules, the newest first, and whether there are more.
func (s *Store) QueryRules(ctx context.Context, after *models.CreatedCursor, limit int) ([]*models.QueryRule, bool, error) {
	var rules []*models.QueryRule
	if err := newestFirst(s.db.NewSelect().Model(&rules), after, limit).Scan(ctx); err != nil {
		return nil, false, wrap(ctx, err, "load query rules")
	}
	if len(rules) > limit {
		return rules[:limit], true, nil
	}
	return rules, false, nil
}

// QueryRuleByID returns the rule, or ErrNotFound.
func (s *Store) QueryRuleByID(ctx context.Context, id uuid.UUID) (*models.QueryRule, error) {
	rule := new(models.QueryRule)
	err := s.db.NewSelect().Model(rule).Where("id = ?", id).Scan(ctx)
	return rule, wrap(ctx, err, "load query rule")
}
