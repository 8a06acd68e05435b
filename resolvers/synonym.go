package resolvers

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
)

// searchEditor returns the request of a caller who may change synonyms and query rules.
func searchEditor(ctx context.Context) (*graph.Request, error) {
	request := graph.FromContext(ctx)
	return request, request.Require(models.PermissionWriteSearch)
}

// createdCursor reads the cursor of a list that has the newest first; nil for the first page.
func (r *Resolver) createdCursor(first int32, after *string) (*models.CreatedCursor, error) {
	if err := r.checkPage("first", first); err != nil || after == nil {
		return nil, err
	}
	place := new(models.CreatedCursor)
	return place, models.DecodeCursor(*after, place)
}

// pageInfo says where a page stands whose items have the cursors.
func pageInfo(cursors []string, after *string, more bool) *models.PageInfo {
	info := &models.PageInfo{HasNextPage: more, HasPreviousPage: after != nil}
	if n := len(cursors); n > 0 {
		info.StartCursor, info.EndCursor = &cursors[0], &cursors[n-1]
	}
	return info
}

func (r *Resolver) synonymList(ctx context.Context, language *models.LanguageCode, first int32, after *string) (*models.SynonymConnection, error) {
	place, err := r.createdCursor(first, after)
	if err != nil {
		return nil, err
	}
	synonyms, more, err := r.Store.Synonyms(ctx, language, place, int(first))
	if err != nil {
		return nil, err
	}
	page := &models.SynonymConnection{Edges: []*models.SynonymEdge{}}
	cursors := make([]string, len(synonyms))
	for i, synonym := range synonyms {
		if cursors[i], err = models.EncodeCursor(models.CreatedCursor{CreatedAt: synonym.CreatedAt, ID: synonym.ID}); err != nil {
			return nil, err
		}
		page.Edges = append(page.Edges, &models.SynonymEdge{Cursor: cursors[i], Node: synonym})
	}
	page.PageInfo = pageInfo(cursors, after, more)
	return page, nil
}

func (r *Resolver) synonymPayload(ctx context.Context, id uuid.UUID, err error) (*graph.SynonymPayload, error) {
	synonym, problems, err := afterChange(ctx, err, func() (*models.Synonym, error) { return r.Store.SynonymByID(ctx, id) })
	return &graph.SynonymPayload{Synonym: synonym, UserErrors: problems}, err
}
