package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gocraft/work"
	"github.com/gomodule/redigo/redis"
	"github.com/google/uuid"

	"ecoseller/models"
)

// The limits of a conversation with Redis.
const (
	redisTimeout = 2 * time.Second
	// announceBuffer is how many committed jobs may wait for Redis; what does not fit is found by the
	// sweep.
	announceBuffer = 4096
	closeTimeout   = 3 * time.Second
	// redisAway is how long to wait before Redis is tried again.
	redisAway = time.Second
)

// RedisOptions say which Redis to use.
type RedisOptions struct {
	// Address is host:port.
	Address  string
	Password string
	// Namespace is the prefix of all keys. Braces, as in "{ecoseller}", keep them on one node of a cluster,
	// which gocraft/work's scripts need.
	Namespace string
	Logger    *slog.Logger
}

// RedisQueue carries the ids of jobs to workers through Redis. It is told of jobs after their commit and
// never makes the caller wait.
type RedisQueue struct {
	options  RedisOptions
	pool     *redis.Pool
	enqueuer *work.Enqueuer
	logger   *slog.Logger

	announced chan *models.Job
	sending   sync.WaitGroup
	closed    context.Context
	close     context.CancelFunc
	// away avoids a line in the log for each job while Redis is away.
	away atomic.Bool
}

// NewRedisQueue returns a queue; it does not connect yet. Close it after use.
func NewRedisQueue(o RedisOptions) *RedisQueue {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	q := &RedisQueue{options: o, logger: o.Logger, announced: make(chan *models.Job, announceBuffer)}
	q.closed, q.close = context.WithCancel(context.Background())
	q.pool = &redis.Pool{MaxIdle: 4, MaxActive: 8, Wait: true, IdleTimeout: time.Minute, Dial: q.dial, TestOnBorrow: testOnBorrow}
	q.enqueuer = work.NewEnqueuer(o.Namespace, q.pool)
	q.sending.Go(q.send)
	return q
}

// JobsCommitted hands the jobs to a goroutine that puts their ids into Redis.
func (q *RedisQueue) JobsCommitted(_ context.Context, jobs []*models.Job) {
	for _, job := range jobs {
		select {
		case q.announced <- job:
		default: // the sweep will find it
		}
	}
}

// Ping says whether Redis answers.
func (q *RedisQueue) Ping() error {
	conn := q.pool.Get()
	defer func() { _ = conn.Close() }()
	if _, err := conn.Do("PING"); err != nil {
		return fmt.Errorf("ping Redis: %w", err)
	}
	return nil
}

// Close sends what is announced, for a few seconds at most, and closes the connections.
func (q *RedisQueue) Close() error {
	q.close()
	done := make(chan struct{})
	go func() { q.sending.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(closeTimeout):
	}
	return q.pool.Close()
}

func (q *RedisQueue) send() {
	for {
		select {
		case job := <-q.announced:
			q.enqueue(job)
		case <-q.closed.Done():
			q.sendRest()
			return
		}
	}
}

func (q *RedisQueue) sendRest() {
	for {
		select {
		case job := <-q.announced:
			q.enqueue(job)
		default:
			return
		}
	}
}

// enqueue puts the id into Redis and wakes the workers, whose own polling sleeps up to 5 s. The id goes
// as a string: gocraft/work changes other arguments on their way through Lua.
func (q *RedisQueue) enqueue(job *models.Job) {
	_, err := q.enqueuer.Enqueue(string(job.Queue), work.Q{"id": job.ID.String()})
	if err == nil {
		err = q.publish()
	}
	if err == nil {
		q.away.Store(false)
		return
	}
	if !q.away.Swap(true) {
		q.logger.Warn("Redis does not answer; jobs are found by the sweep until it does", "error", err)
	}
}

func (q *RedisQueue) publish() error {
	conn := q.pool.Get()
	defer func() { _ = conn.Close() }()
	_, err := conn.Do("PUBLISH", q.wakeChannel(), "")
	return err
}

func (q *RedisQueue) wakeChannel() string { return q.options.Namespace + ":wake" }

func (q *RedisQueue) dial() (redis.Conn, error) {
	return redis.Dial("tcp", q.options.Address, redis.DialPassword(q.options.Password),
		redis.DialConnectTimeout(redisTimeout), redis.DialReadTimeout(redisTimeout), redis.DialWriteTimeout(redisTimeout))
}

