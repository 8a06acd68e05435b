package resolvers_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
	"ecoseller/store"
)

const protocol = "graphql-transport-ws"

const follow = `subscription Follow($id: ID!) { jobChanged(id: $id) { state progress { done total } } }`

// live is the API on a real server.
type live struct {
	*shop
	address string
	streams *graph.Streams
}

func newLive(t *testing.T, change func(*graph.Options, *graph.StreamOptions)) *live {
	t.Helper()
	s := newShop(t)
	if _, err := s.db.Exec("DELETE FROM jobs"); err != nil {
		t.Fatal(err)
	}
	l := new(live)
	l.shop = s.with(func(o *graph.Options) {
		so := graph.StreamOptions{Store: s.store, Logger: o.Logger, Limits: o.Limits}
		if change != nil {
			change(o, &so)
		}
		l.streams = graph.NewStreams(so)
		o.Streams = l.streams
	})
	server := httptest.NewServer(l.handler)
	l.address = server.URL
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		l.streams.Stop(ctx)
		if ctx.Err() != nil {
			t.Error("streams do not end")
		}
	})
	return l
}

// begin enqueues a job and has a worker begin it.
func (l *live) begin(t *testing.T) *models.Job {
	t.Helper()
	id := l.enqueue(t).ID
	claimed, err := l.store.ClaimJobs(t.Context(), store.JobClaim{Worker: "w", Queues: models.JobQueues(), Limit: 100, Lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(claimed, func(j *models.Job) bool { return j.ID == id })
	if i < 0 {
		t.Fatal("the job is not due")
	}
	return claimed[i]
}

func (l *live) progress(t *testing.T, job *models.Job, done int) {
	t.Helper()
	if err := l.store.SetJobProgress(t.Context(), job, done, 100); err != nil {
		t.Fatal(err)
	}
}

// finish ends the job with success.
func (l *live) finish(t *testing.T, job *models.Job) {
	t.Helper()
	if err := l.store.FinishJobs(t.Context(), []*models.Job{job}); err != nil {
		t.Fatal(err)
	}
}

// event is what a subscriber is told, over either transport.
type event struct {
	kind, id string // kind is next, error, complete or, of a connection that was closed, closed
	payload  json.RawMessage
	closed   websocket.StatusCode
}

// String is an event of a job as a few words.
func (e event) String() string {
	var next struct {
		Data struct {
			JobChanged *struct {
				State    string
				Progress *struct{ Done int }
			}
		}
		Errors []struct{ Extensions struct{ Code string } }
	}
	switch {
	case e.kind == "closed" && e.closed != 0:
		return fmt.Sprintf("closed %d", e.closed)
	case e.kind == "error":
		_ = json.Unmarshal(e.payload, &next.Errors)
	case e.kind == "next":
		_ = json.Unmarshal(e.payload, &next)
	default:
		return e.kind
	}
	if len(next.Errors) > 0 {
		return "error " + next.Errors[0].Extensions.Code
	}
	job := next.Data.JobChanged
	switch {
	case job == nil:
		return "null"
	case job.Progress == nil:
		return job.State
	}
	return fmt.Sprintf("%s %d", job.State, job.Progress.Done)
}

// subscriber reads events one after the other.
type subscriber interface {
	next(t *testing.T) event
}

// expect reads events and compares them.
func expect(t *testing.T, s subscriber, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := s.next(t).String(); got != w {
			t.Fatalf("got %q, want %q", got, w)
		}
	}
}

// patience is how long anything here may take.
const patience = 15 * time.Second

// socket is a client of graphql-transport-ws.
type socket struct{ conn *websocket.Conn }

// dial opens a WebSocket, and returns the status of the answer; the socket is nil when there is none.
func (l *live) dial(t *testing.T, header http.Header, protocols ...string) (*socket, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, response, err := websocket.Dial(ctx, l.address+"/graphql", &websocket.DialOptions{HTTPHeader: header, Subprotocols: protocols}) //nolint:bodyclose // the library closes it
	if response == nil {
		t.Fatal(err)
	}
	if err != nil {
		return nil, response.StatusCode
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &socket{conn}, response.StatusCode
}

// connect is a connection that has been acknowledged, with the token in its first message.
func (l *live) connect(t *testing.T, token string) *socket {
	t.Helper()
	s, status := l.dial(t, nil, protocol)
	if s == nil {
		t.Fatalf("not connected: %d", status)
	}
	s.send(t, object{"type": "connection_init", "payload": object{"Authorization": "Bearer " + token}})
	expect(t, s, "connection_ack")
	return s
}

func (s *socket) send(t *testing.T, message any) {
	t.Helper()
	if err := wsjson.Write(t.Context(), s.conn, message); err != nil {
		t.Fatal(err)
	}
}

func (s *socket) subscribe(t *testing.T, id, query string, variables object) {
	t.Helper()
	s.send(t, object{"id": id, "type": "subscribe", "payload": object{"query": query, "variables": variables}})
}

func (s *socket) next(t *testing.T) event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var m struct {
		ID, Type string
		Payload  json.RawMessage
	}
	if err := wsjson.Read(ctx, s.conn, &m); err != nil {
		return event{kind: "closed", closed: websocket.CloseStatus(err)}
	}
	return event{kind: m.Type, id: m.ID, payload: m.Payload}
}

// stream is a client of server-sent events.
type stream struct {
	response *http.Response
	lines    *bufio.Scanner
}

func (l *live) post(t *testing.T, body string, header ...string) *stream {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.address+"/graphql", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	return &stream{response, lines}
}

// listen opens a stream of events about a job.
func (l *live) listen(t *testing.T, query, id, token string) *stream {
	t.Helper()
	return l.post(t, mustJSON(t, object{"query": query, "variables": object{"id": id}}), "Authorization", "Bearer "+token)
}

func (s *stream) next(t *testing.T) event {
	t.Helper()
	late := time.AfterFunc(patience, func() { _ = s.response.Body.Close() })
	defer late.Stop()
	var e event
	for s.lines.Scan() {
		line := s.lines.Text()
		if kind, found := strings.CutPrefix(line, "event: "); found {
			e.kind = kind
		}
		if data, found := strings.CutPrefix(line, "data: "); found {
			e.payload = json.RawMessage(data)
		}
		if line == "" && e.kind != "" {
			return e
		}
	}
	return event{kind: "closed"}
}

// overBoth runs a test with each of the transports.
func overBoth(t *testing.T, l *live, test func(t *testing.T, subscribe func(t *testing.T, id, token string) subscriber)) {
	t.Helper()
	t.Run("websocket", func(t *testing.T) {
		test(t, func(t *testing.T, id, token string) subscriber {
			s := l.connect(t, token)
			s.subscribe(t, "1", follow, object{"id": id})
			return s
		})
	})
	t.Run("events", func(t *testing.T) {
		test(t, func(t *testing.T, id, token string) subscriber { return l.listen(t, follow, id, token) })
	})
}

func TestProgressIsFollowedToTheEnd(t *testing.T) {
	t.Parallel()
	l := newLive(t, nil)
	overBoth(t, l, func(t *testing.T, subscribe func(t *testing.T, id, token string) subscriber) {
		job := l.begin(t)
		first := subscribe(t, job.GlobalID(), l.token)
		expect(t, first, "RUNNING")
		l.progress(t, job, 10)
		expect(t, first, "RUNNING 10")
		second := subscribe(t, job.GlobalID(), l.token)
		expect(t, second, "RUNNING 10")
		// A lease that is renewed is nothing to tell.
		if _, err := l.store.RenewLeases(t.Context(), []*models.Job{job}, time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(600 * time.Millisecond)
		l.progress(t, job, 60)
		expect(t, first, "RUNNING 60")
		expect(t, second, "RUNNING 60")
		l.finish(t, job)
		expect(t, first, "SUCCEEDED 60", "complete")
		expect(t, second, "SUCCEEDED 60", "complete")
		expect(t, subscribe(t, job.GlobalID(), l.token), "SUCCEEDED 60", "complete")
	})
}

func TestEveryEndOfAJobEndsTheSubscription(t *testing.T) {
	t.Parallel()
	l := newLive(t, nil)
	overBoth(t, l, func(t *testing.T, subscribe func(t *testing.T, id, token string) subscriber) {
		failed := l.begin(t)
		s := subscribe(t, failed.GlobalID(), l.token)
		expect(t, s, "RUNNING")
		if err := l.store.RepeatJob(t.Context(), failed, time.Hour, models.JobError{Error: "boom"}); err != nil {
			t.Fatal(err)
		}
		expect(t, s, "RETRYING")
		if _, err := l.store.CancelJob(t.Context(), failed.ID); err != nil {
			t.Fatal(err)
		}
		expect(t, s, "CANCELLED", "complete")
		// One that is deleted is no more.
		gone := l.begin(t)
		s = subscribe(t, gone.GlobalID(), l.token)
		expect(t, s, "RUNNING")
		if _, err := l.db.Exec("DELETE FROM jobs WHERE id = ?", gone.ID); err != nil {
			t.Fatal(err)
		}
		expect(t, s, "null", "complete")
	})
}

func TestSubscriptionsAreAnsweredAsQueriesAre(t *testing.T) {
	t.Parallel()
	l := newLive(t, nil)
	id := l.enqueue(t).GlobalID()
	mailer, err := l.store.CreateAccessToken(t.Context(), "mailer", []models.Permission{models.PermissionSendEmail})
	if err != nil {
		t.Fatal(err)
	}
	unknown := models.GlobalID(models.KindJob, uuid.NewString())
	for _, test := range []struct{ name, id, token, want string }{
		{"missing permission", id, mailer, "error FORBIDDEN"},
		{"unknown id", unknown, l.token, "null"},
		{"no id", "x", l.token, "error INVALID_ID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			overBoth(t, l, func(t *testing.T, subscribe func(t *testing.T, id, token string) subscriber) {
				expect(t, subscribe(t, test.id, test.token), test.want)
			})
		})
	}
	anybody := l.post(t, mustJSON(t, object{"query": follow, "variables": object{"id": id}}))
	expect(t, anybody, "error UNAUTHENTICATED", "complete")
	if a := l.ask(t, follow, object{"id": id}, "Authorization", "Bearer "+l.token); a.code() != "STREAM_REQUIRED" || a.status != http.StatusUnprocessableEntity {
		t.Errorf("by an ordinary request: %d %+v", a.status, a.Errors)
	}
	// Queries are answered over both as well.
	s := l.connect(t, l.token)
	s.subscribe(t, "q", `{ priceLists { code } }`, nil)
	if e := s.next(t); e.kind != "next" || !strings.Contains(string(e.payload), "priceLists") {
		t.Errorf("query: %s %s", e.kind, e.payload)
	}
	expect(t, s, "complete")
	s.subscribe(t, "q", `{ priceListz { code } }`, nil)
	expect(t, s, "error GRAPHQL_VALIDATION_FAILED")
	// Who also takes JSON, as urql does, gets JSON.
	both := l.post(t, `{"query":"{ priceLists { code } }"}`, "Accept", "application/json, text/event-stream")
	if got := both.response.Header.Get("Content-Type"); !strings.Contains(got, "json") {
		t.Errorf("content type %q", got)
	}
}

