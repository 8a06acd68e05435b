package resolvers

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
)

// The payloads of changes to what products refer to: each shows the object after the change.

func (r *Resolver) categoryPayload(ctx context.Context, id uuid.UUID, err error) (*graph.CategoryPayload, error) {
	categories, problems, err := r.categoriesAfter(ctx, []uuid.UUID{id}, err)
	payload := &graph.CategoryPayload{UserErrors: problems}
	if len(categories) > 0 {
		payload.Category = categories[0]
	}
	return payload, err
}

func (r *Resolver) categoriesPayload(ctx context.Context, ids []uuid.UUID, err error) (*graph.CategoriesPayload, error) {
	categories, problems, err := r.categoriesAfter(ctx, ids, err)
	if categories == nil {
		categories = []*models.Category{}
	}
	return &graph.CategoriesPayload{Categories: categories, UserErrors: problems}, err
}

func (r *Resolver) categoriesAfter(ctx context.Context, ids []uuid.UUID, err error) ([]*models.Category, []*models.UserError, error) {
	return afterChange(ctx, err, func() ([]*models.Category, error) {
		request := graph.FromContext(ctx)
		categories, err := r.Store.CategoriesByIDs(ctx, ids, request.Languages.Chain(request.Language))
		categories = inOrderOf(ids, categories, func(c *models.Category) uuid.UUID { return c.ID })
		request.Loaders.ExpectCategories(categories)
		return categories, err
	})
}

func (r *Resolver) attributeTypePayload(ctx context.Context, code string, err error) (*graph.AttributeTypePayload, error) {
	object, problems, err := afterChange(ctx, err, func() (*models.AttributeType, error) {
		attributeType, err := r.Store.AttributeTypeByCode(ctx, code)
		attributeType.Chain = operationChain(ctx)
		return attributeType, err
	})
	return &graph.AttributeTypePayload{AttributeType: object, UserErrors: problems}, err
}

func (r *Resolver) attributePayload(ctx context.Context, id uuid.UUID, err error) (*graph.AttributePayload, error) {
	object, problems, err := afterChange(ctx, err, func() (*models.Attribute, error) { return r.loadAttribute(ctx, id, operationChain(ctx)) })
	return &graph.AttributePayload{Attribute: object, UserErrors: problems}, err
}

// loadAttribute returns the attribute with its type, or nil when it is missing.
func (r *Resolver) loadAttribute(ctx context.Context, id uuid.UUID, chain []models.LanguageCode) (*models.Attribute, error) {
	attributes, err := r.Store.AttributesByIDs(ctx, []uuid.UUID{id})
	if err != nil || len(attributes) == 0 {
		return nil, err
	}
	attributes[0].Chain, attributes[0].Type.Chain = chain, chain
	return attributes[0], nil
}

func (r *Resolver) productTypePayload(ctx context.Context, code string, err error) (*graph.ProductTypePayload, error) {
	object, problems, err := afterChange(ctx, err, func() (*models.ProductType, error) {
		productType, err := r.Store.ProductTypeByCode(ctx, code)
		productType.Chain = operationChain(ctx)
		return productType, err
	})
	return &graph.ProductTypePayload{ProductType: object, UserErrors: problems}, err
}

func (r *Resolver) priceListPayload(ctx context.Context, code string, err error) (*graph.PriceListPayload, error) {
	object, problems, err := afterChange(ctx, err, func() (*models.PriceList, error) { return r.Store.PriceListByCode(ctx, code) })
	return &graph.PriceListPayload{PriceList: object, UserErrors: problems}, err
}

func (r *Resolver) countryPayload(ctx context.Context, code models.CountryCode, err error) (*graph.CountryPayload, error) {
	object, problems, err := afterChange(ctx, err, func() (*models.Country, error) {
		country, err := r.Store.CountryByCode(ctx, code)
		country.Chain = operationChain(ctx)
		return country, err
	})
	return &graph.CountryPayload{Country: object, UserErrors: problems}, err
}

func (r *Resolver) vatGroupPayload(ctx context.Context, code string, err error) (*graph.VatGroupPayload, error) {
	object, problems, err := afterChange(ctx, err, func() (*models.VatGroup, error) { return r.Store.VatGroupByCode(ctx, code) })
	return &graph.VatGroupPayload{VatGroup: object, UserErrors: problems}, err
}

// operationChain is the language chain of the operation.
func operationChain(ctx context.Context) []models.LanguageCode {
	request := graph.FromContext(ctx)
	return request.Languages.Chain(request.Language)
}

// inOrderOf puts objects into the order of their keys; those that are missing are left out.
func inOrderOf[K comparable, T any](keys []K, objects []T, keyOf func(T) K) []T {
	byKey := make(map[K]T, len(objects))
	for _, object := range objects {
		byKey[keyOf(object)] = object
	}
	ordered := make([]T, 0, len(keys))
	for _, key := range keys {
		if object, found := byKey[key]; found {
			ordered = append(ordered, object)
		}
	}
	return ordered
}
