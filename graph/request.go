package graph

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/store"
)

// Request is what an operation is answered for: languages, country, caller, and the loaders that join the
// reads of its fields.
type Request struct {
	Languages models.Languages
	// Language is the operation's, where a field has no argument of its own.
	Language models.LanguageCode
	// Country decides on price list and VAT.
	Country models.CountryCode
	// Token is the caller's; nil for an anonymous one.
	Token   *models.AccessToken
	Loaders *Loaders
	// Catalogue is where products are read: those that may be shared with other requests for a caller without a token.
	// What it returns must not be changed.
	Catalogue Catalogue

	newLoaders func() *Loaders
	// product is what the answer depends on, if it does on one alone.
	product atomic.Pointer[uuid.UUID]
}

// Catalogue reads products, from the database or from copies of what it says.
type Catalogue interface {
	ProductsWithParts(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode, parts store.ProductParts) ([]*store.ProductWithParts, error)
	// WithBelow looks up the categories of a query.
	WithBelow(ctx context.Context, q models.ProductQuery) (models.ProductQuery, error)
	MarketsByCountries(ctx context.Context, countries []models.CountryCode) (map[models.CountryCode]*models.Market, error)
}

// DependsOn says that an answer whose only field is a product is made of this one.
func (r *Request) DependsOn(product uuid.UUID) { r.product.Store(&product) }

// RenewLoaders forgets what the operation has read: a mutation calls it after a change, since the fields of
// its payload show what is there now.
func (r *Request) RenewLoaders() { r.Loaders = r.newLoaders() }

type requestKey struct{}

// FromContext returns the request that a resolver works for.
func FromContext(ctx context.Context) *Request {
	request, ok := ctx.Value(requestKey{}).(*Request)
	if !ok {
		panic("graph: a resolver runs outside of a request")
	}
	return request
}

// WithRequest returns a context for resolvers.
func WithRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// Chain returns the languages in which texts are looked for. The argument is a field's own language; nil
// means the operation's.
func (r *Request) Chain(language *models.LanguageCode) ([]models.LanguageCode, error) {
	if language == nil {
		return r.Languages.Chain(r.Language), nil
	}
	if !r.Languages.Supports(*language) {
		return nil, unknownLanguage(*language, r.Languages)
	}
	return r.Languages.Chain(*language), nil
}

// Require returns an error unless the caller has the permission.
func (r *Request) Require(p models.Permission) error {
	switch {
	case r.Token == nil:
		return &Error{Code: CodeUnauthenticated, Message: fmt.Sprintf("needs an access token with the permission %s", p)}
	case !r.Token.Can(p):
		return &Error{Code: CodeForbidden, Message: fmt.Sprintf("the access token lacks the permission %s", p)}
	}
	return nil
}

func unknownLanguage(code models.LanguageCode, languages models.Languages) error {
	return models.BadInput(models.CodeUnknownLanguage, "the shop does not speak %q; it speaks %v", code, languages.Supported)
}

// inContext reads the operation's @inContext into the request.
func inContext(operation *graphql.OperationContext, r *Request) error {
	directive := operation.Operation.Directives.ForName("inContext")
	if directive == nil {
		return nil
	}
	arguments := directive.ArgumentMap(operation.Variables)
	if value := arguments["language"]; value != nil {
		if err := r.Language.UnmarshalGQL(value); err != nil {
			return err
		}
		if !r.Languages.Supports(r.Language) {
			return unknownLanguage(r.Language, r.Languages)
		}
	}
	if value := arguments["country"]; value != nil {
		return r.Country.UnmarshalGQL(value)
	}
	return nil
}
