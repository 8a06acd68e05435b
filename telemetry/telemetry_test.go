package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"ecoseller/telemetry"
)

func newTraces(t *testing.T) (trace.TracerProvider, *tracetest.SpanRecorder) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	return sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)), recorder
}

// TestWithoutTracesACallCostsNoMemory is what "off" means.
func TestWithoutTracesACallCostsNoMemory(t *testing.T) {
	calls := telemetry.NewCalls(telemetry.SQL, "calls", "Calls.")
	ctx, started := t.Context(), time.Now()
	if n := testing.AllocsPerRun(1000, func() { calls.End(calls.Start(ctx, "SELECT"), "SELECT", started, nil) }); n != 0 {
		t.Errorf("a call allocates %v times", n)
	}
	if telemetry.StartSpan(ctx, "operation") != ctx || telemetry.StartJob(ctx, nil, "kind", "", 1) != ctx || telemetry.TraceParent(ctx) != "" {
		t.Error("something is traced")
	}
}

// TestErrorsAreNotTold keeps texts of errors, which repeat what was asked for, out of traces.
func TestErrorsAreNotTold(t *testing.T) {
	t.Parallel()
	traces, recorder := newTraces(t)
	calls := telemetry.NewCalls(telemetry.SMTP, "calls", "Calls.")
	root, rootSpan := traces.Tracer("test").Start(t.Context(), "root")
	defer rootSpan.End()
	for outcome, err := range map[string]error{
		"error": errors.New("550 no such user konrad@example.com"), "late": fmt.Errorf("konrad: %w", context.DeadlineExceeded),
		"cancelled": fmt.Errorf("konrad: %w", context.Canceled),
	} {
		calls.End(calls.Start(root, outcome), outcome, time.Now(), err)
	}
	ended := recorder.Ended()
	if len(ended) != 3 {
		t.Fatalf("%d spans", len(ended))
	}
	for _, span := range ended {
		if status := span.Status(); status.Code != codes.Error || !strings.HasSuffix(span.Name(), " "+status.Description) || strings.Contains(fmt.Sprint(span), "konrad") {
			t.Errorf("%s: %+v", span.Name(), status)
		}
	}
}

func TestAJobIsLinkedToItsCause(t *testing.T) {
	t.Parallel()
	traces, recorder := newTraces(t)
	cause, span := traces.Tracer("test").Start(t.Context(), "request")
	for name, test := range map[string]struct {
		parent string
		links  int
	}{"with": {telemetry.TraceParent(cause), 1}, "without": {"", 0}, "broken": {"00-zz", 0}} {
		telemetry.EndSpan(telemetry.StartJob(t.Context(), traces, name, test.parent, 2), nil)
		ended := recorder.Ended()
		job := ended[len(ended)-1]
		if job.Name() != "job "+name || len(job.Links()) != test.links || job.SpanContext().TraceID() == span.SpanContext().TraceID() {
			t.Errorf("%s: %s with %d links", name, job.Name(), len(job.Links()))
		}
		if test.links == 1 && job.Links()[0].SpanContext.SpanID() != span.SpanContext().SpanID() {
			t.Errorf("%s: linked to another span", name)
		}
	}
}

func TestRequestsAreObserved(t *testing.T) {
	t.Parallel()
	traces, recorder := newTraces(t)
	observed := telemetry.NewHTTP()
	calls := telemetry.NewCalls(telemetry.SQL, "calls", "Calls.")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/secrets/", func(w http.ResponseWriter, r *http.Request) {
		calls.End(calls.Start(r.Context(), "SELECT"), "SELECT", time.Now(), nil)
		telemetry.RecordOf(r.Context()).SetOperation(telemetry.Operation{Type: "query", Name: "Q", Document: "abc", Errors: 2})
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("12345"))
	})
	var log bytes.Buffer
	server := httptest.NewServer(observed.Handler(mux, mux, traces, slog.New(slog.NewTextHandler(&log, nil))))
	for _, path := range []string{"/healthz", "/secrets/of/konrad?name=konrad", "/none/konrad"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	server.Close() // waits for the requests to end
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `method=GET route=/secrets/ status=418`) ||
		!strings.Contains(lines[0], `bytes=5 type=query operation=Q document=abc errors=2 sql=1 trace_id=0af7651916cd43dd8448eb211c80319c`) {
		t.Errorf("the log:\n%s", &log)
	}
	for _, span := range recorder.Ended() {
		if span.SpanContext().TraceID().String() != "0af7651916cd43dd8448eb211c80319c" || strings.Contains(fmt.Sprint(span.Name(), span.Attributes()), "konrad") {
			t.Errorf("%s %v", span.Name(), span.Attributes())
		}
	}
	if n := len(recorder.Ended()); n != 3 { // two requests and a statement; none for the probe
		t.Errorf("%d spans", n)
	}
	if strings.Contains(log.String(), "konrad") {
		t.Errorf("the log has a path:\n%s", &log)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(observed, calls)
	if families, err := registry.Gather(); err != nil || len(families) != 4 {
		t.Errorf("%d metrics, %v", len(families), err)
	}
}
