package queryplan

import (
	"strings"
	"unicode"

	"ecoseller/models"
	"ecoseller/search/analysis"
)

// word is a word of a query or of a phrase.
type word struct {
	// text is the word folded, stem what its inflected forms have in common.
	text, stem string
}

// maxWords is how many words of a query are looked at: nobody types more on purpose.
const maxWords = 50

// reader cuts texts of a language into words.
type reader struct{ analyzer *analysis.Analyzer }

func newReader(language models.LanguageCode) reader { return reader{analysis.New(language)} }

func (r reader) words(text string) []word {
	var words []word
	for _, part := range strings.FieldsFunc(analysis.Fold(text), isGap) {
		part = strings.Trim(part, joints)
		if part == "" {
			continue
		}
		if len(words) == maxWords {
			break
		}
		words = append(words, word{text: part, stem: r.stem(part)})
	}
	return words
}

// joints hold the parts of a word such as USB-C together.
const joints = "-._/"

func isGap(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(joints, r)
}

// stem is the word itself where analysis makes none or several of it: stop words and compounds.
func (r reader) stem(word string) string {
	tokens := r.analyzer.Tokens(word)
	if len(tokens) != 1 {
		return word
	}
	return tokens[0].Stem
}

func texts(words []word) string {
	return joined(words, func(w word) string { return w.text })
}

func stems(words []word) string {
	return joined(words, func(w word) string { return w.stem })
}

func joined(words []word, part func(word) string) string {
	parts := make([]string, len(words))
	for i, w := range words {
		parts[i] = part(w)
	}
	return strings.Join(parts, " ")
}

// phraseTable finds what belongs to phrases by the phrases' stems.
type phraseTable[T any] struct {
	values map[string][]T
	// longest is the number of words of the longest phrase.
	longest int
}

func (t *phraseTable[T]) add(phrase []word, value T) {
	if len(phrase) == 0 {
		return
	}
	if t.values == nil {
		t.values = map[string][]T{}
	}
	key := stems(phrase)
	t.values[key] = append(t.values[key], value)
	t.longest = max(t.longest, len(phrase))
}

// at returns what belongs to the phrase that has n words and begins with the first one.
func (t *phraseTable[T]) at(words []word, n int) []T { return t.values[stems(words[:n])] }
