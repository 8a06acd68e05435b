package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"ecoseller/models"
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

	newLoaders func() *Loaders
}

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
