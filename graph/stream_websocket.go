package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const (
	webSocketProtocol = "graphql-transport-ws"
	// initTime is how long a client may take to say connection_init, initBytes how long that may be.
	initTime  = 5 * time.Second
	initBytes = 16 << 10
	// maxOperationID is how long a client's name for an operation may be.
	maxOperationID = 128
)

// The reasons for closing that the protocol knows.
const (
	closeBadMessage    websocket.StatusCode = 4400
	closeUnauthorized  websocket.StatusCode = 4401
	closeInitTimeout   websocket.StatusCode = 4408
	closeIDTaken       websocket.StatusCode = 4409
	closeInitTwice     websocket.StatusCode = 4429
	closeInternalError websocket.StatusCode = 4500
)

// webSockets speak graphql-transport-ws. gqlgen's own transport waits for ever for clients that do not read, does not count
// operations, and closes with codes that clients do not know.
type webSockets struct {
	options Options
	streams *Streams
	rates   *rateLimiter
}

var _ graphql.Transport = webSockets{}

// Supports says that the client wants to change to this protocol.
func (webSockets) Supports(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// Do serves a connection until it ends.
func (t webSockets) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if !speaks(r, webSocketProtocol) {
		refuse(w, http.StatusBadRequest, CodeBadRequest, "a WebSocket of this server speaks "+webSocketProtocol)
		return
	}
	if !mayOpen(t.options.Origins, r) {
		refuse(w, http.StatusForbidden, CodeCrossOrigin, "a WebSocket must be opened by a page of this server or of an allowed origin")
		return
	}
	ctx, one, entered := t.streams.enter(r.Context(), "websocket")
	if !entered {
		refuse(w, http.StatusServiceUnavailable, CodeStopping, errStopping.Error())
		return
	}
	defer t.streams.leave(one)
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{webSocketProtocol}, InsecureSkipVerify: true, // mayOpen has looked at the origin
	})
	if err != nil {
		return // the client has been told
	}
	s := &socket{webSockets: t, conn: conn, stream: one, exec: exec, request: r, active: map[string]*operation{}}
	s.serve(ctx)
}

func speaks(r *http.Request, protocol string) bool {
	for offered := range strings.SplitSeq(strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), ",") {
		if strings.TrimSpace(offered) == protocol {
			return true
		}
	}
	return false
}

// mayOpen says whether the page that opens a WebSocket is of this server or of an allowed origin. Browsers do not ask
// before, as they do for requests, but they say where the page is from; other programs do not.
func mayOpen(origins []string, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(origins, anyOrigin) || slices.Contains(origins, origin) {
		return true
	}
	page, err := url.Parse(origin)
	return err == nil && strings.EqualFold(page.Host, r.Host)
}

// socket is one connection.
type socket struct {
	webSockets
	conn    *websocket.Conn
	stream  *stream
	exec    graphql.GraphExecutor
	request *http.Request
	running sync.WaitGroup

	mu     sync.Mutex
	active map[string]*operation
}

// operation is one that runs. A client may use its id again as soon as it has completed the operation, which may be before we
// have ended it.
type operation struct{ cancel context.CancelFunc }

// message is one of the protocol, of either side.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// closing says that the connection is to be closed, and what the client is told.
type closing struct {
	code   websocket.StatusCode
	reason string
}

// Error is what the client is told.
func (c *closing) Error() string { return fmt.Sprintf("%s (%d)", c.reason, c.code) }

// serve reads messages until the connection ends, by either side.
func (s *socket) serve(ctx context.Context) {
	ended := make(chan struct{})
	go func() { defer close(ended); s.closeWith(ctx) }()
	identified, err := s.open(ctx)
	for err == nil {
		err = s.answerNext(identified)
	}
	s.stream.end(err)
	<-ended
	s.running.Wait()
}

// closeWith closes the connection when its context ends, and says why. All who read or write are interrupted by it.
func (s *socket) closeWith(ctx context.Context) {
	<-ctx.Done()
	why := closing{code: websocket.StatusNormalClosure}
	cause := context.Cause(ctx)
	if told, ok := errors.AsType[*closing](cause); ok {
		why = *told
	}
	switch {
	case errors.Is(cause, errStopping):
		why = closing{websocket.StatusGoingAway, errStopping.Error()}
	case errors.Is(cause, errTokenGone):
		why = closing{closeUnauthorized, errTokenGone.Error()}
	}
	_ = s.conn.Close(why.code, why.reason)
}

// open waits for connection_init and acknowledges it. The payload may have the token, since pages cannot send headers; the
// context that it returns knows whose the connection is.
func (s *socket) open(ctx context.Context) (context.Context, error) {
	late := time.AfterFunc(initTime, func() { s.stream.end(&closing{closeInitTimeout, "connection initialisation timeout"}) })
	defer late.Stop()
	s.conn.SetReadLimit(initBytes)
	first, err := s.next(ctx)
	if err != nil {
		return ctx, err
	}
	if first.Type != "connection_init" {
		return ctx, &closing{closeUnauthorized, "a connection begins with connection_init"}
	}
	if ctx, err = s.identify(ctx, first.Payload); err != nil {
		return ctx, err
	}
	s.conn.SetReadLimit(s.streams.limits.BodyBytes)
	s.running.Go(func() { s.ping(ctx) })
	return ctx, s.write(message{Type: "connection_ack"})
}

