package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gocraft/work"
	"github.com/gomodule/redigo/redis"
	"go.opentelemetry.io/otel/trace"

	"ecoseller/models"
	"ecoseller/telemetry"
)

// The limits of a conversation with Redis.
const (
	redisTimeout = 2 * time.Second
	closeTimeout = 3 * time.Second
	// announcePause is the time between two announcements: what is committed meanwhile is announced together.
	announcePause = 5 * time.Millisecond
	// listeners is how many goroutines take ids out of Redis. They only wake the worker, which is why two are enough.
	listeners = 2
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
	// Calls watches the announcements; it may be nil.
	Calls *telemetry.Calls
}

// RedisQueue wakes workers through Redis, by the ids of jobs. It is told of jobs after their commit and never makes the
// caller wait. Of jobs that are committed within a few milliseconds one id for each queue is enough: a worker that is
// woken takes all it has room for.
type RedisQueue struct {
	options  RedisOptions
	pool     *redis.Pool
	enqueuer *work.Enqueuer
	logger   *slog.Logger

	sending sync.WaitGroup
	closed  context.Context
	close   context.CancelFunc

	mu sync.Mutex
	// committed has a job of each queue that is to be announced, count is how many there are.
	committed map[models.JobQueue]committedJob
	count     int
	signal    chan struct{}

	// away avoids a line in the log for each job while Redis is away.
	away atomic.Bool
}

// NewRedisQueue returns a queue; it does not connect yet. Close it after use.
func NewRedisQueue(o RedisOptions) *RedisQueue {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	q := &RedisQueue{options: o, logger: o.Logger, committed: map[models.JobQueue]committedJob{}, signal: make(chan struct{}, 1)}
	q.closed, q.close = context.WithCancel(context.Background())
	q.pool = &redis.Pool{MaxIdle: 4, MaxActive: 8, Wait: true, IdleTimeout: time.Minute, Dial: q.dial, TestOnBorrow: testOnBorrow}
	q.enqueuer = work.NewEnqueuer(o.Namespace, q.pool)
	q.sending.Go(q.send)
	return q
}

// committedJob is a job that is to be announced, with the trace of whoever has committed it.
type committedJob struct {
	job  *models.Job
	span trace.Span
}

// JobsCommitted leaves the jobs to a goroutine that announces them.
func (q *RedisQueue) JobsCommitted(ctx context.Context, jobs []*models.Job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, job := range jobs {
		q.committed[job.Queue] = committedJob{job, trace.SpanFromContext(ctx)}
	}
	q.count += len(jobs)
	select {
	case q.signal <- struct{}{}:
	default:
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
		case <-q.signal:
			q.announce()
		case <-q.closed.Done():
			q.announce()
			return
		}
		select {
		case <-q.closed.Done():
		case <-time.After(announcePause):
		}
	}
}

// announce puts an id into Redis for each queue, and wakes the workers, whose own polling sleeps up to 5 s. The id goes
// as a string: gocraft/work changes other arguments on their way through Lua.
func (q *RedisQueue) announce() {
	committed, count := q.take()
	var err error
	for queue, c := range committed {
		if err = q.enqueue(queue, c); err != nil {
			break // the sweep finds the rest
		}
	}
	if err == nil && count > 0 {
		err = q.publish(count)
	}
	if err == nil {
		q.away.Store(false)
		return
	}
	if !q.away.Swap(true) {
		q.logger.Warn("Redis does not answer; jobs are found by the sweep until it does", "error", err)
	}
}

func (q *RedisQueue) enqueue(queue models.JobQueue, c committedJob) error {
	started := time.Now()
	ctx := q.options.Calls.Start(trace.ContextWithSpan(context.Background(), c.span), "enqueue")
	_, err := q.enqueuer.Enqueue(string(queue), work.Q{"id": c.job.ID.String()})
	q.options.Calls.End(ctx, "enqueue", started, err)
	return err
}

func (q *RedisQueue) take() (committed map[models.JobQueue]committedJob, count int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	committed, count = q.committed, q.count
	q.committed, q.count = map[models.JobQueue]committedJob{}, 0
	return committed, count
}

// publish tells all workers that so many jobs have been committed.
func (q *RedisQueue) publish(count int) error {
	started := time.Now()
	conn := q.pool.Get()
	defer func() { _ = conn.Close() }()
	_, err := conn.Do("PUBLISH", q.wakeChannel(), count)
	q.options.Calls.End(context.Background(), "publish", started, err)
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

// wake wakes the worker when a job is announced, from when Redis answers, until stop is called.
func (q *RedisQueue) wake(w *Worker) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { q.listen(ctx, w) })
	return func() { cancel(); running.Wait() }
}

// listen runs gocraft/work's pool over the queues of the worker. An id says which of them has something; the worker
// takes that job together with what else is due, from the table.
func (q *RedisQueue) listen(ctx context.Context, w *Worker) {
	pool := q.workerConnections(ctx)
	defer func() { _ = pool.Close() }()
	conn := pool.Get() // waits until Redis is there
	_ = conn.Close()
	if ctx.Err() != nil {
		return
	}
	ids := work.NewWorkerPool(struct{}{}, listeners, q.options.Namespace, pool)
	for i, queue := range w.options.Queues {
		// The table knows about attempts and failures; Redis must not repeat on its own.
		options := work.JobOptions{Priority: uint(len(w.options.Queues) - i), MaxFails: 1, SkipDead: true}
		ids.JobWithOptions(string(queue), options, func(*work.Job) error {
			if w.hasRoom() {
				w.waker.wakeUp()
				return nil
			}
			return q.publish(passedOn)
		})
	}
	ids.Start()
	q.nudge(ctx, ids, w) // must have ended before Stop: a Drain during Stop never returns
	ids.Stop()
}

// passedOn is what is published for a job that was announced to a worker without room for it: more than one job, which
// all workers look for that have room.
const passedOn = 2

// workerConnections is a pool whose Dial waits for a Redis that is away. Otherwise every worker of
// gocraft/work would try, fail and print a line a hundred times a second.
func (q *RedisQueue) workerConnections(ctx context.Context) *redis.Pool {
	return &redis.Pool{
		MaxIdle: listeners + 5, MaxActive: 2*listeners + 10, Wait: true, TestOnBorrow: testOnBorrow,
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

// nudge makes the pool look for ids when one is announced; by itself it looks after up to 5 s. One job is left to the
// worker that gets its id; of several each worker takes what it has room for. A worker without room does not take ids out
// of Redis, but remembers to look into the table.
func (q *RedisQueue) nudge(ctx context.Context, ids *work.WorkerPool, w *Worker) {
	due := make(chan struct{}, 1)
	var draining sync.WaitGroup
	draining.Go(func() {
		for range due {
			ids.Drain()
		}
	})
	announced := func(count int) {
		room := w.hasRoom()
		if count > 1 || !room {
			w.waker.wakeUp()
		}
		if !room {
			return
		}
		select {
		case due <- struct{}{}:
		default: // it is about to look anyway
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
func (q *RedisQueue) subscribe(ctx context.Context, announced func(count int)) {
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
		switch message := subscription.ReceiveWithTimeout(0).(type) {
		case error:
			return
		case redis.Subscription: // there may have been announcements before
			announced(passedOn)
		case redis.Message:
			count, err := strconv.Atoi(string(message.Data))
			if err != nil {
				count = passedOn
			}
			announced(count)
		}
	}
}
