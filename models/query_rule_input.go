package models

import (
	"fmt"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
)

const (
	// maxRuleProducts bounds each of a rule's lists of products.
	maxRuleProducts = 100
	// minBoost and maxBoost bound what a score is multiplied by.
	minBoost, maxBoost = 0.01, 100
	maxPriority        = 1_000_000
)

// QueryRuleInput is a change to a query rule: a field that is not set stays, a nil one is cleared.
type QueryRuleInput struct {
	Name             graphql.Omittable[*string]
	Match            graphql.Omittable[*QueryMatch]
	Queries          graphql.Omittable[[]string]
	Language         graphql.Omittable[*LanguageCode]
	Enabled          graphql.Omittable[*bool]
	ActiveFrom       graphql.Omittable[*time.Time]
	ActiveUntil      graphql.Omittable[*time.Time]
	Priority         graphql.Omittable[*int32]
	PinnedProductIDs graphql.Omittable[[]string]
	HiddenProductIDs graphql.Omittable[[]string]
	Boosts           graphql.Omittable[[]*ProductBoost]
}

// Apply changes the rule as the input says, or returns UserErrors; the rule is of no use then.
func (in *QueryRuleInput) Apply(rule *QueryRule, languages Languages) error {
	var problems UserErrors
	problems.notNull("input.name", in.Name.IsSet(), in.Name.Value() == nil)
	problems.notNull("input.match", in.Match.IsSet(), in.Match.Value() == nil)
	problems.notNull("input.enabled", in.Enabled.IsSet(), in.Enabled.Value() == nil)
	problems.notNull("input.priority", in.Priority.IsSet(), in.Priority.Value() == nil)
	if len(problems) > 0 {
		return problems
	}
	assign(&rule.Match, in.Match.Value())
	assign(&rule.Enabled, in.Enabled.Value())
	if in.ActiveFrom.IsSet() {
		rule.ActiveFrom = in.ActiveFrom.Value()
	}
	if in.ActiveUntil.IsSet() {
		rule.ActiveUntil = in.ActiveUntil.Value()
	}
	in.applyTexts(rule, languages, &problems)
	in.applyProducts(rule, &problems)
	problems.checkRule(rule)
	return problems.OrNil()
}

func assign[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}

func (in *QueryRuleInput) applyTexts(rule *QueryRule, languages Languages, problems *UserErrors) {
	if name := in.Name.Value(); name != nil {
		rule.Name = strings.TrimSpace(*name)
		problems.checkText("input.name", rule.Name, maxTitleLength)
	}
	if in.Queries.IsSet() {
		problems.checkPhrases("input.queries", in.Queries.Value())
		rule.Queries = TrimPhrases(in.Queries.Value())
	}
	if in.Language.IsSet() {
		rule.Language = in.Language.Value()
		if rule.Language != nil && !languages.Supports(*rule.Language) {
			problems.Addf(UserErrorUnknownLanguage, "input.language", "the shop does not speak %q; it speaks %v", *rule.Language, languages.Supported)
		}
	}
	if priority := in.Priority.Value(); priority != nil {
		rule.Priority = int(*priority)
		if rule.Priority > maxPriority || rule.Priority < -maxPriority {
			problems.Addf(UserErrorInvalid, "input.priority", "a priority is between %d and %d", -maxPriority, maxPriority)
		}
	}
}

func (in *QueryRuleInput) applyProducts(rule *QueryRule, problems *UserErrors) {
	if in.PinnedProductIDs.IsSet() {
		rule.Pinned = problems.checkProducts("input.pinnedProductIds", in.PinnedProductIDs.Value())
	}
	if in.HiddenProductIDs.IsSet() {
		rule.Hidden = problems.checkProducts("input.hiddenProductIds", in.HiddenProductIDs.Value())
	}
	if !in.Boosts.IsSet() {
		return
	}
	rule.Boosts = map[uuid.UUID]float64{}
	ids := make([]string, 0, len(in.Boosts.Value()))
	for i, boost := range in.Boosts.Value() {
		ids = append(ids, boost.ProductID)
		if !(boost.Factor >= minBoost && boost.Factor <= maxBoost) {
			problems.Addf(UserErrorInvalid, fmt.Sprintf("input.boosts.%d.factor", i), "a factor is between %v and %v", minBoost, maxBoost)
		}
	}
	for i, id := range problems.checkProducts("input.boosts", ids) {
		rule.Boosts[id] = in.Boosts.Value()[i].Factor
	}
}

// checkProducts reads ids of products, each of which may be there once.
func (e *UserErrors) checkProducts(field string, ids []string) []uuid.UUID {
	keys, seen := make([]uuid.UUID, len(ids)), map[uuid.UUID]bool{}
	if len(ids) > maxRuleProducts {
		e.Addf(UserErrorTooMany, field, "at most %d products", maxRuleProducts)
		return nil
	}
	for i, id := range ids {
		key, err := ParseUUID(KindProduct, id)
		if err != nil {
			e.Addf(UserErrorInvalid, fmt.Sprintf("%s.%d", field, i), "%s", err)
		} else if seen[key] {
			e.Addf(UserErrorInvalid, fmt.Sprintf("%s.%d", field, i), "the product is there twice")
		}
		keys[i], seen[key] = key, true
	}
	return keys
}

// checkRule adds what the fields of a rule say against each other.
func (e *UserErrors) checkRule(rule *QueryRule) {
	if rule.Name == "" {
		e.Addf(UserErrorRequired, "input.name", "a rule needs a name")
	}
	if len(rule.Queries) == 0 && len(*e) == 0 {
		e.Addf(UserErrorRequired, "input.queries", "a rule needs a query")
	}
	if rule.ActiveFrom != nil && rule.ActiveUntil != nil && !rule.ActiveFrom.Before(*rule.ActiveUntil) {
		e.Addf(UserErrorInvalid, "input.activeUntil", "the rule ends before it begins")
	}
	for _, id := range rule.Pinned {
		for _, hidden := range rule.Hidden {
			if id == hidden {
				e.Addf(UserErrorInvalid, "input.hiddenProductIds", "%s is pinned as well", GlobalID(KindProduct, id.String()))
			}
		}
	}
}
