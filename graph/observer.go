package graph

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/attribute"

	"ecoseller/telemetry"
)

const (
	// maxObservedNames is how many names of operations have metrics of their own; clients invent names, and each costs
	// memory here and in Prometheus.
	maxObservedNames = 200
	otherName        = "(other)"
)

// observableName are names that are no longer than a name is.
var observableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// Metrics counts operations and their errors. A nil one counts nothing.
type Metrics struct {
	durations *prometheus.HistogramVec
	errors    *prometheus.CounterVec
	// subscriptions are those that are open.
	subscriptions *prometheus.GaugeVec

	mu    sync.Mutex
	names map[string]bool
}

// NewMetrics returns metrics to be registered with Prometheus.
func NewMetrics() *Metrics {
	return &Metrics{
		names: map[string]bool{},
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ecoseller_graphql_operation_duration_seconds", Help: "How long operations take, by the name that the client gives them.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 11),
		}, []string{"type", "operation", "outcome"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ecoseller_graphql_errors_total", Help: "Errors in answers, by extensions.code.",
		}, []string{"code"}),
		subscriptions: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ecoseller_graphql_subscriptions_open", Help: "Operations that are open on WebSockets and streams of events.",
		}, []string{"transport"}),
	}
}

// Describe names the metrics.
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	m.durations.Describe(descriptions)
	m.errors.Describe(descriptions)
	m.subscriptions.Describe(descriptions)
}

// Collect reports them.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	m.durations.Collect(metrics)
	m.errors.Collect(metrics)
	m.subscriptions.Collect(metrics)
}

// label is the name for metrics: itself, for the first ones.
func (m *Metrics) label(name string) string {
	if name == "" {
		return "(unnamed)"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.names[name] && (len(m.names) >= maxObservedNames || !observableName.MatchString(name)) {
		return otherName
	}
	m.names[name] = true
	return name
}

func (m *Metrics) observe(o telemetry.Operation, list gqlerror.List, err error, took time.Duration) {
	if m == nil {
		return
	}
	outcome := "ok"
	if err != nil {
		outcome = "error"
	}
	m.durations.WithLabelValues(o.Type, m.label(o.Name), outcome).Observe(took.Seconds())
	m.countErrors(list)
}

func (m *Metrics) subscribe(transport string, change float64) {
	if m != nil {
		m.subscriptions.WithLabelValues(transport).Add(change)
	}
}

func (m *Metrics) countErrors(list gqlerror.List) {
	if m == nil {
		return
	}
	for _, e := range list {
		code, _ := e.Extensions["code"].(string)
		m.errors.WithLabelValues(code).Inc()
	}
}

// observer watches operations, for the log line of the request, for metrics and for traces.
type observer struct{ metrics *Metrics }

var (
	_ graphql.HandlerExtension     = observer{}
	_ graphql.OperationInterceptor = observer{}
	_ graphql.ResponseInterceptor  = observer{}
)

// ExtensionName is for gqlgen.
func (observer) ExtensionName() string { return "Observer" }

// Validate has nothing to find.
func (observer) Validate(graphql.ExecutableSchema) error { return nil }

// observedKey marks the context of an operation that InterceptOperation watches.
type observedKey struct{}

// InterceptOperation watches an operation under a span of its own, in which all that it asks for is found. That of a
// subscription ends with its first answer, and so does the time that is measured: how long it stays open says nothing.
func (v observer) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	o := operationOf(ctx)
	ctx = telemetry.StartSpan(ctx, spanName(o), attribute.String("graphql.operation.type", o.Type),
		attribute.String("graphql.operation.name", o.Name), attribute.String("graphql.document.hash", o.Document))
	answer := next(context.WithValue(ctx, observedKey{}, true))
	answered := false
	return func(inner context.Context) *graphql.Response {
		response := answer(inner)
		if !answered {
			answered = true
			telemetry.EndSpan(ctx, v.finish(ctx, o, response))
		} else if response != nil {
			v.metrics.countErrors(response.Errors)
		}
		return response
	}
}

// InterceptResponse sees the answers to documents that were refused before they ran.
func (v observer) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	if ctx.Value(observedKey{}) == nil {
		_ = v.finish(ctx, operationOf(ctx), response)
	}
	return response
}

// errAnswered stands for the errors of an answer, whose texts are not for traces.
var errAnswered = errors.New("errors in the answer")

// finish counts the operation, and says whether it went well.
func (v observer) finish(ctx context.Context, o telemetry.Operation, response *graphql.Response) error {
	var list gqlerror.List
	err := ctx.Err()
	if response != nil && len(response.Errors) > 0 {
		list, err = response.Errors, errAnswered
	}
	o.Errors = len(list)
	telemetry.RecordOf(ctx).SetOperation(o)
	answerOf(ctx).operation = o
	took := time.Duration(0)
	if graphql.HasOperationContext(ctx) {
		took = time.Since(graphql.GetOperationContext(ctx).Stats.OperationStart)
	}
	v.metrics.observe(o, list, err, took)
	return err
}

// spanName has the name that the client gave.
func spanName(o telemetry.Operation) string {
	if o.Name == "" {
		return o.Type
	}
	return o.Type + " " + o.Name
}

// operationOf reads what runs. The hash is that of automatic persisted queries, cut off.
func operationOf(ctx context.Context) telemetry.Operation {
	if !graphql.HasOperationContext(ctx) {
		return telemetry.Operation{}
	}
	c := graphql.GetOperationContext(ctx)
	o := telemetry.Operation{Document: hashOf(c.RawQuery)[:16]}
	if c.Operation != nil {
		o.Type, o.Name = string(c.Operation.Operation), c.Operation.Name
	}
	if len(o.Name) > 64 {
		o.Name = fmt.Sprintf("%.64s…", o.Name)
	}
	return o
}
