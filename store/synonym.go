package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/models"
)

// Synonyms returns a page of synonyms, the newest first, and whether there are more. Without a language it is of
// all languages.
func (s *Store) Synonyms(ctx context.Context, language *models.LanguageCode, after *models.CreatedCursor, limit int) ([]*models.Synonym, bool, error) {
	var synonyms []*models.Synonym
	query := newestFirst(s.db.NewSelect().Model(&synonyms), after, limit)
	if language != nil {
		query.Where("language = ?", *language)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, false, wrap(ctx, err, "load synonyms")
	}
	if len(synonyms) > limit {
		return synonyms[:limit], true, nil
	}
	return synonyms, false, nil
}

// newestFirst makes a query one for a page of a list that has the newest first, and for one row more.
func newestFirst(query *bun.SelectQuery, after *models.CreatedCursor, limit int) *bun.SelectQuery {
	if after != nil {
		query.Where("(created_at, id) < (?, ?)", after.CreatedAt, after.ID)
	}
	return query.OrderExpr("created_at DESC, id DESC").Limit(int64(limit) + 1)
}

// SynonymByID returns the synonym, or ErrNotFound.
func (s *Store) SynonymByID(ctx context.Context, id uuid.UUID) (*models.Synonym, error) {
	synonym := new(models.Synonym)
	err := s.db.NewSelect().Model(synonym).Where("id = ?", id).Scan(ctx)
	return synonym, wrap(ctx, err, "load synonym")
}
