// Package storetest gives each test a PostgreSQL database of its own, cloned from a template.
package storetest

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/store"
)

// NewDB returns a migrated, empty database that is dropped when the test ends. The server is the one
// that POSTGRES_HOST and its siblings name; `scripts/services start` provides it. Without it the test
// is skipped, except in CI, where it fails.
func NewDB(tb testing.TB) *bun.DB {
	tb.Helper()
	return Open(tb, Create(tb))
}

// Open returns a pool on a database of the test server, closed when the test ends.
func Open(tb testing.TB, options store.Options) *bun.DB {
	tb.Helper()
	db := store.OpenDB(options)
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// Admin returns a pool on the server's own database, from which a test can take the others away.
func Admin(tb testing.TB) *bun.DB {
	tb.Helper()
	return Open(tb, ServerOptions(tb))
}

// Create makes a database as NewDB does and returns how to reach it, for tests that start processes.
func Create(tb testing.TB) store.Options {
	tb.Helper()
	hash, err := hashMigrations()
	if err != nil {
		tb.Fatalf("identify the schema: %v", err)
	}
	return create(tb, schema(hash))
}

// CreateFilled makes a database that has been filled, once for all tests of a program: each gets a copy.
// Whatever the program is made of may change what fill writes, hence another program fills anew.
func CreateFilled(tb testing.TB, name string, fill func(ctx context.Context, db *bun.DB) error) store.Options {
	tb.Helper()
	migrationsHash, err := hashMigrations()
	if err != nil {
		tb.Fatalf("identify the schema: %v", err)
	}
	program, err := hashProgram()
	if err != nil {
		tb.Fatalf("identify the program: %v", err)
	}
	base := schema(migrationsHash)
	return create(tb, template{prefix: "template_" + name + "_" + program, base: &base, fill: fill})
}

func create(tb testing.TB, t template) store.Options {
	tb.Helper()
	options := ServerOptions(tb)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()

	patient := options
	patient.StatementTimeout = 2 * time.Minute // others may be making a template
	server := &server{options: patient, db: store.OpenDB(patient)}
	name := stamped("test_" + strings.ReplaceAll(uuid.NewString(), "-", ""))
	tb.Cleanup(func() {
		_ = server.drop(context.Background(), name)
		_ = server.db.Close()
	})
	if err := server.clone(ctx, t, name); err != nil {
		tb.Fatalf("make a database: %v", err)
	}
	options.Database = name
	return options
}

// ServerOptions names the server of tests and its database for administration; it reads them from the environment that `scripts/services env` prints.
func ServerOptions(tb testing.TB) store.Options {
	tb.Helper()
	host := os.Getenv("POSTGRES_HOST")
	if host == "" {
		Unavailable(tb, "POSTGRES_HOST is not set: run `make test`, or `eval \"$(scripts/services env)\"` after `scripts/services start`")
	}
	return store.Options{
		Address:          net.JoinHostPort(host, os.Getenv("POSTGRES_PORT")),
		Database:         os.Getenv("POSTGRES_DB"),
		User:             os.Getenv("POSTGRES_USER"),
		Password:         os.Getenv("POSTGRES_PASSWORD"),
		StatementTimeout: 30 * time.Second,
		MaxConnections:   8,
	}
}

// Unavailable skips a test that needs a service, or fails it in CI, where every service must be there.
func Unavailable(tb testing.TB, why string) {
	tb.Helper()
	if os.Getenv("CI") != "" {
		tb.Fatal(why)
	}
	tb.Skip(why)
}
