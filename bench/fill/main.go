// Command fill writes a made-up catalogue into an empty database, to measure with. The database is the one that the
// environment names, as for the server; it is migrated first.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"ecoseller/bench/generate"
	"ecoseller/config"
	"ecoseller/migrations"
	"ecoseller/store"
)

func main() {
	products := flag.Int("products", 100_000, "how many products")
	flag.Parse()
	if err := fill(context.Background(), *products); err != nil {
		fmt.Fprintln(os.Stderr, "fill:", err)
		os.Exit(1)
	}
}

func fill(ctx context.Context, products int) error {
	cfg, err := config.FromEnvironment()
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	db := store.OpenDB(store.Options{
		Address: cfg.Postgres.Address(), Database: cfg.Postgres.Database, User: cfg.Postgres.User, Password: cfg.Postgres.Password, TLS: cfg.Postgres.TLS(),
	})
	defer func() { _ = db.Close() }()
	if _, err := migrations.Up(ctx, db); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	started := time.Now()
	if err := generate.Fill(ctx, db, products); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	fmt.Printf("%d products in %s; the server derives the rest at its start\n", products, time.Since(started).Round(time.Second))
	return nil
}
