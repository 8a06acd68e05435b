package main

import (
	"context"
	"fmt"
	"os"

	"ecoseller/jobs"
	"ecoseller/migrations"
	"ecoseller/models"
	"ecoseller/store"

	"github.com/uptrace/bun"
)

const namespace = "{bench-jobs}"

type ours struct {
	title string
	db    *bun.DB
	store *store.Store
	queue *jobs.RedisQueue // nil without Redis
	waker *jobs.Waker
	drop  func()
}

// noop is a job that does nothing.
type noop struct {
	Text string `json:"text"`
}

func (noop) JobPolicy() models.JobPolicy { return models.JobPolicy{Kind: "noop"} }

func newOurs(ctx context.Context, name string) (contestant, error) {
	options, drop, err := createDatabase(ctx, databaseName(name))
	if err != nil {
		return nil, err
	}
	c := openOurs(name, options)
	c.drop = drop
	if _, err := migrations.Up(ctx, c.db); err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return c, nil
}

func openOurs(name string, options store.Options) *ours {
	c := &ours{title: name, db: store.OpenDB(options), waker: jobs.NewWaker()}
	var notifier store.JobNotifier = c.waker
	if name == "ecoseller" {
		c.queue = jobs.NewRedisQueue(jobs.RedisOptions{Address: os.Getenv("REDIS_QUEUE_LOCATION"), Namespace: namespace})
		notifier = c.queue
	}
	c.store = store.New(c.db, models.Languages{Supported: []models.LanguageCode{"en"}}, notifier)
	return c
}

func (c *ours) name() string { return c.title }

func (c *ours) enqueue(ctx context.Context, n int) error {
	for range n {
		if err := c.store.EnqueueAlone(ctx, noop{payload}); err != nil {
			return err
		}
	}
	return nil
}

func (c *ours) enqueueBulk(ctx context.Context, n int) error {
	args := make([]models.JobArgs, n)
	for i := range args {
		args[i] = noop{payload}
	}
	return c.store.EnqueueAlone(ctx, args...)
}

func (c *ours) work(concurrency int, do func()) (func(), error) {
	handlers := jobs.Handlers{}
	jobs.Register(handlers, func(context.Context, noop) error { do(); return nil }, nil)
	worker := jobs.NewWorker(c.store, handlers, c.queue, jobs.Options{Concurrency: concurrency})
	worker.WakeBy(c.waker)
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		worker.Run(ctx)
	}()
	return func() { cancel(); <-stopped }, nil
}

func (c *ours) empty(ctx context.Context) error {
	_, err := c.db.ExecContext(ctx, "TRUNCATE jobs")
	return err
}

func (c *ours) close() {
	if c.queue != nil {
		_ = c.queue.Close()
		_ = forget(namespace)
	}
	_ = c.db.Close()
	c.drop()
}
