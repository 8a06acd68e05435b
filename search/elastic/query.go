package elastic

import (
	"strconv"
	"strings"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
)

const (
	// codeScore puts products whose sku, EAN or part number is the whole query before all others.
	codeScore = 1000
	// codeBoost is for words of the query that are codes.
	codeBoost = 10
	// synonymBoost is what a synonym counts, compared with the word that was typed.
	synonymBoost = 0.9
)

// matching scores the products that match the text, as a code or by its words. A product is looked for in the first
// language of the chain in which it has a text; its codes are looked for in any case.
func (e *Engine) matching(r search.Request) object {
	ways := []any{
		object{"constant_score": object{"filter": object{"term": object{"codes": analysis.Code(r.Text)}}, "boost": codeScore}},
	}
	codes := analysis.CodeWords(r.Text)
	if len(codes) > 0 && (r.Match != search.MatchAll || len(codes) == len(strings.Fields(r.Text))) {
		ways = append(ways, object{"match": object{"id": object{
			"query": strings.Join(codes, " "), "boost": codeBoost, "operator": operator(r.Match),
		}}})
	}
	var earlier []models.LanguageCode
	for _, language := range r.Chain {
		if e.analyzers[language] == nil {
			continue
		}
		ways = append(ways, object{"bool": object{
			"must": e.matchIn(r, language),
			"filter": object{"bool": object{
				"must":     object{"term": object{"languages": language}},
				"must_not": object{"terms": object{"languages": append([]models.LanguageCode{}, earlier...)}},
			}},
		}})
		earlier = append(earlier, language)
	}
	return object{"bool": object{"should": ways, "minimum_should_match": 1}}
}

func operator(match search.Match) string {
	if match == search.MatchAll {
		return "and"
	}
	return "or"
}

// matchIn is what is looked for in one language: the words that were typed or their synonyms, and what says the
// same as the negations in the text.
func (e *Engine) matchIn(r search.Request, language models.LanguageCode) object {
	rest, negations := e.analyzers[language].SplitNegations(r.Text)
	var without []any
	for _, negation := range negations {
		without = append(without, e.matchNegation(negation, language))
	}
	if rest == "" {
		return object{"bool": object{"should": without, "minimum_should_match": 1}}
	}
	queries := []any{e.matchWords(rest, language, r.Match)}
	for _, other := range search.Rewrite(rest, r.Synonyms) {
		queries = append(queries, object{"bool": object{"must": e.matchWords(other, language, r.Match), "boost": synonymBoost}})
	}
	return object{"bool": object{"must": object{"dis_max": object{"queries": queries}}, "should": without}}
}

// matchWords finds products by the words of a text. Its heart is the boosted multi_match. Fields share their words'
// frequencies, so that a word counts by how rare it is among products, not by how rare it is in a field it seldom
// stands in.
func (e *Engine) matchWords(text string, language models.LanguageCode, match search.Match) object {
	allWords := matchField("text", language, object{"query": text, "operator": "and"})
	should := []any{
		object{"multi_match": object{"query": text, "type": "cross_fields", "fields": []string{
			boosted("title", language, e.boosts.Title),
			boosted("short_description", language, e.boosts.ShortDescription),
			boosted("attribute_list", language, e.boosts.AttributeList),
			boosted("brand_name", language, e.boosts.Brand),
		}}},
		matchField("text", language, object{"query": text, "boost": e.boosts.Text}),
		object{"constant_score": object{
			"filter": matchField("title", language, object{"query": text, "operator": "and"}), "boost": e.boosts.AllInTitle,
		}},
	}
	if hasAccents(text) {
		should = append(should, matchField("title", language, object{"query": text, "boost": e.boosts.Accents}, "accented"))
	}
	if match == search.MatchAll {
		return object{"bool": object{"filter": allWords, "should": should}}
	}
	should = append(should, object{"constant_score": object{"filter": allWords, "boost": e.boosts.AllWords}})
	return object{"bool": object{"should": should, "minimum_should_match": 1}}
}

// matchNegation finds "bez drátu" where a product is called "bezdrátový", and "without a lid" where its text says
// "no lid".
func (e *Engine) matchNegation(negation analysis.Negation, language models.LanguageCode) object {
	var queries []any
	for _, phrase := range negation.Phrases {
		queries = append(queries,
			matchPhrase("title", language, phrase, e.boosts.Without),
			matchPhrase("short_description", language, phrase, e.boosts.Without/2))
	}
	if negation.Adjective != "" {
		for field, boost := range map[string]float64{
			"title": e.boosts.Title, "short_description": e.boosts.ShortDescription, "attribute_list": e.boosts.AttributeList,
		} {
			queries = append(queries, object{"prefix": object{field + "." + string(language): object{
				"value": negation.Adjective, "boost": boost, "rewrite": "top_terms_blended_freqs_10",
			}}})
		}
	}
	return object{"dis_max": object{"queries": queries}}
}

// matchPhrase looks for words as they stand, stop words too; another word may stand between them.
func matchPhrase(field string, language models.LanguageCode, phrase string, boost float64) object {
	return object{"match_phrase": object{
		field + "." + string(language) + ".folded": object{"query": phrase, "slop": 2, "boost": boost},
	}}
}

func matchField(field string, language models.LanguageCode, options object, sub ...string) object {
	name := strings.Join(append([]string{field, string(language)}, sub...), ".")
	return object{"match": object{name: options}}
}

func boosted(field string, language models.LanguageCode, boost float64) string {
	return field + "." + string(language) + "^" + strconv.FormatFloat(boost, 'g', -1, 64)
}

// hasAccents says whether folding would lose anything of the text.
func hasAccents(text string) bool { return analysis.Fold(text) != strings.ToLower(text) }
