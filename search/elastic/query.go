package elastic

import (
	"strconv"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
)

// matching scores the products that match the text. A product is looked for in the first language of the chain in
// which it has a text; its codes are looked for in any case.
func (e *Engine) matching(r search.Request) object {
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
	return object{"bool": object{"should": should, "minimum_should_match": 1}}
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
	if negation.Adjective == "" {
		return object{"dis_max": object{"queries": queries}}
	}
	for field, boost := range map[string]int{"title": titleBoost, "short_description": shortDescriptionBoost, "attribute_list": attributeListBoost} {
		queries = append(queries, object{"prefix": object{field + "." + string(language): object{
			"value": negation.Adjective, "boost": boost, "rewrite": "top_terms_blended_freqs_10",
		}}})
	}
	return object{"dis_max": object{"queries": queries}}
}
