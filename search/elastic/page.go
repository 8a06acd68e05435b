package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
)

// maxWindow is how far Elasticsearch counts hits from the first one; beyond that it goes on after a place.
const maxWindow = 10_000

// place is where a page begins.
type place struct {
	// snapshot is the point in time that is read; empty for the index as it is now.
	snapshot string
	// after is the sort key behind which the page begins; without it the page begins with the first hit but from.
	after []json.RawMessage
	from  int
	// seen are products that are left out because they were shown before.
	seen seen
}

// answer is what Elasticsearch says to a search.
type answer struct {
	PIT  string `json:"pit_id"`
	Hits struct {
		Total struct{ Value int }
		Hits  []hit
	}
	Counted map[string]counted `json:"aggregations"`
}

type hit struct {
	Score float64           `json:"_score"`
	Sort  []json.RawMessage `json:"sort"`
	// Fields has the product's id; when highlights are asked for, also the languages of its texts.
	Fields    map[string][]string
	Highlight map[string][]string
}

// Search runs the boosted query over the chain's languages.
func (e *Engine) Search(ctx context.Context, r search.Request) (*search.Result, error) {
	if r.After == nil {
		return e.page(ctx, r, place{})
	}
	after := *r.After
	if after.Engine != search.Elasticsearch || strings.HasPrefix(after.Key, pinnedKey) != pins(r) {
		return e.pageAfterRank(ctx, r)
	}
	parts := len(sorting(r))
	key, err := readKey(strings.TrimPrefix(after.Key, pinnedKey), parts)
	if err != nil {
		return nil, err
	}
	seen, err := readSeen(after.Seen)
	if err != nil {
		return nil, err
	}
	p := place{after: key, snapshot: after.Snapshot, seen: seen}
	if after.Snapshot == "" && len(seen) > 0 {
		p = e.freeze(ctx, p)
	}
	result, err := e.page(ctx, r, p)
	if p.snapshot != "" && refused(err) {
		// It has run out, its server has restarted, or it never was one.
		result, err = e.page(ctx, r, place{after: key[:parts], seen: seen})
	}
	if refused(err) && !errors.Is(err, search.ErrNoIndex) {
		return nil, fmt.Errorf("%w: %w", search.ErrBadPosition, err)
	}
	return result, err
}

// page reads the page that begins at the place.
func (e *Engine) page(ctx context.Context, r search.Request, p place) (*search.Result, error) {
	found, err := e.ask(ctx, e.request(r, p), p.snapshot)
	if err != nil {
		return nil, err
	}
	result := &search.Result{
		Total: found.Hits.Total.Value, Engine: search.Elasticsearch, Highlights: map[uuid.UUID]models.ProductSearchHighlight{},
	}
	rank := 0
	if r.After != nil {
		rank = r.After.Rank
	}
	left := p.seen
	for _, h := range found.Hits.Hits {
		id, err := idOf(h.Fields)
		if err != nil {
			return nil, err
		}
		if left.has(id) {
			left = left.without(id)
			continue
		}
		if len(result.Hits) == r.First {
			result.HasNext = true
			break
		}
		rank++
		position := search.Hit{
			ProductID: id, Score: h.Score, Engine: search.Elasticsearch, Rank: rank,
			Order: r.Order(), Key: writeKey(h.Sort, pins(r)), Snapshot: found.PIT,
		}
		if p.snapshot != "" {
			position.Seen = left.String()
		}
		result.Hits = append(result.Hits, position)
		if r.Highlight {
			result.Highlights[id] = highlightOf(h, r.Chain)
		}
	}
	if r.After == nil {
		rememberSeen(result.Hits)
	}
	if r.Facets {
		result.Facets, err = e.facets(ctx, r, p, found)
	}
	return result, err
}

// idOf is the product of a hit.
func idOf(fields map[string][]string) (uuid.UUID, error) {
	if len(fields["product_id"]) != 1 {
		return uuid.Nil, errors.New("read hit: it has no product's id")
	}
	id, err := uuid.Parse(fields["product_id"][0])
	if err != nil {
		return uuid.Nil, fmt.Errorf("read hit: %w", err)
	}
	return id, nil
}

// pageAfterRank skips hits: another engine has found those before. Elasticsearch counts no further than its
// window; behind that it goes on in steps.
func (e *Engine) pageAfterRank(ctx context.Context, r search.Request) (*search.Result, error) {
	left := r.After.Rank
	if left+r.First < maxWindow {
		return e.page(ctx, r, place{from: left})
	}
	var p place
	for left > 0 {
		step := min(left, maxWindow)
		bare := r
		bare.Facets, bare.Highlight = false, false
		request := e.request(bare, p)
		request["size"], request["track_total_hits"] = step, false
		found, err := e.ask(ctx, request, "", "hits.hits.sort")
		if err != nil {
			return nil, err
		}
		n := len(found.Hits.Hits)
		if n > 0 {
			p.after = found.Hits.Hits[n-1].Sort
		}
		if n < step {
			break // there are fewer: the page behind the last one is empty
		}
		left -= step
	}
	return e.page(ctx, r, p)
}

// ask sends a search, to the index as it is now or to a snapshot.
func (e *Engine) ask(ctx context.Context, request object, snapshot string, parts ...string) (*answer, error) {
	found := new(answer)
	r := esapi.SearchRequest{Body: body(request), FilterPath: parts}
	if snapshot == "" {
		r.Index = []string{e.alias}
	}
	if err := e.client.do(ctx, r, found); err != nil {
		return nil, err
	}
	return found, nil
}

