package search

import (
	"context"
	"fmt"
	"strings"

	"ecoseller/models"
)

// enough is how many products with all words of a text make it needless to look for those with some of them.
const enough = 24

// Searcher answers one request as it is: an engine, or two with Failover.
type Searcher interface {
	Search(ctx context.Context, r Request) (*Result, error)
}

// Corrector knows the words of the catalogue.
type Corrector interface {
	// Correct mends the words of a text that no product has, and says whether it could mend any.
	Correct(ctx context.Context, text string, chain []models.LanguageCode) (corrected string, changed bool, err error)
}

// Finder asks as strictly as there are products for: first for those with all words of the text; when there are
// none, with typing errors mended; when there are few, for those with any of the words.
type Finder struct {
	searcher  Searcher
	corrector Corrector
}

// NewFinder returns a Finder that asks the searcher.
func NewFinder(s Searcher, c Corrector) *Finder { return &Finder{searcher: s, corrector: c} }

// Search returns a page of what is found in one to three passes. The pages after the first take one pass, that
// which the first has ended with.
func (f *Finder) Search(ctx context.Context, r Request) (*Result, error) {
	if r.After != nil {
		return f.next(ctx, r)
	}
	r.Match = MatchAll
	strict, err := f.searcher.Search(ctx, r)
	if err != nil {
		return nil, err
	}
	if strict.Total >= enough {
		return mark(strict, MatchAll, ""), nil
	}
	corrected := ""
	if strict.Total == 0 {
		if corrected, strict, err = f.corrected(ctx, r, strict); err != nil {
			return nil, err
		}
	}
	if corrected != "" {
		r.Text = corrected
	}
	result := strict
	if strict.Total < enough && strings.ContainsAny(r.Text, " \t\n") {
		r.Match = MatchAny
		if result, err = f.searcher.Search(ctx, r); err != nil {
			return nil, err
		}
		result.Relaxed = strict.Total == 0 && result.Total > 0
	}
	if result.Total == 0 {
		corrected = "" // words of another language mend nothing
	}
	return mark(result, r.Match, corrected), nil
}

// corrected searches for the text without its typing errors. Without any it returns what was found before.
func (f *Finder) corrected(ctx context.Context, r Request, found *Result) (string, *Result, error) {
	text, changed, err := f.corrector.Correct(ctx, r.Text, r.Chain)
	if err != nil {
		return "", nil, fmt.Errorf("correct query: %w", err)
	}
	if !changed {
		return "", found, nil
	}
	r.Text = text
	found, err = f.searcher.Search(ctx, r)
	return text, found, err
}

func (f *Finder) next(ctx context.Context, r Request) (*Result, error) {
	r.Match = r.After.Match
	if r.After.Corrected != "" {
		r.Text = r.After.Corrected
	}
	result, err := f.searcher.Search(ctx, r)
	if err != nil {
		return nil, err
	}
	return mark(result, r.Match, r.After.Corrected), nil
}

func mark(result *Result, match Match, corrected string) *Result {
	result.Corrected = corrected
	for i := range result.Hits {
		result.Hits[i].Match, result.Hits[i].Corrected = match, corrected
	}
	return result
}
