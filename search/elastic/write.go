package elastic

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"ecoseller/search"
)

// Index writes the documents, also into an index that is just being rebuilt. It never makes an index: one
// with a few documents in it would answer searches as if these were all.
func (e *Engine) Index(ctx context.Context, documents []*search.Document) error {
	// The look for a rebuild has to come after the documents were read from the database: a rebuild that
	// starts later reads what they say itself.
	building, err := e.indicesBehind(ctx, e.buildingAlias())
	if err != nil {
		return err
	}
	operations, err := e.indexOperations(documents)
	if err != nil {
		return err
	}
	if err := e.bulk(ctx, e.alias, operations); err != nil {
		return err
	}
	if len(building) == 0 {
		return nil
	}
	err = e.bulk(ctx, e.buildingAlias(), operations)
	if errors.Is(err, search.ErrNoIndex) {
		return nil // it has been finished meanwhile, and is what the first write went into
	}
	return err
}

// Delete removes the products, also from an index that is just being rebuilt.
func (e *Engine) Delete(ctx context.Context, ids []uuid.UUID) error {
	operations := make([]operation, len(ids))
	for i, id := range ids {
		operations[i] = operation{action: object{"delete": object{"_id": id}}}
	}
	if err := e.bulk(ctx, e.alias, operations); err != nil {
		return err
	}
	err := e.bulk(ctx, e.buildingAlias(), operations)
	if errors.Is(err, search.ErrNoIndex) {
		return nil
	}
	return err
}