func TestStreamsHaveHeads(t *testing.T) {
	t.Parallel()
	l := newLive(t, nil)
	s := l.listen(t, follow, l.begin(t).GlobalID(), l.token)
	header := s.response.Header
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Encoding": ""} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if header.Get("Ratelimit") == "" {
		t.Error("nothing is said about the rate")
	}
	for body, want := range map[string]int{`{`: http.StatusBadRequest, strings.Repeat(" ", 3<<20): http.StatusRequestEntityTooLarge} {
		if got := l.post(t, body).response.StatusCode; got != want {
			t.Errorf("%.10s: %d, want %d", body, got, want)
		}
	}
}

func TestBadConnectionsAreRefused(t *testing.T) {
	t.Parallel()
	l := newLive(t, func(o *graph.Options, _ *graph.StreamOptions) { o.Origins = []string{"https://shop.example"} })
	for _, test := range []struct {
		name   string
		header http.Header
		status int
	}{
		{"a program", nil, http.StatusSwitchingProtocols},
		{"an allowed page", http.Header{"Origin": {"https://shop.example"}}, http.StatusSwitchingProtocols},
		{"a page of this server", http.Header{"Origin": {l.address}}, http.StatusSwitchingProtocols},
		{"a page of elsewhere", http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden},
		{"a page of nowhere", http.Header{"Origin": {"null"}}, http.StatusForbidden},
		{"an invalid token", http.Header{"Authorization": {"Bearer eco_x"}}, http.StatusUnauthorized},
	} {
		if _, status := l.dial(t, test.header, protocol); status != test.status {
			t.Errorf("%s: %d, want %d", test.name, status, test.status)
		}
	}
	for _, protocols := range [][]string{nil, {"graphql-ws"}} {
		if _, status := l.dial(t, nil, protocols...); status != http.StatusBadRequest {
			t.Errorf("with the protocols %q: %d", protocols, status)
		}
	}
}

