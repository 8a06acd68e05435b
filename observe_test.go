package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ecoseller/cache"

	"github.com/prometheus/client_golang/prometheus"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// traceReceiver takes spans as a collector of OpenTelemetry does.
type traceReceiver struct {
	*httptest.Server

	mu  sync.Mutex
	all []*spans.Span
}

func newTraceReceiver(t *testing.T) *traceReceiver {
	t.Helper()
	r := &traceReceiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		var export collector.ExportTraceServiceRequest
		if err != nil || request.URL.Path != "/v1/traces" || proto.Unmarshal(body, &export) != nil {
			t.Errorf("what was exported cannot be read: %s", request.URL)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, resource := range export.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				r.all = append(r.all, scope.GetSpans()...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *traceReceiver) spans() []*spans.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

// find waits for a span with the name that meets the condition.
func (r *traceReceiver) find(t *testing.T, name string, is func(*spans.Span) bool) *spans.Span {
	t.Helper()
	var found *spans.Span
	within(t, 20*time.Second, "the span "+name+" has come", func() bool {
		for _, s := range r.spans() {
			if s.GetName() == name && is(s) {
				found = s
				return true
			}
		}
		return false
	})
	return found
}

func childOf(parent *spans.Span) func(*spans.Span) bool {
	return func(s *spans.Span) bool {
		return string(s.GetParentSpanId()) == string(parent.GetSpanId()) && string(s.GetTraceId()) == string(parent.GetTraceId())
	}
}

func inTraceOf(other *spans.Span) func(*spans.Span) bool {
	return func(s *spans.Span) bool { return string(s.GetTraceId()) == string(other.GetTraceId()) }
}

const observedMutation = `{"query":"mutation Greet($to: [String!]!) { sendEmail(input: {to: $to, subject: \"Sehr geehrte Zuse\", text: \"Hello\"}) { email { id } userErrors { message } } }","variables":{"to":["konrad.zuse@example.com"]}}`

// TestOneRequestIsSeenEverywhere sends a mail and a search, and looks for them in traces, metrics and logs of server
// and worker; and for what must not be in any of them.
func TestOneRequestIsSeenEverywhere(t *testing.T) {
	t.Parallel()
	d, receiver := newDeployment(t), newTraceReceiver(t)
	traced := append(slices.Clone(d.environment), "OTEL_EXPORTER_OTLP_ENDPOINT="+receiver.URL, "OTEL_BSP_SCHEDULE_DELAY=100")
	d.importProducts(t, productLine("A-1", "Canvas backpack"))
	ofServer, ofWorker := "127.0.0.1:"+strconv.Itoa(freePort(t)), "127.0.0.1:"+strconv.Itoa(freePort(t))
	server, shop := serverOn(t, append(slices.Clone(traced), "METRICS_ADDRESS="+ofServer))
	shop.token = runProgram(t, d.environment, "create-token", "-permissions", "email:send")
	worker := start(t, append(slices.Clone(traced), "METRICS_ADDRESS="+ofWorker), "-worker")
	waitForElastic(t, shop)
	shop.post(t, `{"query":"query Look { searchProducts(query: \"backpack\", language: \"en\") { totalCount } }"}`)
	if answer := string(shop.post(t, observedMutation)); strings.Contains(answer, `"errors"`) {
		t.Fatal(answer)
	}
	shop.post(t, `{"query":"query Broken { nothing }"}`)

	whichever := func(*spans.Span) bool { return true }
	mutation := receiver.find(t, "mutation Greet", whichever)
	receiver.find(t, "POST /graphql", func(s *spans.Span) bool { return string(s.GetSpanId()) == string(mutation.GetParentSpanId()) })
	receiver.find(t, "postgresql INSERT", inTraceOf(mutation))
	receiver.find(t, "redis enqueue", inTraceOf(mutation))
	receiver.find(t, "elasticsearch Search", childOf(receiver.find(t, "query Look", whichever)))
	job := receiver.find(t, "job send_email", func(s *spans.Span) bool {
		return len(s.GetLinks()) == 1 && string(s.GetLinks()[0].GetTraceId()) == string(mutation.GetTraceId())
	})
	receiver.find(t, "smtp send", childOf(job))
	receiver.find(t, "postgresql UPDATE", inTraceOf(job))

	log := regexp.MustCompile(`msg=request method=POST route=/graphql status=200 took=\S+ bytes=\d+ type=mutation operation=Greet document=[0-9a-f]{16} errors=0 sql=[1-9]\d* trace_id=[0-9a-f]{32}`)
	within(t, 5*time.Second, "the request is in the log", func() bool { return log.MatchString(server.output.String()) })
	if !regexp.MustCompile(`status=4\d\d .* document=[0-9a-f]{16} errors=1`).MatchString(server.output.String()) {
		t.Error("the refused document is not in the log")
	}
	metrics := get(t, "http://"+ofServer+"/metrics")
	for _, sample := range []string{
		`ecoseller_http_request_duration_seconds_count{method="POST",route="/graphql",status="200"}`, `ecoseller_http_response_bytes_total{route="/graphql"}`,
		`ecoseller_graphql_operation_duration_seconds_count{operation="Greet",outcome="ok",type="mutation"} 1`,
		`ecoseller_graphql_errors_total{code="GRAPHQL_VALIDATION_FAILED"} 1`, `ecoseller_sql_statement_duration_seconds_count{operation="INSERT",outcome="ok"}`,
		`ecoseller_elasticsearch_request_duration_seconds_count{operation="Search",outcome="ok"}`,
		`ecoseller_redis_command_duration_seconds_count{operation="enqueue",outcome="ok"}`, `go_sql_open_connections{db_name="ecoseller"}`,
	} {
		if !strings.Contains(metrics, sample) {
			t.Errorf("the server's metrics do not have %s", sample)
		}
	}
	if metrics := get(t, "http://"+ofWorker+"/metrics"); !strings.Contains(metrics, `ecoseller_smtp_send_duration_seconds_count{operation="send",outcome="ok"} 1`) {
		t.Error("the worker's metrics do not have the mail")
	}
	everything := server.output.String() + worker.output.String() + metrics
	for _, s := range receiver.spans() {
		everything += s.String()
	}
	for _, secret := range []string{"konrad", "Zuse", shop.token} {
		if strings.Contains(everything, secret) {
			t.Errorf("%q is in logs, metrics or traces", secret)
		}
	}
}

// TestReadinessSaysWhatIsMissing takes the services away, one after the other.
func TestReadinessSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	address := func(name string) string {
		for _, variable := range d.environment {
			if value, found := strings.CutPrefix(variable, name+"="); found {
				return value
			}
		}
		return ""
	}
	postgres := newProxy(t, net.JoinHostPort(address("POSTGRES_HOST"), address("POSTGRES_PORT")))
	_, port, _ := net.SplitHostPort(postgres.address())
	admin := "127.0.0.1:" + strconv.Itoa(freePort(t))
	_, shop := serverOn(t, append(slices.Clone(d.environment), "POSTGRES_PORT="+port, "POSTGRES_HOST=127.0.0.1", "METRICS_ADDRESS="+admin))
	shop.token = runProgram(t, d.environment, "create-token")
	waitForElastic(t, shop)
	for _, test := range []struct {
		name                     string
		postgres, elastic, redis proxyMode
		status                   int
		missing                  []string
	}{
		{"all are there", passing, passing, passing, 200, []string{}},
		{"Redis is away", passing, passing, refusing, 200, []string{"redis"}},
		{"Elasticsearch and Redis hang", passing, hanging, hanging, 200, []string{"elasticsearch", "redis"}},
		{"PostgreSQL is away", refusing, passing, passing, 503, []string{"postgresql"}},
		{"PostgreSQL is there again", passing, passing, passing, 200, []string{}},
	} {
		postgres.set(test.postgres)
		d.elastic.set(test.elastic)
		d.redis.set(test.redis)
		for _, at := range []string{shop.address, admin} {
			var got readiness
			var status int
			within(t, 20*time.Second, test.name, func() bool {
				response, err := http.Get("http://" + at + "/readyz")
				if err != nil {
					return false
				}
				defer func() { _ = response.Body.Close() }()
				got, status = readiness{}, response.StatusCode
				return json.NewDecoder(response.Body).Decode(&got) == nil && slices.Equal(got.Missing, test.missing)
			})
			if status != test.status || got.Ready != (status == 200) {
				t.Errorf("%s: status %d, %+v", test.name, status, got)
			}
		}
		if alive := get(t, "http://"+shop.address+"/healthz"); alive != "ok\n" {
			t.Errorf("%s: /healthz says %q", test.name, alive)
		}
	}
	// Profiles are for operators.
	if page := getPage(t, "http://"+shop.address+"/debug/pprof/"); !strings.HasPrefix(page, "404") {
		t.Errorf("the public port has profiles: %.100s", page)
	}
	if page := getPage(t, "http://"+admin+"/debug/pprof/goroutine?debug=1"); !strings.Contains(page, "goroutine profile:") {
		t.Errorf("the port of operators has no profiles: %.100s", page)
	}
}

// metricName finds the name in a description, and help whether it says something.
var metricName = regexp.MustCompile(`fqName: "([^"]+)", help: "([^"]*)"`)

// metricNames are all that a shop reports, with what they mean.
func metricNames(t *testing.T) map[string]string {
	t.Helper()
	o := newObservation()
	o.addDatabase(nil, nil)
	o.registry.MustRegister(cache.New(nil, 0)) // as keepCache does
	descriptions := make(chan *prometheus.Desc)
	go func() { o.registry.Describe(descriptions); close(descriptions) }()
	names := map[string]string{}
	for d := range descriptions {
		if match := metricName.FindStringSubmatch(d.String()); match != nil {
			names[match[1]] = match[2]
		}
	}
	return names
}

// TestMetricsAreDocumented compares what is reported with the document, both ways.
func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	document, names := readFile(t, "deploy/monitoring.md"), metricNames(t)
	ours := 0
	for name, help := range names {
		if !strings.HasPrefix(name, "ecoseller_") {
			continue
		}
		ours++
		if !strings.Contains(document, "`"+name+"`") || !strings.HasSuffix(help, ".") {
			t.Errorf("%s is not documented, or has no help: %q", name, help)
		}
	}
	if ours < 17 {
		t.Errorf("only %d metrics are reported", ours)
	}
	for _, name := range regexp.MustCompile("`(ecoseller_[a-z_]+)`").FindAllStringSubmatch(document, -1) {
		if _, ok := names[name[1]]; !ok {
			t.Errorf("%s is documented and not reported", name[1])
		}
	}
}

// TestDashboardsAskForWhatExists reads the queries of the dashboards.
func TestDashboardsAskForWhatExists(t *testing.T) {
	t.Parallel()
	names := metricNames(t)
	files, err := filepath.Glob("deploy/grafana/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	asked := map[string]bool{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var dashboard struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(content, &dashboard); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, panel := range dashboard.Panels {
			if len(panel.Targets) == 0 {
				t.Errorf("%s: %q asks for nothing", file, panel.Title)
			}
			for _, target := range panel.Targets {
				for _, name := range regexp.MustCompile(`\b(?:ecoseller|go|process)_[a-z_]+`).FindAllString(target.Expr, -1) {
					base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
					asked[base] = true
					if names[name] == "" && names[base] == "" {
						t.Errorf("%s: %q asks for %s, which is not reported", file, panel.Title, name)
					}
				}
			}
		}
	}
	for name := range names {
		if strings.HasPrefix(name, "ecoseller_") && !asked[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}
