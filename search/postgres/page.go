package postgres

import (
	"fmt"
	"strconv"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/store"
)

// sortKeys are those of lists; by relevance there is none.
var sortKeys = map[search.SortKey]models.ProductSortKey{
	search.SortByPrice:     models.SortByPrice,
	search.SortByTitle:     models.SortByTitle,
	search.SortByCreatedAt: models.SortByCreatedAt,
	search.SortByUpdatedAt: models.SortByUpdatedAt,
}

// pageOf says which part of the matches is wanted.
func pageOf(r search.Request) (store.ProductSearchPage, error) {
	q := store.ProductSearchPage{Filter: r.Filter, Limit: r.First + 1, Facets: r.Facets, FacetPriceList: r.FacetPriceList}
	q.Filter.Chain = r.Chain
	q.Filter.SortKey, q.Filter.Direction, q.Filter.SortPriceList = sortKeys[r.Sort.Key], r.Sort.Direction, r.Sort.PriceList
	if q.Filter.Direction == "" {
		q.Filter.Direction = models.Ascending
	}
	if r.Rule != nil {
		q.Pinned, q.Hidden, q.Boosts = r.Rule.Pinned, r.Rule.Hidden, r.Rule.Boosts
	}
	switch after := r.After; {
	case after == nil:
	case after.Engine != search.Postgres:
		q.Offset = after.Rank
	default:
		if !validKey(q.Filter.SortKey, after.Key) {
			return q, fmt.Errorf("%w: %q is no key of this order", search.ErrBadPosition, after.Key)
		}
		q.After = &store.ProductSearchPlace{Score: after.Score, ProductID: after.ProductID, SortKey: after.Key}
	}
	return q, nil
}

// validKey says whether the database can read the key of a position.
func validKey(sortKey models.ProductSortKey, key string) bool {
	if sortKey != "" {
		return models.ValidSortValue(sortKey, key)
	}
	_, err := strconv.ParseInt(key, 10, 32)
	return err == nil
}

// resultOf makes the page of what was found.
func resultOf(r search.Request, found *store.ProductSearchResult) *search.Result {
	result := &search.Result{Total: found.Total, Facets: found.Facets, Engine: search.Postgres}
	hits := found.Hits
	if len(hits) > r.First {
		hits, result.HasNext = hits[:r.First], true
	}
	rank := 0
	if r.After != nil {
		rank = r.After.Rank
	}
	for i, hit := range hits {
		result.Hits = append(result.Hits, search.Hit{
			ProductID: hit.ProductID, Score: hit.Score, Engine: search.Postgres, Rank: rank + i + 1,
			Order: r.Order(), Key: hit.SortKey,
		})
	}
	return result
}