func testOnBorrow(conn redis.Conn, since time.Time) error {
	if time.Since(since) < time.Minute {
		return nil
	}
	_, err := conn.Do("PING")
	return err
}

// startWorkers runs gocraft/work's pool over the executor as soon as Redis answers, and returns what
// stops it and waits for the jobs it runs. It calls sweepNow when a job is announced that the pool may
// not see soon.
func (q *RedisQueue) startWorkers(x *executor, o Options, sweepNow func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { q.runWorkers(ctx, x, o, sweepNow) })
	return func() { cancel(); running.Wait() }
}

func (q *RedisQueue) runWorkers(ctx context.Context, x *executor, o Options, sweepNow func()) {
	pool := q.workerConnections(ctx, o.Concurrency)
	defer func() { _ = pool.Close() }()
	conn := pool.Get() // waits until Redis is there
	_ = conn.Close()
	if ctx.Err() != nil {
		return
	}
	workers := work.NewWorkerPool(struct{}{}, uint(o.Concurrency), q.options.Namespace, pool)
	for queue, priority := range map[models.JobQueue]uint{models.QueueHigh: 10, models.QueueDefault: 5, models.QueueLow: 1} {
		// The table knows about attempts and failures; Redis must not repeat on its own.
		options := work.JobOptions{Priority: priority, MaxFails: 1, SkipDead: true}
		workers.JobWithOptions(string(queue), options, func(job *work.Job) error {
			if id, err := uuid.Parse(job.ArgString("id")); err == nil {
				x.run(id)
			}
			return nil
		})
	}
	workers.Start()
	q.nudge(ctx, workers, sweepNow) // must have ended before Stop: a Drain during Stop never returns
	workers.Stop()
}

// workerConnections is a pool whose Dial waits for a Redis that is away. Otherwise every worker of
// gocraft/work would try, fail and print a line a hundred times a second.
func (q *RedisQueue) workerConnections(ctx context.Context, concurrency int) *redis.Pool {
	return &redis.Pool{
		MaxIdle: concurrency + 5, MaxActive: 2*concurrency + 10, Wait: true, TestOnBorrow: testOnBorrow,
		Dial: func() (redis.Conn, error) {
			for {
				conn, err := q.dial()
				if err == nil {
					return conn, nil
				}
				select {
				case <-ctx.Done():
					return nil, err
				case <-time.After(redisAway):
				}
			}
		},
	}
}

// nudge makes sleeping workers look for jobs when one is announced. Nudges that come while the workers
// are looking are one nudge. A Drain lasts as long as the longest job that runs, and those who have
// nothing to do are asleep again by then: meanwhile the sweep is nudged.
func (q *RedisQueue) nudge(ctx context.Context, workers *work.WorkerPool, sweepNow func()) {
	due := make(chan struct{}, 1)
	var busy atomic.Bool
	var draining sync.WaitGroup
	draining.Go(func() {
		for range due {
			busy.Store(true)
			workers.Drain()
			busy.Store(false)
		}
	})
	announced := func() {
		if busy.Load() {
			sweepNow()
		}
		select {
		case due <- struct{}{}:
		default:
		}
	}
	for ctx.Err() == nil {
		q.subscribe(ctx, announced)
		select {
		case <-ctx.Done():
		case <-time.After(redisAway):
		}
	}
	close(due)
	draining.Wait()
}

// subscribe passes announcements on until the connection breaks or the context ends.
func (q *RedisQueue) subscribe(ctx context.Context, announced func()) {
	conn, err := q.dial()
	if err != nil {
		return
	}
	subscription := redis.PubSubConn{Conn: conn}
	defer func() { _ = subscription.Close() }()
	if err := subscription.Subscribe(q.wakeChannel()); err != nil {
		return
	}
	// Closing the connection is what ends a Receive.
	defer context.AfterFunc(ctx, func() { _ = subscription.Close() })()
	for {
		if _, broken := subscription.ReceiveWithTimeout(0).(error); broken {
			return
		}
		// An announcement, or the answer to Subscribe: then there may have been some before.
		announced()
	}
}
