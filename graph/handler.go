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

	"ecoseller/models"
	"ecoseller/store"
)

// The limits of a request.
const (
	maxBody   = 2 << 20
	maxTokens = 1500
	maxFields = 1000
	maxDepth  = 20
	// Both caches hold documents of at most maxTokens tokens.
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
	// MaxUpload is how many bytes a request with files may have; 0 takes no files.
	MaxUpload int64
	Logger    *slog.Logger
	// Metrics may be nil.
	Metrics *Metrics
}

// NewHandler returns the HTTP handler of the API. There are no cookies: a browser never adds rights to a
// request on its own, so requests from any site are served.
func NewHandler(o Options) http.Handler {
	server := handler.New(NewExecutableSchema(Config{Resolvers: o.Resolvers}))
	server.AddTransport(transport.Options{})
	server.AddTransport(transport.GET{})
	server.AddTransport(transport.POST{})
	if o.MaxUpload > 0 {
		// Files wait on the disk, however small they are.
		server.AddTransport(transport.MultipartForm{MaxUploadSize: o.MaxUpload, MaxMemory: 1})
	}
	server.SetQueryCache(lru.New[*ast.QueryDocument](cachedQueries))
	server.SetParserTokenLimit(maxTokens)
	server.SetDisableSuggestion(!o.Introspection)
	server.SetErrorPresenter(presentError(o.Logger))
	server.SetRecoverFunc(recoverPanic(o.Logger))
	server.Use(observer{metrics: o.Metrics}) // before all others, so that it sees what they refuse
	server.Use(selectionGuard{maxFields: maxFields, maxDepth: maxDepth})
	server.Use(extension.AutomaticPersistedQuery{Cache: lru.New[string](cachedPersisted)})
	if o.Introspection {
		server.Use(extension.Introspection{})
	}
	server.AroundOperations(prepare(o))

	limited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isUpload(r) {
			serveUpload(w, r, o.MaxUpload, server)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), o.Timeout)
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		server.ServeHTTP(w, r.WithContext(ctx))
	})
	return allowAnyOrigin(authenticate(o, limited))
}

// prepare makes the Request of an operation from its headers and its @inContext.
func prepare(o Options) graphql.OperationMiddleware {
	return func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		operation := graphql.GetOperationContext(ctx)
		token, _ := ctx.Value(tokenKey{}).(*models.AccessToken)
		request := &Request{
			Languages:  o.Languages,
			Language:   o.Languages.Match(operation.Headers.Get("Accept-Language")),
			Country:    o.DefaultCountry,
			Token:      token,
			newLoaders: func() *Loaders { return NewLoaders(o.Store, o.Languages) },
		}
		request.RenewLoaders()
		if err := inContext(operation, request); err != nil {
			return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{presentError(o.Logger)(ctx, err)}})
		}
		return next(WithRequest(ctx, request))
	}
}

type tokenKey struct{}

// authenticate looks up the bearer token. A token that is not valid is refused, because a caller who sends
// one does not want to be anonymous.
func authenticate(o Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Get("Authorization")
		if header == "" {
			next.ServeHTTP(w, r)
			return
		}
		scheme, secret, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			refuse(w, http.StatusUnauthorized, CodeUnauthenticated, "the Authorization header has the form: Bearer <token>")
			return
		}
		token, err := o.Store.AccessTokenBySecret(r.Context(), strings.TrimSpace(secret))
		if errors.Is(err, store.ErrNotFound) {
			refuse(w, http.StatusUnauthorized, CodeUnauthenticated, "the access token is not valid")
			return
		}
		if err != nil {
			o.Logger.ErrorContext(r.Context(), "look up access token", "error", err)
			refuse(w, http.StatusServiceUnavailable, CodeInternal, "the access token cannot be checked now")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tokenKey{}, token)))
	})
}

// refuse answers in the form of a GraphQL response without data.
func refuse(w http.ResponseWriter, status int, code ErrorCode, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"errors": []any{map[string]any{"message": message, "extensions": map[string]any{"code": code}}},
	})
}

func allowAnyOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Vary", "Authorization, Accept-Language")
		if r.Method == http.MethodOptions {
			header.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
			header.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, Accept-Language")
			header.Set("Access-Control-Max-Age", "86400")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}
