package elastic

import (
	"slices"
	"strconv"
	"strings"

	"ecoseller/models"
	"ecoseller/search/analysis"
)

// The analyzers that know no language: words without and with their accents.
const (
	foldedAnalyzer   = "folded_analyzer"
	accentedAnalyzer = "accented_analyzer"
)

func analyzerOf(code models.LanguageCode) string {
	switch language := analysis.LanguageOf(code); {
	case language.Analyzer != "":
		return language.Analyzer
	case language.Stems():
		return string(language.Code) + "_analyzer"
	}
	return foldedAnalyzer
}

// searchSuffix names the analyzer of queries after that of texts.
const searchSuffix = "_of_queries"

func searchAnalyzerOf(code models.LanguageCode) string {
	if name := analyzerOf(code); name != foldedAnalyzer {
		return name + searchSuffix
	}
	return foldedAnalyzer
}

// analysisSettings: words are put into lower case and folded first. Then they are looked up, in dictionaries
// that were folded too, and stemmed by the same rules as in the other engine.
func analysisSettings(languages []models.LanguageCode, protected []string) object {
	s := settings{protected: analysis.ProtectedWords(protected), filters: compoundFilters(), analyzers: object{
		foldedAnalyzer:   object{"type": "custom", "tokenizer": "standard", "filter": []string{"lowercase", "asciifolding"}},
		accentedAnalyzer: object{"type": "custom", "tokenizer": "standard", "filter": []string{"lowercase"}},
		"code_analyzer":  object{"type": "custom", "tokenizer": "whitespace", "filter": []string{"lowercase", "asciifolding"}},
	}}
	for _, code := range languages {
		if language := analysis.LanguageOf(code); language.Stems() {
			s.addLanguage(language, analyzerOf(code))
		}
	}
	settings := object{
		"char_filter": compoundJoints,
		"filter":      s.filters,
		"analyzer":    s.analyzers,
	}
	addAutocompleteAnalysis(settings)
	return settings
}

// settings are filters and analyzers by their names.
type settings struct {
	filters, analyzers object
	protected          []string
}

func (s settings) addLanguage(language *analysis.Language, analyzer string) {
	code := string(language.Code)
	s.filters[code+"_stop"] = object{"type": "stop", "stopwords": language.StopWords}
	compounds := "compounds"
	if language.Possessives() {
		compounds = "possessive_compounds"
	}
	words := s.addStemmer(language)
	if len(s.protected) > 0 {
		words = []string{s.addUnlessProtected(language, words)}
	}
	if language.Dictionary != "" {
		words = []string{s.addDictionary(language, words)}
	}
	if len(s.protected) > 0 {
		words = append([]string{"protected_words"}, words...)
	}
	before := []string{"lowercase", "asciifolding", code + "_stop", compounds}
	// The index has no place for a compound that is as long as its parts; a query has.
	s.addAnalyzer(analyzer, slices.Concat(before, []string{"flatten_graph"}, words))
	s.addAnalyzer(analyzer+searchSuffix, slices.Concat(before, words))
}

func (s settings) addAnalyzer(name string, filters []string) {
	s.analyzers[name] = object{
		"type": "custom", "char_filter": []string{"joints"}, "tokenizer": "standard", "filter": filters,
	}
}

// compoundJoints writes compounds with the one joint at which the standard tokenizer does not cut: wi-fi, 15.6,
// 15,6, 2TB and iphone15, as analysis.Tokens has them. It is one expression, and each of its parts fails at its first
// letter nearly everywhere: every text passes through it.
var compoundJoints = object{"joints": object{
	"type": "pattern_replace", "replacement": "_",
	"pattern": strings.Join([]string{
		`-(?<=[\p{L}\p{N}]-)(?=[\p{L}\p{N}])`,
		`[.,](?<=\d[.,])(?=\d)`,
		// Between a number and its unit, and between a model's word and its number, nothing stands yet.
		`(?<=\d)(?<=(?<![\p{L}\p{N}])\d{1,20})(?=\p{L}+(?![\p{L}\p{N}]))`,
		`(?<=\p{L}{2})(?=\d+(?![\p{L}\p{N}]))(?<=(?<![\p{L}\p{N}])\p{L}{2,40})`,
	}, "|"),
}}

// compoundFilters give the parts of a compound and the whole.
func compoundFilters() object {
	compounds := func(possessive bool) object {
		return object{
			"type": "word_delimiter_graph", "catenate_all": true, "split_on_case_change": false, "split_on_numerics": false,
			"stem_english_possessive": possessive,
		}
	}
	return object{"compounds": compounds(false), "possessive_compounds": compounds(true)}
}

// addDictionary gives a word its lemmas and, marked so that it does not meet another word's lemma, its stem,
// all at one place.
func (s settings) addDictionary(language *analysis.Language, stem []string) (filter string) {
	code := string(language.Code)
	s.filters[code+"_hunspell"] = object{"type": "hunspell", "locale": language.Dictionary, "dedup": true}
	s.filters["mark_stem"] = object{"type": "pattern_replace", "pattern": "^", "replacement": analysis.StemMark}
	s.filters[code+"_words"] = object{
		"type": "multiplexer", "preserve_original": false,
		"filters": []string{code + "_hunspell", strings.Join(append(stem, "mark_stem"), ",")},
	}
	return code + "_words"
}

// addUnlessProtected lets the stemmer pass the protected words by; hunspell does so by itself.
func (s settings) addUnlessProtected(language *analysis.Language, stem []string) (filter string) {
	filter = string(language.Code) + "_stem"
	s.filters["protected_words"] = object{"type": "keyword_marker", "keywords": s.protected}
	s.filters[filter] = object{"type": "condition", "filter": stem, "script": object{"source": "!token.isKeyword()"}}
	return filter
}

// addStemmer adds the language's rules, one filter each, and returns the names of the filters: they turn a word, take off
// what is now its beginning, and turn it back.
func (s settings) addStemmer(language *analysis.Language) (filters []string) {
	filters = append(filters, "reverse")
	for i, step := range language.BackwardSteps() {
		name := string(language.Code) + "_stem_" + strconv.Itoa(i+1)
		s.filters[name] = stemFilter(step)
		filters = append(filters, name)
	}
	return append(filters, "reverse")
}

func stemFilter(step analysis.BackwardStep) object {
	if step.Forms == nil {
		return object{"type": "pattern_replace", "pattern": step.Pattern, "replacement": step.Replacement}
	}
	rules := make([]string, len(step.Forms))
	for i, form := range step.Forms {
		rules[i] = form.Word + " => " + form.Stem
	}
	return object{"type": "stemmer_override", "rules": rules}
}
