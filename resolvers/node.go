package resolvers

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
)

// loadNode returns the object with the global id, or nil when it is missing or hidden from the caller.
func (r *Resolver) loadNode(ctx context.Context, id string) (models.Node, error) {
	kind, key, err := models.ParseGlobalID(id)
	if err != nil {
		return nil, err
	}
	request := graph.FromContext(ctx)
	chain, err := request.Chain(nil)
	if err != nil {
		return nil, err
	}
	if kind == models.KindProductVariant {
		return r.variantNode(ctx, key, chain)
	}
	parsed, err := models.ParseUUID(kind, id)
	if err != nil {
		return nil, err
	}
	switch kind {
	case models.KindProduct:
		return orNilNode(r.loadProduct(ctx, parsed, chain))
	case models.KindCategory:
		return orNilNode(r.loadCategory(ctx, parsed, chain))
	case models.KindProductMedia:
		return r.mediaNode(ctx, parsed, chain)
	case models.KindAttribute:
		return orNilNode(r.loadAttribute(ctx, parsed, chain))
	case models.KindEmailMessage:
		if err := request.Require(models.PermissionSendEmail); err != nil {
			return nil, err
		}
		return orNilNode(r.emailOf(ctx, request.Token, parsed))
	case models.KindJob:
		if err := request.Require(models.PermissionReadJobs); err != nil {
			return nil, err
		}
		return orNilNode(r.loadJob(ctx, parsed))
	}
	return nil, models.BadInput(models.CodeInvalidID, "%q is not an id of this API", id)
}

func (r *Resolver) variantNode(ctx context.Context, sku string, chain []models.LanguageCode) (models.Node, error) {
	variants, err := r.Store.ProductVariantsBySKUs(ctx, []string{sku})
	if err != nil || len(variants) == 0 {
		return nil, err
	}
	product, err := r.loadProduct(ctx, variants[0].ProductID, chain)
	if err != nil || product == nil {
		return nil, err
	}
	variants[0].Chain = chain
	return variants[0], nil
}

// mediaNode returns the picture of a product that the caller may see.
func (r *Resolver) mediaNode(ctx context.Context, id uuid.UUID, chain []models.LanguageCode) (models.Node, error) {
	media, err := r.Store.ProductMediaByIDs(ctx, []uuid.UUID{id})
	if err != nil || len(media) == 0 {
		return nil, err
	}
	product, err := r.loadProduct(ctx, media[0].ProductID, chain)
	if err != nil || product == nil {
		return nil, err
	}
	return media[0], nil
}

// orNilNode keeps a nil pointer from becoming an interface that is not nil.
func orNilNode[T any, P interface {
	*T
	models.Node
}](object P, err error) (models.Node, error) {
	if err != nil || object == nil {
		return nil, err
	}
	return object, nil
}
