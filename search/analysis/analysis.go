// Package analysis cuts texts into words that find each other: accents are folded, endings are taken off.
// The engine in PostgreSQL stores and asks for these words, so the database server needs no dictionaries.
package analysis

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/text/unicode/norm"

	"ecoseller/models"
)

// Token is a word of a text in two forms.
type Token struct {
	// Word is the word in lower case without accents.
	Word string
	// Stem is the word without its ending; equal for most inflected forms of a word.
	Stem string
	// Position counts the words of the text from 1; tokens of one word share it.
	Position int
	// Parts is how many words the whole of a compound stands for, beginning with the one at its position; 0 for words.
	Parts int
}

// Analyzer cuts the texts of one language.
type Analyzer struct {
	*Language
	stop map[string]bool
	// protected words are not stemmed.
	protected map[string]bool
	// stems are those of the words met last: a catalogue says the same words over and over.
	stems *lru.Cache[string, string]
}

// rememberedStems is for how many words a language's analyzer remembers the stem: about a megabyte.
const rememberedStems = 10_000

// New returns the analyzer of a language. For a language it does not know it folds accents only. Protected
// words, such as brands, are kept as they are: no ending is taken off.
func New(language models.LanguageCode, protected ...string) *Analyzer {
	stems, _ := lru.New[string, string](rememberedStems) // it refuses sizes below 1 only
	a := &Analyzer{Language: LanguageOf(language), stop: map[string]bool{}, protected: map[string]bool{}, stems: stems}
	for _, word := range a.StopWords {
		a.stop[word] = true
	}
	for _, word := range ProtectedWords(protected) {
		a.protected[word] = true
	}
	return a
}

// ProtectedWords brings a list of protected words into the form of tokens.
func ProtectedWords(list []string) []string {
	var words []string
	for _, compound := range compounds(strings.Join(list, " ")) {
		parts := partsOf(compound)
		words = append(words, parts...)
		if len(parts) > 1 {
			words = append(words, strings.Join(parts, ""))
		}
	}
	return words
}

// Tokens returns the words of a text in their order, without stop words. A compound, such as wi-fi, 15.6 or
// 2TB, gives its parts and the whole; "bez drátu" gives its words and, as one word, the adjective: "bezdrátový".
func (a *Analyzer) Tokens(text string) []Token {
	var tokens []Token
	position, negated := 0, false
	add := func(t Token, position int) {
		t.Position = position
		tokens = append(tokens, t)
	}
	for _, compound := range compounds(a.withoutPossessives(text)) {
		first := position + 1
		parts := partsOf(compound)
		for _, part := range parts {
			position++
			if negated {
				add(a.without(part), position)
			}
			negated = a.negation.prefix != "" && slices.Contains(a.negation.prepositions, part)
			if !a.stop[part] {
				add(a.token(part), position)
			}
		}
		if whole := strings.Join(parts, ""); len(parts) > 1 && (strings.Contains(compound, "-") || strings.ContainsFunc(whole, unicode.IsDigit)) {
			compound := a.token(whole)
			compound.Parts = len(parts)
			add(compound, first)
		}
	}
	return tokens
}

// withoutPossessives takes off the English "'s", which is no word.
func (a *Analyzer) withoutPossessives(text string) string {
	if !a.possessives || !strings.ContainsAny(text, "'’") {
		return text
	}
	return possessive.ReplaceAllString(text, "$1")
}

var possessive = regexp.MustCompile(`(?i)(\pL)['’]s\b`)

// compounds cuts a text where neither letters, digits nor joints are. A comma between digits is a joint.
func compounds(text string) []string {
	folded := []rune(Fold(text))
	for i, r := range folded {
		if r == ',' && i > 0 && i < len(folded)-1 && unicode.IsDigit(folded[i-1]) && unicode.IsDigit(folded[i+1]) {
			folded[i] = '.'
		}
	}
	return strings.FieldsFunc(string(folded), func(r rune) bool { return !isWord(r) && !isJoint(r) })
}

// partsOf cuts a compound at its joints, and between letters and digits where a part has one such place:
// iphone15 and 2TB, but not the 1000XM4 of an article number.
func partsOf(compound string) []string {
	var parts []string
	for _, part := range strings.FieldsFunc(compound, isJoint) {
		if !strings.ContainsAny(part, "0123456789") {
			parts = append(parts, part)
		} else if digits := amountOrModel.FindStringSubmatch(part); digits != nil {
			parts = append(parts, digits[1]+digits[3], digits[2]+digits[4])
		} else {
			parts = append(parts, part)
		}
	}
	return parts
}

// amountOrModel is a number with its unit, or a word with its number. A single letter before a number is no word.
var amountOrModel = regexp.MustCompile(`^(?:(\d+)(\pL+)|(\pL{2,})(\d+))$`)

// QueryTokens returns the tokens of a query, each once. What the query negates is left out, or is its
// adjective where the language makes one: who looks for things without something does not want those with it.
// When there are only stop words, these are kept, because somebody has typed them on purpose.
func (a *Analyzer) QueryTokens(text string) []Token {
	rest, negations := a.SplitNegations(text)
	tokens := a.Tokens(rest)
	for _, negation := range negations {
		if negation.Adjective != "" {
			tokens = append(tokens, a.without(negation.Noun))
		}
	}
	if len(tokens) == 0 {
		tokens = (&Analyzer{Language: a.Language, protected: a.protected, stems: a.stems}).Tokens(text)
	}
	return unique(tokens)
}

// Fold puts a text into lower case and takes its accents off.
func Fold(text string) string {
	text = strings.ToLower(text)
	if isASCII(text) {
		return text
	}
	var out strings.Builder
	out.Grow(len(text))
	for _, r := range norm.NFKD.String(text) {
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

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func (a *Analyzer) token(word string) Token {
	if a.protected[word] {
		return Token{Word: word, Stem: word}
	}
	stem, known := a.stems.Get(word)
	if !known {
		stem = a.Stem(word)
		a.stems.Add(word, stem)
	}
	return Token{Word: word, Stem: stem}
}

func unique(tokens []Token) []Token {
	seen := map[[2]string]bool{}
	var once []Token
	for _, token := range tokens {
		if key := [2]string{token.Word, token.Stem}; !seen[key] {
			seen[key] = true
			once = append(once, token)
		}
	}
	return once
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func isJoint(r rune) bool { return strings.ContainsRune("-._/", r) }
