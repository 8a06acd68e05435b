package resolvers

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
	"ecoseller/search"
)

func (r *Resolver) queryRuleList(ctx context.Context, first int32, after *string) (*models.QueryRuleConnection, error) {
	place, err := r.createdCursor(first, after)
	if err != nil {
		return nil, err
	}
	rules, more, err := r.Store.QueryRules(ctx, place, int(first))
	if err != nil {
		return nil, err
	}
	page := &models.QueryRuleConnection{Edges: []*models.QueryRuleEdge{}}
	cursors := make([]string, len(rules))
	for i, rule := range rules {
		if cursors[i], err = models.EncodeCursor(models.CreatedCursor{CreatedAt: rule.CreatedAt, ID: rule.ID}); err != nil {
			return nil, err
		}
		page.Edges = append(page.Edges, &models.QueryRuleEdge{Cursor: cursors[i], Node: rule})
	}
	page.PageInfo = pageInfo(cursors, after, more)
	return page, nil
}

func (r *Resolver) queryRulePayload(ctx context.Context, id uuid.UUID, err error) (*graph.QueryRulePayload, error) {
	rule, problems, err := afterChange(ctx, err, func() (*models.QueryRule, error) { return r.Store.QueryRuleByID(ctx, id) })
	return &graph.QueryRulePayload{QueryRule: rule, UserErrors: problems}, err
}

// previewSearch answers a request as it is answered now, and as it would be with the draft.
func (r *Resolver) previewSearch(ctx context.Context, request search.Request, draft *models.QueryRule) (*models.SearchPreview, error) {
	now, err := r.QueryPlan.Search(ctx, request)
	present, err := r.foundProducts(ctx, request, now, err)
	if err != nil {
		return nil, err
	}
	then, applies, err := r.QueryPlan.Preview(ctx, request, draft)
	preview, err := r.foundProducts(ctx, request, then, err)
	return &models.SearchPreview{Applies: applies, Present: present, Preview: preview}, err
}