func TestBadMessagesCloseTheConnection(t *testing.T) {
	t.Parallel()
	l := newLive(t, nil)
	started := object{"id": "1", "type": "subscribe", "payload": object{"query": follow, "variables": object{"id": l.begin(t).GlobalID()}}}
	begin := object{"type": "connection_init"}
	for _, test := range []struct {
		name     string
		messages []any
		code     websocket.StatusCode
	}{
		{"no init before an operation", []any{started}, 4401},
		{"a token that is none", []any{object{"type": "connection_init", "payload": object{"authorization": "Bearer eco_x"}}}, 4401},
		{"a payload that is none", []any{object{"type": "connection_init", "payload": 5}}, 4400},
		{"init twice", []any{begin, begin}, 4429},
		{"no JSON", []any{begin, json.RawMessage(`"x"`)}, 4400},
		{"an unknown message", []any{begin, object{"type": "start"}}, 4400},
		{"an operation without an id", []any{begin, object{"type": "subscribe", "payload": object{"query": "{ __typename }"}}}, 4400},
		{"an operation that is none", []any{begin, object{"id": "1", "type": "subscribe", "payload": "{ x }"}}, 4400},
		{"a huge first message", []any{object{"type": "connection_init", "payload": object{"x": strings.Repeat("x", 20<<10)}}}, websocket.StatusMessageTooBig},
		{"a huge message", []any{begin, object{"type": "ping", "payload": object{"x": strings.Repeat("x", 3<<20)}}}, websocket.StatusMessageTooBig},
		{"an id that is taken", []any{object{"type": "connection_init", "payload": object{"Authorization": "Bearer " + l.token}}, started, started}, 4409},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, _ := l.dial(t, nil, protocol)
			for _, message := range test.messages {
				_ = wsjson.Write(t.Context(), s.conn, message)
			}
			for {
				if e := s.next(t); e.kind == "closed" {
					if e.closed != test.code {
						t.Errorf("closed with %d, want %d", e.closed, test.code)
					}
					return
				}
			}
		})
	}
	t.Run("no init", func(t *testing.T) {
		t.Parallel()
		s, _ := l.dial(t, nil, protocol)
		expect(t, s, "closed 4408")
	})
}

