// Package models holds the rows of the database and the value types of the shop; it does no I/O.
package models

import (
	"io"
	"slices"
	"strconv"

	"golang.org/x/text/language"
)

// LanguageCode is a BCP 47 language tag in canonical form, such as "cs" or "pt-BR".
type LanguageCode string

// ParseLanguageCode reads a BCP 47 tag and returns it in canonical form, or an error that names it.
func ParseLanguageCode(s string) (LanguageCode, error) {
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return "", BadInput(CodeUnknownLanguage, "%q is not a BCP 47 language tag", s)
	}
	return LanguageCode(tag.String()), nil
}

// MarshalGQL writes the tag as a GraphQL string.
func (c LanguageCode) MarshalGQL(w io.Writer) {
	_, _ = io.WriteString(w, strconv.Quote(string(c)))
}

// UnmarshalGQL reads the tag from a GraphQL value.
func (c *LanguageCode) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return BadInput(CodeUnknownLanguage, "a language code is a string")
	}
	code, err := ParseLanguageCode(s)
	if err != nil {
		return err
	}
	*c = code
	return nil
}

// Languages says which languages the shop speaks and where a missing translation is looked for.
type Languages struct {
	// Supported lists the languages in order of preference; the first is the default.
	Supported []LanguageCode
	// Fallback is the order in which other languages are tried when a translation is missing.
	Fallback []LanguageCode
}

// Default is the language of an answer when nobody asked for one.
func (l Languages) Default() LanguageCode { return l.Supported[0] }

// Supports says whether the shop speaks the language.
func (l Languages) Supports(code LanguageCode) bool { return slices.Contains(l.Supported, code) }

// Chain lists the languages in which a text is looked for, the wanted one first and each once. The
// fallback is entered where the wanted language stands in it (sk → cs → en gives cs → en → sk for
// Czech); every supported language is in the chain, so that a text which exists is always found.
func (l Languages) Chain(wanted LanguageCode) []LanguageCode {
	chain := []LanguageCode{wanted}
	add := func(codes []LanguageCode) {
		for _, code := range codes {
			if !slices.Contains(chain, code) {
				chain = append(chain, code)
			}
		}
	}
	add(l.Fallback[slices.Index(l.Fallback, wanted)+1:])
	add(l.Fallback)
	add(l.Supported)
	return chain
}

// Match picks the language for an Accept-Language header: the first acceptable one that the shop speaks
// (RFC 4647, section 3.4, lookup), else the default.
func (l Languages) Match(acceptLanguage string) LanguageCode {
	tags, weights, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return l.Default()
	}
	for i, tag := range tags {
		if weights[i] == 0 {
			continue
		}
		for ; tag != language.Und; tag = tag.Parent() {
			if code := LanguageCode(tag.String()); l.Supports(code) {
				return code
			}
		}
	}
	return l.Default()
}

// Translated is a short text in several languages, keyed by language code.
type Translated map[LanguageCode]string

// In returns the text in the first language of the chain that has one, and that language; both are
// empty when there is none.
func (t Translated) In(chain []LanguageCode) (string, LanguageCode) {
	for _, code := range chain {
		if text := t[code]; text != "" {
			return text, code
		}
	}
	return "", ""
}

// nameOr returns the text in the reader's language, or the stand-in when there is none.
func nameOr(t Translated, chain []LanguageCode, standIn string) string {
	if name, _ := t.In(chain); name != "" {
		return name
	}
	return standIn
}
