package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// eventStream answers with server-sent events, as the protocol of graphql-sse has it in its mode of distinct connections:
// a request is an operation. gqlgen's own transport takes every request that could also read events, which urql's queries
// do, and may write to a response that has ended.
type eventStream struct {
	options Options
	streams *Streams
}

var _ graphql.Transport = eventStream{}

// Supports says that the client wants events, and nothing else that we have.
func (eventStream) Supports(r *http.Request) bool { return wantsEvents(r) }

func wantsEvents(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	if r.Method != http.MethodPost || !strings.Contains(accept, "text/event-stream") || strings.Contains(accept, "json") {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == "application/json"
}

// Do runs the operation and sends its answers.
func (t eventStream) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	params, err := readParams(json.NewDecoder(r.Body), r.Header)
	if err != nil {
		refuse(w, http.StatusBadRequest, CodeBadRequest, "the request is not a GraphQL request in JSON")
		return
	}
	ctx, one, entered := t.streams.enter(r.Context(), "sse")
	if !entered {
		refuse(w, http.StatusServiceUnavailable, CodeStopping, errStopping.Error())
		return
	}
	defer t.streams.leave(one)
	if refused := t.streams.begin(one); refused != nil {
		refuse(w, http.StatusServiceUnavailable, CodeTooManySubscriptions, refused.Message)
		return
	}
	defer t.streams.finish(one)
	t.streams.identify(one, tokenOf(ctx))
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would wait for more
	events := eventWriter{ctx: ctx, w: w, controller: http.NewResponseController(w), writeTime: t.streams.writeTime}
	defer context.AfterFunc(ctx, events.hurry)()
	answers := make(chan *graphql.Response)
	go func() {
		defer close(answers)
		t.streams.run(ctx, t.options, exec, params, func(answer *graphql.Response) bool {
			select {
			case answers <- answer:
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	events.pass(answers)
	if errors.Is(context.Cause(ctx), errTokenGone) {
		events.next(&graphql.Response{Errors: gqlerror.List{refusal(CodeUnauthenticated, "%s", errTokenGone)}})
	}
	events.write("event: complete\ndata:\n\n")
}

func readParams(decoder *json.Decoder, header http.Header) (*graphql.RawParams, error) {
	params := &graphql.RawParams{Headers: header}
	decoder.UseNumber()
	params.ReadTime.Start = graphql.Now()
	if err := decoder.Decode(params); err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	params.ReadTime.End = graphql.Now()
	return params, nil
}

// eventWriter writes events, each under a deadline of its own: that of the server is for answers that end. What cannot be
// written ends the context of the request, which is how net/http says it.
type eventWriter struct {
	ctx        context.Context //nolint:containedctx // it is that of the stream, which the writer is a part of
	w          http.ResponseWriter
	controller *http.ResponseController
	writeTime  time.Duration
}

// pass writes answers until there are no more, and a comment now and then.
func (e *eventWriter) pass(answers <-chan *graphql.Response) {
	ticker := time.NewTicker(streamPing)
	defer ticker.Stop()
	e.write(":\n\n") // the client learns at once that it is heard
	for {
		select {
		case answer, more := <-answers:
			if !more {
				return
			}
			e.next(answer)
		case <-ticker.C:
			e.write(":\n\n")
		}
	}
}

func (e *eventWriter) next(answer *graphql.Response) {
	body, err := json.Marshal(answer)
	if err != nil {
		return
	}
	e.write("event: next\ndata: " + string(body) + "\n\n")
}

func (e *eventWriter) write(event string) {
	// Writers without deadlines, in tests, need none.
	_ = e.controller.SetWriteDeadline(time.Now().Add(e.writeTime))
	if e.ctx.Err() != nil {
		e.hurry()
	}
	_, _ = e.w.Write([]byte(event))
	_ = e.controller.Flush()
}

// hurry gives a client that does not read a last second: the stream has ended, and a server that stops waits for it.
func (e *eventWriter) hurry() { _ = e.controller.SetWriteDeadline(time.Now().Add(time.Second)) }