func TestOperationsOfAConnection(t *testing.T) {
	t.Parallel()
	l := newLive(t, nil)
	job := l.begin(t)
	s, _ := l.dial(t, http.Header{"Authorization": {"Bearer " + l.token}}, protocol) // programs can send headers
	s.send(t, object{"type": "connection_init"})
	s.send(t, object{"type": "ping", "payload": object{"a": 1}})
	expect(t, s, "connection_ack", "pong")
	s.subscribe(t, "1", follow, object{"id": job.GlobalID()})
	expect(t, s, "RUNNING")
	s.send(t, object{"id": "1", "type": "complete"})
	s.send(t, object{"id": "1", "type": "complete"}) // that it has been done already is no mistake
	s.subscribe(t, "1", follow, object{"id": job.GlobalID()})
	expect(t, s, "RUNNING")
	l.finish(t, job)
	expect(t, s, "SUCCEEDED", "complete")
	s.subscribe(t, "1", follow, object{"id": job.GlobalID()})
	expect(t, s, "SUCCEEDED", "complete")
}

func TestSubscriptionsAreCounted(t *testing.T) {
	t.Parallel()
	l := newLive(t, func(_ *graph.Options, so *graph.StreamOptions) {
		so.Limits.SubscriptionsPerConnection, so.Limits.Subscriptions = 2, 3
	})
	id := l.begin(t).GlobalID()
	one := l.connect(t, l.token)
	for i := range 2 {
		one.subscribe(t, fmt.Sprint(i), follow, object{"id": id})
		expect(t, one, "RUNNING")
	}
	one.subscribe(t, "more", follow, object{"id": id})
	expect(t, one, "error TOO_MANY_SUBSCRIPTIONS")
	other := l.listen(t, follow, id, l.token)
	expect(t, other, "RUNNING")
	if s := l.listen(t, follow, id, l.token); s.response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", s.response.StatusCode)
	}
	two := l.connect(t, l.token)
	two.subscribe(t, "1", follow, object{"id": id})
	expect(t, two, "error TOO_MANY_SUBSCRIPTIONS")
	// Places become free when clients go, with or without a word.
	_ = one.conn.CloseNow()
	_ = other.response.Body.Close()
	l.untilThereIsRoom(t, id)
}

