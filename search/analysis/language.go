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

	stem     func(word string) string
	negation negationWords
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
