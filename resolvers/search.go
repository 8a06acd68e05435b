package resolvers

import (
	"context"
	"errors"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/statistics"
)

// maxQuery is how long a search query may be, in characters.
const maxQuery = 500

// searchRequest reads the arguments of a search.
func searchRequest(request *graph.Request, query string, language *models.LanguageCode, first int32, after *string) (search.Request, error) {
	r := search.Request{Text: strings.TrimSpace(query), First: int(first)}
	if r.Text == "" {
		return r, models.BadInput(models.CodeQueryEmpty, "the search query is empty")
	}
	if length := utf8.RuneCountInString(query); length > maxQuery {
		return r, models.BadInput(models.CodeQueryTooLong, "the search query has %d characters; at most %d are allowed", length, maxQuery)
	}
	if err := checkPage("first", first); err != nil {
		return r, err
	}
	var err error
	if r.Chain, err = request.Chain(language); err != nil {
		return r, err
	}
	if after != nil {
		r.After, err = searchPosition(*after)
	}
	return r, err
}

// searchPosition reads a cursor.
func searchPosition(cursor string) (*search.Position, error) {
	position := new(search.Position)
	if err := models.DecodeCursor(cursor, position); err != nil {
		return nil, err
	}
	knownEngine := position.Engine == search.Elasticsearch || position.Engine == search.Postgres
	if !knownEngine || position.Rank < 1 || position.ProductID == uuid.Nil || math.IsInf(position.Score, 0) {
		return nil, models.BadInput(models.CodeInvalidCursor, "the cursor is not one that a search has given")
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
	if err != nil {
		return nil, err
	}
	products, err := r.publishedByIDs(ctx, hitIDs(result.Hits), request.Chain)
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
		SearchID: searchID,
	}
	for i, hit := range result.Hits {
		cursor, err := models.EncodeCursor(hit)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			connection.PageInfo.StartCursor = &cursor
		}
		connection.PageInfo.EndCursor = &cursor
		if product := products[hit.ProductID]; product != nil {
			connection.Edges = append(connection.Edges, &models.ProductSearchEdge{Cursor: cursor, Score: hit.Score, Node: product})
		}
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

func (r *Resolver) publishedByIDs(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID]*models.Product, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	products, err := r.Store.ProductsByIDs(ctx, ids, chain)
	graph.FromContext(ctx).Loaders.ExpectProducts(products)
	published := make(map[uuid.UUID]*models.Product, len(products))
	for _, p := range products {
		if p.Published {
			published[p.ID] = p
		}
	}
	return published, err
}
