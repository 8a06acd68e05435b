package resolvers

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"ecoseller/graph"
	"ecoseller/models"
	"ecoseller/store"
)

// product returns the product that exactly one of the arguments names, with what the operation selects of it; nil when
// there is none, or when it is hidden from the caller.
func (r *Resolver) product(ctx context.Context, id, slug, sku *string, chain []models.LanguageCode) (*models.Product, error) {
	if countGiven(id, slug, sku) != 1 {
		return nil, models.BadInput(models.CodeBadInput, "a product is asked for by exactly one of id, slug and sku")
	}
	parts, err := selectedParts(ctx)
	if err != nil {
		return nil, err
	}
	if id != nil {
		key, err := models.ParseUUID(models.KindProduct, *id)
		if err != nil {
			return nil, err
		}
		products, err := readProducts(ctx, []uuid.UUID{key}, chain, parts)
		if err != nil {
			return nil, err
		}
		return seen(ctx, products[key]), nil
	}
	var key store.ProductKey
	if slug != nil {
		key.Slug = *slug
	} else {
		key.SKU = *sku
	}
	product, err := r.Store.ProductWithPartsByKey(ctx, key, chain, parts)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	graph.FromContext(ctx).Loaders.KnowProducts([]*store.ProductWithParts{product}, parts)
	return seen(ctx, &product.Product), nil
}

// seen is the product if the caller may see it. The answer then depends on no other product.
func seen(ctx context.Context, product *models.Product) *models.Product {
	request := graph.FromContext(ctx)
	if product = visible(product, request.Token); product != nil {
		request.DependsOn(product.ID)
	}
	return product
}

// countGiven counts the arguments that are not null.
func countGiven(arguments ...*string) int {
	given := 0
	for _, argument := range arguments {
		if argument != nil {
			given++
		}
	}
	return given
}

// loadProduct returns the product, or nil when it is missing or hidden from the caller.
func (r *Resolver) loadProduct(ctx context.Context, id uuid.UUID, chain []models.LanguageCode) (*models.Product, error) {
	products, err := r.Store.ProductsByIDs(ctx, []uuid.UUID{id}, chain)
	if err != nil || len(products) == 0 {
		return nil, err
	}
	return visible(products[0], graph.FromContext(ctx).Token), nil
}

// productListArguments are the arguments of a product list.
type productListArguments struct {
	page   pageArguments
	filter *graph.ProductFilter
	sort   *graph.ProductSort
}

// productList reads the arguments and returns the page.
func (r *Resolver) productList(ctx context.Context, chain []models.LanguageCode, a productListArguments) (*models.ProductConnection, error) {
	query, err := r.productQuery(ctx, chain, a)
	if err != nil {
		return nil, err
	}
	parts, err := selectedParts(ctx, "nodes", "edges.node")
	if err != nil {
		return nil, err
	}
	if query, err = graph.FromContext(ctx).Catalogue.WithBelow(ctx, query); err != nil {
		return nil, err
	}
	places, more, err := r.Store.ProductPage(ctx, query)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(places))
	for i, place := range places {
		ids[i] = place.ID
	}
	products, err := readProducts(ctx, ids, chain, parts)
	if err != nil {
		return nil, err
	}
	return productConnection(query, places, products, more)
}

func (r *Resolver) productQuery(ctx context.Context, chain []models.LanguageCode, a productListArguments) (models.ProductQuery, error) {
	q := models.ProductQuery{Chain: chain, SortKey: models.SortByCreatedAt, Direction: models.Descending}
	if err := r.applySort(ctx, &q, a.sort); err != nil {
		return q, err
	}
	p, err := r.readPage(a.page)
	if err != nil {
		return q, err
	}
	q.Size, q.Backward = p.size, p.backward
	if p.cursor != nil {
		if q.From, err = models.ParseProductCursor(*p.cursor, &q); err != nil {
			return q, err
		}
	}
	if a.filter != nil {
		if err := applyFilter(ctx, &q, a.filter); err != nil {
			return q, err
		}
	}
	hideUnpublished(&q, graph.FromContext(ctx).Token)
	return q, nil
}

// applySort refuses price lists that do not exist: no product has a place in them.
func (r *Resolver) applySort(ctx context.Context, q *models.ProductQuery, sort *graph.ProductSort) (err error) {
	if sort == nil {
		return nil
	}
	q.SortKey, q.Direction = sort.Key, sort.Direction
	if q.SortKey != models.SortByPrice {
		return nil
	}
	q.SortPriceList, err = r.priceListToSortBy(ctx, sort.PriceList.Value())
	return err
}

func (r *Resolver) priceListToSortBy(ctx context.Context, given *string) (string, error) {
	list, err := priceListOr(ctx, given)
	if err != nil {
		return "", err
	}
	exists, err := r.Store.PriceListExists(ctx, list)
	if err == nil && !exists {
		err = models.BadInput(models.CodeBadInput, "there is no price list %q to sort by", list)
	}
	return list, err
}

