package models

import "github.com/google/uuid"

// SearchSuggestionType is what a suggestion leads to.
type SearchSuggestionType string

// The types of suggestions.
const (
	SuggestProduct  SearchSuggestionType = "PRODUCT"
	SuggestCategory SearchSuggestionType = "CATEGORY"
	SuggestBrand    SearchSuggestionType = "BRAND"
	SuggestQuery    SearchSuggestionType = "QUERY"
)

// SearchSuggestions are suggestions for what a customer has typed so far, the best first.
type SearchSuggestions struct {
	Nodes    []*SearchSuggestion
	Engine   SearchEngine
	Degraded bool
	Language LanguageCode
}

// SearchSuggestion is a text that the customer may mean.
type SearchSuggestion struct {
	Type        SearchSuggestionType
	Text        string
	Highlighted string
	// ID is the product's or the category's.
	ID    uuid.UUID
	Chain []LanguageCode
}
