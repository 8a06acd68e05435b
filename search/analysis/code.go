package analysis

import (
	"strings"
	"unicode"
)

// shortestCode is how many letters and digits a word has at least that can be a code: "7" and "4k" say something else.
const shortestCode = 4

// Code is the form in which skus, EANs and part numbers are compared: letters and digits only.
func Code(text string) string {
	return strings.Map(func(r rune) rune {
		if isWord(r) {
			return r
		}
		return -1
	}, Fold(text))
}

// CodeWords returns the words of a text that may be skus, EANs or part numbers: those with a digit. Part numbers that
// are words, as some manufacturers have them, are found like other words.
func CodeWords(text string) []string {
	var codes []string
	for word := range strings.FieldsSeq(text) {
		if code := Code(word); len(code) >= shortestCode && strings.ContainsFunc(code, unicode.IsDigit) {
			codes = append(codes, word)
		}
	}
	return codes
}
