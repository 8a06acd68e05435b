package elastic

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"ecoseller/models"
	"ecoseller/search"
)

// Facets are counted by the search's own request: the conditions that facets have stand behind the counting, as a
// post_filter, and each facet is counted under all of them but its own.

// maxValueBuckets is how many values of all attribute types are asked for at once. When hits have more, a second
// request asks for the values of the types that are shown.
const maxValueBuckets = 1000

// maxShownValueBuckets is how many values that request asks for: of twenty types with five hundred values each, all.
const maxShownValueBuckets = 10_000

// base are the conditions that no facet has.
func base(q models.ProductQuery) models.ProductQuery {
	q = q.WithoutBrands().WithoutCategories().WithoutPrice()
	q.InStock, q.Attributes = nil, nil
	return q
}

// faceted are the conditions that facets have.
func faceted(q models.ProductQuery) models.ProductQuery {
	q.Published, q.IDs, q.SKUs, q.ProductTypes, q.CreatedSince, q.UpdatedSince = nil, nil, nil, nil, nil, nil
	return q
}

// addFacets lets a request count as well.
func addFacets(request object, r search.Request) {
	q := faceted(r.Filter)
	under := func(q models.ProductQuery, aggregations object) object {
		return object{"filter": allOf(filters(q, r.SlugCategoryIDs)), "aggs": aggregations}
	}
	counts := object{
		"brands": under(q.WithoutBrands(), object{
			"values": object{"terms": object{"field": "brand.exact", "size": models.MaxFacetValues, "exclude": []string{""}}},
		}),
		"categories": under(q.WithoutCategories(), object{
			"values": object{"terms": object{"field": "category_ids", "size": models.MaxCategoryFacets}},
		}),
		"in_stock":     under(q.WithInStock(true), object{}),
		"out_of_stock": under(q.WithInStock(false), object{}),
		"attributes": under(q, object{
			"codes":  object{"terms": object{"field": "attribute_codes", "size": models.MaxAttributeFacets + len(q.Attributes)}},
			"values": object{"terms": object{"field": "attributes", "size": maxValueBuckets}},
		}),
	}
	if r.FacetPriceList != "" {
		counts["price"] = under(q.WithoutPrice(), object{
			"steps": object{"terms": object{"field": "price_step." + r.FacetPriceList, "size": 10_000}},
			"low":   object{"min": object{"field": "price." + r.FacetPriceList}},
			"high":  object{"max": object{"field": "price." + r.FacetPriceList}},
		})
	}
	for i, code := range q.FilteredTypes() {
		counts["attribute_"+strconv.Itoa(i)] = under(q.WithoutAttribute(code), ofType(code))
	}
	request["post_filter"] = allOf(filters(q, r.SlugCategoryIDs))
	request["aggs"] = counts
}

// ofType counts the values of one attribute type.
func ofType(code string) object {
	pattern := literal(attributePrefix(code)) + ".*"
	number := func(direction string) object {
		return object{"terms": object{"field": "numbers", "include": pattern, "size": 1, "order": object{"_key": direction}}}
	}
	return object{
		"codes":  object{"terms": object{"field": "attribute_codes", "include": []string{code}}},
		"values": object{"terms": object{"field": "attributes", "include": pattern, "size": models.MaxFacetValues}},
		"low":    number("asc"),
		"high":   number("desc"),
	}
}

