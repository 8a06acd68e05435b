// Package spelling mends typing errors in queries, with the words of the catalogue as its dictionary.
package spelling

import (
	"context"
	"strings"
	"unicode"

	"ecoseller/models"
	"ecoseller/search/analysis"
	"ecoseller/store"
)

const (
	// shortest is how many letters a word has at least that may be mended; shorter ones are too like each other.
	shortest = 4
	// shortestHalf is how many letters each of two words has that may have been written as one.
	shortestHalf = 3
	// longest bounds the work for a word.
	longest = 40
	// mostWords bounds the work for a text: words after these stay as they are.
	mostWords = 8
	// candidates is how many similar words are looked at.
	candidates = 50
)

// Dictionary holds the words of the catalogue.
type Dictionary interface {
	SearchWords(ctx context.Context, languages []models.LanguageCode, words []string) ([]store.SearchWord, error)
	SimilarSearchWords(ctx context.Context, languages []models.LanguageCode, words []string, limit int) (map[string][]store.SearchWord, error)
}

// Speller mends words that no product has.
type Speller struct {
	dictionary Dictionary
	analyzers  map[models.LanguageCode]*analysis.Analyzer
}

// New returns a speller for a shop that speaks the languages.
func New(d Dictionary, languages []models.LanguageCode) *Speller {
	s := &Speller{dictionary: d, analyzers: map[models.LanguageCode]*analysis.Analyzer{}}
	for _, language := range languages {
		s.analyzers[language] = analysis.New(language)
	}
	return s
}

// Correct replaces each word of the text that no product has in any language of the chain by the most similar one
// that some product has, or by two such words that were written as one. Words with digits are codes and stay, and so
// does what is not a word. It says whether anything was replaced.
func (s *Speller) Correct(ctx context.Context, text string, chain []models.LanguageCode) (string, bool, error) {
	parts := cut(text)
	unknown, err := s.unknown(ctx, parts, chain)
	if err != nil || len(unknown) == 0 {
		return text, false, err
	}
	mended, err := s.mend(ctx, unknown, chain)
	if err != nil || len(mended) == 0 {
		return text, false, err
	}
	var out strings.Builder
	for _, p := range parts {
		if better := mended[p.folded]; better != "" {
			out.WriteString(better)
		} else {
			out.WriteString(p.text)
		}
	}
	return out.String(), true, nil
}

// part is a word of a text, or what stands between words: then folded is empty.
type part struct{ text, folded string }

// cut divides a text into words and what stands between them.
func cut(text string) []part {
	var parts []part
	start, inWord := 0, false
	end := func(at int) {
		if at > start {
			p := part{text: text[start:at]}
			if inWord {
				p.folded = analysis.Fold(p.text)
			}
			parts = append(parts, p)
		}
		start = at
	}
	for at, r := range text {
		if isWord := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r); isWord != inWord {
			end(at)
			inWord = isWord
		}
	}
	end(len(text))
	return parts
}

// unknown returns the folded words that could be mended.
func (s *Speller) unknown(ctx context.Context, parts []part, chain []models.LanguageCode) ([]string, error) {
	forms := map[string][]string{}
	var all []string
	for _, p := range parts {
		if !mendable(p.folded) || forms[p.folded] != nil || len(forms) >= mostWords {
			continue
		}
		forms[p.folded] = s.forms(p.folded, chain)
		all = append(all, forms[p.folded]...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	known, err := s.known(ctx, chain, all)
	if err != nil {
		return nil, err
	}
	var unknown []string
	for word, forms := range forms {
		if !anyOf(forms, known) {
			unknown = append(unknown, word)
		}
	}
	return unknown, nil
}

func mendable(word string) bool {
	length := len([]rune(word))
	return length >= shortest && length <= longest && !strings.ContainsFunc(word, unicode.IsDigit)
}

// forms are the word itself and its stems: an inflected form that nobody has written is no typing error. Stop words
// have no forms that a product could have, and count as known by standing for themselves.
func (s *Speller) forms(word string, chain []models.LanguageCode) []string {
	forms := []string{word}
	for _, language := range chain {
		if analyzer := s.analyzers[language]; analyzer != nil {
			for _, token := range analyzer.Tokens(word) {
				forms = append(forms, analysis.StemMark+token.Stem)
			}
		}
	}
	return forms
}

func (s *Speller) known(ctx context.Context, chain []models.LanguageCode, words []string) (map[string]store.SearchWord, error) {
	rows, err := s.dictionary.SearchWords(ctx, chain, words)
	known := make(map[string]store.SearchWord, len(rows))
	for _, row := range rows {
		if row.Documents > known[row.Word].Documents {
			known[row.Word] = row
		}
	}
	return known, err
}

func anyOf(words []string, known map[string]store.SearchWord) bool {
	for _, word := range words {
		if _, ok := known[word]; ok {
			return true
		}
	}
	return false
}

// mend finds for each word what was probably meant; those without a likely one are not in the result.
func (s *Speller) mend(ctx context.Context, words []string, chain []models.LanguageCode) (map[string]string, error) {
	similar, err := s.dictionary.SimilarSearchWords(ctx, chain, words, candidates)
	if err != nil {
		return nil, err
	}
	var halves []string
	for _, word := range words {
		for _, split := range splits(word) {
			halves = append(halves, split.first, split.second)
		}
	}
	known, err := s.known(ctx, chain, halves)
	if err != nil {
		return nil, err
	}
	mended := map[string]string{}
	for _, word := range words {
		if better := mostLikely(word, similar[word], known); better != "" {
			mended[word] = better
		}
	}
	return mended, nil
}

// mostLikely prefers one error to a missing space, and that to two errors.
func mostLikely(word string, similar []store.SearchWord, known map[string]store.SearchWord) string {
	closest, distance := nearest(word, similar)
	if distance == 1 {
		return closest
	}
	if two := bestSplit(word, known); two != "" {
		return two
	}
	return closest
}

// nearest returns the word at the smallest distance that a word of this length allows, the most frequent one of
// several.
func nearest(word string, similar []store.SearchWord) (written string, distance int) {
	distance = allowed(word) + 1
	documents := 0
	for _, candidate := range similar {
		d := Distance(word, candidate.Word)
		if d < distance || d == distance && written != "" && candidate.Documents > documents {
			written, distance, documents = candidate.Written, d, candidate.Documents
		}
	}
	return written, distance
}

// allowed is how many errors a word may have: about one in five letters.
func allowed(word string) int {
	if len([]rune(word)) < 7 {
		return 1
	}
	return 2
}

type split struct{ first, second string }

// splits are the ways to write a word as two of three letters or more: shorter ones are everywhere.
func splits(word string) []split {
	letters := []rune(word)
	var all []split
	for i := shortestHalf; i <= len(letters)-shortestHalf; i++ {
		all = append(all, split{string(letters[:i]), string(letters[i:])})
	}
	return all
}

// bestSplit returns the two known words whose rarer one is the most frequent.
func bestSplit(word string, known map[string]store.SearchWord) string {
	best, documents := "", 0
	for _, s := range splits(word) {
		first, second := known[s.first], known[s.second]
		if rarer := min(first.Documents, second.Documents); rarer > documents {
			best, documents = first.Written+" "+second.Written, rarer
		}
	}
	return best
}
