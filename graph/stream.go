package graph

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"ecoseller/models"
	"ecoseller/store"
	"ecoseller/telemetry"
)

const (
	// streamWriteTime is how long a client may take to read what it is sent; who does not read holds memory.
	streamWriteTime = 10 * time.Second
	// streamPing is how often something is sent over a stream on which nothing happens: proxies close those that are
	// silent for a minute, and a client that has gone without a word is found out.
	streamPing = 15 * time.Second
	// tokenCheck is how often the tokens of streams are looked up again.
	tokenCheck = 20 * time.Second
)

// Why streams end before the client has had enough.
var (
	errStopping  = errors.New("the server stops")
	errTokenGone = errors.New("the access token is not valid any more")
)

// Streams are the connections over which clients follow something: WebSockets and server-sent events. They last, so they
// are counted, their tokens are looked up again and again, and a server that stops ends them.
type Streams struct {
	store   *store.Store
	limits  Limits
	logger  *slog.Logger
	metrics *Metrics
	// tokenCheck and writeTime are the constants, but in tests.
	tokenCheck, writeTime time.Duration

	mu         sync.Mutex
	stopping   bool
	open       map[*stream]bool
	operations int
	checking   bool
	ended      sync.WaitGroup
}

// StreamOptions say what streams need. Times that are zero mean their defaults.
type StreamOptions struct {
	Store  *store.Store
	Limits Limits
	Logger *slog.Logger
	// Metrics may be nil.
	Metrics *Metrics
	// TokenCheck is how often tokens are looked up again, WriteTime how long a client may take to read.
	TokenCheck, WriteTime time.Duration
}

// NewStreams returns Streams for NewHandler.
func NewStreams(o StreamOptions) *Streams {
	s := &Streams{
		store: o.Store, limits: o.Limits, logger: o.Logger, metrics: o.Metrics, open: map[*stream]bool{},
		tokenCheck: o.TokenCheck, writeTime: o.WriteTime,
	}
	if s.tokenCheck == 0 {
		s.tokenCheck = tokenCheck
	}
	if s.writeTime == 0 {
		s.writeTime = streamWriteTime
	}
	return s
}

