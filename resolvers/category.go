package resolvers

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
	"ecoseller/store"
)

// findCategory returns the id of the category that exactly one of the arguments names; the nil id when there
// is none.
func (r *Resolver) findCategory(ctx context.Context, id, slug, code *string, language models.LanguageCode) (uuid.UUID, error) {
	if countGiven(id, slug, code) != 1 {
		return uuid.Nil, models.BadInput(models.CodeBadInput, "a category is asked for by exactly one of id, slug and code")
	}
	if id != nil {
		return models.ParseUUID(models.KindCategory, *id)
	}
	if slug != nil {
		return orNilID(r.Store.CategoryIDBySlug(ctx, *slug, language))
	}
	return orNilID(r.Store.CategoryIDByCode(ctx, *code))
}

// orNilID turns "not found" into the nil id.
func orNilID(id uuid.UUID, err error) (uuid.UUID, error) {
	if errors.Is(err, store.ErrNotFound) {
		return uuid.Nil, nil
	}
	return id, err
}

// loadCategory returns the category, or nil when it is missing or hidden: by itself, or by one above it.
func (r *Resolver) loadCategory(ctx context.Context, id uuid.UUID, chain []models.LanguageCode) (*models.Category, error) {
	request := graph.FromContext(ctx)
	path, err := request.Loaders.CategoryPaths.Load(ctx, graph.Local(id, chain))
	if err != nil || len(path) == 0 {
		return nil, err
	}
	if len(visibleCategories(path, request.Token)) < len(path) {
		return nil, nil
	}
	return path[len(path)-1], nil
}

// visibleCategories are those that the caller may see.
func visibleCategories(categories []*models.Category, token *models.AccessToken) []*models.Category {
	if token.Can(models.PermissionReadUnpublished) {
		return categories
	}
	return slices.DeleteFunc(slices.Clone(categories), func(c *models.Category) bool { return !c.Published })
}
