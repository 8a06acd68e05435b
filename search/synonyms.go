package search

import (
	"slices"
	"strings"

	"ecoseller/search/analysis"
)

// maxRewritten bounds the work that synonyms make.
const maxRewritten = 8

// Rewrite returns the other ways to say a text: with each alternative of each synonym in it, one at a time.
func Rewrite(text string, synonyms []Synonym) []string {
	words := strings.Fields(analysis.Fold(text))
	var rewritten []string
	for _, synonym := range synonyms {
		phrase := strings.Fields(synonym.Phrase)
		at := indexOf(words, phrase)
		if at < 0 {
			continue
		}
		for _, alternative := range synonym.Alternatives {
			other := slices.Concat(words[:at], strings.Fields(alternative), words[at+len(phrase):])
			rewritten = append(rewritten, strings.Join(other, " "))
		}
	}
	return rewritten[:min(len(rewritten), maxRewritten)]
}

// indexOf returns where the phrase begins in words, or -1.
func indexOf(words, phrase []string) int {
	for at := 0; len(phrase) > 0 && at+len(phrase) <= len(words); at++ {
		if slices.Equal(words[at:at+len(phrase)], phrase) {
			return at
		}
	}
	return -1
}
