package suggest

import (
	"cmp"
	"html"
	"slices"
	"strings"

	"ecoseller/search/analysis"
)

// pattern is what was typed.
type pattern struct {
	words []analysis.TypedWord
	// folded are the words with a space between them.
	folded string
}

func newPattern(text string) pattern {
	p := pattern{words: analysis.TypedWords(text)}
	folded := make([]string, len(p.words))
	for i, w := range p.words {
		folded[i] = w.Folded
	}
	p.folded = strings.Join(folded, " ")
	return p
}

// beginning is the text as queries are counted by: folded, with single spaces.
func (p pattern) beginning(text string) string {
	if len(p.words) == 0 {
		return ""
	}
	return strings.Join(strings.Fields(analysis.Fold(text)), " ")
}

// quality says how well a name matches, the best first.
type quality struct {
	typos int
	// unfinished counts the words before the last that are only beginnings.
	unfinished int
	// inside is 0 when the name begins with what was typed; disordered is 0 when it has the words in their order.
	inside     int
	disordered int
}

func (q quality) compare(other quality) int {
	return cmp.Or(
		cmp.Compare(q.typos, other.typos),
		cmp.Compare(q.unfinished, other.unfinished),
		cmp.Compare(q.inside, other.inside),
		cmp.Compare(q.disordered, other.disordered),
	)
}

// place is the beginning of a name's word that a typed word matches.
type place struct {
	word, length int
	typos        int
	// whole says that the typed word is finished and the name's whole word.
	whole bool
}

// match finds each typed word at the beginning of another word of the name.
func (p pattern) match(name []string, fuzzy bool) (quality, []place, bool) {
	if len(p.words) > len(name) {
		return quality{}, nil, false
	}
	var q quality
	places := make([]place, 0, len(p.words))
	previous := -1
	for i, typed := range p.words {
		best, ok := bestPlace(typed, name, places, previous, i < len(p.words)-1, fuzzy)
		if !ok {
			return quality{}, nil, false
		}
		q.typos += best.typos
		if i < len(p.words)-1 && !best.whole {
			q.unfinished++
		}
		if best.word < previous {
			q.disordered = 1
		}
		if best.word != i || best.typos > 0 {
			q.inside = 1
		}
		previous = best.word
		places = append(places, best)
	}
	if q.unfinished > 0 {
		q.inside = 1
	}
	return q, places, true
}

// bestPlace prefers a whole word to a beginning where the typed word is finished, and a word after the previous
// one to one before it.
func bestPlace(typed analysis.TypedWord, name []string, taken []place, previous int, finished, fuzzy bool) (best place, ok bool) {
	allowed := 0
	if fuzzy {
		allowed = typed.Typos()
	}
	for i, word := range name {
		typos, length, begins := analysis.BeginsLike(typed.Folded, word, allowed)
		if !begins || slices.ContainsFunc(taken, func(p place) bool { return p.word == i }) {
			continue
		}
		candidate := place{word: i, length: length, typos: typos, whole: finished && length == len(word)}
		if !ok || candidate.compare(best, previous) < 0 {
			best, ok = candidate, true
		}
	}
	return best, ok
}

func (p place) compare(other place, previous int) int {
	return cmp.Or(
		cmp.Compare(p.typos, other.typos),
		compareBool(p.whole, other.whole),
		compareBool(p.word > previous, other.word > previous),
	)
}

// compareBool puts what is true first.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// foldedWords are the words of a name as match wants them.
func foldedWords(name string) []string {
	words := analysis.NameWords(name)
	folded := make([]string, len(words))
	for i, w := range words {
		folded[i] = w.Folded
	}
	return folded
}

// highlight writes a name as HTML with <mark> around the places.
func highlight(name string, places []place) string {
	words := analysis.NameWords(name)
	places = slices.SortedFunc(slices.Values(places), func(a, b place) int { return cmp.Compare(a.word, b.word) })
	var out strings.Builder
	written := 0
	for _, p := range places {
		start, end := words[p.word].Start, words[p.word].End(p.length)
		out.WriteString(html.EscapeString(name[written:start]))
		out.WriteString("<mark>" + html.EscapeString(name[start:end]) + "</mark>")
		written = end
	}
	out.WriteString(html.EscapeString(name[written:]))
	return out.String()
}

func (p pattern) mayHoldTypos() bool { return analysis.MayHoldTypos(p.words) }
