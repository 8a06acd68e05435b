package resolvers_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ecoseller/graph"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// persisted is a request that names a document by its hash, and sends it along unless it is empty.
func persisted(hash, query string) string {
	body, _ := json.Marshal(map[string]any{
		"query": query, "extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hash}},
	})
	return string(body)
}

// getOf is the same by GET, as a cache can answer it.
func getOf(parameters map[string]string, header ...string) *http.Request {
	values := url.Values{}
	for name, value := range parameters {
		values.Set(name, value)
	}
	request := httptest.NewRequest(http.MethodGet, "/graphql?"+values.Encode(), nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return request
}

func extensionsOf(hash string) string {
	return `{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}`
}

func TestAutomaticPersistedQueries(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	hash := hashOf(anyQuery)
	if a, _ := s.send(t, postOf(persisted(hash, ""))); a.code() != "PERSISTED_QUERY_NOT_FOUND" || a.Errors[0].Message != "PersistedQueryNotFound" {
		t.Errorf("unknown: %+v", a.Errors)
	}
	if a, _ := s.send(t, postOf(persisted(hashOf("other"), anyQuery))); len(a.Errors) == 0 || a.code() != "BAD_USER_INPUT" {
		t.Errorf("a hash that does not fit: %+v", a.Errors)
	}
	if a, _ := s.send(t, postOf(persisted(hash, anyQuery))); len(a.Errors) > 0 {
		t.Errorf("with the document: %+v", a.Errors)
	}
	if a, _ := s.send(t, postOf(persisted(hash, ""))); len(a.Errors) > 0 || !strings.Contains(string(a.Data), "priceLists") {
		t.Errorf("by its hash: %+v", a.Errors)
	}
	if a, _ := s.send(t, getOf(map[string]string{"extensions": extensionsOf(hash)})); len(a.Errors) > 0 {
		t.Errorf("by its hash, with GET: %+v", a.Errors)
	}
	// What is too much stays too much.
	large := "{ " + many(100, "a%[1]d: __typename ") + "}"
	for _, query := range []string{large, ""} {
		if a, _ := s.send(t, postOf(persisted(hashOf(large), query))); a.code() != "QUERY_TOO_COMPLEX" {
			t.Errorf("%+v", a.Errors)
		}
	}
}

func TestOnlyRegisteredDocumentsAreRun(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const second = `query Products($first: Int) { products(first: $first) { totalCount } }`
	folder := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("documents/lists.graphql", anyQuery)
	write("documents/shop/products.graphql", second)
	write("documents/readme.txt", "no document")
	plain, _ := json.Marshal(map[string]string{hashOf(anyQuery): anyQuery, "sha256:" + hashOf(second): second})
	apollo, _ := json.Marshal(map[string]any{"format": "apollo-persisted-query-manifest", "version": 1, "operations": []any{
		map[string]string{"id": hashOf(anyQuery), "body": anyQuery, "name": "", "type": "query"},
		map[string]string{"id": "products", "body": second, "name": "Products", "type": "query"},
	}})
	for place, nameOfSecond := range map[string]string{
		filepath.Join(folder, "documents"):   hashOf(second),
		write("plain.json", string(plain)):   hashOf(second),
		write("apollo.json", string(apollo)): "products",
	} {
		documents, err := graph.OpenDocuments(place)
		if err != nil || documents.Count() != 2 {
			t.Fatalf("%s: %v", place, err)
		}
		strict := s.with(func(o *graph.Options) { o.Documents = documents })
		for body, want := range map[string]string{
			persisted(hashOf(anyQuery), ""):                        "",
			persisted(nameOfSecond, ""):                            "",
			queryOf(anyQuery):                                      "",
			queryOf(second):                                        "",
			persisted(hashOf("other"), ""):                         "DOCUMENT_NOT_REGISTERED",
			queryOf(anyQuery + " "):                                "DOCUMENT_NOT_REGISTERED",
			persisted(hashOf(anyQuery+" "), anyQuery+" "):          "DOCUMENT_NOT_REGISTERED",
			queryOf(""):                                            "DOCUMENT_NOT_REGISTERED",
			`{"query": "", "extensions": {"persistedQuery": "x"}}`: "DOCUMENT_NOT_REGISTERED",
		} {
			a, _ := strict.send(t, postOf(body))
			if got := a.code(); got != want || want != "" && a.status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %s: %d %+v, want %q", place, body, a.status, a.Errors, want)
			}
		}
		tooMuch := `{"variables": {"first": 1000}, ` + strings.TrimPrefix(persisted(nameOfSecond, ""), "{")
		if a, _ := strict.send(t, postOf(tooMuch)); a.code() != "PAGE_SIZE_OUT_OF_RANGE" {
			t.Errorf("%s: %+v", place, a.Errors)
		}
	}
	for name, content := range map[string]string{
		"bad.json": `{"x": "{ nothing }"}`, "empty.json": `{}`, "none.json": `[]`, "broken/x.graphql": `{ priceLists { name_of_nothing } }`,
	} {
		place := write(name, content)
		if filepath.Ext(name) == ".graphql" {
			place = filepath.Dir(place)
		}
		if _, err := graph.OpenDocuments(place); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestCachesGetWhatAnybodyMaySee(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	query := map[string]string{"query": `query($first: Int) { products(first: $first) { nodes { title } } }`, "variables": `{"first": 2}`}
	a, header := s.send(t, getOf(query))
	tag := header.Get("ETag")
	if a.status != 200 || len(a.Errors) > 0 || header.Get("Cache-Control") != "public, max-age=30" || !strings.HasPrefix(tag, `W/"`) {
		t.Errorf("%d %+v %v", a.status, a.Errors, header)
	}
	vary := strings.Join(header.Values("Vary"), ", ")
	for _, name := range []string{"Authorization", "Accept-Language", "Origin"} {
		if !strings.Contains(vary, name) {
			t.Errorf("%s is not in Vary: %s", name, vary)
		}
	}
	for _, known := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag, "*"} {
		again, header := s.send(t, getOf(query, "If-None-Match", known))
		if again.status != http.StatusNotModified || len(again.Data) > 0 || header.Get("ETag") != tag {
			t.Errorf("%s: %d %s", known, again.status, again.Data)
		}
	}
	if again, _ := s.send(t, getOf(query, "If-None-Match", `W/"other"`)); again.status != 200 {
		t.Errorf("with another tag: %d", again.status)
	}
	if _, czech := s.send(t, getOf(query, "Accept-Language", "cs")); czech.Get("ETag") == tag || czech.Get("ETag") == "" {
		t.Errorf("in another language: %q", czech.Get("ETag"))
	}
	mutation := map[string]string{"query": `mutation { deleteSynonym(id: "a", version: 1) { userErrors { code } } }`}
	for name, request := range map[string]*http.Request{
		"with a token":         getOf(query, "Authorization", "Bearer "+s.token),
		"by POST":              postOf(queryOf(anyQuery)),
		"with a mistake":       getOf(map[string]string{"query": `{ nothing }`}),
		"with a wrong value":   getOf(map[string]string{"query": `{ products(first: 0) { totalCount } }`}),
		"unknown hash":         getOf(map[string]string{"extensions": extensionsOf(hashOf("other"))}),
		"broken variables":     getOf(map[string]string{"query": anyQuery, "variables": "{"}),
		"a change":             getOf(mutation),
		"a change, with token": getOf(mutation, "Authorization", "Bearer "+s.token),
		"an unknown language":  getOf(map[string]string{"query": `query @inContext(language: "de") { priceLists { code } }`}),
	} {
		a, header := s.send(t, request)
		if header.Get("Cache-Control") != "no-store" || header.Get("ETag") != "" {
			t.Errorf("%s: %d %v", name, a.status, header)
		}
		if a.status >= 400 && a.code() == "" {
			t.Errorf("%s: %d without a code", name, a.status)
		}
		if strings.HasPrefix(name, "a change") && (a.status != http.StatusNotAcceptable || len(a.Data) > 0 && string(a.Data) != "null") {
			t.Errorf("%s: %d %s", name, a.status, a.Data)
		}
	}
	never := s.with(func(o *graph.Options) { o.CacheTime = 0 })
	if _, header := never.send(t, getOf(query)); header.Get("Cache-Control") != "no-store" {
		t.Errorf("when nothing may be kept: %v", header)
	}
}