func applyFilter(ctx context.Context, q *models.ProductQuery, filter *graph.ProductFilter) (err error) {
	if q.IDs, err = parseIDs(models.KindProduct, filter.Ids.Value()); err != nil {
		return err
	}
	if q.CategoryIDs, err = parseIDs(models.KindCategory, filter.CategoryIds.Value()); err != nil {
		return err
	}
	q.SKUs, q.Brands, q.ProductTypes = filter.Skus.Value(), filter.Brands.Value(), filter.ProductTypes.Value()
	q.CategorySlugs = filter.CategorySlugs.Value()
	q.InStock, q.Published = filter.InStock.Value(), filter.Published.Value()
	q.CreatedSince, q.UpdatedSince = filter.CreatedSince.Value(), filter.UpdatedSince.Value()
	if q.Attributes, err = attributeConditions(filter.Attributes.Value()); err != nil {
		return err
	}
	if q.Price, err = priceCondition(ctx, filter.Price.Value()); err != nil {
		return err
	}
	return checkFilterSize(len(q.IDs), len(q.CategoryIDs), len(q.CategorySlugs), len(q.SKUs), len(q.Brands), len(q.ProductTypes))
}

// maxAttributeFilters bounds the attributes asked for at once; each costs a look into an index.
const maxAttributeFilters = 20

func attributeConditions(filters []*graph.AttributeFilter) ([]models.AttributeCondition, error) {
	if len(filters) > maxAttributeFilters {
		return nil, models.BadInput(models.CodeBadInput, "a filter has at most %d attributes", maxAttributeFilters)
	}
	var conditions []models.AttributeCondition
	for _, f := range filters {
		if err := checkFilterSize(len(f.Values.Value())); err != nil {
			return nil, err
		}
		conditions = append(conditions, models.AttributeCondition{
			Type: f.Type, Values: f.Values.Value(), Min: number(f.Min.Value()), Max: number(f.Max.Value()),
		})
	}
	return conditions, nil
}

func priceCondition(ctx context.Context, filter *graph.PriceFilter) (*models.PriceCondition, error) {
	if filter == nil {
		return nil, nil
	}
	list, err := priceListOr(ctx, filter.PriceList.Value())
	return &models.PriceCondition{PriceList: list, Min: number(filter.Min.Value()), Max: number(filter.Max.Value())}, err
}

// priceListOr returns the given price list, or that of the request's country.
func priceListOr(ctx context.Context, given *string) (string, error) {
	if given != nil {
		return *given, nil
	}
	request := graph.FromContext(ctx)
	market, err := request.Loaders.Markets.Load(ctx, request.Country)
	if err != nil || market == nil {
		return "", err
	}
	return market.PriceList, nil
}

func number(d *models.Decimal) *decimal.Decimal {
	if d == nil {
		return nil
	}
	return &d.Decimal
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
		q.UnpublishedCategories = true
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

// productConnection makes a page; more says whether there are products beyond the end it was read towards.
// One that was deleted since is left out.
func productConnection(q models.ProductQuery, places []store.ProductPlace, products map[uuid.UUID]*models.Product, more bool) (*models.ProductConnection, error) {
	connection := &models.ProductConnection{
		Query:    q,
		PageInfo: &models.PageInfo{HasNextPage: more, HasPreviousPage: q.From != nil},
		Edges:    make([]*models.ProductEdge, 0, len(places)),
	}
	if q.Backward {
		connection.PageInfo = &models.PageInfo{HasNextPage: q.From != nil, HasPreviousPage: more}
	}
	for _, place := range places {
		product := products[place.ID]
		if product == nil {
			continue
		}
		cursor := models.ProductCursor{SortKey: q.SortKey, Within: q.SortedWithin(), Value: place.SortKey, ID: place.ID}
		connection.Edges = append(connection.Edges, &models.ProductEdge{Place: cursor, Node: product})
	}
	n := len(connection.Edges)
	if n == 0 {
		return connection, nil
	}
	return connection, setCursors(connection.PageInfo, connection.Edges[0].Place, connection.Edges[n-1].Place)
}

// setCursors says where a page begins and ends.
func setCursors(page *models.PageInfo, first, last any) error {
	start, err := models.EncodeCursor(first)
	if err != nil {
		return err
	}
	end, err := models.EncodeCursor(last)
	page.StartCursor, page.EndCursor = &start, &end
	return err
}

// variantPrice returns the variant's price for the country, or nil when it has none in the price list.
func variantPrice(ctx context.Context, v *models.ProductVariant, priceList *string, country *models.CountryCode) (*models.Price, error) {
	market, err := marketOr(ctx, country)
	if err != nil || market == nil {
		return nil, err
	}
	key := graph.PriceKey{SKU: v.SKU, PriceList: market.PriceList}
	if priceList != nil {
		key.PriceList = *priceList
	}
	price, err := graph.FromContext(ctx).Loaders.Prices.Load(ctx, key)
	if err != nil || price == nil {
		return nil, err
	}
	return models.NewPrice(price, market.Vat(v.ProductTypeID)), nil
}

// productPriceRange returns what the product costs for the country, or nil when no variant has a price in the
// price list.
func productPriceRange(ctx context.Context, p *models.Product, priceList *string, country *models.CountryCode) (*models.PriceRange, error) {
	market, err := marketOr(ctx, country)
	if err != nil || market == nil {
		return nil, err
	}
	key := graph.PriceRangeKey{ProductID: p.ID, PriceList: market.PriceList}
	if priceList != nil {
		key.PriceList = *priceList
	}
	found, err := graph.FromContext(ctx).Loaders.PriceRanges.Load(ctx, key)
	if err != nil || found == nil {
		return nil, err
	}
	return models.NewPriceRange(found, market.Vat(p.ProductTypeID)), nil
}

// marketOr returns the market of the given country, or that of the request's.
func marketOr(ctx context.Context, given *models.CountryCode) (*models.Market, error) {
	request := graph.FromContext(ctx)
	country := request.Country
	if given != nil {
		country = *given
	}
	return request.Loaders.Markets.Load(ctx, country)
}
