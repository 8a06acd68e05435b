package analysis

import (
	"strings"

	"ecoseller/models"
)

// Language is all that the search knows of a language. To add one, write a file such as german.go and
// name it in languages.
type Language struct {
	// Code is the base language: "de" serves "de-AT" as well.
	Code models.LanguageCode
	// StopWords say nothing about a product; both engines leave them out. They are without accents.
	StopWords []string

	// Analyzer is the name of the language's analyzer in Elasticsearch; "de_analyzer" when empty.
	Analyzer string
	// Dictionary is the folder of the folded hunspell dictionary that Elasticsearch looks words up in, beside
	// stemming them; empty for none.
	Dictionary string

	stemmer []stemRule
	// possessives says that "'s" is no part of a word.
	possessives bool
	negation    negationWords
}

// languages are those the search knows; texts in others are folded only.
var languages = []*Language{english, czech, slovak, german}

// LanguageOf returns what is known of a language; of an unknown one, nothing but its code.
func LanguageOf(code models.LanguageCode) *Language {
	base, _, _ := strings.Cut(string(code), "-")
	for _, language := range languages {
		if string(language.Code) == base {
			return language
		}
	}
	return &Language{Code: models.LanguageCode(base)}
}

// Possessives says that the language writes "dog's", and means the word before the apostrophe.
func (l *Language) Possessives() bool { return l.possessives }

// Stems says whether the language has a stemmer.
func (l *Language) Stems() bool { return len(l.stemmer) > 0 }
