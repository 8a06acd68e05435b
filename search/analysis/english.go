package analysis

import "strings"

var english = &Language{
	Code: "en",
	// Without "no": it tells a laptop with "no webcam".
	StopWords: strings.Fields(`a an and are as at be but by for if in into is it not of on or such that the their then
		there these they this to was will with`),
	stem: stemEnglish,
	negation: negationWords{
		prepositions: []string{"without", "w/o"}, ends: []string{"with", "for", "but", "in", "on", "from", "under"},
		phrases: []string{"without %s", "no %s", "%s free", "non %s"}, words: []string{"%sless"},
	},
}
