package resolvers

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
)

// productPayload answers a change to a product with the product as it is now.
func (r *Resolver) productPayload(ctx context.Context, id uuid.UUID, err error) (*graph.ProductPayload, error) {
	problems, err := userErrors(err)
	if err != nil || len(problems) > 0 {
		return &graph.ProductPayload{UserErrors: problems}, err
	}
	products, err := r.productsNow(ctx, []uuid.UUID{id})
	if err != nil || len(products) == 0 {
		return &graph.ProductPayload{UserErrors: problems}, err
	}
	return &graph.ProductPayload{Product: products[0], UserErrors: problems}, nil
}

func (r *Resolver) productsPayload(ctx context.Context, ids []uuid.UUID, err error) (*graph.ProductsPayload, error) {
	problems, err := userErrors(err)
	if err != nil || len(problems) > 0 {
		return &graph.ProductsPayload{Products: []*models.Product{}, UserErrors: problems}, err
	}
	products, err := r.productsNow(ctx, ids)
	return &graph.ProductsPayload{Products: products, UserErrors: problems}, err
}

// productsNow loads products after a change, in the order of the ids.
func (r *Resolver) productsNow(ctx context.Context, ids []uuid.UUID) ([]*models.Product, error) {
	request := graph.FromContext(ctx)
	chain, err := request.Chain(nil)
	if err != nil {
		return nil, err
	}
	loaded, err := r.Store.ProductsByIDs(ctx, ids, chain)
	if err != nil {
		return nil, err
	}
	products := inOrderOf(ids, loaded, func(p *models.Product) uuid.UUID { return p.ID })
	// What this operation has read of them before the change is out of date.
	request.RenewLoaders()
	request.Loaders.ExpectProducts(products)
	return products, nil
}

func (r *Resolver) variantPayload(ctx context.Context, sku string, err error) (*graph.ProductVariantPayload, error) {
	problems, err := userErrors(err)
	payload := &graph.ProductVariantPayload{UserErrors: problems}
	if err != nil || len(problems) > 0 {
		return payload, err
	}
	request := graph.FromContext(ctx)
	request.RenewLoaders()
	chain, err := request.Chain(nil)
	if err != nil {
		return nil, err
	}
	variants, err := r.Store.ProductVariantsBySKUs(ctx, []string{sku})
	if err != nil || len(variants) == 0 {
		return payload, err
	}
	variants[0].Chain = chain
	payload.Variant = variants[0]
	return payload, nil
}

// variantsPayload answers a bulk change, which was made to all of its rows or to none.
func variantsPayload(rows int, err error) (*graph.ProductVariantsPayload, error) {
	problems, err := userErrors(err)
	if len(problems) > 0 {
		rows = 0
	}
	return &graph.ProductVariantsPayload{ChangedCount: int32(rows), UserErrors: problems}, err
}

// bulkIDs reads the ids of a bulk change.
func bulkIDs(kind string, ids []string) ([]uuid.UUID, error) {
	if len(ids) > models.MaxBulk {
		return nil, models.Refuse(models.UserErrorTooMany, "ids", "at most %d in one call", models.MaxBulk)
	}
	return parseIDs(kind, ids)
}
