package elastic

import (
	"strconv"
	"strings"

	"ecoseller/models"
	"ecoseller/search/analysis"
)

// foldedAnalyzer is for languages of which nothing is known.
const foldedAnalyzer = "folded_analyzer"

func analyzerOf(code models.LanguageCode) string {
	switch language := analysis.LanguageOf(code); {
	case language.Analyzer != "":
		return language.Analyzer
	case language.Stems():
		return string(language.Code) + "_analyzer"
	}
	return foldedAnalyzer
}

// analysisSettings: words are put into lower case and folded first. Then they are looked up, in dictionaries
// that were folded too, and stemmed by the same rules as in the other engine.
func analysisSettings(languages []models.LanguageCode) object {
	s := settings{filters: object{}, analyzers: object{
		foldedAnalyzer:  object{"type": "custom", "tokenizer": "standard", "filter": []string{"lowercase", "asciifolding"}},
		"code_analyzer": object{"type": "custom", "tokenizer": "whitespace", "filter": []string{"lowercase", "asciifolding"}},
	}}
	for _, code := range languages {
		if language := analysis.LanguageOf(code); language.Stems() {
			s.addLanguage(language, analyzerOf(code))
		}
	}
	return object{
		"filter":   s.filters,
		"analyzer": s.analyzers,
		"normalizer": object{
			"code_normalizer": object{"type": "custom", "filter": []string{"lowercase", "asciifolding"}},
		},
	}
}

// settings are filters and analyzers by their names.
type settings struct{ filters, analyzers object }

func (s settings) addLanguage(language *analysis.Language, analyzer string) {
	code := string(language.Code)
	s.filters[code+"_stop"] = object{"type": "stop", "stopwords": language.StopWords}
	chain := []string{"lowercase", "asciifolding", code + "_stop"}
	stem := s.addStemmer(language)
	if language.Dictionary == "" {
		chain = append(chain, stem...)
	} else {
		chain = append(chain, s.addDictionary(language, stem))
	}
	s.analyzers[analyzer] = object{"type": "custom", "tokenizer": "standard", "filter": chain}
}

// addDictionary gives a word its lemmas and, marked so that it does not meet another word's lemma, its stem,
// all at one place.
func (s settings) addDictionary(language *analysis.Language, stem []string) (filter string) {
	code := string(language.Code)
	s.filters[code+"_hunspell"] = object{"type": "hunspell", "locale": language.Dictionary, "dedup": true}
	s.filters["mark_stem"] = object{"type": "pattern_replace", "pattern": "^", "replacement": stemMark}
	s.filters[code+"_words"] = object{
		"type": "multiplexer", "preserve_original": false,
		"filters": []string{code + "_hunspell", strings.Join(append(stem, "mark_stem"), ",")},
	}
	return code + "_words"
}

// stemMark begins stems.
const stemMark = "~"

// addStemmer adds the language's rules, one filter each, and returns the filters' names.
func (s settings) addStemmer(language *analysis.Language) (filters []string) {
	for i, p := range language.StemPatterns() {
		name := string(language.Code) + "_stem_" + strconv.Itoa(i+1)
		s.filters[name] = object{"type": "pattern_replace", "pattern": p.Pattern, "replacement": p.Replacement}
		filters = append(filters, name)
	}
	return filters
}
