package resolvers

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
	"ecoseller/store"
)

// findProduct returns the id of the product that exactly one of the arguments names; the nil id when there
// is none.
func (r *Resolver) findProduct(ctx context.Context, id, slug, sku *string, language models.LanguageCode) (uuid.UUID, error) {
	given := 0
	for _, argument := range []*string{id, slug, sku} {
		if argument != nil {
			given++
		}
	}
	if given != 1 {
		return uuid.Nil, models.BadInput(models.CodeBadInput, "a product is asked for by exactly one of id, slug and sku")
	}
	if id != nil {
		return models.ParseUUID(models.KindProduct, *id)
	}
	var key uuid.UUID
	var err error
	if slug != nil {
		key, err = r.Store.ProductIDBySlug(ctx, *slug, language)
	} else {
		key, err = r.Store.ProductIDBySKU(ctx, *sku)
	}
	if errors.Is(err, store.ErrNotFound) {
		return uuid.Nil, nil
	}
	return key, err
}

// loadProduct returns the product, or nil when it is missing or hidden from the caller.
func (r *Resolver) loadProduct(ctx context.Context, id uuid.UUID, chain []models.LanguageCode) (*models.Product, error) {
	products, err := r.Store.ProductsByIDs(ctx, []uuid.UUID{id}, chain)
	if err != nil || len(products) == 0 {
		return nil, err
	}
	return visible(products[0], graph.FromContext(ctx).Token), nil
}

// productQuery reads the arguments of a list.
func productQuery(request *graph.Request, first int32, after *string, filter *graph.ProductFilter, sort *graph.ProductSort, language *models.LanguageCode) (models.ProductQuery, error) {
	q := models.ProductQuery{First: int(first), SortKey: models.SortByCreatedAt, Direction: models.Descending}
	if err := checkPage(first); err != nil {
		return q, err
	}
	var err error
	if q.Chain, err = request.Chain(language); err != nil {
		return q, err
	}
	if sort != nil {
		q.SortKey, q.Direction = sort.Key, sort.Direction
	}
	if after != nil {
		if q.After, err = models.ParseProductCursor(*after, q.SortKey); err != nil {
			return q, err
		}
	}
	if filter != nil {
		if err := applyFilter(&q, filter); err != nil {
			return q, err
		}
	}
	hideUnpublished(&q, request.Token)
	return q, nil
}

func applyFilter(q *models.ProductQuery, filter *graph.ProductFilter) (err error) {
	if q.IDs, err = parseIDs(models.KindProduct, filter.Ids.Value()); err != nil {
		return err
	}
	if q.CategoryIDs, err = parseIDs(models.KindCategory, filter.CategoryIds.Value()); err != nil {
		return err
	}
	q.SKUs, q.Brands = filter.Skus.Value(), filter.Brands.Value()
	q.InStock, q.UpdatedSince, q.Published = filter.InStock.Value(), filter.UpdatedSince.Value(), filter.Published.Value()
	return checkFilterSize(len(q.IDs), len(q.CategoryIDs), len(q.SKUs), len(q.Brands))
}

// maxFilterValues is how many values one condition of a filter may have.
const maxFilterValues = 1000

func checkFilterSize(sizes ...int) error {
	for _, size := range sizes {
		if size > maxFilterValues {
			return models.BadInput(models.CodeBadInput, "a condition of a filter has at most %d values", maxFilterValues)
		}
	}
	return nil
}

// hideUnpublished lets callers without permission see published products only. Who asks for the others
// gets none, rather than products he did not ask for.
func hideUnpublished(q *models.ProductQuery, token *models.AccessToken) {
	if token.Can(models.PermissionReadUnpublished) {
		return
	}
	if q.Published != nil && !*q.Published {
		q.IDs = []uuid.UUID{}
	}
	published := true
	q.Published = &published
}

// parseIDs keeps nil, which means no condition, apart from an empty list, which nothing meets.
func parseIDs(kind string, ids []string) ([]uuid.UUID, error) {
	if ids == nil {
		return nil, nil
	}
	keys := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		key, err := models.ParseUUID(kind, id)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	return keys, nil
}

func productConnection(q models.ProductQuery, products []*models.Product, hasNext bool) (*models.ProductConnection, error) {
	connection := &models.ProductConnection{
		Query:    q,
		PageInfo: &models.PageInfo{HasNextPage: hasNext, HasPreviousPage: q.After != nil},
		Edges:    make([]*models.ProductEdge, len(products)),
	}
	for i, p := range products {
		cursor, err := models.EncodeCursor(models.ProductCursor{SortKey: q.SortKey, Value: p.SortKey, ID: p.ID})
		if err != nil {
			return nil, err
		}
		connection.Edges[i] = &models.ProductEdge{Cursor: cursor, Node: p}
	}
	if n := len(products); n > 0 {
		connection.PageInfo.StartCursor = &connection.Edges[0].Cursor
		connection.PageInfo.EndCursor = &connection.Edges[n-1].Cursor
	}
	return connection, nil
}

// variantPrice returns the variant's price for the country, or nil when it has none in the price list.
func variantPrice(ctx context.Context, v *models.ProductVariant, priceList *string, country *models.CountryCode) (*models.Price, error) {
	request := graph.FromContext(ctx)
	code := request.Country
	if country != nil {
		code = *country
	}
	market, err := request.Loaders.Markets.Load(ctx, code)
	if err != nil || market == nil {
		return nil, err
	}
	key := graph.PriceKey{SKU: v.SKU, PriceList: market.PriceList}
	if priceList != nil {
		key.PriceList = *priceList
	}
	price, err := request.Loaders.Prices.Load(ctx, key)
	if err != nil || price == nil {
		return nil, err
	}
	return models.NewPrice(price, market.VatRate(v.ProductTypeID)), nil
}