// untilThereIsRoom waits until a subscription is possible.
func (l *live) untilThereIsRoom(t *testing.T, id string) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		s := l.listen(t, follow, id, l.token)
		status := s.response.StatusCode
		_ = s.response.Body.Close()
		if status == http.StatusOK {
			return
		}
	}
	t.Fatal("no place becomes free")
}

func TestWhoDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	impatient := func(_ *graph.Options, so *graph.StreamOptions) {
		so.WriteTime, so.Limits.Subscriptions = 300*time.Millisecond, 1
	}
	t.Run("websocket", func(t *testing.T) {
		t.Parallel()
		l := newLive(t, impatient)
		id := l.begin(t).GlobalID()
		s := l.connect(t, l.token)
		s.subscribe(t, "1", follow, object{"id": id})
		expect(t, s, "RUNNING")
		// Each ping is answered with what it brings, and nobody reads the answers.
		ping := object{"type": "ping", "payload": object{"x": strings.Repeat("x", 1<<20)}}
		for ctx, cancel := context.WithTimeout(t.Context(), patience); ; {
			if err := wsjson.Write(ctx, s.conn, ping); err != nil {
				if ctx.Err() != nil {
					t.Error("the server takes pings without end")
				}
				cancel()
				break
			}
		}
		l.untilThereIsRoom(t, id)
	})
	t.Run("events", func(t *testing.T) {
		t.Parallel()
		l := newLive(t, impatient)
		job := l.begin(t)
		if _, err := l.db.Exec("UPDATE jobs SET last_error = repeat('x', 500000) WHERE id = ?", job.ID); err != nil {
			t.Fatal(err)
		}
		query := "subscription Follow($id: ID!) { jobChanged(id: $id) { state progress { done } " + many(20, "a%[1]d: lastError ") + "} }"
		body := mustJSON(t, object{"query": query, "variables": object{"id": job.GlobalID()}})
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(l.address, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_, err = fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
			l.token, len(body), body)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		l.untilThereIsRoom(t, job.GlobalID())
	})
}

