package resolvers

import (
	"context"
	"errors"

	"github.com/google/uuid"

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

// afterChange returns what the payload of a mutation shows: the object as it is after the change, or what kept
// the change from being made.
func afterChange[T any](ctx context.Context, err error, load func() (T, error)) (object T, problems []*models.UserError, _ error) {
	problems, err = userErrors(err)
	if err != nil || len(problems) > 0 {
		return object, problems, err
	}
	// What this operation has read before the change is out of date.
	graph.FromContext(ctx).RenewLoaders()
	object, err = load()
	return object, problems, err
}

// parseOptionalID reads an id that may be null.
func parseOptionalID(kind string, id *string) (*uuid.UUID, error) {
	if id == nil {
		return nil, nil //nolint:nilnil // null is an id that a caller may give
	}
	key, err := models.ParseUUID(kind, *id)
	return &key, err
}
