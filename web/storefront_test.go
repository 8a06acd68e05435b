package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ecoseller/web"
)

func TestStorefront(t *testing.T) {
	t.Parallel()
	storefront, err := web.Storefront(web.StorefrontOptions{
		Endpoint: "/graphql", ShopName: `Tea & "Tents"`, Languages: []string{"cs", "en"}, DefaultCountry: "SK",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path        string
		status      int
		contentType string
		has         string
	}{
		{"/demo", http.StatusMovedPermanently, "text/html; charset=utf-8", "/demo/"},
		{"/demo/", http.StatusOK, "text/html; charset=utf-8", `data-languages="cs,en" data-country="SK"`},
		{"/demo/cs/product/stan", http.StatusOK, "text/html; charset=utf-8", `<title>Tea &amp; &#34;Tents&#34;</title>`},
		{"/demo/assets/main.js", http.StatusOK, "text/javascript; charset=utf-8", "new Storefront("},
		{"/demo/assets/storefront.css", http.StatusOK, "text/css; charset=utf-8", "prefers-color-scheme: dark"},
		{"/demo/assets/index.html", http.StatusNotFound, "text/plain; charset=utf-8", ""},
		{"/demo/assets/none.js", http.StatusNotFound, "text/plain; charset=utf-8", ""},
	} {
		response := get(storefront, test.path, "")
		if response.Code != test.status || response.Header().Get("Content-Type") != test.contentType {
			t.Errorf("%s: status %d, %s", test.path, response.Code, response.Header().Get("Content-Type"))
		}
		if !strings.Contains(response.Body.String(), test.has) {
			t.Errorf("%s: no %q in %.900s", test.path, test.has, response.Body)
		}
	}
	page := get(storefront, "/demo/", "")
	if policy := page.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self';") {
		t.Errorf("the page may run scripts from anywhere: %q", policy)
	}
	tag := page.Header().Get("ETag")
	if again := get(storefront, "/demo/en/", tag); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("an unchanged page: status %d, %d bytes", again.Code, again.Body.Len())
	}
	if changed := get(storefront, "/demo/assets/main.js", tag); changed.Code != http.StatusOK {
		t.Errorf("a changed file: status %d", changed.Code)
	}
}

func get(handler http.Handler, path, tag string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	if tag != "" {
		request.Header.Set("If-None-Match", tag)
	}
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	return response
}

var (
	wordsOfLanguage = regexp.MustCompile(`(?ms)^  (\w\w): \{$(.*?)^  \},$`)
	wordName        = regexp.MustCompile(`(?:^|[ {,])(\w+): (?:'|\{)`)
	wordSaid        = regexp.MustCompile(`(?:\bsay|#say)\('(\w+)'`)
	quoted          = regexp.MustCompile(`'[^'\n]*'`)
)

// TestStorefrontWords compares the languages of the page's own words, and what the page says with what there is.
func TestStorefrontWords(t *testing.T) {
	t.Parallel()
	names := map[string][]string{}
	for _, m := range wordsOfLanguage.FindAllStringSubmatch(readFile(t, "storefront/words.js"), -1) {
		texts := quoted.ReplaceAllString(m[2], "''")
		for _, word := range wordName.FindAllStringSubmatch(texts, -1) {
			if !slices.Contains([]string{"one", "few", "other"}, word[1]) {
				names[m[1]] = append(names[m[1]], word[1])
			}
		}
	}
	if len(names) != 3 || len(names["en"]) < 50 {
		t.Fatalf("found words of %d languages, %d English ones", len(names), len(names["en"]))
	}
	for language, words := range names {
		if !slices.Equal(words, names["en"]) {
			t.Errorf("%s and en have different words:\n%v\n%v", language, words, names["en"])
		}
	}
	scripts, err := filepath.Glob("storefront/*.js")
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, script := range scripts {
		for _, m := range wordSaid.FindAllStringSubmatch(readFile(t, script), -1) {
			said++
			if !slices.Contains(names["en"], m[1]) {
				t.Errorf("%s says %q, which words.js does not have", script, m[1])
			}
		}
	}
	if said < 40 {
		t.Errorf("found only %d words that are said", said)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
