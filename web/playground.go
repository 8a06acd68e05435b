// Package web holds the pages that the server shows to developers. Everything they need is embedded; nothing is
// loaded from elsewhere.
package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed assets/*.gz examples playground.html mailbox.html mailbox.css
var files embed.FS

// Example is an operation that shows what the API can do.
type Example struct {
	// Query is the text of the operation, with comments; Variables are a JSON object.
	Query     string `json:"query"`
	Variables string `json:"variables"`
}

// Examples are worked examples for the demo catalogue, the first thing to look at first.
func Examples() ([]Example, error) {
	names, err := fs.Glob(files, "examples/*.graphql")
	if err != nil {
		return nil, fmt.Errorf("list examples: %w", err)
	}
	examples := make([]Example, 0, len(names))
	for _, name := range names {
		query, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read example: %w", err)
		}
		variables, err := fs.ReadFile(files, strings.TrimSuffix(name, ".graphql")+".json")
		if err != nil {
			return nil, fmt.Errorf("read variables of an example: %w", err)
		}
		indented, err := indentJSON(variables)
		if err != nil {
			return nil, fmt.Errorf("read variables of %s: %w", name, err)
		}
		examples = append(examples, Example{Query: string(query), Variables: indented})
	}
	return examples, nil
}

// PlaygroundOptions say what the playground begins with.
type PlaygroundOptions struct {
	// Endpoint is the path of the API.
	Endpoint string
	// Token is set as the Authorization header; empty for none. Development only: everybody who opens the
	// page gets it.
	Token string
	// Query is what a new tab holds.
	Query string
	// Examples are what the first tabs hold.
	Examples []Example
}

// Playground serves GraphiQL at / and its files below /assets/.
func Playground(o PlaygroundOptions) (http.Handler, error) {
	page, err := template.ParseFS(files, "playground.html")
	if err != nil {
		return nil, fmt.Errorf("read playground: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store") // it holds the token
		_ = page.Execute(w, o)
	})
	mux.HandleFunc("GET /assets/{name}", serveAsset)
	return mux, nil
}

func indentJSON(text []byte) (string, error) {
	var indented bytes.Buffer
	err := json.Indent(&indented, bytes.TrimSpace(text), "", "  ")
	return indented.String(), err
}

var contentTypes = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

// serveAsset sends a file as it is embedded, compressed; every browser takes that.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.PathValue("name"))
	content, err := fs.ReadFile(files, "assets/"+name+".gz")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		http.Error(w, "only available with Accept-Encoding: gzip", http.StatusNotAcceptable)
		return
	}
	header := w.Header()
	header.Set("Content-Type", contentTypes[path.Ext(name)])
	header.Set("Content-Encoding", "gzip")
	header.Set("Vary", "Accept-Encoding")
	header.Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(content)
}
