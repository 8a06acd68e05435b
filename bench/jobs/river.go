package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"ecoseller/store"
)

// riverContestant is River on PostgreSQL, with its settings as they come or with as many fetches as it allows.
type riverContestant struct {
	title  string
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	drop   func()
}

type riverNoop struct {
	Text string `json:"text"`
}

func (riverNoop) Kind() string { return "noop" }

type riverWorker struct {
	river.WorkerDefaults[riverNoop]
	do func()
}

func (w *riverWorker) Work(context.Context, *river.Job[riverNoop]) error {
	w.do()
	return nil
}

func newRiver(ctx context.Context, name string) (contestant, error) {
	options, drop, err := createDatabase(ctx, databaseName(name))
	if err != nil {
		return nil, err
	}
	c, err := openRiver(ctx, name, options)
	if err != nil {
		return nil, err
	}
	c.drop = drop
	migrator, err := rivermigrate.New(riverpgxv5.New(c.pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return c, nil
}

func openRiver(ctx context.Context, name string, options store.Options) (*riverContestant, error) {
	config, err := pgxpool.ParseConfig(urlOf(options))
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(options.MaxConnections)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	c := &riverContestant{title: name, pool: pool}
	c.client, err = river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	return c, err
}

func (c *riverContestant) name() string { return c.title }

func (c *riverContestant) enqueue(ctx context.Context, n int) error {
	for range n {
		if _, err := c.client.Insert(ctx, riverNoop{payload}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *riverContestant) enqueueBulk(ctx context.Context, n int) error {
	const batch = 5000
	for ; n > 0; n -= batch {
		many := make([]river.InsertManyParams, min(n, batch))
		for i := range many {
			many[i].Args = riverNoop{payload}
		}
		if _, err := c.client.InsertManyFast(ctx, many); err != nil {
			return err
		}
	}
	return nil
}

func (c *riverContestant) work(concurrency int, do func()) (func(), error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &riverWorker{do: do})
	config := &river.Config{
		Logger: slog.New(slog.DiscardHandler), Workers: workers,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: concurrency}},
	}
	if strings.Contains(c.title, "1 ms") {
		config.FetchCooldown, config.FetchPollInterval = time.Millisecond, 10*time.Millisecond
	}
	client, err := river.NewClient(riverpgxv5.New(c.pool), config)
	if err != nil {
		return nil, err
	}
	if err := client.Start(context.Background()); err != nil {
		return nil, err
	}
	return func() { _ = client.Stop(context.Background()) }, nil
}

func (c *riverContestant) empty(ctx context.Context) error {
	_, err := c.pool.Exec(ctx, "TRUNCATE river_job")
	return err
}

func (c *riverContestant) close() {
	c.pool.Close()
	c.drop()
}
