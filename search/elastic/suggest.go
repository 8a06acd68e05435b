package elastic

import (
	"context"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
)

const (
	// suggestCandidates is how many titles are fetched at least: one letter begins thousands.
	suggestCandidates = 50
	// fewSuggestions is how many exact ones make looking for typing errors superfluous.
	fewSuggestions = 3
	// longestBeginning is how many letters of a word are indexed; queries are cut to it.
	longestBeginning = 20
)

// The analyzers of the subfield that suggestions look in. Only what is indexed is cut into beginnings.
const (
	autocompleteAnalyzer      = "autocomplete_analyzer"
	autocompleteQueryAnalyzer = "autocomplete_query_analyzer"
)

// addAutocompleteAnalysis adds to the settings what the autocomplete subfields need. Words are those of
// analysis.NameWords.
func addAutocompleteAnalysis(settings object) {
	settings["tokenizer"] = object{"name_words": object{"type": "pattern", "pattern": `[^\p{L}\p{N}\p{M}]+`}}
	filters, analyzers := settings["filter"].(object), settings["analyzer"].(object) //nolint:forcetypeassert // we have just made it
	filters["beginnings"] = object{"type": "edge_ngram", "min_gram": 1, "max_gram": longestBeginning}
	filters["longest_beginning"] = object{"type": "truncate", "length": longestBeginning}
	analyzers[autocompleteAnalyzer] = object{
		"type": "custom", "tokenizer": "name_words", "filter": []string{"lowercase", "asciifolding", "beginnings"},
	}
	analyzers[autocompleteQueryAnalyzer] = object{
		"type": "custom", "tokenizer": "name_words", "filter": []string{"lowercase", "asciifolding", "longest_beginning"},
	}
}

// autocompleteField is the mapping of a title's subfield.
func autocompleteField() object {
	return object{"type": "text", "analyzer": autocompleteAnalyzer, "search_analyzer": autocompleteQueryAnalyzer}
}

// Suggest looks for titles in which each typed word begins a word, then for those in which it nearly does.
func (e *Engine) Suggest(ctx context.Context, r search.SuggestRequest) (*search.SuggestedProducts, error) {
	typed := analysis.TypedWords(r.Text)
	found, err := e.suggest(ctx, typed, r, false)
	if err == nil && len(found) < min(fewSuggestions, r.First) && analysis.MayHoldTypos(typed) {
		found, err = e.suggest(ctx, typed, r, true)
	}
	if err != nil {
		return nil, err
	}
	return &search.SuggestedProducts{Products: found, Engine: search.Elasticsearch}, nil
}

func (e *Engine) suggest(ctx context.Context, typed []analysis.TypedWord, r search.SuggestRequest, fuzzy bool) ([]search.SuggestedProduct, error) {
	var answer struct {
		Hits struct {
			Hits []struct{ Fields map[string][]string }
		}
	}
	request := esapi.SearchRequest{
		Index: []string{e.alias}, Body: body(e.suggestQuery(typed, r, fuzzy)),
		FilterPath: []string{"hits.hits.fields"},
	}
	if err := e.client.do(ctx, request, &answer); err != nil {
		return nil, err
	}
	var found []search.SuggestedProduct
	for _, hit := range answer.Hits.Hits {
		id, err := idOf(hit.Fields)
		if err != nil {
			return nil, err
		}
		for _, language := range r.Chain {
			if title := hit.Fields[wholeTitle(language)]; len(title) > 0 {
				found = append(found, search.SuggestedProduct{ProductID: id, Title: title[0]})
				break
			}
		}
	}
	return found, nil
}

// wholeTitle is the subfield that has a title as it is written.
func wholeTitle(language models.LanguageCode) string { return "title." + string(language) + ".whole" }

// suggestQuery looks for a product in the first language of the chain in which it has a title.
func (e *Engine) suggestQuery(typed []analysis.TypedWord, r search.SuggestRequest, fuzzy bool) object {
	var should []any
	shown := []string{"product_id"}
	earlier := []models.LanguageCode{}
	for _, language := range r.Chain {
		if e.analyzers[language] == nil {
			continue
		}
		inLanguage := object{"must": object{"term": object{"languages": language}}}
		if len(earlier) > 0 {
			inLanguage["must_not"] = object{"terms": object{"languages": append([]models.LanguageCode{}, earlier...)}}
		}
		should = append(should, object{"bool": object{
			"filter": object{"bool": inLanguage},
			"must":   matchBeginnings(typed, language, fuzzy),
			"should": preferBeginnings(typed, language),
		}})
		shown = append(shown, wholeTitle(language))
		earlier = append(earlier, language)
	}
	return object{
		"query": object{"bool": object{
			"filter": object{"term": object{"published": true}},
			"should": should, "minimum_should_match": 1,
		}},
		"track_total_hits": false,
		// Columns, because the documents themselves would have to be unpacked: that took half of the time.
		"stored_fields":   "_none_",
		"docvalue_fields": shown,
		"size":            max(suggestCandidates, 2*r.First),
	}
}

func matchBeginnings(typed []analysis.TypedWord, language models.LanguageCode, fuzzy bool) []any {
	must := make([]any, len(typed))
	for i, word := range typed {
		match := object{"query": word.Text, "operator": "and"}
		if typos := word.Typos(); fuzzy && typos > 0 {
			match["fuzziness"], match["prefix_length"], match["max_expansions"] = typos, 1, 30
		}
		must[i] = object{"match": object{"title." + string(language) + ".autocomplete": match}}
	}
	return must
}

// preferBeginnings brings titles that begin with the text, and those that have its words side by side, among
// the candidates.
func preferBeginnings(typed []analysis.TypedWord, language models.LanguageCode) []any {
	field := "title." + string(language) + ".autocomplete"
	first := typed[0].Folded
	prefer := []any{object{"span_first": object{
		"match": object{"span_term": object{field: first[:min(len(first), longestBeginning)]}}, "end": 1, "boost": 2,
	}}}
	if len(typed) > 1 {
		texts := make([]string, len(typed))
		for i, word := range typed {
			texts[i] = word.Text
		}
		prefer = append(prefer, object{"match_phrase": object{field: object{"query": strings.Join(texts, " "), "boost": 2}}})
	}
	return prefer
}
