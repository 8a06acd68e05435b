package telemetry

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/felixge/httpsnoop"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// HTTP watches the requests of a server.
type HTTP struct {
	durations *prometheus.HistogramVec
	bytes     *prometheus.CounterVec
	running   prometheus.Gauge
}

// NewHTTP returns it with its metrics, to be registered with Prometheus.
func NewHTTP() *HTTP {
	return &HTTP{
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ecoseller_http_request_duration_seconds", Help: "How long requests take, to the last byte of the answer; without streams, which last.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 11),
		}, []string{"route", "method", "status"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ecoseller_http_response_bytes_total", Help: "Bytes of answers, without headers.",
		}, []string{"route"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ecoseller_http_requests_running", Help: "Requests that are being answered.",
		}),
	}
}

// Describe names the metrics.
func (h *HTTP) Describe(descriptions chan<- *prometheus.Desc) {
	for _, c := range h.all() {
		c.Describe(descriptions)
	}
}

// Collect reports them.
func (h *HTTP) Collect(metrics chan<- prometheus.Metric) {
	for _, c := range h.all() {
		c.Collect(metrics)
	}
}

func (h *HTTP) all() []prometheus.Collector {
	return []prometheus.Collector{h.durations, h.bytes, h.running}
}

// Handler answers with next, and watches; routes says which part of the program a request is for. Without traces it costs
// a record and a few counts; the log has a line for each request, at level debug for the probes of balancers.
//
// otelhttp is not used, because its spans have the addresses of clients, and paths, which hold the secrets of links to
// unsubscribe.
func (h *HTTP) Handler(next http.Handler, routes *http.ServeMux, traces trace.TracerProvider, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, route := routes.Handler(r)
		ctx, record := withRecord(r.Context())
		var span trace.Span
		if traces != nil && !isProbe(route) {
			ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
			ctx, span = traces.Tracer(scope).Start(ctx, methodOf(r)+" "+route, trace.WithSpanKind(trace.SpanKindServer),
				trace.WithAttributes(attribute.String("http.request.method", methodOf(r)), attribute.String("http.route", route)))
			// Also when the handler panics, which the server takes for a connection to be cut.
			defer span.End()
		}
		h.running.Inc()
		defer h.running.Dec()
		m := httpsnoop.CaptureMetrics(next, w, r.WithContext(ctx))
		if !record.isStream() {
			h.durations.WithLabelValues(route, methodOf(r), strconv.Itoa(m.Code)).Observe(m.Duration.Seconds())
		}
		h.bytes.WithLabelValues(route).Add(float64(m.Written))
		if span != nil {
			endServerSpan(span, m)
		}
		logRequest(logger, r.WithContext(ctx), route, m, record)
	})
}

func endServerSpan(span trace.Span, m httpsnoop.Metrics) {
	span.SetAttributes(attribute.Int("http.response.status_code", m.Code), attribute.Int64("http.response.body.size", m.Written))
	if m.Code >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, http.StatusText(m.Code))
	}
}

func logRequest(logger *slog.Logger, r *http.Request, route string, m httpsnoop.Metrics, record *Record) {
	level := slog.LevelInfo
	if isProbe(route) {
		level = slog.LevelDebug
	}
	if !logger.Enabled(r.Context(), level) {
		return
	}
	attributes := append([]slog.Attr{
		slog.String("method", methodOf(r)), slog.String("route", route), slog.Int("status", m.Code),
		slog.Duration("took", m.Duration.Round(10*time.Microsecond)), slog.Int64("bytes", m.Written),
	}, record.attributes()...)
	if span := trace.SpanContextFromContext(r.Context()); span.IsSampled() {
		attributes = append(attributes, slog.String("trace_id", span.TraceID().String()))
	}
	logger.LogAttrs(r.Context(), level, "request", attributes...)
}

// isProbe says that a request comes again every few seconds and says nothing.
func isProbe(route string) bool { return route == "GET /healthz" || route == "GET /readyz" }

// methodOf is the method, if it is one: clients may send any word.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return r.Method
	default:
		return "OTHER"
	}
}
