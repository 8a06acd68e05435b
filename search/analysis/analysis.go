// Package analysis cuts texts into words that find each other: accents are folded, endings are taken off.
// The engine in PostgreSQL stores and asks for these words, so the database server needs no dictionaries.
package analysis

import (
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
	stem func(string) string
	stop map[string]bool
	// without is the preposition that makes an adjective with the noun after it: bez drátu, bezdrátový.
	without string
}

// New returns the analyzer of a language. For a language it does not know it folds accents only.
func New(language models.LanguageCode) *Analyzer {
	base, _, _ := strings.Cut(string(language), "-")
	a := &Analyzer{stem: func(word string) string { return word }, stop: map[string]bool{}}
	switch base {
	case "cs":
		a.stem, a.without = stemCzech, "bez"
	case "sk":
		a.stem, a.without = stemSlovak, "bez"
	case "en":
		a.stem = stemEnglish
	}
	for _, word := range StopWords(language) {
		a.stop[word] = true
	}
	return a
}

// Tokens returns the words of a text in their order, without stop words. A compound with a digit in it,
// such as WH-1000XM4 or 15.6, gives its parts and the whole; "bez drátu" gives the noun and, as one word,
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
			if joined = ""; part == a.without {
				joined = part
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

// joinNegations writes "bez drátu" as one word: who looks for things without something does not want those
// with it.
func (a *Analyzer) joinNegations(text string) string {
	if a.without == "" {
		return text
	}
	var out strings.Builder
	words := compounds(text)
	for i, word := range words {
		out.WriteString(word)
		if word != a.without || i == len(words)-1 {
			out.WriteByte(' ')
		}
	}
	return out.String()
}

// Negation is a "bez drátu" in a query.
type Negation struct {
	// Noun is what should not be there, as it was typed: "dratu".
	Noun string
	// Adjective is the beginning of the adjectives that say the same: "bezdrat".
	Adjective string
}

// SplitNegations takes the negations out of a folded text, and returns what is left of it.
func (a *Analyzer) SplitNegations(text string) (rest string, negations []Negation) {
	var kept []string
	words := compounds(text)
	for i := 0; i < len(words); i++ {
		if a.without == "" || words[i] != a.without || i == len(words)-1 {
			kept = append(kept, words[i])
			continue
		}
		i++
		negations = append(negations, Negation{Noun: words[i], Adjective: a.stem(a.without + words[i])})
	}
	if len(negations) == 0 {
		return text, nil
	}
	return strings.Join(kept, " "), negations
}

// QueryTokens returns the tokens of a query, each once; when it has only stop words, these are kept,
// because somebody has typed them on purpose.
func (a *Analyzer) QueryTokens(text string) []Token {
	text = a.joinNegations(text)
	tokens := unique(a.Tokens(text))
	if len(tokens) > 0 {
		return tokens
	}
	return unique((&Analyzer{stem: a.stem}).Tokens(text))
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
	if strings.ContainsFunc(word, unicode.IsDigit) {
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
