// Package store holds every SQL statement of the system, one file per aggregate. Its methods are
// batch-shaped: they take many ids and run a number of statements that does not depend on how many.
package store

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"ecoseller/telemetry"
)

// Options say which PostgreSQL to use and how.
type Options struct {
	// Address is host:port, or the path of a unix socket.
	Address  string
	Database string
	User     string
	Password string
	// TLS is nil for connections in the clear.
	TLS *tls.Config
	// MaxConnections bounds the pool; 0 means 20.
	MaxConnections int
	// StatementTimeout is enforced by the server; 0 means none. pgdriver does not tell the server when
	// a context ends, so this is what stops a forgotten statement.
	StatementTimeout time.Duration
	// SlowQuery is how long a statement may take before it is logged; 0 means 1 s.
	SlowQuery time.Duration
	Logger    *slog.Logger
	// Calls watches the statements; it may be nil.
	Calls *telemetry.Calls
}

// OpenDB returns a pool of connections; it does not connect yet. All access to the driver is in here.
func OpenDB(o Options) *bun.DB {
	options := []pgdriver.Option{
		pgdriver.WithNetwork(o.network()),
		pgdriver.WithAddr(o.Address),
		pgdriver.WithUser(o.User),
		pgdriver.WithPassword(o.Password),
		pgdriver.WithDatabase(o.Database),
		pgdriver.WithApplicationName("ecoseller"),
		pgdriver.WithInsecure(true),
		pgdriver.WithReadTimeout(o.readTimeout()),
		pgdriver.WithConnParams(map[string]any{
			"statement_timeout": fmt.Sprint(o.StatementTimeout.Milliseconds()),
			"timezone":          "UTC",
			// A catalogue is in memory, where a page costs as much as ten rows. The defaults (1 and 4) are for disks that
			// turn, and have the planner read whole tables where an index is faster.
			"seq_page_cost":    "0.1",
			"random_page_cost": "0.11",
			// Prepared statements are planned once; by itself PostgreSQL plans those with arrays anew for each array.
			"plan_cache_mode": "force_generic_plan",
			// How alike words must be where a query has typing errors; "headphnoes" is 0.55 headphones.
			"pg_trgm.word_similarity_threshold": "0.5",
		}),
	}
	if o.TLS != nil {
		// WithInsecure(false) would not verify the certificate; a configuration of our own does.
		options = append(options, pgdriver.WithInsecure(false), pgdriver.WithTLSConfig(o.TLS))
	}
	pool := sql.OpenDB(pgdriver.NewConnector(options...))
	maxConnections := o.MaxConnections
	if maxConnections == 0 {
		maxConnections = 20
	}
	pool.SetMaxOpenConns(maxConnections)
	pool.SetMaxIdleConns(maxConnections)
	pool.SetConnMaxIdleTime(5 * time.Minute)

	db := bun.NewDB(pool, pgdialect.New())
	slow := o.SlowQuery
	if slow == 0 {
		slow = time.Second
	}
	return db.WithQueryHook(&queryHook{logger: o.Logger, slow: slow, calls: o.Calls})
}

func (o Options) network() string {
	if strings.HasPrefix(o.Address, "/") {
		return "unix"
	}
	return "tcp"
}

// readTimeout lets the server give up first, with an error that says why.
func (o Options) readTimeout() time.Duration {
	if o.StatementTimeout == 0 {
		return 24 * time.Hour
	}
	return o.StatementTimeout + 5*time.Second
}

// WaitUntilReady connects until the database answers or the context ends.
func WaitUntilReady(ctx context.Context, db *bun.DB) error {
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("connect to PostgreSQL: %w", err)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// queryHook counts and times statements, and logs the slow ones, without their arguments: these may hold personal data.
type queryHook struct {
	logger *slog.Logger
	slow   time.Duration
	calls  *telemetry.Calls
}

// BeforeQuery counts the statement for the request it belongs to.
func (h *queryHook) BeforeQuery(ctx context.Context, event *bun.QueryEvent) context.Context {
	if counter := counterFrom(ctx); counter != nil {
		counter.Add(1)
	}
	return h.calls.Start(ctx, operationOf(event))
}

// AfterQuery logs a slow statement.
func (h *queryHook) AfterQuery(ctx context.Context, event *bun.QueryEvent) {
	if span := trace.SpanFromContext(ctx); h.calls != nil && span.IsRecording() {
		span.SetAttributes(attribute.String("db.query.text", template(event)))
	}
	err := event.Err
	if errors.Is(err, sql.ErrNoRows) {
		err = nil // an answer like others
	}
	h.calls.End(ctx, operationOf(event), event.StartTime, err)
	took := time.Since(event.StartTime)
	if took < h.slow || h.logger == nil {
		return
	}
	h.logger.WarnContext(ctx, "slow statement",
		"took", took.Round(time.Millisecond), "operation", event.Operation(), "statement", template(event))
}

// operationOf is the first word of a statement, if it is one of the usual ones. bun itself takes all raw statements for
// SELECT.
func operationOf(event *bun.QueryEvent) string {
	statement := strings.TrimLeft(event.Query, " \t\n")
	end := strings.IndexAny(statement, " \t\n;")
	if end < 0 {
		end = len(statement)
	}
	switch operation := statement[:end]; operation {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "COPY":
		return operation
	default:
		return "OTHER"
	}
}

// template returns the statement without its arguments. Raw queries come to the hook with the arguments
// written in; what stands before the first literal tells statements apart well enough.
func template(event *bun.QueryEvent) string {
	statement, _, cut := strings.Cut(event.QueryTemplate, "'")
	if statement = strings.Join(strings.Fields(statement), " "); cut || len(statement) > 300 {
		return statement[:min(len(statement), 300)] + "…"
	}
	return statement
}
