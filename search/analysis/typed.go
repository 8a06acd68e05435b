package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTypedWords bounds the work for what was typed; the words after it are left out.
const maxTypedWords = 8

// TypedWord is a word that a customer is typing: the beginning of a name's word.
type TypedWord struct {
	// Text is the word as it was typed, Folded in lower case without accents.
	Text   string
	Folded string
}

// TypedWords cuts what was typed.
func TypedWords(text string) []TypedWord {
	words := NameWords(text)
	typed := make([]TypedWord, min(len(words), maxTypedWords))
	for i := range typed {
		w := words[i]
		typed[i] = TypedWord{Text: text[w.Start:w.End(len(w.Folded))], Folded: w.Folded}
	}
	return typed
}

// Typos is how many typing errors the word may hold: none before the fourth letter, none in numbers and
// codes.
func (w TypedWord) Typos() int {
	letters := utf8.RuneCountInString(w.Folded)
	switch {
	case letters < 4 || strings.ContainsFunc(w.Folded, unicode.IsDigit):
		return 0
	case letters < 8:
		return 1
	}
	return 2
}

// MayHoldTypos says whether any of the words may.
func MayHoldTypos(words []TypedWord) bool {
	for _, w := range words {
		if w.Typos() > 0 {
			return true
		}
	}
	return false
}

// longestCompared bounds the comparison of two words, in letters.
const longestCompared = 40

// BeginsLike compares the typed word with all beginnings of a name's word and returns the fewest typing errors
// (a letter wrong, missing, too many, or two exchanged) with the length of the beginning they lead to, in
// bytes. The first letter has to be right. ok is false when there are more errors than allowed.
func BeginsLike(typed, word string, allowed int) (typos, length int, ok bool) {
	if strings.HasPrefix(word, typed) {
		return 0, len(typed), true
	}
	if allowed == 0 || word == "" || typed[0] != word[0] {
		return 0, 0, false
	}
	t, w := []rune(typed), []rune(word)
	w = w[:min(len(w), len(t)+allowed)]
	if len(t) > longestCompared || len(t) > len(w)+allowed {
		return 0, 0, false
	}
	last, ok := distances(t, w, allowed)
	if !ok {
		return 0, 0, false
	}
	best := 0
	for j, d := range last {
		// Of two beginnings with as many errors the longer one is what was meant.
		if d <= last[best] {
			best = j
		}
	}
	if last[best] > allowed {
		return 0, 0, false
	}
	return last[best], len(string(w[:best])), true
}

// distances returns the number of errors between t and each beginning of w; ok is false when it is plain that
// all are above the bound.
func distances(t, w []rune, bound int) (last []int, ok bool) {
	var rows [3][longestCompared + 3]int
	for j := range len(w) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(t); i++ {
		before2, before, row := &rows[(i+1)%3], &rows[(i+2)%3], &rows[i%3]
		row[0] = i
		least := i
		for j := 1; j <= len(w); j++ {
			cost := 1
			if t[i-1] == w[j-1] {
				cost = 0
			}
			d := min(before[j-1]+cost, before[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && t[i-1] == w[j-2] && t[i-2] == w[j-1] {
				d = min(d, before2[j-2]+1)
			}
			row[j] = d
			least = min(least, d)
		}
		if least > bound {
			return nil, false
		}
	}
	return append([]int{}, rows[len(t)%3][:len(w)+1]...), true
}
