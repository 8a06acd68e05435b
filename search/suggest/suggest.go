// Package suggest completes what a customer is typing: titles of products, which an engine finds, names of
// categories and brands, and what others have searched for. Matching, order and highlighting are the same for
// all of them and for both engines.
package suggest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/store"
)

// Request is what a customer has typed so far.
type Request struct {
	Text string
	// Chain lists the languages of the suggestions, the customer's first.
	Chain []models.LanguageCode
	// First is how many suggestions are wanted.
	First int
}

// Suggestion is a text that the customer may mean.
type Suggestion struct {
	Type models.SearchSuggestionType
	// Text is the whole name, Highlighted the same as HTML.
	Text        string
	Highlighted string
	// ID is the product's or the category's; nil of brands and queries.
	ID uuid.UUID
}

// Result is suggestions, the best first.
type Result struct {
	Suggestions []Suggestion
	Engine      search.EngineName
	Degraded    bool
}

// Completer makes suggestions.
type Completer struct {
	engine search.Suggester
	store  *store.Store
	names  *Names
}

// New returns a completer over an engine, or over one with another behind it.
func New(engine search.Suggester, s *store.Store, names *Names) *Completer {
	return &Completer{engine: engine, store: s, names: names}
}

// otherShare is the part of a list, one in so many, that categories, brands and queries may have each before
// products are left out for them.
const otherShare = 5

// fewNames is how many exact matches of a kind make looking for typing errors superfluous.
const fewNames = 1

// Suggest returns the suggestions for a text. Without a letter in it these are popular queries.
func (c *Completer) Suggest(ctx context.Context, r Request) (*Result, error) {
	p := newPattern(r.Text)
	result := &Result{Engine: c.engine.Name()}
	var products, queries []candidate
	var productsErr, queriesErr error
	var asking sync.WaitGroup
	asking.Go(func() { queries, queriesErr = c.queries(ctx, p, r) })
	if len(p.words) > 0 {
		products, productsErr = c.products(ctx, p, r, result)
	}
	asking.Wait()
	if err := cmp.Or(productsErr, queriesErr); err != nil {
		return nil, err
	}
	names, err := c.names.current(ctx)
	if err != nil {
		return nil, err
	}
	categories := names.matchingCategories(p, r.Chain)
	brands := names.matchingBrands(p)
	queries = withoutTexts(queries, categories, brands)
	result.Suggestions = merge(r.First, products, queries, categories, brands)
	return result, nil
}

// candidate is a suggestion with what its place depends on.
type candidate struct {
	Suggestion
	quality quality
	places  []place
	// kind is the order of types among equals.
	kind    int
	inStock bool
	weight  int
}

// compare puts the better one first: by how well it matches, and among equals by what is in stock, more popular
// and shorter.
func (c candidate) compare(other candidate) int {
	return cmp.Or(
		c.quality.compare(other.quality),
		cmp.Compare(c.kind, other.kind),
		compareBool(c.inStock, other.inStock),
		cmp.Compare(other.weight, c.weight),
		cmp.Compare(utf8.RuneCountInString(c.Text), utf8.RuneCountInString(other.Text)),
		cmp.Compare(c.Text, other.Text),
		slices.Compare(c.ID[:], other.ID[:]),
	)
}

// The order of types among equals: the short ways to many products before single ones.
const (
	queryKind = iota
	categoryKind
	brandKind
	productKind
)

func (c *Completer) products(ctx context.Context, p pattern, r Request, result *Result) ([]candidate, error) {
	found, err := c.engine.Suggest(ctx, search.SuggestRequest{Text: r.Text, Chain: r.Chain, First: r.First})
	if err != nil {
		return nil, err
	}
	result.Engine, result.Degraded = found.Engine, found.Degraded
	if len(found.Products) == 0 {
		return nil, nil
	}
	ids := make([]uuid.UUID, len(found.Products))
	for i, product := range found.Products {
		ids[i] = product.ProductID
	}
	// The index may be behind: what is hidden now is not suggested.
	inStock, err := c.store.PublishedInStock(ctx, ids)
	if err != nil {
		return nil, err
	}
	var candidates []candidate
	for _, product := range found.Products {
		stocked, published := inStock[product.ProductID]
		q, places, ok := p.match(foldedWords(product.Title), true)
		if !published || !ok {
			continue
		}
		candidates = append(candidates, candidate{
			Suggestion: Suggestion{Type: models.SuggestProduct, Text: product.Title, ID: product.ProductID},
			quality:    q, places: places, kind: productKind, inStock: stocked,
		})
	}
	return candidates, nil
}

