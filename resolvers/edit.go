package resolvers

import (
	"context"
	"errors"

	"ecoseller/graph"
	"ecoseller/models"
)

// editor returns the request of a caller who may change the catalogue.
func editor(ctx context.Context) (*graph.Request, error) {
	request := graph.FromContext(ctx)
	return request, request.Require(models.PermissionWriteCatalogue)
}

// userErrors takes from an error what the caller can mend, for the payload of a mutation: an empty list when
// the change was made. Other errors stay errors.
func userErrors(err error) ([]*models.UserError, error) {
	if refused, ok := errors.AsType[models.UserErrors](err); ok {
		return refused, nil
	}
	return []*models.UserError{}, err
}

func deletePayload(deletion *models.Deletion, err error) (*graph.DeletePayload, error) {
	problems, err := userErrors(err)
	if len(problems) > 0 {
		deletion = nil
	}
	return &graph.DeletePayload{Deletion: deletion, UserErrors: problems}, err
}
