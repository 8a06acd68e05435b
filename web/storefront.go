package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
)

//go:embed storefront
var storefrontFiles embed.FS

// StorefrontOptions say what the demo storefront shows.
type StorefrontOptions struct {
	// Endpoint is the path of the API.
	Endpoint string
	// ShopName is what the shop is called.
	ShopName string
	// Languages are those of the shop, the default one first.
	Languages []string
	// DefaultCountry is where prices and VAT are from when an address names no country.
	DefaultCountry string
}

// storefrontPolicy lets the page load its own files, and pictures from wherever the catalogue says they are.
const storefrontPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' http: https: data:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Storefront serves the demo storefront below /demo/. Which page is shown its script decides by the address, so
// every address has the same answer.
func Storefront(o StorefrontOptions) (http.Handler, error) {
	page, err := renderStorefront(o)
	if err != nil {
		return nil, err
	}
	assets, err := fs.Sub(storefrontFiles, "storefront")
	if err != nil {
		return nil, fmt.Errorf("read storefront: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /demo", http.RedirectHandler("/demo/", http.StatusMovedPermanently))
	mux.HandleFunc("GET /demo/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", storefrontPolicy)
		sendTagged(w, r, "text/html; charset=utf-8", page)
	})
	mux.HandleFunc("GET /demo/assets/{name}", func(w http.ResponseWriter, r *http.Request) {
		contentType, known := contentTypes[path.Ext(r.PathValue("name"))]
		content, err := fs.ReadFile(assets, r.PathValue("name"))
		if err != nil || !known {
			http.NotFound(w, r)
			return
		}
		sendTagged(w, r, contentType, content)
	})
	return mux, nil
}

func renderStorefront(o StorefrontOptions) ([]byte, error) {
	index, err := template.ParseFS(storefrontFiles, "storefront/index.html")
	if err != nil {
		return nil, fmt.Errorf("read storefront: %w", err)
	}
	var page bytes.Buffer
	if err := index.Execute(&page, o); err != nil {
		return nil, fmt.Errorf("write the page of the storefront: %w", err)
	}
	return page.Bytes(), nil
}

// sendTagged lets browsers keep a file and ask whether it is still the same: after an update of the program
// they must not mix old files with new ones.
func sendTagged(w http.ResponseWriter, r *http.Request, contentType string, content []byte) {
	sum := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	header := w.Header()
	header.Set("ETag", tag)
	header.Set("Cache-Control", "no-cache")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", contentType)
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(content)
}
