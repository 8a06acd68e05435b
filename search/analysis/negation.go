package analysis

import (
	"fmt"
	"slices"
	"strings"
)

// negationWords are how a language says that something is not there.
type negationWords struct {
	// prepositions begin a negation: without.
	prepositions []string
	// ends are the words that end it: "without microphone for children". A language without them negates
	// the next noun only, and before are the endings of the adjectives that may stand before that noun.
	ends   []string
	before []string
	// prefix makes one word of the noun: bez drátu, bezdrátový.
	prefix string
	// phrases say the same of the noun; words say it of the noun's stem: wire, wireless.
	phrases []string
	words   []string
}

// Negation is a "without microphone" in a query.
type Negation struct {
	// Noun is what should not be there, one word or more as they were typed, folded: "dratu".
	Noun string
	// Adjective is the beginning of the adjectives that say the same: "bezdrat". It is empty where the
	// language makes none, and when the noun has more than one word.
	Adjective string
	// Phrases are one or more words each that say the same: "without wires", "no wires", "wireless".
	Phrases []string
}

// SplitNegations takes the negations out of a text, and returns what is left of it. A text without any is
// returned as it is.
func (a *Analyzer) SplitNegations(text string) (rest string, negations []Negation) {
	var kept []string
	words := compounds(text)
	for len(words) > 0 {
		noun, after := a.negated(words)
		if noun == nil {
			kept, words = append(kept, words[0]), words[1:]
			continue
		}
		negations, words = append(negations, a.negationOf(noun)), after
	}
	if len(negations) == 0 {
		return text, nil
	}
	return strings.Join(kept, " "), negations
}

// negated returns what is negated where words begin, and the words after it; nil when there is nothing.
func (a *Analyzer) negated(words []string) (noun, after []string) {
	if !slices.Contains(a.negation.prepositions, words[0]) {
		return nil, nil
	}
	start := 1
	for start < len(words) && a.stop[words[start]] && !slices.Contains(a.negation.ends, words[start]) {
		start++ // without a microphone
	}
	end := start
	if len(a.negation.ends) > 0 {
		for end < len(words) && !slices.Contains(a.negation.ends, words[end]) && !slices.Contains(a.negation.prepositions, words[end]) {
			end++
		}
	} else if end < len(words) {
		for end < len(words)-1 && endsWithAny(words[end], a.negation.before) {
			end++
		}
		end++
	}
	for _, word := range words[start:end] {
		noun = append(noun, strings.FieldsFunc(word, isJoint)...)
	}
	return noun, words[end:]
}

func (a *Analyzer) negationOf(noun []string) Negation {
	n := Negation{Noun: strings.Join(noun, " ")}
	for _, phrase := range a.negation.phrases {
		n.Phrases = append(n.Phrases, fmt.Sprintf(phrase, n.Noun))
	}
	if len(noun) > 1 {
		return n
	}
	if a.negation.prefix != "" {
		n.Adjective = a.token(a.negation.prefix + n.Noun).Stem
	}
	for _, word := range a.negation.words {
		n.Phrases = append(n.Phrases, fmt.Sprintf(word, a.token(n.Noun).Stem))
	}
	return n
}

// joinNegations writes "bez drátu" as one word, which is what the adjective is made of, and leaves out what
// other languages negate: who looks for things without something does not want those with it.
func (a *Analyzer) joinNegations(text string) string {
	rest, negations := a.SplitNegations(text)
	for _, n := range negations {
		if a.negation.prefix != "" {
			rest += " " + a.negation.prefix + strings.ReplaceAll(n.Noun, " ", "")
		}
	}
	return rest
}

func endsWithAny(word string, endings []string) bool {
	return slices.ContainsFunc(endings, func(ending string) bool { return strings.HasSuffix(word, ending) })
}
