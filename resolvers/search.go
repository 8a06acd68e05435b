package resolvers

import (
	"context"
	"errors"
	"maps"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/statistics"
)

var errNoSearchCursor = models.BadInput(models.CodeInvalidCursor, "the cursor is not one that a search has given")

// maxQuery is how long a search query may be, in characters.
const maxQuery = 500

// searchArguments are the arguments of a search.
type searchArguments struct {
	query    string
	language *models.LanguageCode
	first    int32
	after    *string
	filter   *graph.ProductFilter
	sort     *graph.ProductSearchSort
}

// searchRequest reads the arguments of a search.
func (r *Resolver) searchRequest(ctx context.Context, a searchArguments) (search.Request, error) {
	request := search.Request{Text: strings.TrimSpace(a.query), First: int(a.first)}
	if request.Text == "" {
		return request, models.BadInput(models.CodeQueryEmpty, "the search query is empty")
	}
	if length := utf8.RuneCountInString(a.query); length > maxQuery {
		return request, models.BadInput(models.CodeQueryTooLong, "the search query has %d characters; at most %d are allowed", length, maxQuery)
	}
	if err := r.checkPage("first", a.first); err != nil {
		return request, err
	}
	var err error
	if request.Chain, err = graph.FromContext(ctx).Chain(a.language); err != nil {
		return request, err
	}
	if err := r.searchFilter(ctx, &request, a.filter); err != nil {
		return request, err
	}
	if err := r.searchSort(ctx, &request, a.sort); err != nil {
		return request, err
	}
	if err := selectParts(ctx, &request); err != nil {
		return request, err
	}
	if a.after != nil {
		request.After, err = searchPosition(*a.after, request.Order())
	}
	return request, err
}

func (r *Resolver) searchFilter(ctx context.Context, request *search.Request, filter *graph.ProductFilter) (err error) {
	request.Filter.Chain = request.Chain
	if filter != nil {
		if err := applyFilter(ctx, &request.Filter, filter); err != nil {
			return err
		}
	}
	hideUnpublished(&request.Filter, graph.FromContext(ctx).Token)
	if slugs := request.Filter.CategorySlugs; slugs != nil {
		request.SlugCategoryIDs, err = r.Store.CategoryIDsBySlugs(ctx, request.Chain[0], slugs)
	}
	return err
}

// selectParts asks for facets and highlights when the operation selects them.
func selectParts(ctx context.Context, request *search.Request) (err error) {
	request.Facets = len(selectedAt(ctx, "facets")) > 0
	request.Highlight = len(selectedAt(ctx, "edges.highlight")) > 0
	if !request.Facets {
		return nil
	}
	if price := request.Filter.Price; price != nil {
		request.FacetPriceList = price.PriceList
		return nil
	}
	request.FacetPriceList, err = priceListOr(ctx, nil)
	return err
}

func (r *Resolver) searchSort(ctx context.Context, request *search.Request, sort *graph.ProductSearchSort) (err error) {
	if sort == nil {
		return nil
	}
	request.Sort = search.Sort{Key: search.SortKey(sort.Key), Direction: sort.Direction}
	if request.Sort.Key == search.SortByPrice {
		request.Sort.PriceList, err = r.priceListToSortBy(ctx, sort.PriceList.Value())
	}
	return err
}

// searchPosition reads a cursor of the order.
func searchPosition(cursor, order string) (*search.Position, error) {
	position := new(search.Position)
	if err := models.DecodeCursor(cursor, position); err != nil {
		return nil, err
	}
	knownEngine := position.Engine == search.Elasticsearch || position.Engine == search.Postgres
	if !knownEngine || position.Rank < 1 || position.ProductID == uuid.Nil || math.IsInf(position.Score, 0) {
		return nil, errNoSearchCursor
	}
	if position.Order != order {
		return nil, models.BadInput(models.CodeInvalidCursor, "the cursor was made for another order")
	}
	return position, nil
}

// searchProducts asks the engine and loads what it found, best first. A product that was deleted or hidden
// a moment ago may still be in the index: it is left out.
func (r *Resolver) searchProducts(ctx context.Context, request search.Request) (*models.ProductSearchConnection, error) {
	result, err := r.Searcher.Search(ctx, request)
	return r.foundProducts(ctx, request, result, err)
}

// foundProducts shapes what the engine has answered to a request.
func (r *Resolver) foundProducts(ctx context.Context, request search.Request, result *search.Result, err error) (*models.ProductSearchConnection, error) {
	if errors.Is(err, search.ErrUnavailable) {
		return nil, errors.Join(&graph.Error{Code: graph.CodeSearchUnavailable, Message: "no search engine answers; try again in a moment"}, err)
	}
	if errors.Is(err, search.ErrBadPosition) {
		return nil, errors.Join(errNoSearchCursor, err)
	}
	if err != nil {
		return nil, err
	}
	products, err := r.publishedByIDs(ctx, hitIDs(result.Hits), request.Chain, "nodes", "edges.node")
	if err != nil {
		return nil, err
	}
	searchID, err := models.EncodeCursor(statistics.IDOf(request))
	if err != nil {
		return nil, err
	}
	connection := &models.ProductSearchConnection{
		PageInfo:   &models.PageInfo{HasNextPage: result.HasNext, HasPreviousPage: request.After != nil},
		TotalCount: result.Total, Engine: result.Engine, Degraded: result.Degraded, Language: request.Chain[0],
		CorrectedQuery: result.Corrected, Relaxed: result.Relaxed, SearchID: searchID,
	}
	for _, hit := range result.Hits {
		if product := products[hit.ProductID]; product != nil {
			connection.Edges = append(connection.Edges, &models.ProductSearchEdge{Place: hit, Score: hit.Score, Node: product, Highlight: result.Highlights[hit.ProductID]})
		}
	}
	if n := len(result.Hits); n > 0 {
		if err := setCursors(connection.PageInfo, result.Hits[0], result.Hits[n-1]); err != nil {
			return nil, err
		}
	}
	if request.Facets {
		connection.Facets = &models.ProductSearchFacets{Counts: result.Facets, Chain: request.Chain}
	}
	return connection, nil
}

func hitIDs(hits []search.Hit) []uuid.UUID {
	ids := make([]uuid.UUID, len(hits))
	for i, hit := range hits {
		ids[i] = hit.ProductID
	}
	return ids
}

// publishedByIDs returns the products that customers may see, with what the operation selects of them at the paths.
func (r *Resolver) publishedByIDs(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode, paths ...string) (map[uuid.UUID]*models.Product, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	parts, err := selectedParts(ctx, paths...)
	if err != nil {
		return nil, err
	}
	products, err := readProducts(ctx, ids, chain, parts)
	maps.DeleteFunc(products, func(_ uuid.UUID, p *models.Product) bool { return !p.Published })
	return products, err
}
