package media

import (
	"errors"
	"net/http"
	"time"
)

// forEver is for files whose content never changes.
const forEver = "public, max-age=31536000, immutable"

// Handler serves the pictures below /media/.
func (l *Library) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /media/{name}", l.serve)
	return mux
}

func (l *Library) serve(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	file, err := l.open(r.Context(), name)
	if err != nil {
		l.serveError(w, r, err)
		return
	}
	defer func() { _ = file.Close() }()
	contentType, err := contentTypeOf(name)
	if err != nil {
		l.serveError(w, r, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", forEver)
	header.Set("ETag", `"`+name+`"`)
	header.Set("Access-Control-Allow-Origin", "*")
	// Strangers made the files: they are pictures and nothing else.
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	http.ServeContent(w, r, "", time.Time{}, file)
}

func (l *Library) serveError(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Cache-Control", "no-store")
	if errors.Is(err, ErrNotFound) {
		http.Error(w, "there is no such picture", http.StatusNotFound)
		return
	}
	if r.Context().Err() == nil {
		l.logger.WarnContext(r.Context(), "serve picture", "name", r.PathValue("name"), "error", err)
	}
	w.Header().Set("Retry-After", "5")
	http.Error(w, "the picture cannot be shown now", http.StatusServiceUnavailable)
}
