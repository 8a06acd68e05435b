package graph

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// serveBounded passes a request without files on once its body is there. The body has a time of its own to arrive:
// a client that sends a byte now and then would otherwise hold a connection, and what it has been given, for long.
func serveBounded(w http.ResponseWriter, r *http.Request, o Options, next http.Handler) {
	body, err := readBody(w, r, o.Limits)
	if err != nil {
		refuseBody(w, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answerOf(r.Context()).direct = true
	run := withTimeout(o.Timeout, next)
	if o.Cache != nil && o.Cache.KeepsAnswers() {
		if key, ok := answerKeyOf(r, body); ok {
			run = keepAnswers(o, key, run)
		}
	}
	run.ServeHTTP(w, r)
}

func withTimeout(timeout time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func readBody(w http.ResponseWriter, r *http.Request, limits Limits) ([]byte, error) {
	if r.ContentLength > limits.BodyBytes {
		return nil, &http.MaxBytesError{Limit: limits.BodyBytes}
	}
	controller := http.NewResponseController(w)
	// Writers without deadlines, in tests, need none.
	_ = controller.SetReadDeadline(time.Now().Add(limits.BodyTime))
	body, err := readAll(http.MaxBytesReader(w, r.Body, limits.BodyBytes), r.ContentLength)
	if err == nil {
		// The server goes on reading, to notice when the client goes away: that may take as long as the answer.
		_ = controller.SetReadDeadline(time.Time{})
	}
	return body, err
}

// readAll reads to the end, which a client may have told beforehand.
func readAll(body io.Reader, length int64) ([]byte, error) {
	if length <= 0 {
		return io.ReadAll(body)
	}
	all := bytes.NewBuffer(make([]byte, 0, length+bytes.MinRead)) // room to notice the end in
	_, err := all.ReadFrom(body)
	return all.Bytes(), err
}

func refuseBody(w http.ResponseWriter, err error) {
	w.Header().Set("Connection", "close")
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		refuse(w, http.StatusRequestEntityTooLarge, CodeTooLarge, "the request is too large")
		return
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		refuse(w, http.StatusRequestTimeout, CodeBodyTimeout, "the request took too long to arrive")
		return
	}
	refuse(w, http.StatusBadRequest, CodeBadRequest, "the request did not arrive as a whole")
}
