package analysis

import "strings"

// Written returns the words of a text in lower case with their accents, by their folded form.
func Written(text string) map[string]string {
	written := map[string]string{}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !isWord(r) }) {
		written[Fold(word)] = word
	}
	return written
}
