package web

import (
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// shortest is the length from which compressing is worth its head.
const shortest = 1024

// compressible are the types of content that get shorter.
var compressible = []string{
	"application/json", "application/graphql-response+json", "application/javascript", "application/xml", "image/svg+xml",
	"text/css", "text/html", "text/javascript", "text/plain", "text/xml",
}

// encoder is what the libraries have in common.
type encoder interface {
	io.WriteCloser
	Flush() error
	Reset(w io.Writer)
}

// encoding is a way to compress.
type encoding struct {
	name string
	pool *sync.Pool
}

// newEncodings returns the ways in the order in which they are liked: speed counts more than the last percent.
func newEncodings() []encoding {
	return []encoding{
		{"zstd", &sync.Pool{New: func() any {
			// One at a time, with the window that browsers have to allow at least.
			e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(128<<10), zstd.WithLowerEncoderMem(true))
			if err != nil {
				panic(err) // the options are constants
			}
			return e
		}}},
		{"br", &sync.Pool{New: func() any { return brotli.NewWriterLevel(nil, 4) }}},
		{"gzip", &sync.Pool{New: func() any { return gzip.NewWriter(nil) }}},
	}
}

// Compress compresses what gets shorter by it, in the way the client likes best.
func Compress(next http.Handler) http.Handler {
	encodings := newEncodings()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		chosen := choose(encodings, r.Header.Get("Accept-Encoding"))
		if chosen == nil || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		c := &compressor{ResponseWriter: w, encoding: *chosen}
		defer c.close()
		next.ServeHTTP(c, r)
	})
}

// choose returns the encoding that the header likes best; nil is none.
func choose(encodings []encoding, header string) *encoding {
	var best *encoding
	var bestQuality float64
	for i := range encodings {
		if q := quality(header, encodings[i].name); q > bestQuality {
			best, bestQuality = &encodings[i], q
		}
	}
	return best
}

// quality is the weight that Accept-Encoding gives a name; 0 is not wanted.
func quality(header, name string) float64 {
	byStar := 0.0
	for part := range strings.SplitSeq(header, ",") {
		coding, parameters, _ := strings.Cut(part, ";")
		q := 1.0
		if value, found := strings.CutPrefix(strings.TrimSpace(parameters), "q="); found {
			q, _ = strconv.ParseFloat(value, 64)
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case name:
			return q
		case "*":
			byStar = q
		}
	}
	return byStar
}

// compressor decides by the head and the first part of the body whether to compress.
type compressor struct {
	http.ResponseWriter
	encoding encoding
	encoder  encoder
	decided  bool
	status   int
}

// WriteHeader keeps the status until there is a body.
func (c *compressor) WriteHeader(status int) {
	if status < http.StatusOK {
		c.ResponseWriter.WriteHeader(status) // the real one follows
		return
	}
	if c.decided || c.status != 0 {
		return
	}
	c.status = status
	if status == http.StatusNoContent || status == http.StatusNotModified {
		c.decide(0)
	}
}

// Write compresses, or does not.
func (c *compressor) Write(part []byte) (int, error) {
	if !c.decided {
		c.sniff(part)
		c.decide(len(part))
	}
	if c.encoder != nil {
		return c.encoder.Write(part)
	}
	return c.ResponseWriter.Write(part)
}

// Flush sends what has been written so far.
func (c *compressor) Flush() {
	if !c.decided {
		c.decide(shortest)
	}
	if c.encoder != nil {
		_ = c.encoder.Flush()
	}
	_ = http.NewResponseController(c.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (c *compressor) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// sniff finds the type of content as net/http does, which will see compressed bytes only.
func (c *compressor) sniff(part []byte) {
	if c.Header().Get("Content-Type") == "" {
		c.Header().Set("Content-Type", http.DetectContentType(part))
	}
}

func (c *compressor) decide(length int) {
	c.decided = true
	if c.status == 0 {
		c.status = http.StatusOK
	}
	if c.worthwhile(length) {
		c.Header().Set("Content-Encoding", c.encoding.name)
		c.Header().Del("Content-Length")
		c.Header().Del("Accept-Ranges")
		c.encoder, _ = c.encoding.pool.Get().(encoder)
		c.encoder.Reset(c.ResponseWriter)
	}
	c.ResponseWriter.WriteHeader(c.status)
}

// worthwhile looks at the length that is announced, else at the first part.
func (c *compressor) worthwhile(length int) bool {
	header := c.Header()
	if announced, err := strconv.Atoi(header.Get("Content-Length")); err == nil {
		length = announced
	}
	mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && length >= shortest && slices.Contains(compressible, mediaType) &&
		header.Get("Content-Encoding") == "" && header.Get("Content-Range") == "" &&
		c.status != http.StatusNoContent && c.status != http.StatusNotModified
}

func (c *compressor) close() {
	if c.encoder != nil {
		_ = c.encoder.Close()
		c.encoder.Reset(io.Discard)
		c.encoding.pool.Put(c.encoder)
		return
	}
	if !c.decided && c.status != 0 {
		c.decide(0)
	}
}