func TestRevokedTokensEndStreams(t *testing.T) {
	t.Parallel()
	l := newLive(t, func(_ *graph.Options, so *graph.StreamOptions) { so.TokenCheck = 100 * time.Millisecond })
	reader, err := l.store.CreateAccessToken(t.Context(), "reader", []models.Permission{models.PermissionReadJobs})
	if err != nil {
		t.Fatal(err)
	}
	job := l.begin(t)
	sockets := map[string]*socket{}
	streams := map[string]*stream{}
	for _, token := range []string{reader, l.token} {
		s := l.connect(t, token)
		s.subscribe(t, "1", follow, object{"id": job.GlobalID()})
		expect(t, s, "RUNNING")
		sockets[token] = s
		streams[token] = l.listen(t, follow, job.GlobalID(), token)
		expect(t, streams[token], "RUNNING")
	}
	time.Sleep(300 * time.Millisecond) // the tokens are looked up, and are valid
	if _, err := l.db.Exec("UPDATE access_tokens SET expires_at = now() WHERE name = 'reader'"); err != nil {
		t.Fatal(err)
	}
	expect(t, sockets[reader], "closed 4401")
	expect(t, streams[reader], "error UNAUTHENTICATED", "complete")
	l.finish(t, job)
	expect(t, sockets[l.token], "SUCCEEDED", "complete")
	expect(t, streams[l.token], "SUCCEEDED", "complete")
}

func TestAServerThatStopsEndsStreams(t *testing.T) {
	t.Parallel()
	l := newLive(t, nil)
	id := l.begin(t).GlobalID()
	socket, events := l.connect(t, l.token), l.listen(t, follow, id, l.token)
	socket.subscribe(t, "1", follow, object{"id": id})
	expect(t, socket, "RUNNING")
	expect(t, events, "RUNNING")
	stopped := make(chan time.Duration)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		begin := time.Now()
		l.streams.Stop(ctx)
		stopped <- time.Since(begin)
	}()
	expect(t, socket, "closed 1001")
	expect(t, events, "complete", "closed")
	if took := <-stopped; took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	if s := l.listen(t, follow, id, l.token); s.response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("afterwards: %d", s.response.StatusCode)
	}
	if _, status := l.dial(t, nil, protocol); status != http.StatusServiceUnavailable {
		t.Errorf("afterwards: %d", status)
	}
}

func TestOnlyRegisteredSubscriptionsAreRun(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "follow.graphql"), []byte(follow), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLive(t, func(o *graph.Options, _ *graph.StreamOptions) {
		documents, err := graph.OpenDocuments(folder)
		if err != nil {
			t.Fatal(err)
		}
		o.Documents = documents
	})
	id := l.begin(t).GlobalID()
	persisted := object{"variables": object{"id": id}, "extensions": object{"persistedQuery": object{"version": 1, "sha256Hash": hashOf(follow)}}}
	other := `subscription($id: ID!) { jobChanged(id: $id) { id } }`
	s := l.connect(t, l.token)
	s.send(t, object{"id": "1", "type": "subscribe", "payload": persisted})
	expect(t, s, "RUNNING")
	s.subscribe(t, "2", other, object{"id": id})
	expect(t, s, "error DOCUMENT_NOT_REGISTERED")
	expect(t, l.post(t, mustJSON(t, persisted), "Authorization", "Bearer "+l.token), "RUNNING")
	expect(t, l.listen(t, other, id, l.token), "error DOCUMENT_NOT_REGISTERED", "complete")
}

func TestSubscribersPayByComplexity(t *testing.T) {
	t.Parallel()
	l := newLive(t, func(o *graph.Options, _ *graph.StreamOptions) { o.Limits.TokenRate = 1000 })
	id := l.begin(t).GlobalID()
	s := l.connect(t, l.token)
	refused := 0
	for i := range 12 {
		s.subscribe(t, fmt.Sprint(i), follow, object{"id": id})
		switch got := s.next(t).String(); got {
		case "RUNNING":
		case "error RATE_LIMITED":
			refused++
		default:
			t.Fatal(got)
		}
		if refused > 0 {
			break
		}
	}
	if refused == 0 {
		t.Error("subscriptions are free")
	}
	// Messages are not free either.
	for range 200 {
		if err := wsjson.Write(t.Context(), s.conn, object{"type": "ping"}); err != nil {
			break
		}
	}
	for {
		e := s.next(t)
		if e.kind == "closed" {
			if e.closed != websocket.StatusTryAgainLater {
				t.Errorf("closed with %d", e.closed)
			}
			break
		}
	}
}
