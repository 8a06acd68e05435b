package search

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/models"
)

// SuggestRequest is what a customer has typed so far.
type SuggestRequest struct {
	// Text has at least one letter or digit.
	Text string
	// Chain lists the languages to look in, the customer's first.
	Chain []models.LanguageCode
	// First is how many products are wanted.
	First int
}

// SuggestedProduct is a product whose title may be what the customer is typing.
type SuggestedProduct struct {
	ProductID uuid.UUID
	// Title is the title in the first language of the chain that the product speaks.
	Title string
}

// SuggestedProducts are candidates: more than were asked for, in no particular order. The order is made in one
// place for both engines, search/suggest.
type SuggestedProducts struct {
	Products []SuggestedProduct
	// Engine is who answered; Degraded says that it stood in for another.
	Engine   EngineName
	Degraded bool
}

// Suggester completes product titles. A title is a candidate when each word of the text is the beginning of one
// of its words; when few titles are, also when it nearly is. An error that wraps ErrUnavailable means that
// another engine should be asked.
type Suggester interface {
	Name() EngineName
	Suggest(ctx context.Context, r SuggestRequest) (*SuggestedProducts, error)
}
