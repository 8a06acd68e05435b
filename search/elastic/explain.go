package elastic

import (
	"context"
	"fmt"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/google/uuid"

	"ecoseller/search"
)

// explanation is Elasticsearch's own: a number and what it is made of.
type explanation struct {
	Value       float64
	Description string
	Details     []explanation
}

// Explain says why the first hits are found.
func (e *Engine) Explain(ctx context.Context, r search.Request) ([]search.Explanation, error) {
	request := e.request(r, place{})
	request["explain"] = true
	var answer struct {
		Hits struct {
			Hits []struct {
				ID          uuid.UUID   `json:"_id"`
				Score       float64     `json:"_score"`
				Explanation explanation `json:"_explanation"`
			}
		}
	}
	if err := e.client.do(ctx, esapi.SearchRequest{Index: []string{e.alias}, Body: body(request)}, &answer); err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	var all []search.Explanation
	for _, hit := range answer.Hits.Hits {
		all = append(all, search.Explanation{ProductID: hit.ID, Score: hit.Score, Parts: hit.Explanation.lines(0)})
	}
	return all, nil
}

// lines writes the tree down to the weights of single words; how BM25 makes these is always the same.
func (x explanation) lines(depth int) []string {
	lines := []string{fmt.Sprintf("%s%.4f %s", strings.Repeat("  ", depth), x.Value, x.Description)}
	if strings.HasPrefix(x.Description, "weight(") {
		return lines
	}
	for _, part := range x.Details {
		lines = append(lines, part.lines(depth+1)...)
	}
	return lines
}
