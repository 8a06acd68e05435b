package web_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"ecoseller/web"
)

func unpack(t *testing.T, encoding string, body []byte) string {
	t.Helper()
	var reader io.Reader = bytes.NewReader(body)
	var err error
	switch encoding {
	case "gzip":
		reader, err = gzip.NewReader(reader)
	case "br":
		reader = brotli.NewReader(reader)
	case "zstd":
		reader, err = zstd.NewReader(reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(`{"title": "Sluchátka"}`, 500)
	for _, test := range []struct {
		name, accept, want string
		handler            http.HandlerFunc
	}{
		{"Chrome", "gzip, deflate, br, zstd", "zstd", json(long)},
		{"Safari", "gzip, deflate, br", "br", json(long)},
		{"curl --compressed", "deflate, gzip", "gzip", json(long)},
		{"anything", "*", "zstd", json(long)},
		{"a wish", "zstd;q=0.1, gzip;q=0.9", "gzip", json(long)},
		{"a refusal", "*, zstd;q=0", "br", json(long)},
		{"none", "", "", json(long)},
		{"none that is known", "deflate", "", json(long)},
		{"none, said so", "identity;q=1, *;q=0", "", json(long)},
		{"a short answer", "gzip", "", json("{}")},
		{"a picture", "gzip", "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "image/jpeg")
			_, _ = io.WriteString(w, long)
		}},
		{"compressed already", "br", "gzip", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			_, _ = io.WriteString(packed, long)
			_ = packed.Close()
		}},
		{"without a type", "br", "br", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "<html>"+strings.Repeat(" ", 3000)+"</html>")
		}},
		{"in parts that are sent at once", "gzip", "gzip", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			for range 3 {
				_, _ = io.WriteString(w, "part")
				_ = http.NewResponseController(w).Flush()
			}
		}},
	} {
		bare, packed := httptest.NewRecorder(), httptest.NewRecorder()
		test.handler(bare, httptest.NewRequest(http.MethodGet, "/", nil))
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set("Accept-Encoding", test.accept)
		web.Compress(test.handler).ServeHTTP(packed, request)
		encoding := packed.Header().Get("Content-Encoding")
		want := unpack(t, bare.Header().Get("Content-Encoding"), bare.Body.Bytes())
		if got := unpack(t, encoding, packed.Body.Bytes()); encoding != test.want && test.name != "in parts that are sent at once" || got != want {
			t.Errorf("%s: encoded as %q: %.100q, want %q", test.name, encoding, got, test.want)
		}
		if encoding != "" && test.name != "compressed already" && packed.Header().Get("Content-Length") != "" {
			t.Errorf("%s: has the length of what is not compressed", test.name)
		}
		if !strings.Contains(packed.Header().Get("Vary"), "Accept-Encoding") {
			t.Errorf("%s: caches do not know that it varies", test.name)
		}
	}
}

func json(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = io.WriteString(w, body)
	}
}

func TestAnswersWithoutBodyStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNoContent, http.StatusNotModified, http.StatusNotFound, http.StatusOK} {
		response := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set("Accept-Encoding", "gzip")
		web.Compress(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })).ServeHTTP(response, request)
		if response.Code != status || response.Header().Get("Content-Encoding") != "" || response.Body.Len() > 0 {
			t.Errorf("%d: %d %v %d bytes", status, response.Code, response.Header(), response.Body.Len())
		}
	}
}
