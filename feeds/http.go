package feeds

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
)

const (
	// longest is how long writing a feed may take; slowest how long the reader may take for a piece of it.
	longest = 15 * time.Minute
	slowest = 30 * time.Second
	// atOnce is how many feeds are written at once: each holds a connection to the database.
	atOnce = 2
	// bufferSize is how large the pieces are, in bytes.
	bufferSize = 64 << 10
)

// Handler serves the feeds below /feeds/. The country stands in where a request names none.
func (f *Feeds) Handler(country models.CountryCode, logger *slog.Logger) http.Handler {
	places := make(chan struct{}, atOnce)
	serve := func(write func(ctx context.Context, w io.Writer) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			select {
			case places <- struct{}{}:
				defer func() { <-places }()
				serveFeed(w, r, logger, write)
			default:
				w.Header().Set("Retry-After", "60")
				http.Error(w, "other feeds are being written, try again in a minute", http.StatusServiceUnavailable)
			}
		}
	}
	offers := func(write func(ctx context.Context, w io.Writer, a Audience) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			audience, err := f.audience(r, country)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			serve(func(ctx context.Context, w io.Writer) error { return write(ctx, w, audience) })(w, r)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /feeds/google-merchant.xml", offers(f.WriteGoogle))
	mux.HandleFunc("GET /feeds/heureka.xml", offers(f.WriteHeureka))
	mux.HandleFunc("GET /feeds/sitemap.xml", serve(f.WriteSitemapIndex))
	mux.HandleFunc("GET /feeds/sitemap-categories.xml", serve(f.WriteCategorySitemap))
	mux.HandleFunc("GET /feeds/sitemap-products.xml", func(w http.ResponseWriter, r *http.Request) {
		from, err := uuid.Parse(r.URL.Query().Get("from"))
		if err != nil {
			http.Error(w, "from: the id that the sitemap's index gives is needed", http.StatusBadRequest)
			return
		}
		serve(func(ctx context.Context, w io.Writer) error {
			return f.WriteProductSitemap(ctx, w, from)
		})(w, r)
	})
	return mux
}

// audience reads language, country and priceList from the query.
func (f *Feeds) audience(r *http.Request, country models.CountryCode) (Audience, error) {
	query := r.URL.Query()
	a := Audience{Language: f.o.Languages.Default(), Country: country, PriceList: query.Get("priceList")}
	if text := query.Get("language"); text != "" {
		language, err := models.ParseLanguageCode(text)
		if err != nil {
			return a, err
		}
		if !f.o.Languages.Supports(language) {
			return a, models.BadInput(models.CodeUnknownLanguage, "the shop does not speak %q; it speaks %v", language, f.o.Languages.Supported)
		}
		a.Language = language
	}
	if text := query.Get("country"); text != "" {
		code, err := models.ParseCountryCode(text)
		if err != nil {
			return a, err
		}
		a.Country = code
	}
	return a, nil
}

func serveFeed(w http.ResponseWriter, r *http.Request, logger *slog.Logger, write func(ctx context.Context, w io.Writer) error) {
	ctx, cancel := context.WithTimeout(r.Context(), longest)
	defer cancel()
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	w.Header().Set("Vary", "Accept-Encoding")
	var packed *gzip.Writer
	buffered := bufio.NewWriterSize(&patientWriter{w: w, controller: http.NewResponseController(w)}, bufferSize)
	out := io.Writer(buffered)
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		packed = gzip.NewWriter(buffered)
		out = packed
	}
	err := write(ctx, out)
	if err == nil && packed != nil {
		err = packed.Close()
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			logger.ErrorContext(ctx, "write feed", "feed", r.URL.Path, "error", err)
		}
		// Half a feed must not look like a whole one: the reader would take the rest for sold out.
		panic(http.ErrAbortHandler)
	}
}

// patientWriter gives a reader time for each piece instead of for all of them.
type patientWriter struct {
	w          http.ResponseWriter
	controller *http.ResponseController
}

func (p *patientWriter) Write(piece []byte) (int, error) {
	// Writers without deadlines, in tests, need none.
	_ = p.controller.SetWriteDeadline(time.Now().Add(slowest))
	return p.w.Write(piece) //nolint:wrapcheck // encoding/xml and gzip pass it on, and eachOffer wraps it
}
