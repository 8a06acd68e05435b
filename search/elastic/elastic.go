// Package elastic is the search engine on Elasticsearch. Its index is derived from PostgreSQL and can be
// rebuilt at any time.
package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
)

// Options say which Elasticsearch to use and how.
type Options struct {
	Addresses []string
	Username  string
	Password  string
	// Index is the alias under which the products are found; "products" when empty.
	Index string
	// Languages are what the shop speaks.
	Languages []models.LanguageCode
}

// Engine searches in an index behind an alias.
type Engine struct {
	client    *client
	alias     string
	languages []models.LanguageCode
	analyzers map[models.LanguageCode]*analysis.Analyzer
}

// New returns the engine; it does not connect yet.
func New(o Options) (*Engine, error) {
	c, err := newClient(o)
	if err != nil {
		return nil, err
	}
	alias := o.Index
	if alias == "" {
		alias = "products"
	}
	e := &Engine{client: c, alias: alias, languages: o.Languages, analyzers: map[models.LanguageCode]*analysis.Analyzer{}}
	for _, language := range o.Languages {
		e.analyzers[language] = analysis.New(language)
	}
	return e, nil
}

// Name is Elasticsearch.
func (e *Engine) Name() search.EngineName { return search.Elasticsearch }

// Ready says whether the server answers and has the index.
func (e *Engine) Ready(ctx context.Context) error {
	return e.client.do(ctx, esapi.CountRequest{Index: []string{e.alias}}, nil)
}

// Search runs the boosted query over the chain's languages.
func (e *Engine) Search(ctx context.Context, r search.Request) (*search.Result, error) {
	if e.client.resting() {
		return nil, fmt.Errorf("%w: Elasticsearch could not be reached a moment ago", search.ErrUnavailable)
	}
	var answer struct {
		Hits struct {
			Total struct{ Value int }
			Hits  []struct {
				ID    string  `json:"_id"`
				Score float64 `json:"_score"`
			}
		}
	}
	request := esapi.SearchRequest{Index: []string{e.alias}, Body: body(e.query(r))}
	if err := e.client.do(ctx, request, &answer); err != nil {
		return nil, err
	}
	result := &search.Result{Total: answer.Hits.Total.Value, Engine: search.Elasticsearch}
	hits := answer.Hits.Hits
	if len(hits) > r.First {
		hits, result.HasNext = hits[:r.First], true
	}
	rank := 0
	if r.After != nil {
		rank = r.After.Rank
	}
	for i, hit := range hits {
		id, err := uuid.Parse(hit.ID)
		if err != nil {
			return nil, fmt.Errorf("read hit: %w", err)
		}
		result.Hits = append(result.Hits, search.Hit{ProductID: id, Score: hit.Score, Engine: search.Elasticsearch, Rank: rank + i + 1})
	}
	return result, nil
}

// query writes the whole request. A product is looked for in the first language of the chain in which it
// has a text; its codes are looked for in any case.
func (e *Engine) query(r search.Request) object {
	should := []any{
		object{"constant_score": object{"filter": object{"term": object{"id.exact": r.Text}}, "boost": 1000}},
		object{"multi_match": object{"query": r.Text, "fields": []string{"id^10"}}},
	}
	var earlier []models.LanguageCode
	for _, language := range r.Chain {
		if e.analyzers[language] == nil {
			continue
		}
		should = append(should, object{"bool": object{
			"must": e.matchIn(r.Text, language),
			"filter": object{"bool": object{
				"must":     object{"term": object{"languages": language}},
				"must_not": object{"terms": object{"languages": append([]models.LanguageCode{}, earlier...)}},
			}},
		}})
		earlier = append(earlier, language)
	}
	q := object{
		"query": object{"bool": object{
			"filter":               object{"term": object{"published": true}},
			"should":               should,
			"minimum_should_match": 1,
		}},
		"sort":             []any{object{"_score": "desc"}, object{"product_id": "asc"}},
		"track_scores":     true,
		"track_total_hits": true,
		"_source":          false,
		"size":             r.First + 1,
	}
	switch after := r.After; {
	case after == nil:
	case after.Engine == search.Elasticsearch:
		q["search_after"] = []any{after.Score, after.ProductID.String()}
	default:
		q["from"] = after.Rank
	}
	return q
}

// matchIn is the heart of the query: what is looked for in the fields of one language.
func (e *Engine) matchIn(text string, language models.LanguageCode) object {
	rest, negations := e.analyzers[language].SplitNegations(text)
	var should []any
	if rest != "" {
		should = append(should, matchWords(rest, language))
	}
	for _, negation := range negations {
		should = append(should, matchNegation(negation, language))
	}
	return object{"bool": object{"should": should, "minimum_should_match": 1}}
}

