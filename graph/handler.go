package graph

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"ecoseller/cache"
	"ecoseller/models"
	"ecoseller/store"
)

// Both caches hold documents of at most Limits.QueryBytes.
const (
	cachedQueries   = 1000
	cachedPersisted = 1000
)

// Options say how the API is served.
type Options struct {
	Resolvers ResolverRoot
	Store     *store.Store
	Languages models.Languages
	// DefaultCountry is for operations that name none.
	DefaultCountry models.CountryCode
	// Introspection lets clients read the schema.
	Introspection bool
	// Timeout bounds each request.
	Timeout time.Duration
	Limits  Limits
	// ClientAddress tells the clients apart that bring no token.
	ClientAddress func(*http.Request) string
	// Origins are those of pages that may use the API; "*" stands for all.
	Origins []string
	// Documents are the only ones that are run; nil runs any.
	Documents *Documents
	// Cache keeps answers and products for callers without a token; nil keeps nothing.
	Cache *cache.Cache
	// CacheTime is how long caches may give what anybody may see to others; 0 is never.
	CacheTime time.Duration
	// MaxUpload is how many bytes a request with files may have; 0 takes no files.
	MaxUpload int64
	Logger    *slog.Logger
	// Metrics may be nil.
	Metrics *Metrics
	// Streams are for subscriptions; nil serves none.
	Streams *Streams
}

// NewHandler returns the HTTP handler of the API.
func NewHandler(o Options) http.Handler {
	rates := newRateLimiter(o.Limits)
	server := newServer(o, rates)
	limited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isUpload(r) {
			serveUpload(w, r, o, server)
			return
		}
		if o.Streams != nil && wantsStream(r) {
			serveStream(w, r, o, server)
			return
		}
		serveBounded(w, r, o, server)
	})
	guarded := refuseForeignForms(o.Origins, authenticate(o, rates.admit(o.ClientAddress, limited)))
	return shareWithPages(o.Origins, secure(withAnswer(o, guarded)))
}

// newServer returns gqlgen's part of the handler.
func newServer(o Options, rates *rateLimiter) *handler.Server {
	schema := NewExecutableSchema(Config{Resolvers: o.Resolvers})
	server := handler.New(schema)
	if o.Streams != nil {
		server.AddTransport(webSockets{options: o, streams: o.Streams, rates: rates})
		server.AddTransport(eventStream{options: o, streams: o.Streams})
	}
	server.AddTransport(transport.Options{})
	server.AddTransport(transport.GET{})
	server.AddTransport(transport.POST{})
	if o.MaxUpload > 0 {
		// Files wait on the disk, however small they are.
		server.AddTransport(transport.MultipartForm{MaxUploadSize: o.MaxUpload, MaxMemory: 1})
	}
	known := lru.New[*ast.QueryDocument](cachedQueries)
	server.SetQueryCache(known)
	server.SetParserTokenLimit(o.Limits.Tokens)
	if !o.Introspection {
		server.SetDisableSuggestion(true)
		server.SetValidationRulesFn(quietRules)
	}
	server.SetErrorPresenter(presentError(o.Logger))
	server.SetRecoverFunc(recoverPanic(o.Logger))
	server.Use(observer{metrics: o.Metrics}) // before all others, so that it sees what they refuse
	if o.Documents != nil {
		server.Use(o.Documents)
	} else {
		server.Use(extension.AutomaticPersistedQuery{Cache: lru.New[string](cachedPersisted)})
	}
	server.Use(documentGuard{limits: o.Limits, known: known})
	server.Use(streamGuard{})
	server.Use(selectionGuard{limits: o.Limits, prices: newPriceList(schema.Schema()), introspection: o.Introspection, rates: rates})
	if o.Introspection {
		server.Use(extension.Introspection{})
	}
	server.AroundOperations(prepare(o))
	server.AroundResponses(noteOutcome)
	return server
}

// secure sets headers for browsers that open the API as if it were a page, and keys for caches.
func secure(next http.Handler) http.Handler {
	policy, nosniff := []string{"default-src 'none'; frame-ancestors 'none'"}, []string{"nosniff"} // shared by all responses
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header["Content-Security-Policy"], header["X-Content-Type-Options"] = policy, nosniff
		header.Add("Vary", "Authorization, Accept-Language")
		next.ServeHTTP(w, r)
	})
}

// prepare makes the Request of an operation from its headers and its @inContext.
func prepare(o Options) graphql.OperationMiddleware {
	selected := newKnownSelections()
	return func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		operation := graphql.GetOperationContext(ctx)
		request := &Request{
			Languages: o.Languages,
			Language:  o.Languages.Match(operation.Headers.Get("Accept-Language")),
			Country:   o.DefaultCountry,
			Token:     tokenOf(ctx),
			Catalogue: o.Store,
		}
		if request.Token == nil && o.Cache != nil {
			request.Catalogue = o.Cache
		}
		ctx = withSelections(ctx, selected.of(operation.Doc))
		request.newLoaders = func() *Loaders { return NewLoaders(o.Store, request.Catalogue, o.Languages) }
		request.RenewLoaders()
		if err := inContext(operation, request); err != nil {
			return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{presentError(o.Logger)(ctx, err)}})
		}
		answer := withNewLoaders(operation, request, next(WithRequest(ctx, request)))
		return func(ctx context.Context) *graphql.Response {
			response := answer(ctx)
			noteDependence(operation, request, response, answerOf(ctx))
			return response
		}
	}
}

// withNewLoaders has each event of a subscription read anew.
func withNewLoaders(operation *graphql.OperationContext, request *Request, answers graphql.ResponseHandler) graphql.ResponseHandler {
	if operation.Operation.Operation != ast.Subscription {
		return answers
	}
	return func(ctx context.Context) *graphql.Response {
		request.RenewLoaders()
		return answers(ctx)
	}
}

type tokenKey struct{}

// tokenOf is nil for an anonymous caller.
func tokenOf(ctx context.Context) *models.AccessToken {
	token, _ := ctx.Value(tokenKey{}).(*models.AccessToken)
	return token
}

// authenticate looks up the bearer token. A token that is not valid is refused, because a caller who sends
// one does not want to be anonymous.
func authenticate(o Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Get("Authorization")
		if header == "" {
			next.ServeHTTP(w, r)
			return
		}
		token, refused := findToken(r.Context(), o, header)
		if refused != nil {
			refuse(w, refused.status, refused.code, refused.message)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tokenKey{}, token)))
	})
}

// tokenRefusal says why a caller is not let in.
type tokenRefusal struct {
	status  int
	code    ErrorCode
	message string
}

// findToken looks up the token of an Authorization header.
func findToken(ctx context.Context, o Options, header string) (*models.AccessToken, *tokenRefusal) {
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, &tokenRefusal{http.StatusUnauthorized, CodeUnauthenticated, "the Authorization header has the form: Bearer <token>"}
	}
	token, err := o.Store.AccessTokenBySecret(ctx, strings.TrimSpace(secret))
	if errors.Is(err, store.ErrNotFound) {
		return nil, &tokenRefusal{http.StatusUnauthorized, CodeUnauthenticated, "the access token is not valid"}
	}
	if err != nil {
		o.Logger.ErrorContext(ctx, "look up access token", "error", err)
		return nil, &tokenRefusal{http.StatusServiceUnavailable, CodeInternal, "the access token cannot be checked now"}
	}
	return token, nil
}

// refuse answers in the form of a GraphQL response without data.
func refuse(w http.ResponseWriter, status int, code ErrorCode, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"errors": []any{map[string]any{"message": message, "extensions": map[string]any{"code": code}}},
	})
}
