package models

import "github.com/google/uuid"

// SearchKey is what searches are counted by.
type SearchKey struct {
	Language LanguageCode
	// Query is the text folded, in single spaces.
	Query string
}

// SearchCount is what happened to a text since it was written down last.
type SearchCount struct {
	SearchKey
	// Text is the query as people see it: in lower case, with accents.
	Text           string
	Searches       int
	WithoutResults int
	// Results and Positions are sums: over the searches, and over the clicks.
	Results   int
	Clicks    int
	Positions int
	// Found says whether the last search found products as asked; it has no meaning without searches.
	Found bool
	// Clicked counts the clicks by products.
	Clicked map[uuid.UUID]int
}

// PopularQuery is what many customers search for.
type PopularQuery struct {
	Text     string
	Searches int
}

// SearchReport says how a text fared over some days.
type SearchReport struct {
	Language       LanguageCode
	Query          string
	Text           string
	Searches       int
	WithoutResults int
	Results        int
	Clicks         int
	Positions      int
	// ClickedProducts are those clicked most, the most clicked first.
	ClickedProducts []*ClickedProduct `bun:"-"`
}

// ClickedProduct is a product that customers have chosen among the hits for a text.
type ClickedProduct struct {
	ProductID uuid.UUID
	Product   *Product
	Clicks    int
}

// ClickThroughRate is the share of searches that were followed by a click.
func (r *SearchReport) ClickThroughRate() float64 {
	if r.Searches == 0 {
		return 0
	}
	// One search may be followed by several clicks.
	return min(1, float64(r.Clicks)/float64(r.Searches))
}

// AverageResults is how many products a search has found.
func (r *SearchReport) AverageResults() float64 {
	if r.Searches == 0 {
		return 0
	}
	return float64(r.Results) / float64(r.Searches)
}

// AverageClickPosition is where the clicked hits stood, the first being 1; nil without clicks.
func (r *SearchReport) AverageClickPosition() *float64 {
	if r.Clicks == 0 {
		return nil
	}
	average := float64(r.Positions) / float64(r.Clicks)
	return &average
}

// SearchFailure is why a search is of no use.
type SearchFailure string

// The failures.
const (
	SearchFailureNoResults SearchFailure = "NO_RESULTS"
	SearchFailureFewClicks SearchFailure = "FEW_CLICKS"
)

// SearchReportQuery says which texts a report has.
type SearchReportQuery struct {
	// Days is how many days it looks back, today among them.
	Days int
	// Language is that of the searches; nil for all.
	Language *LanguageCode
	// Failure is what the texts must have in common; empty for all texts.
	Failure SearchFailure
	Limit   int
}
