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

// Down takes back the group of migrations applied last.
func Down(ctx context.Context, db *bun.DB) error {
	unlock, err := lock(ctx, db)
	if err != nil {
		return err
	}
	defer unlock()

	migrator, err := newMigrator(ctx, db)
	if err != nil {
		return err
	}
	if _, err := migrator.Rollback(ctx); err != nil {
		return fmt.Errorf("roll back migrations: %w", err)
	}
	return nil
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
