package postgres

import (
	"maps"
	"slices"
	"sync"

	"ecoseller/models"
	"ecoseller/search/analysis"
	"ecoseller/store"
)

// vocabulary counts how many documents have each word. It grows with the words of a catalogue, not with its products:
// codes, which are all different, are none. Several batches of documents may be added at a time.
type vocabulary struct {
	mutex     sync.Mutex
	languages map[models.LanguageCode]map[string]*store.SearchWord
}

func newVocabulary() *vocabulary {
	return &vocabulary{languages: map[models.LanguageCode]map[string]*store.SearchWord{}}
}

// allDocuments is the word that stands for all products.
const allDocuments = ""

// add takes the words of a document in a language, which are written like that in the texts.
func (v *vocabulary) add(language models.LanguageCode, document *vector, texts ...string) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	words := v.languages[language]
	if words == nil {
		words = map[string]*store.SearchWord{allDocuments: {Language: language}}
		v.languages[language] = words
	}
	words[allDocuments].Documents++
	before := len(words)
	for lexeme := range document.lexemes {
		word := words[lexeme]
		if word == nil {
			word = &store.SearchWord{Language: language, Word: lexeme, Written: lexeme}
			words[lexeme] = word
		}
		word.Documents++
	}
	if len(words) == before {
		return
	}
	for _, text := range texts {
		for folded, written := range analysis.Written(text) {
			if word := words[folded]; word != nil && word.Written == folded {
				word.Written = written
			}
		}
	}
}

// all returns the words of all languages.
func (v *vocabulary) all() []store.SearchWord {
	words := []store.SearchWord{}
	for _, language := range slices.Sorted(maps.Keys(v.languages)) {
		for _, word := range slices.Sorted(maps.Keys(v.languages[language])) {
			words = append(words, *v.languages[language][word])
		}
	}
	return words
}
