package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"ecoseller/web"
)

func TestBrowsersAreToldToBeCareful(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Frame-Options", "DENY") })
	for _, overTLS := range []bool{true, false} {
		response := httptest.NewRecorder()
		web.SecurityHeaders(overTLS, page).ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/", nil))
		for name, want := range map[string]string{
			"X-Content-Type-Options":    "nosniff",
			"X-Frame-Options":           "DENY", // the page's own
			"Referrer-Policy":           "strict-origin-when-cross-origin",
			"Strict-Transport-Security": map[bool]string{true: "max-age=31536000"}[overTLS],
		} {
			if got := response.Header().Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}
