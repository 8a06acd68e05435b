package store

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"ecoseller/models"
)

var versionedQueryRule = versioned{table: "query_rules", keyColumn: "id", name: "query rule", field: "id"}

// CreateQueryRule writes a new query rule and returns its id.
func (s *Store) CreateQueryRule(ctx context.Context, in *models.QueryRuleInput) (uuid.UUID, error) {
	rule := models.NewQueryRule()
	if err := in.Apply(rule, s.languages); err != nil {
		return uuid.Nil, err
	}
	rule.ID = newID()
	_, err := s.db.NewInsert().Model(rule).ExcludeColumn("created_at").Exec(ctx)
	return rule.ID, wrap(ctx, err, "insert query rule")
}

// UpdateQueryRule changes the query rule that has the version. UserErrors say why it did not.
func (s *Store) UpdateQueryRule(ctx context.Context, id uuid.UUID, version int64, in *models.QueryRuleInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, versionedQueryRule, id, version); err != nil {
			return err
		}
		rule, err := tx.QueryRuleByID(ctx, id)
		if err != nil {
			return err
		}
		if err := in.Apply(rule, tx.languages); err != nil {
			return err
		}
		_, err = tx.db.NewUpdate().Model(rule).ExcludeColumn("created_at", "version").WherePK().Exec(ctx)
		return wrap(ctx, err, "update query rule")
	})
}

// DraftQueryRule returns the rule as the input would make it, without writing it: a new rule, or the one with the
// id. UserErrors say why it cannot be made.
func (s *Store) DraftQueryRule(ctx context.Context, id *uuid.UUID, in *models.QueryRuleInput) (*models.QueryRule, error) {
	rule := models.NewQueryRule()
	rule.Name = "draft"
	if id != nil {
		var err error
		if rule, err = s.QueryRuleByID(ctx, *id); errors.Is(err, ErrNotFound) {
			return nil, models.Refuse(models.UserErrorNotFound, "id", "there is no such query rule")
		} else if err != nil {
			return nil, err
		}
	}
	return rule, in.Apply(rule, s.languages)
}

// DeleteQueryRule deletes the query rule that has the version; Restore brings it back.
func (s *Store) DeleteQueryRule(ctx context.Context, id uuid.UUID, version int64) (*models.Deletion, error) {
	return s.deleteVersion(ctx, versionedQueryRule, models.KindQueryRule, id.String(), version)
}
