package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/gocraft/work"
	"github.com/gomodule/redigo/redis"
)

const bareNamespace = "{bench-gocraft}"

// gocraft is gocraft/work as it comes.
type gocraft struct {
	title    string
	pool     *redis.Pool
	enqueuer *work.Enqueuer
}

func newGocraft(_ context.Context, name string) (contestant, error) {
	c := openGocraft(name)
	return c, c.empty(context.Background())
}

func openGocraft(name string) *gocraft {
	pool := &redis.Pool{MaxIdle: 120, MaxActive: 150, Wait: true, IdleTimeout: time.Minute, Dial: dial}
	return &gocraft{title: name, pool: pool, enqueuer: work.NewEnqueuer(bareNamespace, pool)}
}

func dial() (redis.Conn, error) { return redis.Dial("tcp", os.Getenv("REDIS_QUEUE_LOCATION")) }

func (c *gocraft) name() string { return c.title }

func (c *gocraft) enqueue(_ context.Context, n int) error {
	for range n {
		if _, err := c.enqueuer.Enqueue("noop", work.Q{"text": payload}); err != nil {
			return err
		}
	}
	return nil
}

// enqueueBulk uses eight producers: gocraft/work enqueues one by one.
func (c *gocraft) enqueueBulk(ctx context.Context, n int) error {
	const producers = 8
	failed := make(chan error, producers)
	var producing sync.WaitGroup
	for i := range producers {
		share := n/producers + min(max(n%producers-i, 0), 1)
		producing.Go(func() { failed <- c.enqueue(ctx, share) })
	}
	producing.Wait()
	for range producers {
		if err := <-failed; err != nil {
			return err
		}
	}
	return nil
}

func (c *gocraft) work(concurrency int, do func()) (func(), error) {
	workers := work.NewWorkerPool(struct{}{}, uint(concurrency), bareNamespace, c.pool)
	workers.Job("noop", func(*work.Job) error { do(); return nil })
	workers.Start()
	return workers.Stop, nil
}

func (c *gocraft) empty(context.Context) error { return forget(bareNamespace) }

func (c *gocraft) close() {
	_ = c.empty(context.Background())
	_ = c.pool.Close()
}

// forget removes the keys of a namespace.
func forget(namespace string) error {
	conn, err := dial()
	if err != nil {
		return fmt.Errorf("connect to Redis: %w", err)
	}
	defer func() { _ = conn.Close() }()
	keys, err := redis.Values(conn.Do("KEYS", namespace+"*"))
	if err == nil && len(keys) > 0 {
		_, err = conn.Do("DEL", keys...)
	}
	if err != nil {
		return fmt.Errorf("empty Redis: %w", err)
	}
	return nil
}