// literal writes a text as a regular expression that matches it.
func literal(text string) string {
	var out strings.Builder
	for _, r := range text {
		if r < unicode.MaxASCII && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// buckets is what a terms aggregation answers.
type buckets struct {
	Others  int `json:"sum_other_doc_count"`
	Buckets []struct {
		Key   json.RawMessage
		Count int `json:"doc_count"`
	}
}

// counted is what an aggregation under a filter answers; which parts it has depends on the facet.
type counted struct {
	Count                int `json:"doc_count"`
	Values, Codes, Steps buckets
	Low, High            json.RawMessage
}

func (b buckets) counts() ([]models.ValueCount, error) {
	counts := make([]models.ValueCount, len(b.Buckets))
	for i, bucket := range b.Buckets {
		if err := json.Unmarshal(bucket.Key, &counts[i].Value); err != nil {
			return nil, fmt.Errorf("read bucket: %w", err)
		}
		counts[i].ProductCount = bucket.Count
	}
	return counts, nil
}

// facets reads the counts of a search.
func (e *Engine) facets(ctx context.Context, r search.Request, p place, found *answer) (*models.SearchFacets, error) {
	facets := &models.SearchFacets{InStock: found.Counted["in_stock"].Count, OutOfStock: found.Counted["out_of_stock"].Count}
	var err error
	if facets.Brands, err = found.Counted["brands"].Values.counts(); err != nil {
		return nil, err
	}
	if facets.Categories, err = categoryCounts(found.Counted["categories"].Values); err != nil {
		return nil, err
	}
	if facets.Price, err = priceFacet(r.FacetPriceList, found.Counted["price"]); err != nil {
		return nil, err
	}
	attributes, err := e.attributes(ctx, r, p, found)
	facets.Attributes = models.OrderAttributes(attributes, found.Hits.Total.Value, r.Filter)
	return facets, err
}

func categoryCounts(b buckets) ([]models.CategoryCount, error) {
	values, err := b.counts()
	counts := make([]models.CategoryCount, len(values))
	for i, v := range values {
		if counts[i].CategoryID, err = uuid.Parse(v.Value); err != nil {
			return nil, fmt.Errorf("read category: %w", err)
		}
		counts[i].ProductCount = v.ProductCount
	}
	return counts, err
}

// priceFacet is nil when nothing has a price.
func priceFacet(list string, c counted) (*models.PriceFacet, error) {
	steps := make([]models.StepCount, len(c.Steps.Buckets))
	for i, bucket := range c.Steps.Buckets {
		if err := json.Unmarshal(bucket.Key, &steps[i].Step); err != nil {
			return nil, fmt.Errorf("read price: %w", err)
		}
		steps[i].ProductCount = bucket.Count
	}
	if len(steps) == 0 {
		return nil, nil
	}
	var bounds [2]struct{ Value decimal.Decimal }
	for i, raw := range []json.RawMessage{c.Low, c.High} {
		if err := json.Unmarshal(raw, &bounds[i]); err != nil {
			return nil, fmt.Errorf("read bound of prices: %w", err)
		}
	}
	return models.NewPriceFacet(list, clamp(bounds[0].Value), clamp(bounds[1].Value), steps), nil
}

// attributes reads the counts of attributes: those of types without a condition come together, those of each type
// with one from a filter of their own.
func (e *Engine) attributes(ctx context.Context, r search.Request, p place, found *answer) ([]models.AttributeCounts, error) {
	filtered := r.Filter.FilteredTypes()
	var all []models.AttributeCounts
	for i, code := range filtered {
		counts, err := countsOfType(code, found.Counted["attribute_"+strconv.Itoa(i)])
		if err != nil {
			return nil, err
		}
		all = append(all, counts)
	}
	together := found.Counted["attributes"]
	codes, err := together.Codes.counts()
	if err != nil {
		return nil, err
	}
	var others []models.AttributeCounts
	for _, code := range codes {
		if !slices.Contains(filtered, code.Value) && code.ProductCount*models.FacetCoverage >= found.Hits.Total.Value {
			others = append(others, models.AttributeCounts{Type: code.Value, ProductCount: code.ProductCount})
		}
	}
	if together.Values.Others > 0 {
		err = e.askForTypes(ctx, r, p, others)
	} else {
		err = distribute(others, together.Values)
	}
	return append(all, others...), err
}

// askForTypes counts the values of the types, all in one go: a count for each type would go over the hits as often.
func (e *Engine) askForTypes(ctx context.Context, r search.Request, p place, types []models.AttributeCounts) error {
	if len(types) == 0 {
		return nil
	}
	patterns := make([]string, len(types))
	for i, t := range types {
		patterns[i] = literal(attributePrefix(t.Type)) + ".*"
	}
	r.Facets = false // its conditions bound the counting itself
	request := e.request(r, place{snapshot: p.snapshot})
	request["size"], request["track_total_hits"] = 0, false
	request["aggs"] = object{"attributes": object{"filter": object{"match_all": object{}}, "aggs": object{
		"values": object{"terms": object{"field": "attributes", "include": strings.Join(patterns, "|"), "size": maxShownValueBuckets}},
	}}}
	found, err := e.ask(ctx, request, p.snapshot)
	if err != nil {
		return err
	}
	return distribute(types, found.Counted["attributes"].Values)
}

func countsOfType(code string, c counted) (models.AttributeCounts, error) {
	counts := models.AttributeCounts{Type: code}
	if len(c.Codes.Buckets) > 0 {
		counts.ProductCount = c.Codes.Buckets[0].Count
	}
	values, err := c.Values.counts()
	if err != nil {
		return counts, err
	}
	for _, v := range values {
		_, value := splitTerm(v.Value)
		counts.Values = append(counts.Values, models.ValueCount{Value: value, ProductCount: v.ProductCount})
	}
	if counts.Min, err = boundOf(c.Low); err != nil {
		return counts, err
	}
	counts.Max, err = boundOf(c.High)
	return counts, err
}

// boundOf reads the only term of an aggregation as a number; nil when there is none.
func boundOf(raw json.RawMessage) (*decimal.Decimal, error) {
	var b buckets
	if err := json.Unmarshal(raw, &b); err != nil {
		return nil, fmt.Errorf("read bound of numbers: %w", err)
	}
	terms, err := b.counts()
	if err != nil || len(terms) == 0 {
		return nil, err
	}
	_, digits := splitTerm(terms[0].Value)
	f, err := parseSortable(digits)
	if err != nil {
		return nil, err
	}
	number := decimal.NewFromFloat(f)
	return &number, nil
}

// distribute gives the values of all types to their types. Those that look like numbers bound the type: whether it
// has numbers is known where its name is.
func distribute(types []models.AttributeCounts, all buckets) error {
	values, err := all.counts()
	if err != nil {
		return err
	}
	byCode := map[string]*models.AttributeCounts{}
	for i := range types {
		byCode[types[i].Type] = &types[i]
	}
	for _, v := range values {
		code, value := splitTerm(v.Value)
		t := byCode[code]
		if t == nil {
			continue
		}
		if len(t.Values) < models.MaxFacetValues {
			t.Values = append(t.Values, models.ValueCount{Value: value, ProductCount: v.ProductCount})
		}
		if strings.ContainsAny(value, "eE") { // no number that we store; its size could be anything
			continue
		}
		if number, err := decimal.NewFromString(value); err == nil {
			t.Bound(number)
		}
	}
	return nil
}
