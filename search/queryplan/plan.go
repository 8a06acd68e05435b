package queryplan

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
)

// The limits of what one query is expanded to: an engine looks for each of them.
const (
	maxSynonyms     = 10
	maxAlternatives = 20
	maxPinned       = 100
)

// plan is what is laid down for queries at one version. Nothing in it changes, so searches share it.
type plan struct {
	version    int64
	byLanguage map[models.LanguageCode]*languagePlan
}

type languagePlan struct {
	reader
	// synonyms lists the alternatives of a phrase, folded.
	synonyms phraseTable[string]
	// exact rules are found by the folded words of the whole query.
	exact   map[string][]rankedRule
	phrases phraseTable[rankedRule]
}

// rankedRule is a rule and its place among all rules, the most important first.
type rankedRule struct {
	*models.QueryRule
	rank int
}

func newPlan(data *models.QueryPlanData, languages []models.LanguageCode) *plan {
	p := &plan{version: data.Version, byLanguage: map[models.LanguageCode]*languagePlan{}}
	for _, language := range languages {
		p.byLanguage[language] = &languagePlan{reader: newReader(language), exact: map[string][]rankedRule{}}
	}
	for _, synonym := range data.Synonyms {
		if l := p.byLanguage[synonym.Language]; l != nil {
			l.addSynonym(synonym)
		}
	}
	for rank, rule := range data.Rules {
		for language, l := range p.byLanguage {
			if rule.Language == nil || *rule.Language == language {
				l.addRule(rankedRule{rule, rank})
			}
		}
	}
	return p
}

func (l *languagePlan) addSynonym(synonym *models.Synonym) {
	from, to := synonym.Phrases, synonym.Alternatives
	if synonym.Direction == models.SynonymTwoWay {
		from = slices.Concat(from, to)
		to = from
	}
	for _, phrase := range from {
		for _, alternative := range to {
			l.addAlternative(l.words(phrase), l.words(alternative))
		}
	}
}

// addAlternative leaves out forms of the same words: the engine finds those by itself.
func (l *languagePlan) addAlternative(phrase, alternative []word) {
	if len(alternative) > 0 && stems(phrase) != stems(alternative) {
		l.synonyms.add(phrase, texts(alternative))
	}
}

func (l *languagePlan) addRule(rule rankedRule) {
	for _, query := range rule.Queries {
		words := l.words(query)
		if len(words) == 0 {
			continue
		}
		if rule.Match == models.QueryMatchPhrase {
			l.phrases.add(words, rule)
			continue
		}
		l.exact[texts(words)] = append(l.exact[texts(words)], rule)
	}
}

// findSynonyms returns what phrases of the query may be said otherwise. Where phrases overlap, the first one counts,
// and of those that begin with the same word the longest.
func (l *languagePlan) findSynonyms(query []word) []search.Synonym {
	var found []search.Synonym
	for i := 0; i < len(query) && len(found) < maxSynonyms; {
		synonym, length := l.longestSynonym(query[i:])
		if len(synonym.Alternatives) > 0 && !slices.ContainsFunc(found, func(f search.Synonym) bool { return f.Phrase == synonym.Phrase }) {
			found = append(found, synonym)
		}
		i += length
	}
	return found
}

// longestSynonym returns the synonym of the longest phrase that begins with the first word, and its length; the
// length is 1 when there is none.
func (l *languagePlan) longestSynonym(words []word) (synonym search.Synonym, length int) {
	for n := min(l.synonyms.longest, len(words)); n > 0; n-- {
		phrase := texts(words[:n])
		var alternatives []string
		for _, alternative := range l.synonyms.at(words, n) {
			if alternative != phrase && !slices.Contains(alternatives, alternative) && len(alternatives) < maxAlternatives {
				alternatives = append(alternatives, alternative)
			}
		}
		if len(alternatives) > 0 {
			return search.Synonym{Phrase: phrase, Alternatives: alternatives}, n
		}
	}
	return search.Synonym{}, 1
}

// findRules returns the rules for the query that hold now, the most important first.
func (l *languagePlan) findRules(query []word, now time.Time) []rankedRule {
	found := slices.Clone(l.exact[texts(query)])
	for i := range query {
		for n := min(l.phrases.longest, len(query)-i); n > 0; n-- {
			found = append(found, l.phrases.at(query[i:], n)...)
		}
	}
	found = slices.DeleteFunc(found, func(r rankedRule) bool { return !r.ActiveAt(now) })
	slices.SortFunc(found, func(a, b rankedRule) int { return a.rank - b.rank })
	return slices.CompactFunc(found, func(a, b rankedRule) bool { return a.QueryRule == b.QueryRule })
}

// appliesTo says whether the rule is for the query, whenever it holds.
func (l *languagePlan) appliesTo(rule *models.QueryRule, language models.LanguageCode, query []word) bool {
	if rule.Language != nil && *rule.Language != language {
		return false
	}
	alone := &languagePlan{reader: l.reader, exact: map[string][]rankedRule{}}
	always := *rule
	always.Enabled, always.ActiveFrom, always.ActiveUntil = true, nil, nil
	alone.addRule(rankedRule{QueryRule: &always})
	return len(alone.findRules(query, time.Time{})) > 0
}

// combine makes one rule out of several, the most important first: what one says about a product, the ones after it
// do not change.
func combine(rules []*models.QueryRule) *search.Rule {
	combined := &search.Rule{Boosts: map[uuid.UUID]float64{}}
	placed := map[uuid.UUID]bool{}
	for _, rule := range rules {
		for _, id := range rule.Pinned {
			if !placed[id] && len(combined.Pinned) < maxPinned {
				combined.Pinned = append(combined.Pinned, id)
				placed[id] = true
			}
		}
		for _, id := range rule.Hidden {
			if !placed[id] {
				combined.Hidden = append(combined.Hidden, id)
				placed[id] = true
			}
		}
		for id, factor := range rule.Boosts {
			if _, boosted := combined.Boosts[id]; !boosted {
				combined.Boosts[id] = factor
			}
		}
	}
	if len(placed) == 0 && len(combined.Boosts) == 0 {
		return nil
	}
	return combined
}
