package elastic

import (
	"context"
	"errors"

	"ecoseller/models"
	"ecoseller/search"
)

// Index writes the documents, also into an index that is just being rebuilt. It never makes an index: one
// with a few documents in it would answer searches as if these were all.
func (e *Engine) Index(ctx context.Context, documents []*search.Document) error {
	operations, err := e.indexOperations(documents, notOlder)
	if err != nil {
		return err
	}
	return e.write(ctx, operations)
}

// Delete removes the products, also from an index that is just being rebuilt.
func (e *Engine) Delete(ctx context.Context, deleted []models.IndexVersion) error {
	return e.write(ctx, deleteOperations(deleted))
}

func (e *Engine) write(ctx context.Context, operations []operation) error {
	// The look for a rebuild has to come after the documents were read from the database: a rebuild that
	// starts later reads what they say itself.
	building, err := indicesBehind(ctx, e.client.do, e.buildingAlias())
	if err != nil {
		return err
	}
	// Where documents are refused, the others were written: they go into both indices all the same.
	refused := e.bulk(ctx, e.alias, operations)
	if _, ok := errors.AsType[*refusedError](refused); refused != nil && !ok {
		return refused
	}
	if len(building) == 0 {
		return refused
	}
	err = e.bulk(ctx, e.buildingAlias(), operations)
	if errors.Is(err, search.ErrNoIndex) {
		// The rebuild has ended meanwhile. Which index the first write went into, the old one or the new one, is not
		// known.
		err = e.bulk(ctx, e.alias, operations)
	}
	return errors.Join(refused, err)
}
