package postgres

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"ecoseller/search"
)

// Explain says why the first hits are found.
func (e *Engine) Explain(ctx context.Context, r search.Request) ([]search.Explanation, error) {
	q, err := e.query(ctx, r)
	if err != nil {
		return nil, err
	}
	found, err := e.store.MatchingProducts(ctx, q)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(found.Hits))
	for i, hit := range found.Hits {
		ids[i] = hit.ProductID
	}
	words, err := e.store.MatchingWords(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	all := make([]search.Explanation, len(found.Hits))
	for i, hit := range found.Hits {
		all[i] = search.Explanation{ProductID: hit.ProductID, Score: hit.Score}
		for _, word := range words[hit.ProductID] {
			all[i].Parts = append(all[i].Parts, fmt.Sprintf("%.4f = weight %.4f × rank %.4f of %s in language %q",
				word.Weight*word.Rank, word.Weight, word.Rank, word.Query, word.Language))
		}
	}
	return all, nil
}
