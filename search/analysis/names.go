package analysis

import (
	"strings"
	"unicode"
)

// NameWord is a word of a name and the place where it stands in it.
type NameWord struct {
	// Folded is the word in lower case without accents: letters and digits only.
	Folded string
	// Start is where the word begins in the name, in bytes.
	Start int
	// ends are, for each byte of Folded, where the letter that it comes from ends in the name, accents included.
	ends []int
}

// End is where the beginning of the word that is n bytes long when folded ends in the name.
func (w NameWord) End(n int) int { return w.ends[min(max(n, 1), len(w.ends))-1] }

// maxNameWord bounds the words of names, in bytes when folded. What is longer is no word, and PostgreSQL
// bounds lexemes.
const maxNameWord = 200

// NameWords cuts a name, or the beginning of one, into its words. Everything that is neither letter nor digit
// stands between words, so that each part of "USB-C" and "7.1" is found by its beginning.
func NameWords(name string) []NameWord {
	var words []NameWord
	inside := false
	for i, r := range name {
		end := i + len(string(r))
		if r == unicode.ReplacementChar {
			end = i + 1 // a byte that is no character; where U+FFFD itself stands, nothing is marked either
		}
		folded, isPart := foldLetter(r)
		switch {
		case !isPart:
			inside = false
		case folded == "" && inside:
			last := &words[len(words)-1]
			last.ends[len(last.ends)-1] = end
		case folded != "":
			if !inside {
				words, inside = append(words, NameWord{Start: i}), true
			}
			words[len(words)-1].add(folded, end)
		}
	}
	return words
}

func (w *NameWord) add(folded string, end int) {
	if len(w.Folded)+len(folded) > maxNameWord {
		w.ends[len(w.ends)-1] = end
		return
	}
	w.Folded += folded
	for range len(folded) {
		w.ends = append(w.ends, end)
	}
}

// foldLetter folds one letter or digit; an accent that stands alone is part of the word before it.
func foldLetter(r rune) (folded string, isPart bool) {
	if r < unicode.MaxASCII {
		if !isWord(r) {
			return "", false
		}
		return string(unicode.ToLower(r)), true
	}
	folded = Fold(string(r))
	if strings.ContainsFunc(folded, func(r rune) bool { return !isWord(r) }) {
		return "", false
	}
	return folded, folded != "" || unicode.Is(unicode.Mn, r)
}
