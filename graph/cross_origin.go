package graph

import (
	"fmt"
	"mime"
	"net/http"
	"slices"

	"github.com/rs/cors"
)

// anyOrigin stands for pages from everywhere.
const anyOrigin = "*"

// shareWithPages lets pages of the allowed origins read answers.
func shareWithPages(origins []string, next http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{
			"Accept", "Accept-Language", "Apollo-Require-Preflight", "Apollographql-Client-Name", "Apollographql-Client-Version",
			"Authorization", "Content-Type", "If-None-Match", "Traceparent", "Tracestate",
		},
		ExposedHeaders: []string{"ETag", "RateLimit", "RateLimit-Policy", "Retry-After"},
		MaxAge:         86400,
	}).Handler(next)
}

// refuseForeignForms refuses what a browser sends for a page of another origin without having asked us before: forms,
// and whatever brings cookies. A request with a token is asked for by the browser before, since the header is none that
// pages may send unasked; then the allowed origins decide.
func refuseForeignForms(origins []string, next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if origin == anyOrigin {
			continue
		}
		if err := protection.AddTrustedOrigin(origin); err != nil {
			panic(fmt.Errorf("origin %q: %w", origin, err)) // the configuration has been checked
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if comesUnasked(r) && protection.Check(r) != nil {
			refuse(w, http.StatusForbidden, CodeCrossOrigin, "a form, or a request with cookies, must come from a page of this server or of an allowed origin")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// formTypes are what pages may send anywhere.
var formTypes = []string{"multipart/form-data", "application/x-www-form-urlencoded", "text/plain"}

func comesUnasked(r *http.Request) bool {
	if r.Header.Get("Authorization") != "" {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Header.Get("Cookie") != "" || err != nil || slices.Contains(formTypes, mediaType)
}