// request writes the whole request for a page.
func (e *Engine) request(r search.Request, p place) object {
	q := object{
		"query":            e.query(r),
		"sort":             sorting(r),
		"track_scores":     true,
		"track_total_hits": true,
		"docvalue_fields":  []string{"product_id"},
		"size":             r.First + 1 + len(p.seen),
	}
	if p.after != nil {
		q["search_after"] = p.after
	} else if p.from > 0 {
		q["from"] = p.from
	}
	if p.snapshot != "" {
		q["pit"] = object{"id": p.snapshot, "keep_alive": snapshotLife}
	}
	if r.Facets {
		addFacets(q, r)
	}
	if r.Highlight {
		e.addHighlights(q, r)
	} else {
		// Ids come from a column: the documents would have to be unpacked for theirs.
		q["stored_fields"] = "_none_"
	}
	return q
}

// query is met by the published products that match and meet the filter, and by pinned ones that meet it.
func (e *Engine) query(r search.Request) object {
	found := preferred(e.matching(r))
	var hidden []uuid.UUID
	if rule := r.Rule; rule != nil {
		found, hidden = multiplied(found, rule.Boosts), rule.Hidden
		if len(rule.Pinned) > 0 {
			found = object{"bool": object{"minimum_should_match": 1, "should": []any{
				found,
				object{"constant_score": object{"filter": terms("product_id", rule.Pinned), "boost": 0}},
			}}}
		}
	}
	conditions := r.Filter
	if r.Facets {
		conditions = base(conditions)
	}
	q := object{"must": found, "filter": append(filters(conditions, r.SlugCategoryIDs), term("published", true))}
	if len(hidden) > 0 {
		q["must_not"] = terms("product_id", hidden)
	}
	return object{"bool": q}
}

// preferred lets products that are in stock and newer ones come first among equals: a score grows by at most some
// percent. The age counts from a fixed day on, so that scores do not change with time.
func preferred(query object) object {
	return object{"function_score": object{
		"query": query,
		"functions": []any{
			object{"filter": object{"match_all": object{}}, "weight": 1},
			object{"filter": term("in_stock", true), "weight": models.InStockBonus},
			object{"field_value_factor": object{"field": "new_since", "factor": models.NewnessBonus, "missing": 0}},
		},
		"score_mode": "sum",
		"boost_mode": "multiply",
	}}
}

// multiplied multiplies the scores of products.
func multiplied(query object, factors map[uuid.UUID]float64) object {
	if len(factors) == 0 {
		return query
	}
	var functions []any
	for id, factor := range factors {
		functions = append(functions, object{"filter": term("product_id", id), "weight": factor})
	}
	return object{"function_score": object{
		"query": query, "functions": functions, "score_mode": "multiply", "boost_mode": "multiply",
	}}
}

// pinOrder puts pinned products first, in their order.
const pinOrder = `int place = params.pinned.indexOf(doc['product_id'].value); return place < 0 ? params.pinned.length : place;`

// sorting is the order of hits.
func sorting(r search.Request) []any {
	byID := object{"product_id": "asc"}
	direction := "asc"
	if r.Sort.Direction == models.Descending {
		direction = "desc"
	}
	switch r.Sort.Key {
	case search.SortByPrice:
		// What has no price comes last in both directions.
		return []any{object{"price." + r.Sort.PriceList: object{"order": direction, "missing": "_last", "unmapped_type": "long"}}, byID}
	case search.SortByTitle:
		return []any{object{"sort_title." + string(r.Chain[0]): object{"order": direction, "unmapped_type": "keyword"}}, byID}
	case search.SortByCreatedAt:
		return []any{object{"created_at": direction}, byID}
	case search.SortByUpdatedAt:
		return []any{object{"updated_at": direction}, byID}
	}
	byScore := object{"_score": "desc"}
	if !pins(r) {
		return []any{byScore, byID}
	}
	return []any{object{"_script": object{
		"type": "number", "order": "asc",
		"script": object{"source": pinOrder, "params": object{"pinned": r.Rule.Pinned}},
	}}, byScore, byID}
}

// pins says whether pinned products come first.
func pins(r search.Request) bool {
	return r.Sort.ByRelevance() && r.Rule != nil && len(r.Rule.Pinned) > 0
}

// pinnedKey begins keys of an order with pinned products in front.
const pinnedKey = "pinned "

func writeKey(parts []json.RawMessage, pinned bool) string {
	key := "[" + string(bytes.Join(rawBytes(parts), []byte(","))) + "]"
	if pinned {
		return pinnedKey + key
	}
	return key
}

func rawBytes(parts []json.RawMessage) [][]byte {
	raw := make([][]byte, len(parts))
	for i, part := range parts {
		raw[i] = part
	}
	return raw
}

// readKey reads the sort key of a position: a value for each part of the order, and one more that snapshots add.
func readKey(text string, parts int) ([]json.RawMessage, error) {
	var key []json.RawMessage
	if err := json.Unmarshal([]byte(text), &key); err != nil || len(key) < parts || len(key) > parts+1 {
		return nil, fmt.Errorf("%w: its key has not %d parts", search.ErrBadPosition, parts)
	}
	for _, part := range key {
		if part = bytes.TrimSpace(part); len(part) == 0 || part[0] == '{' || part[0] == '[' {
			return nil, fmt.Errorf("%w: its key is not made of values", search.ErrBadPosition)
		}
	}
	return key, nil
}

// refused says whether Elasticsearch works but does not take the request.
func refused(err error) bool {
	return err != nil && (errors.Is(err, search.ErrNoIndex) || !errors.Is(err, search.ErrUnavailable))
}
