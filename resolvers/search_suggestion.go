package resolvers

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/suggest"
)

// suggestRequest reads the arguments of searchSuggestions. Nothing typed yet is no mistake.
func (r *Resolver) suggestRequest(request *graph.Request, query string, language *models.LanguageCode, first int32) (suggest.Request, error) {
	asked := suggest.Request{Text: strings.TrimSpace(query), First: int(first)}
	if length := utf8.RuneCountInString(query); length > maxQuery {
		return asked, models.BadInput(models.CodeQueryTooLong, "the search query has %d characters; at most %d are allowed", length, maxQuery)
	}
	if err := r.checkPage("first", first); err != nil {
		return asked, err
	}
	var err error
	asked.Chain, err = request.Chain(language)
	return asked, err
}

func (r *Resolver) searchSuggestions(ctx context.Context, request suggest.Request) (*models.SearchSuggestions, error) {
	result, err := r.Completer.Suggest(ctx, request)
	if errors.Is(err, search.ErrUnavailable) {
		return nil, errors.Join(&graph.Error{Code: graph.CodeSearchUnavailable, Message: "no search engine answers; try again in a moment"}, err)
	}
	if err != nil {
		return nil, err
	}
	suggestions := &models.SearchSuggestions{Engine: result.Engine, Degraded: result.Degraded, Language: request.Chain[0]}
	var products, categories []uuid.UUID
	for _, s := range result.Suggestions {
		switch s.Type {
		case models.SuggestProduct:
			products = append(products, s.ID)
		case models.SuggestCategory:
			categories = append(categories, s.ID)
		}
		suggestions.Nodes = append(suggestions.Nodes, &models.SearchSuggestion{
			Type: s.Type, Text: s.Text, Highlighted: s.Highlighted, ID: s.ID, Chain: request.Chain,
		})
	}
	graph.FromContext(ctx).Loaders.ExpectSuggested(products, categories, request.Chain)
	return suggestions, nil
}
