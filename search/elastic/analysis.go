package elastic

import (
	"strings"

	"ecoseller/models"
	"ecoseller/search/analysis"
)

// dictionary is what Elasticsearch needs to bring a language's words to their lemmas.
type dictionary struct {
	// analyzer is the name the predecessor's analyzer for the language had.
	analyzer string
	// locale names the folder under config/hunspell; "_ascii" ones were folded with scripts/foldhunspell.
	locale string
}

// dictionaries by base language. A language without one is folded only.
var dictionaries = map[string]dictionary{
	"cs": {"czech_autocomplete_hunspell_analyzer", "cs_CZ_ascii"},
	"sk": {"slovak_autocomplete_hunspell_analyzer", "sk_SK_ascii"},
	"en": {"general_autocomplete_hunspell_analyzer", "en_US_ascii"},
}

// foldedAnalyzer is for languages without a dictionary.
const foldedAnalyzer = "folded_analyzer"

func analyzerOf(language models.LanguageCode) string {
	base, _, _ := strings.Cut(string(language), "-")
	if d, ok := dictionaries[base]; ok {
		return d.analyzer
	}
	return foldedAnalyzer
}

// analysisSettings: words are put into lower case and folded, and only then looked up, in dictionaries
// that were folded too. So "zidlemi" finds its lemma as well as "židlemi".
func analysisSettings(languages []models.LanguageCode) object {
	filters := object{}
	analyzers := object{
		foldedAnalyzer:  object{"type": "custom", "tokenizer": "standard", "filter": []string{"lowercase", "asciifolding"}},
		"code_analyzer": object{"type": "custom", "tokenizer": "whitespace", "filter": []string{"lowercase", "asciifolding"}},
	}
	for _, language := range languages {
		base, _, _ := strings.Cut(string(language), "-")
		d, ok := dictionaries[base]
		if !ok {
			continue
		}
		filters[base+"_stop"] = object{"type": "stop", "stopwords": analysis.StopWords(language)}
		filters[base+"_hunspell"] = object{"type": "hunspell", "locale": d.locale, "dedup": true}
		analyzers[d.analyzer] = object{
			"type": "custom", "tokenizer": "standard",
			"filter": []string{"lowercase", "asciifolding", base + "_stop", base + "_hunspell"},
		}
	}
	settings := object{
		"filter":   filters,
		"analyzer": analyzers,
		"normalizer": object{
			"code_normalizer": object{"type": "custom", "filter": []string{"lowercase", "asciifolding"}},
		},
	}
	addAutocompleteAnalysis(settings)
	return settings
}
