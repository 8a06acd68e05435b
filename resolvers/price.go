package resolvers

import (
	"context"
	"slices"
	"strings"

	"ecoseller/graph"
	"ecoseller/models"
)

// localeOr returns the given locale, or that of the operation: its language as it is spoken in its country.
func localeOr(ctx context.Context, given *string) string {
	if given != nil {
		return *given
	}
	request := graph.FromContext(ctx)
	return string(request.Language) + "-" + string(request.Country)
}

// currenciesOf returns the currencies of price lists, each once, by their codes.
func currenciesOf(lists []*models.PriceList, locale string) []*models.Currency {
	seen := map[string]bool{}
	currencies := []*models.Currency{}
	for _, list := range lists {
		if !seen[list.Currency] {
			currencies = append(currencies, models.NewCurrency(list.Currency, locale))
		}
		seen[list.Currency] = true
	}
	slices.SortFunc(currencies, func(a, b *models.Currency) int { return strings.Compare(a.Code, b.Code) })
	return currencies
}
