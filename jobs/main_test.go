package jobs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ecoseller/catalogue/cataloguetest"

	"github.com/gomodule/redigo/redis"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/jobs"
	"ecoseller/mail"
	"ecoseller/models"
	"ecoseller/store"
	"ecoseller/store/storetest"
)

// workerProcessEnv makes the test binary run as a worker instead of running tests.
const workerProcessEnv = "ECOSELLER_TEST_WORKER"

// workerProcess says how the worker process works.
type workerProcess struct {
	Database  databaseAddress
	Redis     string
	Namespace string
	SMTP      string
	Lease     time.Duration
}

// databaseAddress is the part of store.Options that can be written as JSON.
type databaseAddress struct {
	Address, Database, User, Password string
}

func TestMain(m *testing.M) {
	if raw := os.Getenv(workerProcessEnv); raw != "" {
		if err := runWorkerProcess(raw); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func runWorkerProcess(raw string) error {
	var p workerProcess
	if err := json.Unmarshal([]byte(raw), &p); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	sender, err := smtpSender(p.SMTP, smtpTimeout)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	queue := jobs.NewRedisQueue(jobs.RedisOptions{Address: p.Redis, Namespace: p.Namespace, Logger: logger})
	defer func() { _ = queue.Close() }()
	s := store.New(store.OpenDB(store.Options{
		Address: p.Database.Address, Database: p.Database.Database, User: p.Database.User, Password: p.Database.Password,
	}), cataloguetest.Languages(), queue)
	jobs.NewWorker(s, jobs.NewHandlers(s, nil, sender), queue, jobs.Options{
		Concurrency: 4, Lease: p.Lease, Sweep: 100 * time.Millisecond, Logger: logger,
	}).Run(ctx)
	return nil
}

const smtpTimeout = 10 * time.Second

func smtpSender(address string, timeout time.Duration) (*mail.Sender, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	return mail.NewSender(mail.SMTPOptions{Host: host, Port: number, From: "Shop <shop@example.com>", Timeout: timeout})
}

// testJob is a kind of job that only tests have; the test says what it does.
type testJob struct{}

func (testJob) JobPolicy() models.JobPolicy { return models.JobPolicy{Kind: "test"} }

// shortJob is a testJob that has little time.
type shortJob struct{}

func (shortJob) JobPolicy() models.JobPolicy {
	return models.JobPolicy{Kind: "short", Timeout: 50 * time.Millisecond}
}

// bench is a database, a way to announce jobs, and what is needed to run workers over them.
type bench struct {
	t        *testing.T
	pool     *bun.DB
	store    *store.Store
	queue    *jobs.RedisQueue
	waker    *jobs.Waker
	handlers jobs.Handlers
	options  jobs.Options
}

// transport is one of the two ways in which jobs reach a worker.
type transport string

const (
	throughRedis transport = "redis"
	withoutRedis transport = "local"
)

// eachTransport runs a test for both.
func eachTransport(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Parallel()
	for _, way := range []transport{throughRedis, withoutRedis} {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			test(t, newBench(t, way))
		})
	}
}

func newBench(t *testing.T, way transport) *bench {
	t.Helper()
	if way == throughRedis {
		return newBenchAt(t, redisAddress(t))
	}
	b := &bench{t: t, waker: jobs.NewWaker()}
	b.open(b.waker)
	return b
}

// newBenchAt uses the Redis at the address.
func newBenchAt(t *testing.T, address string) *bench {
	t.Helper()
	b := &bench{t: t, queue: newQueue(t, address, "{test-"+uuid.NewString()+"}")}
	b.open(b.queue)
	return b
}

func newQueue(t *testing.T, address, namespace string) *jobs.RedisQueue {
	t.Helper()
	queue := jobs.NewRedisQueue(jobs.RedisOptions{Address: address, Namespace: namespace, Logger: testLogger(t)})
	t.Cleanup(func() {
		_ = queue.Close()
		forget(t, namespace)
	})
	return queue
}

// newQueueAt returns a queue on a Redis that is the test's own.
func newQueueAt(t *testing.T, address string) *jobs.RedisQueue {
	t.Helper()
	queue := jobs.NewRedisQueue(jobs.RedisOptions{Address: address, Namespace: "{test}", Logger: testLogger(t)})
	t.Cleanup(func() { _ = queue.Close() })
	return queue
}

func (b *bench) open(notifier store.JobNotifier) {
	b.t.Helper()
	b.openOn(storetest.NewDB(b.t), notifier)
}

func (b *bench) openOn(pool *bun.DB, notifier store.JobNotifier) {
	b.pool = pool
	b.store = store.New(b.pool, cataloguetest.Languages(), notifier)
	b.handlers = jobs.Handlers{}
	b.options = jobs.Options{Concurrency: 4, Sweep: 50 * time.Millisecond, Grace: 5 * time.Second, Logger: testLogger(b.t)}
}

