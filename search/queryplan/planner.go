// Package queryplan decides what is looked for besides what was typed: synonyms, and the rules of merchandisers. It
// keeps both in memory, so that a search costs no statement, and looks twice a second whether they have changed.
package queryplan

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ecoseller/models"
	"ecoseller/search"
)

// checkEvery is how often the version is looked at; a change holds everywhere within a second.
const checkEvery = 500 * time.Millisecond

// Source is where synonyms and rules are stored.
type Source interface {
	// QueryPlanVersion grows with every change.
	QueryPlanVersion(ctx context.Context) (int64, error)
	// QueryPlanData returns everything as it is at one version.
	QueryPlanData(ctx context.Context) (*models.QueryPlanData, error)
}

// Planner fills the synonyms and the rule of search requests.
type Planner struct {
	source    Source
	languages []models.LanguageCode
	now       func() time.Time

	plan atomic.Pointer[plan]
	// refreshing keeps an older plan from taking the place of a newer one.
	refreshing sync.Mutex
}

// New returns a planner for the languages of a shop. It knows nothing before its first Refresh.
func New(source Source, languages []models.LanguageCode) *Planner {
	p := &Planner{source: source, languages: languages, now: time.Now}
	p.plan.Store(newPlan(&models.QueryPlanData{Version: -1}, languages))
	return p
}

// Refresh reads synonyms and rules anew if they have changed.
func (p *Planner) Refresh(ctx context.Context) error {
	p.refreshing.Lock()
	defer p.refreshing.Unlock()
	version, err := p.source.QueryPlanVersion(ctx)
	if err != nil {
		return fmt.Errorf("look for changes of synonyms and rules: %w", err)
	}
	if version == p.plan.Load().version {
		return nil
	}
	data, err := p.source.QueryPlanData(ctx)
	if err != nil {
		return fmt.Errorf("read synonyms and rules: %w", err)
	}
	p.plan.Store(newPlan(data, p.languages))
	return nil
}

// Keep refreshes until the context ends. While the source is away, what was read last holds.
func (p *Planner) Keep(ctx context.Context, logger *slog.Logger) {
	search.KeepFresh(ctx, "synonyms and query rules", checkEvery, p.Refresh, logger)
}

// Plan returns the request with the synonyms and the rule for its text.
func (p *Planner) Plan(r search.Request) search.Request {
	planned, _ := p.PlanWith(r, nil)
	return planned
}

// PlanWith plans as if the draft were stored and held now, in the place of the rule with its id. It also says whether
// the draft is for the text at all.
func (p *Planner) PlanWith(r search.Request, draft *models.QueryRule) (planned search.Request, applies bool) {
	language := r.Chain[0]
	l := p.plan.Load().byLanguage[language]
	if l == nil {
		return r, false
	}
	query := l.words(r.Text)
	if len(query) == 0 {
		return r, false
	}
	r.Synonyms = l.findSynonyms(query)
	var rules []*models.QueryRule
	for _, rule := range l.findRules(query, p.now()) {
		if draft == nil || rule.ID != draft.ID {
			rules = append(rules, rule.QueryRule)
		}
	}
	if draft != nil && l.appliesTo(draft, language, query) {
		applies = true
		rules = append([]*models.QueryRule{draft}, rules...)
		slices.SortStableFunc(rules, func(a, b *models.QueryRule) int { return cmp.Compare(b.Priority, a.Priority) })
	}
	r.Rule = combine(rules)
	return r, applies
}

// Next is who answers a planned request.
type Next interface {
	Search(ctx context.Context, r search.Request) (*search.Result, error)
}

// Searcher plans requests before they are answered.
type Searcher struct {
	Planner *Planner
	Next    Next
}

// Search answers the planned request.
func (s *Searcher) Search(ctx context.Context, r search.Request) (*search.Result, error) {
	return s.Next.Search(ctx, s.Planner.Plan(r)) //nolint:wrapcheck // the engine's errors say what was being done
}

// Preview answers a request as if the draft of a rule held now, and says whether it is for the text at all.
func (s *Searcher) Preview(ctx context.Context, r search.Request, draft *models.QueryRule) (result *search.Result, applies bool, err error) {
	planned, applies := s.Planner.PlanWith(r, draft)
	result, err = s.Next.Search(ctx, planned)
	return result, applies, err //nolint:wrapcheck // the engine's errors say what was being done
}