// identify finds out whose the connection is: the token of connection_init counts before that of the request.
func (s *socket) identify(ctx context.Context, payload json.RawMessage) (context.Context, error) {
	var init struct {
		Authorization string // whatever its case is
	}
	if len(payload) > 0 {
		if err := json.Unmarshal(payload, &init); err != nil {
			return ctx, &closing{closeBadMessage, "the payload of connection_init is an object with texts"}
		}
	}
	if init.Authorization != "" {
		token, refused := findToken(ctx, s.options, init.Authorization)
		if refused != nil && refused.status == http.StatusUnauthorized {
			return ctx, &closing{closeUnauthorized, refused.message}
		}
		if refused != nil {
			return ctx, &closing{closeInternalError, refused.message}
		}
		ctx = context.WithValue(ctx, tokenKey{}, token)
		ctx = s.rates.withClient(ctx, s.options.ClientAddress(s.request))
	}
	s.streams.identify(s.stream, tokenOf(ctx))
	return ctx, nil
}

// ping finds out whether the client is still there.
func (s *socket) ping(ctx context.Context) {
	ticker := time.NewTicker(streamPing)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// The context of the stream is not used to write: that it ends would cut the connection instead of closing it.
		waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.streams.writeTime)
		err := s.conn.Ping(waiting)
		cancel()
		if err != nil {
			_ = s.conn.CloseNow()
			return
		}
	}
}

// answerNext reads a message and does what it says.
func (s *socket) answerNext(ctx context.Context) error {
	m, err := s.next(ctx)
	if err != nil {
		return err
	}
	if refused := s.rates.charge(ctx, requestWeight); refused != nil {
		return &closing{websocket.StatusTryAgainLater, refused.Message}
	}
	switch m.Type {
	case "subscribe":
		return s.subscribe(ctx, m)
	case "complete":
		s.stop(m.ID)
		return nil
	case "ping":
		return s.write(message{Type: "pong", Payload: m.Payload})
	case "pong":
		return nil
	case "connection_init":
		return &closing{closeInitTwice, "too many initialisation requests"}
	default:
		return &closing{closeBadMessage, "the protocol has no such message"}
	}
}

// next reads a message. The client may take as long as it likes to begin one, but not to end it.
func (s *socket) next(ctx context.Context) (message, error) {
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var m message
	kind, reader, err := s.conn.Reader(reading)
	if err != nil {
		return m, fmt.Errorf("read message: %w", err)
	}
	late := time.AfterFunc(s.streams.limits.BodyTime, cancel)
	defer late.Stop()
	text, err := io.ReadAll(reader)
	if err != nil {
		return m, fmt.Errorf("read message: %w", err)
	}
	if kind != websocket.MessageText || json.Unmarshal(text, &m) != nil {
		return m, &closing{closeBadMessage, "a message is a text in JSON"}
	}
	return m, nil
}

// subscribe begins an operation.
func (s *socket) subscribe(ctx context.Context, m message) error {
	if m.ID == "" || len(m.ID) > maxOperationID {
		return &closing{closeBadMessage, "an operation has an id, and not a long one"}
	}
	params, err := readParams(json.NewDecoder(bytes.NewReader(m.Payload)), s.request.Header)
	if err != nil {
		return &closing{closeBadMessage, "the payload of subscribe is a GraphQL request"}
	}
	ctx, cancel := context.WithCancel(ctx)
	o := &operation{cancel}
	if !s.remember(m.ID, o) {
		cancel()
		return &closing{closeIDTaken, "there is an operation with this id"}
	}
	if refused := s.streams.begin(s.stream); refused != nil {
		s.forget(m.ID, o)
		return s.writeErrors(m.ID, gqlerror.List{refused})
	}
	s.running.Go(func() {
		defer s.streams.finish(s.stream)
		s.run(ctx, m.ID, o, params)
	})
	return nil
}

// run sends what an operation answers. Without data it has not begun, and its errors are the end.
func (s *socket) run(ctx context.Context, id string, o *operation, params *graphql.RawParams) {
	var failed gqlerror.List
	s.streams.run(ctx, s.options, s.exec, params, func(answer *graphql.Response) bool {
		if answer.Data == nil && len(answer.Errors) > 0 {
			failed = answer.Errors
			return false
		}
		body, err := json.Marshal(answer)
		return err == nil && ctx.Err() == nil && s.write(message{ID: id, Type: "next", Payload: body}) == nil
	})
	wanted := ctx.Err() == nil
	s.forget(id, o) // before the client is told, who may use the id again then
	if !wanted {
		return
	}
	if failed != nil {
		_ = s.writeErrors(id, failed)
		return
	}
	_ = s.write(message{ID: id, Type: "complete"})
}

// remember says whether the id was free.
func (s *socket) remember(id string, o *operation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active[id] != nil {
		return false
	}
	s.active[id] = o
	return true
}

// stop ends the operation that the client calls so, if there is one.
func (s *socket) stop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.active[id]; o != nil {
		o.cancel()
		delete(s.active, id)
	}
}

// forget frees the id of an operation that has ended, unless another one has it already.
func (s *socket) forget(id string, o *operation) {
	o.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active[id] == o {
		delete(s.active, id)
	}
}

func (s *socket) writeErrors(id string, list gqlerror.List) error {
	body, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("write errors: %w", err)
	}
	return s.write(message{ID: id, Type: "error", Payload: body})
}

// write sends a message. Who does not read it in time loses the connection.
func (s *socket) write(m message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write message: %w", err)
	}
	writing, cancel := context.WithTimeout(context.Background(), s.streams.writeTime)
	defer cancel()
	return s.conn.Write(writing, websocket.MessageText, text)
}
