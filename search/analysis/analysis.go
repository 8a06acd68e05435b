// Package analysis cuts texts into words that find each other: accents are folded, endings are taken off.
// The engine in PostgreSQL stores and asks for these words, so the database server needs no dictionaries.
package analysis

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"ecoseller/models"
)

// Token is a word of a text in two forms.
type Token struct {
	// Word is the word in lower case without accents.
	Word string
	// Stem is the word without its ending; equal for most inflected forms of a word.
	Stem string
}

// Analyzer cuts the texts of one language.
type Analyzer struct {
	*Language
	stop map[string]bool
}

// New returns the analyzer of a language. For a language it does not know it folds accents only.
func New(language models.LanguageCode) *Analyzer {
	a := &Analyzer{Language: LanguageOf(language), stop: map[string]bool{}}
	for _, word := range a.StopWords {
		a.stop[word] = true
	}
	return a
}

// Tokens returns the words of a text in their order, without stop words. A compound with a digit in it,
// such as WH-1000XM4 or 15.6, gives its parts and the whole; "bez drátu" gives its words and, as one word,
// what the adjective is made of: "bezdrátu".
func (a *Analyzer) Tokens(text string) []Token {
	var tokens []Token
	var joined string
	for _, compound := range compounds(text) {
		parts := strings.FieldsFunc(compound, isJoint)
		for _, part := range parts {
			if joined != "" {
				tokens = append(tokens, a.token(joined+part))
			}
			if joined = ""; a.negation.prefix != "" && slices.Contains(a.negation.prepositions, part) {
				joined = a.negation.prefix
			}
			if !a.stop[part] {
				tokens = append(tokens, a.token(part))
			}
		}
		if whole := strings.Join(parts, ""); len(parts) > 1 && strings.ContainsFunc(whole, unicode.IsDigit) {
			tokens = append(tokens, Token{Word: whole, Stem: whole})
		}
	}
	return tokens
}

func compounds(text string) []string {
	return strings.FieldsFunc(Fold(text), func(r rune) bool { return !isWord(r) && !isJoint(r) })
}

// QueryTokens returns the tokens of a query, each once; when it has only stop words, these are kept,
// because somebody has typed them on purpose.
func (a *Analyzer) QueryTokens(text string) []Token {
	if tokens := unique(a.Tokens(a.joinNegations(text))); len(tokens) > 0 {
		return tokens
	}
	return unique((&Analyzer{Language: a.Language}).Tokens(text))
}

// Fold puts a text into lower case and takes its accents off.
func Fold(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	for _, r := range norm.NFKD.String(strings.ToLower(text)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'ł':
			out.WriteByte('l')
		case r == 'đ':
			out.WriteByte('d')
		case r == 'ø':
			out.WriteByte('o')
		case r == 'ß':
			out.WriteString("ss")
		case r == 'æ':
			out.WriteString("ae")
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// Code is the form in which skus, EANs and part numbers are compared: letters and digits only.
func Code(text string) string {
	return strings.Map(func(r rune) rune {
		if isWord(r) {
			return r
		}
		return -1
	}, Fold(text))
}

func (a *Analyzer) token(word string) Token {
	if a.stem == nil || strings.ContainsFunc(word, unicode.IsDigit) {
		return Token{Word: word, Stem: word}
	}
	return Token{Word: word, Stem: a.stem(word)}
}

func unique(tokens []Token) []Token {
	seen := map[Token]bool{}
	var once []Token
	for _, token := range tokens {
		if !seen[token] {
			seen[token] = true
			once = append(once, token)
		}
	}
	return once
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func isJoint(r rune) bool { return strings.ContainsRune("-._/", r) }
