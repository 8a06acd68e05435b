package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
)

// Record is what is known of a request when it ends; the log line is made of it. A nil one takes everything and keeps
// nothing.
type Record struct {
	calls [systems]atomic.Int64

	mu        sync.Mutex
	operation *Operation
	stream    bool
}

// Operation is what a GraphQL request has run.
type Operation struct {
	// Type is query, mutation or subscription; empty when the document could not be read.
	Type string
	// Name is as the client wrote it, shortened.
	Name string
	// Document is a hash of the document, by which two requests with the same one are told; the document itself may
	// have personal data in its literals.
	Document string
	Errors   int
}

type recordKey struct{}

// RecordOf returns the record of the request that the context belongs to; nil outside of one.
func RecordOf(ctx context.Context) *Record {
	record, _ := ctx.Value(recordKey{}).(*Record)
	return record
}

func withRecord(ctx context.Context) (context.Context, *Record) {
	record := new(Record)
	return context.WithValue(ctx, recordKey{}, record), record
}

// SetOperation notes what the request has run.
func (r *Record) SetOperation(o Operation) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.operation = &o
}

// SetStream notes that the answer may last: how long it takes says nothing about the server.
func (r *Record) SetStream() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stream = true
}

func (r *Record) isStream() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stream
}

func (r *Record) count(s System) {
	if r != nil {
		r.calls[s].Add(1)
	}
}

// attributes are those of the log line, besides HTTP's.
func (r *Record) attributes() []slog.Attr {
	var attributes []slog.Attr
	r.mu.Lock()
	if o := r.operation; o != nil {
		attributes = append(attributes, slog.String("type", o.Type), slog.String("operation", o.Name),
			slog.String("document", o.Document), slog.Int("errors", o.Errors))
	}
	r.mu.Unlock()
	attributes = append(attributes, slog.Int64("sql", r.calls[SQL].Load()))
	if n := r.calls[Elasticsearch].Load(); n > 0 {
		attributes = append(attributes, slog.Int64("elasticsearch", n))
	}
	return attributes
}
