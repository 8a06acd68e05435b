package models

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxSlugLength keeps addresses short; a slug may be longer by a suffix that makes it unique.
const maxSlugLength = 80

// Slug makes the part of an address out of a text: its words in lower case, without accents, joined by hyphens.
// It is empty when the text has neither letters nor digits of the Latin alphabet.
func Slug(text string) string {
	words := strings.FieldsFunc(foldToASCII(text), func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	slug := strings.Join(words, "-")
	if len(slug) <= maxSlugLength {
		return slug
	}
	if end := strings.LastIndex(slug[:maxSlugLength+1], "-"); end > 0 {
		return slug[:end]
	}
	return slug[:maxSlugLength]
}

var slugPattern = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{Nd}][\p{Ll}\p{Lo}\p{Nd}_.-]*$`)

// ValidSlug says whether s can be part of an address. It takes more than Slug makes: imported slugs end with skus.
func ValidSlug(s string) bool { return slugPattern.MatchString(s) }

// foldToASCII takes the accents off: "Žluťoučký" becomes "zlutoucky".
func foldToASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(strings.ToLower(s)))
}