func (c *Completer) queries(ctx context.Context, p pattern, r Request) ([]candidate, error) {
	popular, err := c.store.PopularQueries(ctx, r.Chain[0], p.beginning(r.Text), r.First)
	if err != nil {
		return nil, fmt.Errorf("popular queries: %w", err)
	}
	var candidates []candidate
	for _, query := range popular {
		q, places, ok := p.match(foldedWords(query.Text), false)
		if !ok {
			continue
		}
		candidates = append(candidates, candidate{
			Suggestion: Suggestion{Type: models.SuggestQuery, Text: query.Text},
			quality:    q, places: places, kind: queryKind, inStock: true, weight: query.Searches,
		})
	}
	return candidates, nil
}

func (s *snapshot) matchingCategories(p pattern, chain []models.LanguageCode) []candidate {
	return exactOrFuzzy(p, func(fuzzy bool) (found []candidate) {
		for _, c := range s.categories {
			title, ok := c.title(chain)
			if !ok {
				continue
			}
			if m, ok := title.match(p, fuzzy); ok {
				m.Type, m.kind, m.ID = models.SuggestCategory, categoryKind, c.id
				found = append(found, m)
			}
		}
		return found
	})
}

func (s *snapshot) matchingBrands(p pattern) []candidate {
	return exactOrFuzzy(p, func(fuzzy bool) (found []candidate) {
		for _, brand := range s.brands {
			if m, ok := brand.match(p, fuzzy); ok {
				m.Type, m.kind = models.SuggestBrand, brandKind
				found = append(found, m)
			}
		}
		return found
	})
}

func exactOrFuzzy(p pattern, find func(fuzzy bool) []candidate) []candidate {
	if len(p.words) == 0 {
		return nil
	}
	found := find(false)
	if len(found) < fewNames && p.mayHoldTypos() {
		found = find(true)
	}
	return found
}

func (l label) match(p pattern, fuzzy bool) (candidate, bool) {
	q, places, ok := p.match(l.words, fuzzy)
	return candidate{Suggestion: Suggestion{Text: l.text}, quality: q, places: places, inStock: true, weight: l.weight}, ok
}

// withoutTexts leaves out queries that name a category or brand, which is suggested itself.
func withoutTexts(queries []candidate, others ...[]candidate) []candidate {
	taken := map[string]bool{}
	for _, list := range others {
		for _, c := range list {
			taken[newPattern(c.Text).folded] = true
		}
	}
	return slices.DeleteFunc(queries, func(c candidate) bool { return taken[newPattern(c.Text).folded] })
}

// merge makes one list, the best first, in which no type crowds out the others.
func merge(first int, products []candidate, others ...[]candidate) []Suggestion {
	share := (first + otherShare - 1) / otherShare
	var merged, rest []candidate
	for _, list := range others {
		slices.SortFunc(list, candidate.compare)
		merged = append(merged, list[:min(len(list), share)]...)
		rest = append(rest, list[min(len(list), share):]...)
	}
	slices.SortFunc(products, candidate.compare)
	merged = append(merged, products[:min(len(products), max(first-len(merged), share))]...)
	if missing := first - len(merged); missing > 0 {
		slices.SortFunc(rest, candidate.compare)
		merged = append(merged, rest[:min(len(rest), missing)]...)
	}
	slices.SortFunc(merged, candidate.compare)
	suggestions := make([]Suggestion, min(len(merged), first))
	for i := range suggestions {
		suggestions[i] = merged[i].Suggestion
		suggestions[i].Highlighted = highlight(merged[i].Text, merged[i].places)
	}
	return suggestions
}
