package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// flushTimeout bounds the sending of the last spans when the program ends.
const flushTimeout = 5 * time.Second

// StartTraces sends spans by OTLP over HTTP, to where the variables OTEL_… of OpenTelemetry say, which it reads itself.
// Call stop for the last ones.
func StartTraces(ctx context.Context, version string, logger *slog.Logger) (_ trace.TracerProvider, stop func(), err error) {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("set up the exporter of traces: %w", err)
	}
	// What the variables say counts more than our own name, so they come last.
	about, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "ecoseller"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, nil, fmt.Errorf("describe the program for traces: %w", err)
	}
	// The library has no other place for what goes wrong while it sends.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("send traces", "error", err) }))
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return provider, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			logger.Warn("send the last traces", "error", err)
		}
	}, nil
}

// StartSpan begins a part of the trace that the context belongs to; end it with EndSpan. Outside of a trace it does
// nothing.
func StartSpan(ctx context.Context, name string, attributes ...attribute.KeyValue) context.Context {
	parent := trace.SpanFromContext(ctx)
	if !parent.SpanContext().IsSampled() {
		return ctx
	}
	ctx, _ = parent.TracerProvider().Tracer(scope).Start(ctx, name, trace.WithAttributes(attributes...)) //nolint:spancheck // EndSpan ends it
	return ctx
}

// TraceParent is how the present span is named in other processes (W3C Trace Context); empty outside of a trace.
func TraceParent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// StartJob begins the trace of a job, linked to the one that has caused it. End it with EndSpan.
func StartJob(ctx context.Context, traces trace.TracerProvider, kind, traceParent string, attempt int) context.Context {
	if traces == nil {
		return ctx
	}
	options := []trace.SpanStartOption{
		trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attribute.String("job.kind", kind), attribute.Int("job.attempt", attempt)),
	}
	cause := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceParent})
	if link := trace.LinkFromContext(cause); link.SpanContext.IsValid() {
		options = append(options, trace.WithLinks(link))
	}
	ctx, _ = traces.Tracer(scope).Start(ctx, "job "+kind, options...) //nolint:spancheck // EndSpan ends it
	return ctx
}
