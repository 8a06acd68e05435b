// Package telemetry watches what the program does: a line in the log for each request, metrics for Prometheus, and
// traces for OpenTelemetry. Nothing in it holds personal data: no variables, no addresses, no texts of errors, since
// those of services repeat what they were asked.
package telemetry

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// scope is what the program's spans say they were made by.
const scope = "ecoseller"

// System is a service that the program calls.
type System int

// The services.
const (
	SQL System = iota
	Elasticsearch
	Redis
	SMTP
	systems
)

// names are those of the semantic conventions of OpenTelemetry, where they have one.
var names = [systems]string{SQL: "postgresql", Elasticsearch: "elasticsearch", Redis: "redis", SMTP: "smtp"}

// Calls watches the calls of one service: each is a span of the trace it belongs to, counts in a histogram, and in the
// log line of its request. A nil one watches nothing.
type Calls struct {
	system    System
	durations *prometheus.HistogramVec
}

// NewCalls returns calls with their metric, to be registered with Prometheus.
func NewCalls(system System, metric, help string) *Calls {
	return &Calls{system: system, durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: metric, Help: help, Buckets: prometheus.ExponentialBuckets(0.0005, 3, 10),
	}, []string{"operation", "outcome"})}
}

// Describe names the metric.
func (c *Calls) Describe(descriptions chan<- *prometheus.Desc) { c.durations.Describe(descriptions) }

// Collect reports it.
func (c *Calls) Collect(metrics chan<- prometheus.Metric) { c.durations.Collect(metrics) }

// Start begins a call: End must follow, with the context that it returns. A span is begun only within a trace: what
// the program does on its own account makes none.
func (c *Calls) Start(ctx context.Context, operation string) context.Context {
	if c == nil {
		return ctx
	}
	RecordOf(ctx).count(c.system)
	parent := trace.SpanFromContext(ctx)
	if !parent.SpanContext().IsSampled() {
		return ctx
	}
	ctx, _ = parent.TracerProvider().Tracer(scope).Start(ctx, names[c.system]+" "+operation, trace.WithSpanKind(trace.SpanKindClient), //nolint:spancheck // EndSpan ends it
		trace.WithAttributes(attribute.String("peer.service", names[c.system]), attribute.String("operation.name", operation)))
	return ctx
}

// End ends it.
func (c *Calls) End(ctx context.Context, operation string, started time.Time, err error) {
	if c == nil {
		return
	}
	outcome := outcomeOf(err)
	c.durations.WithLabelValues(operation, outcome).Observe(time.Since(started).Seconds())
	EndSpan(ctx, err)
}

// EndSpan ends the span of the context, and says whether it went well, but not what the error was.
func EndSpan(ctx context.Context, err error) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	if outcome := outcomeOf(err); outcome != "ok" {
		span.SetStatus(codes.Error, outcome)
	}
	span.End()
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, context.DeadlineExceeded):
		return "late"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	default:
		return "error"
	}
}
