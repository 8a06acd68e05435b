package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/trace"

	"ecoseller/graph"
	"ecoseller/jobs"
	"ecoseller/store"
	"ecoseller/telemetry"
)

// observation is what watches a shop.
type observation struct {
	registry *prometheus.Registry // what /metrics shows
	http     *telemetry.HTTP
	graph    *graph.Metrics
	calls    map[telemetry.System]*telemetry.Calls
	jobs     *jobs.Metrics // from when there is a database
	// traces is nil when they are off.
	traces trace.TracerProvider
}

func newObservation() *observation {
	o := &observation{
		registry: prometheus.NewRegistry(), http: telemetry.NewHTTP(), graph: graph.NewMetrics(),
		calls: map[telemetry.System]*telemetry.Calls{
			telemetry.SQL:           telemetry.NewCalls(telemetry.SQL, "ecoseller_sql_statement_duration_seconds", "How long SQL statements take."),
			telemetry.Elasticsearch: telemetry.NewCalls(telemetry.Elasticsearch, "ecoseller_elasticsearch_request_duration_seconds", "How long requests to Elasticsearch take."),
			telemetry.Redis:         telemetry.NewCalls(telemetry.Redis, "ecoseller_redis_command_duration_seconds", "How long the announcements of jobs in Redis take."),
			telemetry.SMTP:          telemetry.NewCalls(telemetry.SMTP, "ecoseller_smtp_send_duration_seconds", "How long the mail server takes for a mail, with the wait for a connection."),
		},
	}
	o.registry.MustRegister(o.http, o.graph, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, calls := range o.calls {
		o.registry.MustRegister(calls)
	}
	return o
}

// addDatabase adds what needs one: its pool, and the queues of jobs.
func (o *observation) addDatabase(pool *sql.DB, s *store.Store) {
	o.jobs = jobs.NewMetrics(s)
	o.registry.MustRegister(o.jobs, collectors.NewDBStatsCollector(pool, "ecoseller"))
}

// openTraces begins to send traces, where the variables of OpenTelemetry ask for them.
func (s *shop) openTraces(ctx context.Context) error {
	if !s.cfg.Traces.On() {
		return nil
	}
	traces, stop, err := telemetry.StartTraces(ctx, thisBuild().Version, s.logger)
	if err != nil {
		return err
	}
	s.observed.traces = traces
	s.onClose(stop)
	return nil
}

// serveAdmin answers operators where the configuration says, apart from what clients reach.
func (s *shop) serveAdmin(ctx context.Context) (stop func(), err error) {
	if s.cfg.MetricsAddress == "" {
		return func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.MetricsAddress)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics on %s: %w", s.cfg.MetricsAddress, err)
	}
	server := &http.Server{Handler: s.admin(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return func() { _ = server.Close() }, nil
}

// admin has metrics, probes and profiles.
func (s *shop) admin() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.observed.registry, promhttp.HandlerOpts{Timeout: 10 * time.Second}))
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// alive says that the process answers.
func alive(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) }

// readyTimeout is how long the services have to answer, together.
const readyTimeout = 2 * time.Second

// readiness is the answer of /readyz.
type readiness struct {
	Ready bool `json:"ready"`
	// Missing are the services that do not answer.
	Missing []string `json:"missing"`
	// Services says "ok" or "away" of each.
	Services map[string]string `json:"services"`
}

// ready says which services answer. Only PostgreSQL is needed: without Elasticsearch it finds, without Redis the
// table of jobs is looked at more often.
func (s *shop) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	answer := s.askServices(ctx)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !answer.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// service is one that the server uses, and how it is asked whether it is there.
type service struct {
	name string
	ask  func(context.Context) error
}

func (s *shop) services() []service {
	all := []service{{"postgresql", s.store.Ping}}
	if s.elastic != nil {
		all = append(all, service{"elasticsearch", s.elastic.Ready})
	}
	if s.queue != nil {
		all = append(all, service{"redis", func(context.Context) error { return s.queue.Ping() }})
	}
	return all
}

// askServices asks all at once: one that hangs does not make the others late.
func (s *shop) askServices(ctx context.Context) readiness {
	all := s.services()
	errs := make([]chan error, len(all))
	for i, one := range all {
		errs[i] = make(chan error, 1)
		go func() { errs[i] <- one.ask(ctx) }()
	}
	answer := readiness{Missing: []string{}, Services: map[string]string{}}
	for i, one := range all {
		answer.Services[one.name] = "ok"
		if waitFor(ctx, errs[i]) != nil {
			answer.Services[one.name] = "away"
			answer.Missing = append(answer.Missing, one.name)
		}
	}
	answer.Ready = answer.Services["postgresql"] == "ok"
	return answer
}

// waitFor does not wait longer than the context, also for who does not heed it.
func waitFor(ctx context.Context, answer <-chan error) error {
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-answer: // it came in time, and others have taken it
		return err
	default:
		return ctx.Err()
	}
}
