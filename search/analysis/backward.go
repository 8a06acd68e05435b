package analysis

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// BackwardStep is a step of a stemmer for words that are written backwards: there, an ending is found or missed at
// once, where a search from the front would try it at every letter. It is a regular expression of Java and what takes
// the place of its match, or, with Forms, a list of words.
type BackwardStep struct {
	Pattern, Replacement string
	// Forms are irregular forms, each with the stem of its word.
	Forms []Form
}

// Form is a word and its stem, both written backwards.
type Form struct{ Word, Stem string }

// BackwardSteps returns the language's stemmer for Elasticsearch. Applied one after another to a word that
// is written backwards, the steps do the same as Stem.
func (l *Language) BackwardSteps() []BackwardStep {
	var steps []BackwardStep
	for i, r := range l.stemmer {
		switch {
		case !r.whole:
			steps = append(steps, r.backward())
		case i > 0 && l.stemmer[i-1].whole:
			last := &steps[len(steps)-1]
			last.Forms = append(last.Forms, r.forms()...)
		default:
			steps = append(steps, BackwardStep{Forms: r.forms()})
		}
	}
	return steps
}

func (r stemRule) forms() []Form {
	forms := make([]Form, len(r.endings))
	for i, word := range r.endings {
		forms[i] = Form{Word: backward(word), Stem: backward(r.to)}
	}
	return forms
}

func (r stemRule) backward() BackwardStep {
	if r.anywhere {
		behind := ""
		if r.after != "" {
			behind = "(?=[" + r.after + "])"
		}
		return BackwardStep{Pattern: regexp.QuoteMeta(backward(r.endings[0])) + behind, Replacement: backward(r.to)}
	}
	var endings []string
	for _, ending := range r.endings {
		endings = append(endings, backward(ending))
	}
	stem, least := "", r.least
	if r.after != "" {
		stem, least = "["+r.after+"]", max(least-1, 0)
	}
	// Words with digits have no endings.
	stem += `\D{` + strconv.Itoa(least) + `,}`
	switch {
	case r.prefix != "":
		return BackwardStep{Pattern: "^(" + longestOf(endings) + stem + ")" + backward(r.prefix) + "$", Replacement: "$1"}
	case r.before != "":
		return BackwardStep{Pattern: "^([" + r.before + "])" + longestOf(endings) + "(?=" + stem + "$)", Replacement: "$1" + backward(r.to)}
	}
	return BackwardStep{Pattern: "^" + longestOf(endings) + "(?=" + stem + "$)", Replacement: backward(r.to)}
}

// longestOf returns a regular expression for the longest of the words with which a text begins. Words that begin alike
// share their beginning, so that few letters are compared.
func longestOf(words []string) string {
	rests := map[string][]string{}
	var firsts []string
	mayEnd := false
	for _, word := range words {
		if word == "" {
			mayEnd = true
			continue
		}
		first := word[:1]
		if rests[first] == nil {
			firsts = append(firsts, first)
		}
		rests[first] = append(rests[first], word[1:])
	}
	if len(firsts) == 0 {
		return ""
	}
	slices.Sort(firsts)
	for i, first := range firsts {
		firsts[i] = regexp.QuoteMeta(first) + longestOf(rests[first])
	}
	if !mayEnd && len(firsts) == 1 {
		return firsts[0]
	}
	group := "(?:" + strings.Join(firsts, "|") + ")"
	if mayEnd {
		group += "?"
	}
	return group
}

// backward writes a word of ASCII letters from its end.
func backward(word string) string {
	letters := []byte(word)
	slices.Reverse(letters)
	return string(letters)
}