// Stop ends all streams, lets none begin, and waits until they have ended or the context has.
func (s *Streams) Stop(ctx context.Context) {
	s.mu.Lock()
	s.stopping = true
	for one := range s.open {
		one.end(errStopping)
	}
	s.mu.Unlock()
	ended := make(chan struct{})
	go func() { s.ended.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// stream is one connection.
type stream struct {
	transport string
	end       context.CancelCauseFunc
	// token and operations are under the lock of Streams; token is nil for anonymous clients.
	token      *models.AccessToken
	operations int
}

// enter begins a stream, unless the server stops; its context ends with it.
func (s *Streams) enter(ctx context.Context, transport string) (context.Context, *stream, bool) {
	// The head of the answer is written before operations run, several of them at once: they have nothing to tell it.
	ctx, end := context.WithCancelCause(context.WithValue(ctx, answerKey{}, (*answer)(nil)))
	one := &stream{transport: transport, end: end}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		end(errStopping)
		return ctx, nil, false
	}
	s.open[one] = true
	s.ended.Add(1)
	return context.WithValue(ctx, streamKey{}, one), one, true
}

func (s *Streams) leave(one *stream) {
	one.end(nil)
	s.mu.Lock()
	delete(s.open, one)
	s.mu.Unlock()
	s.ended.Done()
}

// identify says whose the stream is, so that it ends with the token.
func (s *Streams) identify(one *stream, token *models.AccessToken) {
	if token == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one.token = token
	if !s.checking {
		s.checking = true
		go s.checkTokens()
	}
}

// checkTokens ends the streams whose tokens are no longer valid. It runs while there are streams with tokens.
func (s *Streams) checkTokens() {
	ticker := time.NewTicker(s.tokenCheck)
	defer ticker.Stop()
	for range ticker.C {
		ids := s.tokens()
		if ids == nil {
			return
		}
		valid, err := s.store.ValidAccessTokens(context.Background(), ids)
		if err != nil {
			s.logger.Warn("check access tokens of streams; trying again", "error", err)
			continue
		}
		s.endInvalid(ids, valid)
	}
}

func (s *Streams) tokens() []uuid.UUID {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []uuid.UUID
	for one := range s.open {
		if one.token != nil {
			ids = append(ids, one.token.ID)
		}
	}
	s.checking = ids != nil
	return ids
}

// endInvalid looks at the tokens that were asked for; a stream may have begun since.
func (s *Streams) endInvalid(asked []uuid.UUID, valid map[uuid.UUID]bool) {
	gone := map[uuid.UUID]bool{}
	for _, id := range asked {
		gone[id] = !valid[id]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range s.open {
		if one.token != nil && gone[one.token.ID] {
			one.end(errTokenGone)
		}
	}
}

// begin takes a place for an operation on the stream.
func (s *Streams) begin(one *stream) *gqlerror.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.operations >= s.limits.SubscriptionsPerConnection {
		return refusal(CodeTooManySubscriptions, "the connection has %d subscriptions; that is all it may have", one.operations)
	}
	if s.operations >= s.limits.Subscriptions {
		return refusal(CodeTooManySubscriptions, "the server has as many subscriptions as it can take; try again later")
	}
	one.operations++
	s.operations++
	s.metrics.subscribe(one.transport, 1)
	return nil
}

func (s *Streams) finish(one *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one.operations--
	s.operations--
	s.metrics.subscribe(one.transport, -1)
}

// run runs an operation that has a place, and sends each of its answers, until there are no more or send says that nobody
// takes them. Queries and mutations have one answer, in the time that requests have.
func (s *Streams) run(ctx context.Context, o Options, exec graphql.GraphExecutor, params *graphql.RawParams, send func(*graphql.Response) bool) {
	ctx = graphql.StartOperationTrace(ctx)
	defer func() {
		if panicked := recover(); panicked != nil {
			err := presentError(o.Logger)(ctx, recoverPanic(o.Logger)(ctx, panicked))
			send(&graphql.Response{Errors: gqlerror.List{err}})
		}
	}()
	operation, refused := exec.CreateOperationContext(ctx, params)
	ctx = graphql.WithOperationContext(ctx, operation)
	if refused != nil {
		send(exec.DispatchError(ctx, refused))
		return
	}
	if operation.Operation.Operation != ast.Subscription {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Timeout)
		defer cancel()
	}
	answers, ctx := exec.DispatchOperation(ctx, operation)
	events := 0
	for answer := answers(ctx); answer != nil && send(answer); answer = answers(ctx) {
		events++
	}
	s.logEnd(ctx, operation, events)
}

func (s *Streams) logEnd(ctx context.Context, operation *graphql.OperationContext, events int) {
	o, one := operationOf(ctx), streamOf(ctx)
	if one == nil || operation.Operation.Operation != ast.Subscription {
		return
	}
	s.logger.InfoContext(ctx, "subscription ended", "transport", one.transport, "operation", o.Name, "document", o.Document,
		"events", events, "took", time.Since(operation.Stats.OperationStart).Round(time.Millisecond))
}

// wantsStream says that the answer may take for ever.
func wantsStream(r *http.Request) bool { return wantsEvents(r) || webSockets{}.Supports(r) }

// serveStream passes a request on that has no end by itself. Its body arrives as that of others does.
func serveStream(w http.ResponseWriter, r *http.Request, o Options, next http.Handler) {
	telemetry.RecordOf(r.Context()).SetStream()
	if r.Method == http.MethodPost {
		body, err := readBody(w, r, o.Limits)
		if err != nil {
			refuseBody(w, err)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	next.ServeHTTP(w, r)
}

type streamKey struct{}

// streamOf is nil for a request that gets one answer.
func streamOf(ctx context.Context) *stream {
	one, _ := ctx.Value(streamKey{}).(*stream)
	return one
}

// streamGuard refuses subscriptions where there is no stream to send the answers over.
type streamGuard struct{}

// ExtensionName identifies the guard to gqlgen.
func (streamGuard) ExtensionName() string { return "StreamGuard" }

// Validate has nothing to check in the schema.
func (streamGuard) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext looks at the kind of the operation.
func (streamGuard) MutateOperationContext(ctx context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	if operation.Operation.Operation == ast.Subscription && streamOf(ctx) == nil {
		return refusal(CodeStreamRequired, "a subscription is sent over a WebSocket (graphql-transport-ws), or by POST with Accept: text/event-stream")
	}
	return nil
}
