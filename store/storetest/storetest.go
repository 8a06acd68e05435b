// Package storetest gives each test a PostgreSQL database of its own, cloned from a migrated template.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/migrations"
	"ecoseller/store"
)

// templateLock serialises the making of the template between the test binaries of one run.
const templateLock = 7_301_984_113

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
	return Open(tb, adminOptions(tb))
}

// Create makes a database as NewDB does and returns how to reach it, for tests that start processes.
func Create(tb testing.TB) store.Options {
	tb.Helper()
	admin := adminOptions(tb)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	adminDB := store.OpenDB(admin)
	template, err := ensureTemplate(ctx, adminDB, admin)
	if err != nil {
		tb.Fatalf("make template database: %v", err)
	}
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := adminDB.ExecContext(ctx, "CREATE DATABASE ? TEMPLATE ?", bun.Ident(name), bun.Ident(template)); err != nil {
		tb.Fatalf("clone template database: %v", err)
	}
	tb.Cleanup(func() {
		_, _ = adminDB.ExecContext(context.Background(), "DROP DATABASE IF EXISTS ? WITH (FORCE)", bun.Ident(name))
		_ = adminDB.Close()
	})
	options := admin
	options.Database = name
	return options
}

// adminOptions reads the server from the environment that `scripts/services env` prints.
func adminOptions(tb testing.TB) store.Options {
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

// ensureTemplate makes the template for the present migrations if no test has made it yet.
func ensureTemplate(ctx context.Context, adminDB *bun.DB, admin store.Options) (string, error) {
	hash, err := hashMigrations()
	if err != nil {
		return "", err
	}
	name := "template_" + hash

	conn, err := adminDB.Conn(ctx)
	if err != nil {
		return "", fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(?)", templateLock); err != nil {
		return "", fmt.Errorf("lock: %w", err)
	}
	defer func() { _, _ = conn.ExecContext(ctx, "SELECT pg_advisory_unlock(?)", templateLock) }()

	exists, err := adminDB.NewSelect().TableExpr("pg_database").Where("datname = ?", name).Exists(ctx)
	if err != nil || exists {
		return name, err
	}
	// Built under another name and renamed when complete, so that a killed run leaves no half template.
	building := name + "_building"
	if _, err := conn.ExecContext(ctx, "DROP DATABASE IF EXISTS ? WITH (FORCE)", bun.Ident(building)); err != nil {
		return "", fmt.Errorf("drop half template: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "CREATE DATABASE ? TEMPLATE template0 ENCODING 'UTF8'", bun.Ident(building)); err != nil {
		return "", fmt.Errorf("create template: %w", err)
	}
	if err := migrateTemplate(ctx, admin, building); err != nil {
		return "", err
	}
	if _, err := conn.ExecContext(ctx, "ALTER DATABASE ? RENAME TO ?", bun.Ident(building), bun.Ident(name)); err != nil {
		return "", fmt.Errorf("rename template: %w", err)
	}
	return name, nil
}

func migrateTemplate(ctx context.Context, admin store.Options, name string) error {
	options := admin
	options.Database = name
	db := store.OpenDB(options)
	defer func() { _ = db.Close() }()
	if _, err := migrations.Up(ctx, db); err != nil {
		return fmt.Errorf("migrate template: %w", err)
	}
	return nil
}

// hashMigrations identifies the schema, so that a changed migration gets a new template.
func hashMigrations() (string, error) {
	hash := sha256.New()
	if err := migrations.WriteTo(hash); err != nil {
		return "", fmt.Errorf("read migrations: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}
