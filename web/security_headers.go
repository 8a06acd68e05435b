package web

import (
	"maps"
	"net/http"
)

// SecurityHeaders tells browsers to be careful with everything this server answers. Handlers may say otherwise.
func SecurityHeaders(overTLS bool, next http.Handler) http.Handler {
	// All responses share the values, which cost as much to make as a small answer.
	fixed := http.Header{
		"X-Content-Type-Options": {"nosniff"},
		"X-Frame-Options":        {"SAMEORIGIN"},
		"Referrer-Policy":        {"strict-origin-when-cross-origin"},
		"Permissions-Policy":     {"camera=(), geolocation=(), microphone=()"},
	}
	if overTLS {
		fixed["Strict-Transport-Security"] = []string{"max-age=31536000"}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), fixed)
		next.ServeHTTP(w, r)
	})
}