func (b *bench) exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.pool.ExecContext(context.Background(), query, args...); err != nil {
		b.t.Fatal(err)
	}
}

// lockJobs keeps all others from reading and writing the table until release is called.
func (b *bench) lockJobs() (release func()) {
	b.t.Helper()
	ctx := context.Background()
	tx, err := b.pool.BeginTx(ctx, nil)
	if err == nil {
		_, err = tx.ExecContext(ctx, "LOCK TABLE jobs")
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return func() { _ = tx.Rollback() }
}

// work runs a worker until the test ends or stop is called, which returns when the worker has stopped.
func (b *bench) work() (stop func()) {
	b.t.Helper()
	worker := jobs.NewWorker(b.store, b.handlers, b.queue, b.options)
	if b.waker != nil {
		worker.WakeBy(b.waker)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		worker.Run(ctx)
	}()
	stop = func() {
		cancel()
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			b.t.Error("the worker does not stop")
		}
	}
	b.t.Cleanup(stop)
	return stop
}

// handle has the test's jobs done by a function.
func (b *bench) handle(run func(ctx context.Context, job *models.Job) error) {
	jobs.Register(b.handlers, func(ctx context.Context, _ testJob) error { return run(ctx, jobs.Current(ctx)) }, nil)
}

// enqueue commits n jobs of the test's kind and returns their ids.
func (b *bench) enqueue(n int) []uuid.UUID {
	b.t.Helper()
	var ids []uuid.UUID
	err := b.store.InTx(context.Background(), func(ctx context.Context, tx *store.Store) error {
		for range n {
			job, err := tx.Enqueue(ctx, testJob{})
			if err != nil {
				return err
			}
			ids = append(ids, job.ID)
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return ids
}

// claimAs takes jobs as a worker would that then does nothing.
func (b *bench) claimAs(worker string, n int, lease time.Duration) {
	b.t.Helper()
	claimed, err := b.store.ClaimJobs(context.Background(), store.JobClaim{Worker: worker, Queues: models.JobQueues(), Limit: n, Lease: lease})
	if err != nil || len(claimed) != n {
		b.t.Fatalf("claim jobs: %d claimed, %v", len(claimed), err)
	}
}

// enqueueAs commits one job with the arguments.
func (b *bench) enqueueAs(args models.JobArgs, options ...store.EnqueueOption) *models.Job {
	b.t.Helper()
	var job *models.Job
	err := b.store.InTx(context.Background(), func(ctx context.Context, tx *store.Store) (err error) {
		job, err = tx.Enqueue(ctx, args, options...)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return job
}

// enqueueIndexing commits the jobs that index the products.
func (b *bench) enqueueIndexing(products []uuid.UUID) error {
	return b.store.InTx(context.Background(), func(ctx context.Context, tx *store.Store) error {
		return tx.EnqueueIndexing(ctx, products)
	})
}

// onlyJob returns the id of the only job there is.
func (b *bench) onlyJob() uuid.UUID {
	b.t.Helper()
	var ids []uuid.UUID
	if err := b.pool.NewRaw("SELECT id FROM jobs").Scan(context.Background(), &ids); err != nil || len(ids) != 1 {
		b.t.Fatalf("find the job: %d found, %v", len(ids), err)
	}
	return ids[0]
}

func (b *bench) job(id uuid.UUID) *models.Job {
	b.t.Helper()
	found, err := b.store.JobsByIDs(context.Background(), []uuid.UUID{id})
	if err != nil || len(found) != 1 {
		b.t.Fatalf("load job: %d found, %v", len(found), err)
	}
	return found[0]
}

// await waits until the job is as wanted.
func (b *bench) await(id uuid.UUID, what string, wanted func(*models.Job) bool) *models.Job {
	b.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		job := b.job(id)
		if wanted(job) {
			return job
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("job is not %s: %s after %d attempts, %q", what, job.State, job.Attempts, job.LastError)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (b *bench) awaitState(id uuid.UUID, state models.JobState) *models.Job {
	b.t.Helper()
	return b.await(id, string(state), func(j *models.Job) bool { return j.State == state })
}

func redisAddress(t testing.TB) string {
	t.Helper()
	address := os.Getenv("REDIS_QUEUE_LOCATION")
	if address == "" {
		storetest.Unavailable(t, "REDIS_QUEUE_LOCATION is not set: run `make test`, or `eval \"$(scripts/services env)\"` after `scripts/services start`")
	}
	return address
}

// forget removes all keys of a namespace, as FLUSHALL would.
func forget(t testing.TB, namespace string) {
	t.Helper()
	conn, err := redis.Dial("tcp", redisAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	keys, err := redis.Values(conn.Do("KEYS", namespace+"*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) > 0 {
		if _, err := conn.Do("DEL", keys...); err != nil {
			t.Fatal(err)
		}
	}
}

func testLogger(t testing.TB) *slog.Logger { return slog.New(slog.NewTextHandler(t.Output(), nil)) }

// syncBuffer collects a log.
type syncBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *syncBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }
