package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// serving is a side that always gives this answer.
func serving(t *testing.T, answer string) *side {
	t.Helper()
	return handledBy(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
}

func handledBy(t *testing.T, handler http.HandlerFunc) *side {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	return &side{target: target{name: "test", address: address, exchanges: []exchange{{getRequest(address, "/")}}}}
}

// TestClientReadsAnswers: with a length, in chunks, and one after another on one connection.
func TestClientReadsAnswers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ecoseller ", 40_000)
	for _, scenario := range []struct {
		name    string
		handler http.HandlerFunc
		status  int
		body    string
	}{
		{"short", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "yes") }, http.StatusOK, "yes"},
		{"empty", func(http.ResponseWriter, *http.Request) {}, http.StatusOK, ""},
		{"long", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, long) }, http.StatusOK, long},
		{"in chunks", func(w http.ResponseWriter, _ *http.Request) {
			for range 3 {
				_, _ = io.WriteString(w, long)
				w.(http.Flusher).Flush()
			}
		}, http.StatusOK, long + long + long},
		{"a failure", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, http.StatusTeapot, ""},
	} {
		t.Run(scenario.name, func(t *testing.T) {
			t.Parallel()
			s := handledBy(t, scenario.handler)
			c, err := dial(t.Context(), s.address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			for range 2 {
				status, body, err := c.do(s.exchanges[0][0])
				if err != nil || status != scenario.status || string(body) != scenario.body {
					t.Errorf("got %d, %d bytes, %v; want %d, %d bytes", status, len(body), err, scenario.status, len(scenario.body))
				}
			}
		})
	}
}

// TestOpenLoopChargesForWaiting: a server that stalls once is slow for all who had to wait meanwhile.
func TestOpenLoopChargesForWaiting(t *testing.T) {
	t.Parallel()
	const stall = 300 * time.Millisecond
	var first sync.Once
	var over time.Time
	s := handledBy(t, func(http.ResponseWriter, *http.Request) {
		first.Do(func() { over = time.Now().Add(stall) })
		time.Sleep(time.Until(over))
	})
	seen, err := openLoop(t.Context(), &s.target, 200, 600*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(seen.latencies); got != 120 {
		t.Errorf("%d requests were sent, not 120", got)
	}
	// Those of the first 300 ms waited for what was left of it: about half of all, evenly between nothing and 300 ms.
	if p75 := seen.latency(0.75); p75 < stall/4 {
		t.Errorf("three quarters were answered within %s, as if nobody had waited", p75)
	}
}

// TestFailuresAreCounted: answers with errors are none.
func TestFailuresAreCounted(t *testing.T) {
	t.Parallel()
	for answer, failed := range map[string]bool{`{"data":{}}`: false, `{"errors":[{"message":"no"}]}`: true} {
		s := serving(t, answer)
		seen, err := closedLoop(t.Context(), &s.target, 2, 20*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if len(seen.latencies) == 0 || (seen.failed == len(seen.latencies)) != failed {
			t.Errorf("%s: %d of %d answers are failures", answer, seen.failed, len(seen.latencies))
		}
	}
}
