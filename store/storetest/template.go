package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"ecoseller/migrations"
	"ecoseller/store"
)

const (
	// templateLock is shared by those who copy a template, and taken alone by who makes templates or removes them.
	templateLock = 7_301_984_113
	// leftAfter is when a database that nobody is connected to has been left behind by a killed run, and when a
	// template is made anew: programs change, and their templates would pile up. No test runs so long.
	leftAfter = time.Hour
)

// template is a database that others are copies of.
type template struct {
	// prefix identifies what is in it; the time when it was made follows.
	prefix string
	// base is what it is a copy of itself before it is filled; nil for PostgreSQL's own empty one.
	base *template
	fill func(ctx context.Context, db *bun.DB) error
}

// schema is the template of an empty shop.
func schema(migrationsHash string) template {
	return template{prefix: "template_" + migrationsHash, fill: func(ctx context.Context, db *bun.DB) error {
		_, err := migrations.Up(ctx, db)
		return err
	}}
}

// server makes databases.
type server struct {
	options store.Options
	db      *bun.DB
}

// clone copies the template into a new database, and makes the template first if it is not there.
func (s *server) clone(ctx context.Context, t template, name string) error {
	for {
		cloned, err := s.cloneIfMade(ctx, t, name)
		if err != nil || cloned {
			return err
		}
		if err := s.locked(ctx, "pg_advisory_lock", "pg_advisory_unlock", func() error {
			if err := s.removeLeft(ctx); err != nil {
				return err
			}
			_, err := s.make(ctx, t)
			return err
		}); err != nil {
			return err
		}
	}
}

func (s *server) cloneIfMade(ctx context.Context, t template, name string) (cloned bool, err error) {
	err = s.locked(ctx, "pg_advisory_lock_shared", "pg_advisory_unlock_shared", func() error {
		made, err := s.find(ctx, t)
		if err != nil || made == "" {
			return err
		}
		cloned = true
		return s.copy(ctx, made, name)
	})
	return cloned, err
}

// locked runs act while a connection holds the lock, which a killed process lets go.
func (s *server) locked(ctx context.Context, lock, unlock string, act func() error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "SELECT ?(?)", bun.Safe(lock), templateLock); err != nil {
		return fmt.Errorf("lock the templates: %w", err)
	}
	defer func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT ?(?)", bun.Safe(unlock), templateLock)
	}()
	return act()
}

// find returns the name of the template, empty if it has not been made.
func (s *server) find(ctx context.Context, t template) (name string, err error) {
	err = s.db.NewRaw("SELECT coalesce(max(datname), '') FROM pg_database WHERE datname ~ ?", "^"+t.prefix+"_[0-9]+$").Scan(ctx, &name)
	if err != nil {
		return "", fmt.Errorf("look for the template: %w", err)
	}
	return name, nil
}

// make returns the name of the template and makes it, if need be. It is built under another name and renamed when
// it is complete, so that a killed run leaves no half template.
func (s *server) make(ctx context.Context, t template) (string, error) {
	if name, err := s.find(ctx, t); err != nil || name != "" {
		return name, err
	}
	source := "template0"
	if t.base != nil {
		var err error
		if source, err = s.make(ctx, *t.base); err != nil {
			return "", err
		}
	}
	building := t.prefix + "_building"
	if err := s.drop(ctx, building); err != nil {
		return "", err
	}
	if err := s.copy(ctx, source, building); err != nil {
		return "", err
	}
	if err := s.fill(ctx, t, building); err != nil {
		return "", err
	}
	name := stamped(t.prefix)
	if _, err := s.db.ExecContext(ctx, "ALTER DATABASE ? RENAME TO ?", bun.Ident(building), bun.Ident(name)); err != nil {
		return "", fmt.Errorf("rename template: %w", err)
	}
	return name, nil
}

func (s *server) fill(ctx context.Context, t template, name string) error {
	options := s.options
	options.Database = name
	db := store.OpenDB(options)
	defer func() { _ = db.Close() }()
	if err := t.fill(ctx, db); err != nil {
		return fmt.Errorf("fill %s: %w", name, err)
	}
	// Copies have the statistics as well, and are not analysed one by one.
	if _, err := db.ExecContext(ctx, "ANALYZE"); err != nil {
		return fmt.Errorf("analyse %s: %w", name, err)
	}
	return nil
}

func (s *server) copy(ctx context.Context, from, to string) error {
	// The test server does not wait for the disk: copying files is quicker there than writing a log of each page.
	_, err := s.db.ExecContext(ctx, "CREATE DATABASE ? TEMPLATE ? STRATEGY FILE_COPY ENCODING 'UTF8'", bun.Ident(to), bun.Ident(from))
	if err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}

func (s *server) drop(ctx context.Context, name string) error {
	if _, err := s.db.ExecContext(ctx, "DROP DATABASE IF EXISTS ? WITH (FORCE)", bun.Ident(name)); err != nil {
		return fmt.Errorf("drop %s: %w", name, err)
	}
	return nil
}

// removeLeft removes old templates, and what killed runs have left behind.
func (s *server) removeLeft(ctx context.Context) error {
	var left []string
	err := s.db.NewRaw(`SELECT datname FROM pg_database AS d
		WHERE (datname ~ '^template_.+_building$' -- nobody else builds while we have the lock
				OR datname ~ '^(test|template)_[a-z0-9_]+_[0-9]{10}$' AND substring(datname FROM '[0-9]{10}$')::bigint < ?)
			AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datname = d.datname)`,
		time.Now().Add(-leftAfter).Unix()).Scan(ctx, &left)
	if err != nil {
		return fmt.Errorf("look for databases that were left behind: %w", err)
	}
	for _, name := range left {
		if err := s.drop(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// stamped adds the present time to a name.
func stamped(name string) string { return name + "_" + strconv.FormatInt(time.Now().Unix(), 10) }

// hashMigrations identifies the schema, so that a changed migration gets a new template.
func hashMigrations() (string, error) {
	hash := sha256.New()
	if err := migrations.WriteTo(hash); err != nil {
		return "", fmt.Errorf("read migrations: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}

// hashProgram identifies the running test program: its code, its migrations and its embedded files.
var hashProgram = sync.OnceValues(func() (string, error) {
	name, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the program: %w", err)
	}
	file, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("open the program: %w", err)
	}
	defer func() { _ = file.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("read the program: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
})
