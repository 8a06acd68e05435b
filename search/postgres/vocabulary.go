package postgres

import (
	"maps"
	"slices"
	"sync"

	"ecoseller/models"
	"ecoseller/search/analysis"
	"ecoseller/store"
)

// vocabulary collects the words of documents, each once. Several batches of documents may be added at a time.
type vocabulary struct {
	mutex sync.Mutex
	known map[models.LanguageCode]map[string]bool
	fresh map[models.LanguageCode]map[string]*store.SearchWord
}

func newVocabulary() *vocabulary {
	return &vocabulary{known: map[models.LanguageCode]map[string]bool{}, fresh: map[models.LanguageCode]map[string]*store.SearchWord{}}
}

// add takes the words of a document in a language, which are written like that in the texts.
func (v *vocabulary) add(language models.LanguageCode, document *vector, texts ...string) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	known, fresh := v.known[language], v.fresh[language]
	if known == nil {
		known = map[string]bool{}
		v.known[language] = known
	}
	if fresh == nil {
		fresh = map[string]*store.SearchWord{}
		v.fresh[language] = fresh
	}
	before := len(fresh)
	for word := range document.places {
		switch {
		case known[word]:
		case fresh[word] != nil:
			fresh[word].Documents++
		default:
			fresh[word] = &store.SearchWord{Language: language, Word: word, Written: word, Documents: 1}
		}
	}
	if len(fresh) == before {
		return
	}
	for _, text := range texts {
		for word, written := range analysis.Written(text) {
			if fresh[word] != nil {
				fresh[word].Written = written
			}
		}
	}
}

// takeNew returns the words that were not returned before.
func (v *vocabulary) takeNew() []store.SearchWord {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	words := []store.SearchWord{}
	for language, fresh := range v.fresh {
		for _, word := range slices.Sorted(maps.Keys(fresh)) {
			words = append(words, *fresh[word])
			v.known[language][word] = true
		}
	}
	v.fresh = map[models.LanguageCode]map[string]*store.SearchWord{}
	return words
}
