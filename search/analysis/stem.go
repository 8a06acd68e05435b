package analysis

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// stemRule takes an ending off a word, or puts another one in its place; with a prefix, it takes that off
// words that have one of the endings. Rules are applied one after another. They are data, so that
// Elasticsearch runs the same stemmer: see BackwardSteps.
type stemRule struct {
	// endings, the longest that fits counts.
	endings []string
	// least is how many letters must stay before the ending (between prefix and ending).
	least int
	// after are the letters of which one must stand before the ending; empty for any.
	after string
	// before are the letters of which one must stand behind the ending, and is kept.
	before string
	// to takes the place of the ending.
	to string
	// anywhere lets the rule change its only ending wherever it stands.
	anywhere bool
	// whole lets the rule change whole words only.
	whole bool
	// prefix is taken off instead of the ending.
	prefix string
}

// cut takes the endings off.
func cut(least int, endings string) stemRule {
	return stemRule{endings: strings.Fields(endings), least: least}
}

// change puts an ending into the place of others.
func change(least int, endings, to string) stemRule {
	return stemRule{endings: strings.Fields(endings), least: least, to: to}
}

// cutPrefix takes a prefix off words with the endings, if three letters stay between them.
func cutPrefix(prefix, endings string) stemRule {
	return stemRule{prefix: prefix, endings: strings.Fields(endings), least: 3}
}

// changeAnywhere changes letters wherever they stand.
func changeAnywhere(letters, to string) stemRule {
	return stemRule{endings: []string{letters}, to: to, anywhere: true}
}

// irregular brings forms that follow no rule to the stem of their word.
func irregular(stem, forms string) stemRule {
	return stemRule{endings: strings.Fields(forms), to: stem, whole: true}
}

// comparative does that for the comparative of an adjective.
func comparative(from, stem string) stemRule {
	return stemRule{endings: inflect(from, "i iho imu im ich imi e ia ie ieho iemu om ej ou iu"), to: stem, whole: true}
}

// inflect gives each stem each of the endings.
func inflect(stems, endings string) []string {
	var all []string
	for stem := range strings.FieldsSeq(stems) {
		for ending := range strings.FieldsSeq(endings) {
			all = append(all, stem+ending)
		}
	}
	return all
}

// behind bounds a rule to endings that stand behind one of the letters.
func (r stemRule) behind(letters string) stemRule {
	r.after = letters
	return r
}

// inFrontOf bounds a rule to endings that stand in front of one of the letters, which ends the word.
func (r stemRule) inFrontOf(letters string) stemRule {
	r.before = letters
	return r
}

func (r stemRule) apply(word string) string {
	if r.anywhere {
		return r.replaceAll(word)
	}
	if r.whole {
		if slices.Contains(r.endings, word) {
			return r.to
		}
		return word
	}
	inner, ok := strings.CutPrefix(word, r.prefix)
	if !ok {
		return word
	}
	last := ""
	if r.before != "" {
		if inner == "" || strings.IndexByte(r.before, inner[len(inner)-1]) < 0 {
			return word
		}
		inner, last = inner[:len(inner)-1], inner[len(inner)-1:]
	}
	ending := r.endingOf(inner)
	switch {
	case ending == "":
		return word
	case r.prefix != "":
		return inner
	}
	return inner[:len(inner)-len(ending)] + r.to + last
}

func (r stemRule) replaceAll(word string) string {
	parts := strings.Split(word, r.endings[0])
	var out strings.Builder
	out.WriteString(parts[0])
	for i, part := range parts[1:] {
		before := parts[i]
		if r.after == "" || before != "" && strings.IndexByte(r.after, before[len(before)-1]) >= 0 {
			out.WriteString(r.to + part)
		} else {
			out.WriteString(r.endings[0] + part)
		}
	}
	return out.String()
}

// endingOf returns the longest ending that fits, or nothing.
func (r stemRule) endingOf(word string) string {
	longest := ""
	for _, ending := range r.endings {
		before, ok := strings.CutSuffix(word, ending)
		if !ok || len(ending) <= len(longest) || utf8.RuneCountInString(before) < r.least {
			continue
		}
		if r.after == "" || before != "" && strings.IndexByte(r.after, before[len(before)-1]) >= 0 {
			longest = ending
		}
	}
	return longest
}

// Stem takes the ending off a folded word.
func (l *Language) Stem(word string) string {
	if strings.ContainsAny(word, "0123456789") {
		return word
	}
	for _, r := range l.stemmer {
		word = r.apply(word)
	}
	return word
}

const consonants = "bcdfghjklmnpqrstvwxz"
