package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"

	"github.com/jackc/pgx/v5"

	"ecoseller/store"
)

// payload is what a job carries besides an id.
var payload = strings.Repeat("x", 1000)

func adminOptions() store.Options {
	return store.Options{
		Address: os.Getenv("POSTGRES_HOST") + ":" + os.Getenv("POSTGRES_PORT"), Database: os.Getenv("POSTGRES_DB"),
		User: os.Getenv("POSTGRES_USER"), Password: os.Getenv("POSTGRES_PASSWORD"), MaxConnections: 20,
	}
}

func urlOf(o store.Options) string {
	return fmt.Sprintf("postgres://%s:%s@%s/%s", o.User, o.Password, o.Address, o.Database)
}

// createDatabase makes an empty database and returns what drops it.
func createDatabase(ctx context.Context, name string) (store.Options, func(), error) {
	options := adminOptions()
	conn, err := pgx.Connect(ctx, urlOf(options))
	if err != nil {
		return options, nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	drop := "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"
	for _, statement := range []string{drop, "CREATE DATABASE " + name} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return options, nil, fmt.Errorf("make a database: %w", err)
		}
	}
	options.Database = name
	return options, func() {
		_, _ = conn.Exec(context.Background(), drop)
		_ = conn.Close(context.Background())
	}, nil
}

func printCircumstances(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, urlOf(adminOptions()))
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var version, fsync, commit string
	err = conn.QueryRow(ctx, "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')").
		Scan(&version, &fsync, &commit)
	if err != nil {
		return fmt.Errorf("ask PostgreSQL: %w", err)
	}
	fmt.Printf("Jobs of 1 KB that do nothing, %d CPUs for everything, PostgreSQL %s (fsync %s, synchronous_commit %s), %s.\n\n",
		runtime.NumCPU(), version, fsync, commit, runtime.Version())
	return nil
}

// startProfile profiles our own contestants.
func startProfile(file string, c contestant) (stop func(), err error) {
	if _, ours := c.(*ours); file == "" || !ours {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}

func reopen(name string) (contestant, error) {
	switch {
	case strings.HasPrefix(name, "ecoseller"):
		return openOurs(name, databaseOf(name)), nil
	case strings.HasPrefix(name, "River"):
		return openRiver(context.Background(), name, databaseOf(name))
	}
	return openGocraft(name), nil
}

// databaseOf returns the database of a contestant.
func databaseOf(name string) store.Options {
	options := adminOptions()
	options.Database = databaseName(name)
	return options
}

func databaseName(name string) string {
	return "bench_jobs_" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, strings.ToLower(name))
}
