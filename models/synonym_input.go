package models

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/99designs/gqlgen/graphql"
)

// The limits of synonyms and query rules: every query is compared with all of them.
const (
	maxPhrases      = 50
	maxPhraseLength = 200
	maxPhraseWords  = 8
)

// SynonymInput is a change to a synonym: a field that is not set stays.
type SynonymInput struct {
	Direction    graphql.Omittable[*SynonymDirection]
	Phrases      graphql.Omittable[[]string]
	Alternatives graphql.Omittable[[]string]
}

// Check returns UserErrors when the input cannot be written.
func (in *SynonymInput) Check() error {
	var problems UserErrors
	problems.notNull("input.direction", in.Direction.IsSet(), in.Direction.Value() == nil)
	if in.Phrases.IsSet() {
		problems.checkPhrases("input.phrases", in.Phrases.Value())
	}
	if in.Alternatives.IsSet() {
		problems.checkPhrases("input.alternatives", in.Alternatives.Value())
	}
	return problems.OrNil()
}

// CheckNew returns UserErrors when the input is not that of a new synonym.
func (in *SynonymInput) CheckNew(language LanguageCode, languages Languages) error {
	var problems UserErrors
	if !languages.Supports(language) {
		problems.Addf(UserErrorUnknownLanguage, "language", "the shop does not speak %q; it speaks %v", language, languages.Supported)
	}
	if !in.Phrases.IsSet() {
		problems.Addf(UserErrorRequired, "input.phrases", "a new synonym needs phrases")
	}
	if !in.Alternatives.IsSet() {
		problems.Addf(UserErrorRequired, "input.alternatives", "a new synonym needs alternatives")
	}
	if len(problems) > 0 {
		return problems
	}
	return in.Check()
}

// checkPhrases adds what keeps the phrases from being looked for in queries.
func (e *UserErrors) checkPhrases(field string, phrases []string) {
	if len(phrases) == 0 {
		e.Addf(UserErrorRequired, field, "at least one phrase is needed")
	}
	if len(phrases) > maxPhrases {
		e.Addf(UserErrorTooMany, field, "at most %d phrases", maxPhrases)
		return
	}
	for i, phrase := range phrases {
		path := fmt.Sprintf("%s.%d", field, i)
		e.checkText(path, phrase, maxPhraseLength)
		if !strings.ContainsFunc(phrase, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			e.Addf(UserErrorRequired, path, "a phrase has a word")
		}
		if len(strings.Fields(phrase)) > maxPhraseWords {
			e.Addf(UserErrorTooLong, path, "at most %d words", maxPhraseWords)
		}
	}
}

// TrimPhrases takes away the space around phrases, and repeated ones.
func TrimPhrases(phrases []string) []string {
	trimmed, seen := make([]string, 0, len(phrases)), map[string]bool{}
	for _, phrase := range phrases {
		phrase = strings.Join(strings.Fields(phrase), " ")
		if !seen[phrase] {
			seen[phrase] = true
			trimmed = append(trimmed, phrase)
		}
	}
	return trimmed
}
