package search

import (
	"slices"
	"strings"
	"unicode"

	"ecoseller/search/analysis"
)

// maxRewritten bounds the work that synonyms make.
const maxRewritten = 8

// maxJoined bounds the work that joining words makes: who writes more words than that writes them as they are.
const maxJoined = 4

// Rewrite returns the other ways to say a text, one change at a time: with each alternative of each synonym in it, and
// with two words written as one, as in "smart watch".
func Rewrite(text string, synonyms []Synonym) []string {
	words := strings.Fields(analysis.Fold(text))
	rewritten := joined(words)
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

// joined writes each two neighbours of letters only as one. That no product has such a word costs next to nothing.
func joined(words []string) []string {
	if len(words) > maxJoined {
		return nil
	}
	var texts []string
	for i := 0; i+1 < len(words); i++ {
		if !onlyLetters(words[i]) || !onlyLetters(words[i+1]) {
			continue
		}
		other := slices.Concat(words[:i], []string{words[i] + words[i+1]}, words[i+2:])
		texts = append(texts, strings.Join(other, " "))
	}
	return texts
}

func onlyLetters(word string) bool {
	return !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsLetter(r) })
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
