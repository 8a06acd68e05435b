package analysis

import "strings"

var english = &Language{
	Code: "en",
	// Without "no": it tells a laptop with "no webcam".
	StopWords: strings.Fields(`a an and are as at be but by for if in into is it not of on or such that the their then
		there these they this to was will with`),
	Analyzer: "general_autocomplete_hunspell_analyzer",
	stemmer:  englishStemmer, possessives: true,
	negation: negationWords{
		prepositions: []string{"without", "w/o"}, ends: []string{"with", "for", "but", "in", "on", "from", "under"},
		phrases: []string{"without %s", "no %s", "%s free", "non %s"}, words: []string{"%sless"},
	},
}

// englishStemmer takes off plural endings only (D. Harman, "How effective is suffixing?", 1991, as Lucene's
// minimal stemmer has it, and watches, boxes, glasses). Measured, it finds better than a dictionary.
var englishStemmer = []stemRule{
	change(2, "ches", "ch"), change(2, "shes", "sh"), change(1, "xes", "x"), change(2, "sses", "ss"),
	change(1, "ies", "y").behind("bcdfghijklmnopqrstuvwxyz"),
	change(1, "es", "e").behind("bcdfghjklmnpqrstuvwxyz"),
	cut(2, "s").behind("abcdfghijklmnopqrtvwxyz"),
}
