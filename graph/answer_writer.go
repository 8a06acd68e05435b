package graph

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
)

// answerWriter keeps a response until its head is known: how much the client has left, and what caches may do with it.
type answerWriter struct {
	http.ResponseWriter
	answer *answer
	status int
	body   bytes.Buffer
	// kept takes the place of the body; it must not be changed.
	kept []byte
	// passing says that the head is written: nothing is kept any more.
	passing bool
}

// WriteHeader notes the status. With a change of protocol HTTP ends.
func (w *answerWriter) WriteHeader(status int) {
	w.status = status
	if status == http.StatusSwitchingProtocols {
		w.passing = true
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write keeps a part of the body, or passes it on to a stream.
func (w *answerWriter) Write(part []byte) (int, error) {
	if w.passing {
		return w.ResponseWriter.Write(part)
	}
	if data := w.answer.data; data != nil {
		w.answer.data = nil
		w.writeData(data)
		return len(part), nil
	}
	return w.body.Write(part)
}

// writeData writes a response that has nothing but data. The transport would check it as if it came from elsewhere, and
// copy it twice.
func (w *answerWriter) writeData(data json.RawMessage) {
	const before, behind = `{"data":`, "}"
	w.body.Grow(len(before) + len(data) + len(behind))
	w.body.WriteString(before)
	w.body.Write(data)
	w.body.WriteString(behind)
}

// Flush begins a stream, and sends what has been written to it.
func (w *answerWriter) Flush() {
	if !w.passing {
		w.beginStream()
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *answerWriter) beginStream() {
	w.passing = true
	if w.answer.rate != nil {
		w.answer.rate.describe(w.Header(), false)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.ResponseWriter.WriteHeader(w.status)
	_, _ = w.ResponseWriter.Write(w.body.Bytes())
}

// Unwrap is for http.ResponseController.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *answerWriter) finish(o Options, r *http.Request) {
	if w.passing {
		return
	}
	if bytes.Equal(w.body.Bytes(), []byte("null")) {
		// That is what gqlgen says of an operation whose time was over before it began.
		w.body.Reset()
		refuse(w, http.StatusServiceUnavailable, CodeTimeout, "the request took too long")
	}
	if w.answer.status != 0 {
		w.status = w.answer.status
	}
	if w.status >= http.StatusBadRequest {
		w.addCodes()
	}
	if w.answer.rate != nil {
		w.answer.rate.describe(w.Header(), w.status == http.StatusTooManyRequests)
	}
	if w.cacheable(o, r) {
		w.offerToCaches(o, r)
	} else {
		w.Header().Set("Cache-Control", "no-store")
	}
	if w.status == http.StatusNotModified {
		w.Header().Del("Content-Type")
		w.ResponseWriter.WriteHeader(w.status)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(w.content())))
	w.ResponseWriter.WriteHeader(w.status)
	_, _ = w.ResponseWriter.Write(w.content())
}

// content is the whole body.
func (w *answerWriter) content() []byte {
	if w.kept != nil {
		return w.kept
	}
	return w.body.Bytes()
}

// addCodes gives a code to errors that gqlgen's transports write without asking anybody.
func (w *answerWriter) addCodes() {
	var response graphql.Response
	if err := json.Unmarshal(w.body.Bytes(), &response); err != nil {
		return
	}
	changed := false
	for _, e := range response.Errors {
		if e.Extensions["code"] == nil {
			e.Extensions, changed = map[string]any{"code": string(CodeBadRequest)}, true
		}
	}
	if !changed {
		return
	}
	if body, err := json.Marshal(&response); err == nil {
		w.body.Reset()
		w.body.Write(body)
		w.Header().Set("Content-Type", "application/json")
	}
}

// cacheable says whether others may be given this response: what anybody gets for a query without errors. Cookies do
// not matter, since nothing here reads them.
func (w *answerWriter) cacheable(o Options, r *http.Request) bool {
	return o.CacheTime > 0 && r.Method == http.MethodGet && r.Header.Get("Authorization") == "" &&
		w.status == http.StatusOK && w.answer.ran && !w.answer.failed
}

// offerToCaches names the response by its content. The name is weak, because it is the same for compressed ones.
func (w *answerWriter) offerToCaches(o Options, r *http.Request) {
	sum := sha256.Sum256(w.content())
	tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(o.CacheTime.Seconds())))
	w.Header().Set("ETag", tag)
	if hasTag(r.Header.Get("If-None-Match"), tag) {
		w.status = http.StatusNotModified
	}
}

func hasTag(header, tag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}
