// Package migrations holds the numbered SQL files that make the database schema, and applies them.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"
)

//go:embed *.sql
var files embed.FS

// lockKey is the advisory lock every migrating process takes. It belongs to a session, so a killed
// process releases it; a lock row, as bun's own migrator writes, would stay for ever.
const lockKey = 7_301_984_112

// Up applies all migrations that are not yet applied and returns their names, oldest first.
// Several processes may call it at once: one migrates, the others wait for it.
func Up(ctx context.Context, db *bun.DB) ([]string, error) {
	unlock, err := lock(ctx, db)
	if err != nil {
		return nil, err
	}
	defer unlock()

	migrator, err := newMigrator(ctx, db)
	if err != nil {
		return nil, err
	}
	group, err := migrator.Migrate(ctx)
	if err != nil {
		return nil, fmt.Errorf("apply migrations: %w", err)
	}
	names := make([]string, 0, len(group.Migrations))
	for _, m := range group.Migrations {
		names = append(names, m.Name+"_"+m.Comment)
	}
	return names, nil
}

// Down takes back the migrations applied last, the newest first, and returns their names. Those of a newer release are
// not in this program: it takes back nothing then.
func Down(ctx context.Context, db *bun.DB, steps int) ([]string, error) {
	unlock, err := lock(ctx, db)
	if err != nil {
		return nil, err
	}
	defer unlock()

	status, err := StatusOf(ctx, db)
	if err != nil {
		return nil, err
	}
	if len(status.Unknown) > 0 {
		return nil, fmt.Errorf("a newer release has applied %v: take these back with that release", status.Unknown)
	}
	var taken []string
	for _, m := range slices.Backward(status.Applied[max(len(status.Applied)-steps, 0):]) {
		if err := takeBack(ctx, db, m.migration); err != nil {
			return taken, err
		}
		taken = append(taken, m.Name)
	}
	return taken, nil
}

// takeBack runs one migration's way down. bun takes back groups, those that were applied together; a group of one is
// all that it knows of here.
func takeBack(ctx context.Context, db *bun.DB, m migrate.Migration) error {
	one := migrate.NewMigrations()
	one.Add(m)
	migrator := migrate.NewMigrator(db, one, migrate.WithMarkAppliedOnSuccess(true))
	if _, err := migrator.Rollback(ctx); err != nil {
		return fmt.Errorf("take back migration: %w", err)
	}
	return nil
}

// Status is which migrations a database has.
type Status struct {
	// Applied and Pending are in the order of the migrations.
	Applied []Applied
	Pending []string
	// Unknown are of another, newer release.
	Unknown []string
}

// Applied is a migration that a database has.
type Applied struct {
	Name string
	At   time.Time

	migration migrate.Migration
}

// StatusOf looks at a database and changes nothing in it.
func StatusOf(ctx context.Context, db *bun.DB) (*Status, error) {
	all := migrate.NewMigrations()
	if err := all.Discover(files); err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	rows, err := appliedRows(ctx, db)
	if err != nil {
		return nil, err
	}
	status := &Status{}
	for _, m := range all.Sorted() {
		name := m.Name + "_" + m.Comment
		row, ok := rows[m.Name]
		if !ok {
			status.Pending = append(status.Pending, name)
			continue
		}
		status.Applied = append(status.Applied, Applied{Name: name, At: row.MigratedAt, migration: m})
		delete(rows, m.Name)
	}
	status.Unknown = slices.Sorted(maps.Keys(rows))
	return status, nil
}

// appliedRows are empty for a database that no release has seen yet.
func appliedRows(ctx context.Context, db *bun.DB) (map[string]migrate.Migration, error) {
	var exists bool
	if err := db.NewRaw("SELECT to_regclass('bun_migrations') IS NOT NULL").Scan(ctx, &exists); err != nil {
		return nil, fmt.Errorf("look for migrations: %w", err)
	}
	rows := map[string]migrate.Migration{}
	if !exists {
		return rows, nil
	}
	applied, err := migrate.NewMigrator(db, migrate.NewMigrations()).AppliedMigrations(ctx)
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	for _, m := range applied {
		rows[m.Name] = m
	}
	return rows, nil
}

// WriteTo writes all migrations, one after the other: two schemas are the same when this is.
func WriteTo(w io.Writer) error {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	for _, name := range names {
		content, err := files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read migration: %w", err)
		}
		if _, err := w.Write(content); err != nil {
			return fmt.Errorf("write migration: %w", err)
		}
	}
	return nil
}

func newMigrator(ctx context.Context, db *bun.DB) (*migrate.Migrator, error) {
	all := migrate.NewMigrations()
	if err := all.Discover(files); err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	// By default bun marks a migration applied before it runs it, and a failed one would be skipped next time.
	migrator := migrate.NewMigrator(db, all, migrate.WithMarkAppliedOnSuccess(true))
	if err := migrator.Init(ctx); err != nil {
		return nil, fmt.Errorf("create migration tables: %w", err)
	}
	return migrator, nil
}

func lock(ctx context.Context, db *bun.DB) (unlock func(), err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to migrate: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(?)", lockKey); err != nil {
		return nil, closeAfter(conn, fmt.Errorf("wait for the migration lock: %w", err))
	}
	return func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(?)", lockKey)
		_ = conn.Close()
	}, nil
}

func closeAfter(conn bun.Conn, err error) error {
	if closeErr := conn.Close(); closeErr != nil && !errors.Is(closeErr, sql.ErrConnDone) {
		return fmt.Errorf("%w (and closing: %w)", err, closeErr)
	}
	return err
}
