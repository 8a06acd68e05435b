package resolvers

import (
	"context"
	"unicode/utf8"

	"ecoseller/graph"
	"ecoseller/mail"
	"ecoseller/models"
)

// maxSuppressionDetail is how many characters staff may note.
const maxSuppressionDetail = 500

// mailManager returns an error unless the caller may decide on mail of others.
func mailManager(ctx context.Context) error {
	return graph.FromContext(ctx).Require(models.PermissionManageEmail)
}

func (r *Resolver) suppressionList(ctx context.Context, address *string, first int32, after *string) (*models.EmailSuppressionConnection, error) {
	if err := mailManager(ctx); err != nil {
		return nil, err
	}
	if err := r.checkPage("first", first); err != nil {
		return nil, err
	}
	from, err := cursorOrNil[models.SuppressionCursor](after)
	if err != nil {
		return nil, err
	}
	found, more, err := r.Store.EmailSuppressions(ctx, canonical(orEmpty(address)), from, int(first))
	if err != nil {
		return nil, err
	}
	page := &models.EmailSuppressionConnection{Edges: []*models.EmailSuppressionEdge{}, PageInfo: &models.PageInfo{HasNextPage: more, HasPreviousPage: from != nil}}
	for _, s := range found {
		cursor, err := models.EncodeCursor(models.SuppressionCursor{Address: s.Address, Reason: s.Reason})
		if err != nil {
			return nil, err
		}
		page.Edges = append(page.Edges, &models.EmailSuppressionEdge{Cursor: cursor, Node: s})
	}
	if n := len(page.Edges); n > 0 {
		page.PageInfo.StartCursor, page.PageInfo.EndCursor = &page.Edges[0].Cursor, &page.Edges[n-1].Cursor
	}
	return page, nil
}

func (r *Resolver) suppressAddress(ctx context.Context, address string, detail *string) (*graph.EmailSuppressionPayload, error) {
	if err := mailManager(ctx); err != nil {
		return nil, err
	}
	var problems models.UserErrors
	parsed, err := mail.ParseRecipient(address)
	if err != nil {
		problems.Addf(models.UserErrorInvalidAddress, "address", "%s", err)
	}
	if utf8.RuneCountInString(orEmpty(detail)) > maxSuppressionDetail {
		problems.Addf(models.UserErrorTooLong, "detail", "at most %d characters", maxSuppressionDetail)
	}
	if len(problems) > 0 {
		return &graph.EmailSuppressionPayload{UserErrors: problems}, nil
	}
	suppression := &models.EmailSuppression{Address: parsed, Reason: models.SuppressedManual, Detail: orEmpty(detail)}
	if err := r.Store.SuppressEmails(ctx, suppression); err != nil {
		return nil, err
	}
	return &graph.EmailSuppressionPayload{Address: &suppression.Address, UserErrors: []*models.UserError{}}, nil
}

func (r *Resolver) removeSuppression(ctx context.Context, address string) (*graph.EmailSuppressionPayload, error) {
	if err := mailManager(ctx); err != nil {
		return nil, err
	}
	address = canonical(address)
	found, err := r.Store.RemoveEmailSuppression(ctx, address)
	if err != nil {
		return nil, err
	}
	if !found {
		var problems models.UserErrors
		problems.Addf(models.UserErrorNotFound, "address", "this address is not on the list")
		return &graph.EmailSuppressionPayload{UserErrors: problems}, nil
	}
	return &graph.EmailSuppressionPayload{Address: &address, UserErrors: []*models.UserError{}}, nil
}
