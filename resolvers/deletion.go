package resolvers

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
)

// permissionToDelete is what it takes to delete and to restore objects of a kind. Who sees the list of all kinds may
// change the catalogue.
func permissionToDelete(kind string) models.Permission {
	if kind == models.KindSynonym || kind == models.KindQueryRule {
		return models.PermissionWriteSearch
	}
	return models.PermissionWriteCatalogue
}

// mayRestore returns an error unless the caller may restore the deleted object.
func (r *Resolver) mayRestore(ctx context.Context, deletion uuid.UUID) error {
	request := graph.FromContext(ctx)
	if request.Token == nil {
		return request.Require(models.PermissionWriteCatalogue)
	}
	kind, err := r.Store.DeletionKind(ctx, deletion)
	if err != nil {
		return err
	}
	return request.Require(permissionToDelete(kind))
}

// deletionList returns a page of what was deleted.
func (r *Resolver) deletionList(ctx context.Context, first int32, after, kind *string) (*models.DeletionConnection, error) {
	if err := r.checkPage("first", first); err != nil {
		return nil, err
	}
	var from *models.DeletionCursor
	if after != nil {
		from = new(models.DeletionCursor)
		if err := models.DecodeCursor(*after, from); err != nil {
			return nil, err
		}
	}
	deletions, more, err := r.Store.Deletions(ctx, orEmpty(kind), from, int(first))
	if err != nil {
		return nil, err
	}
	page := &models.DeletionConnection{PageInfo: &models.PageInfo{HasNextPage: more, HasPreviousPage: from != nil}}
	for _, d := range deletions {
		cursor, err := models.EncodeCursor(models.DeletionCursor{DeletedAt: d.DeletedAt, ID: d.ID})
		if err != nil {
			return nil, err
		}
		page.Edges = append(page.Edges, &models.DeletionEdge{Cursor: cursor, Node: d})
	}
	if n := len(page.Edges); n > 0 {
		page.PageInfo.StartCursor, page.PageInfo.EndCursor = &page.Edges[0].Cursor, &page.Edges[n-1].Cursor
	}
	if page.Edges == nil {
		page.Edges = []*models.DeletionEdge{}
	}
	return page, nil
}