// The boosts of a product's fields.
const (
	titleBoost            = 5
	shortDescriptionBoost = 3
	attributeListBoost    = 2
)

// matchWords is the boosted multi_match. Fields share their words' frequencies, so that a word counts by
// how rare it is among products, not by how rare it is in a field it seldom stands in.
func matchWords(text string, language models.LanguageCode) object {
	return object{"multi_match": object{
		"query": text,
		"type":  "cross_fields",
		"fields": []string{
			boosted("title", language, titleBoost),
			boosted("short_description", language, shortDescriptionBoost),
			boosted("attribute_list", language, attributeListBoost),
		},
	}}
}

func boosted(field string, language models.LanguageCode, boost int) string {
	return field + "." + string(language) + "^" + strconv.Itoa(boost)
}

// matchNegation finds "bez drátu" where a product is called "bezdrátový"; one that names the wire comes far
// behind.
func matchNegation(negation analysis.Negation, language models.LanguageCode) object {
	queries := []any{object{"multi_match": object{
		"query": negation.Noun, "fields": []string{"title." + string(language), "short_description." + string(language)},
	}}}
	for field, boost := range map[string]int{"title": titleBoost, "short_description": shortDescriptionBoost, "attribute_list": attributeListBoost} {
		queries = append(queries, object{"prefix": object{field + "." + string(language): object{
			"value": negation.Adjective, "boost": boost, "rewrite": "top_terms_blended_freqs_10",
		}}})
	}
	return object{"dis_max": object{"queries": queries}}
}

// document is a product as Elasticsearch stores it.
type document struct {
	ProductID        uuid.UUID                        `json:"product_id"`
	ID               []string                         `json:"id"`
	Brand            string                           `json:"brand"`
	Published        bool                             `json:"published"`
	Languages        []models.LanguageCode            `json:"languages"`
	CategoryIDs      []uuid.UUID                      `json:"category_ids"`
	CreatedAt        string                           `json:"created_at"`
	Title            map[models.LanguageCode]string   `json:"title"`
	ShortDescription map[models.LanguageCode]string   `json:"short_description"`
	AttributeList    map[models.LanguageCode][]string `json:"attribute_list"`
}

func (e *Engine) source(d *search.Document) ([]byte, error) {
	doc := document{
		ProductID: d.ProductID, ID: d.Codes, Brand: d.Brand, Published: d.Published, CategoryIDs: d.CategoryIDs,
		CreatedAt: d.CreatedAt.UTC().Format("2006-01-02T15:04:05.000Z"),
		Title:     map[models.LanguageCode]string{}, ShortDescription: map[models.LanguageCode]string{},
		AttributeList: map[models.LanguageCode][]string{},
	}
	for _, language := range e.languages {
		text, ok := d.Texts[language]
		if !ok {
			continue
		}
		doc.Languages = append(doc.Languages, language)
		doc.Title[language] = text.Title
		doc.ShortDescription[language] = text.ShortDescription
		doc.AttributeList[language] = text.Attributes
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return raw, nil
}

// Index writes the documents, also into an index that is just being rebuilt. It never makes an index: one
// with a few documents in it would answer searches as if these were all.
func (e *Engine) Index(ctx context.Context, documents []*search.Document) error {
	// The look for a rebuild has to come after the documents were read from the database: a rebuild that
	// starts later reads what they say itself.
	building, err := e.indicesBehind(ctx, e.buildingAlias())
	if err != nil {
		return err
	}
	operations, err := e.indexOperations(documents)
	if err != nil {
		return err
	}
	if err := e.bulk(ctx, e.alias, operations); err != nil {
		return err
	}
	if len(building) == 0 {
		return nil
	}
	err = e.bulk(ctx, e.buildingAlias(), operations)
	if errors.Is(err, search.ErrNoIndex) {
		return nil // it has been finished meanwhile, and is what the first write went into
	}
	return err
}

// Delete removes the products, also from an index that is just being rebuilt.
func (e *Engine) Delete(ctx context.Context, ids []uuid.UUID) error {
	operations := make([]operation, len(ids))
	for i, id := range ids {
		operations[i] = operation{action: object{"delete": object{"_id": id}}}
	}
	if err := e.bulk(ctx, e.alias, operations); err != nil {
		return err
	}
	err := e.bulk(ctx, e.buildingAlias(), operations)
	if errors.Is(err, search.ErrNoIndex) {
		return nil
	}
	return err
}

func (e *Engine) indexOperations(documents []*search.Document) ([]operation, error) {
	operations := make([]operation, len(documents))
	for i, d := range documents {
		source, err := e.source(d)
		if err != nil {
			return nil, err
		}
		operations[i] = operation{
			action: object{"index": object{"_id": d.ProductID, "version": d.Version, "version_type": "external_gte"}},
			source: source,
		}
	}
	return operations, nil
}
