package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"ecoseller/jobs"
	"ecoseller/models"
)

func TestJobIsDone(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		b.handle(func(context.Context, *models.Job) error { return nil })
		before := b.enqueue(1)[0]
		b.work()
		after := b.enqueue(1)[0]
		for _, id := range []uuid.UUID{before, after} {
			job := b.awaitState(id, models.JobSucceeded)
			if job.Attempts != 1 || job.FinishedAt == nil || job.LeaseUntil != nil {
				t.Errorf("finished job: %+v", job)
			}
		}
	})
}

// TestOutcomes checks what becomes of a job by what its handler answers.
func TestOutcomes(t *testing.T) {
	boom := errors.New("boom")
	scenarios := map[string]struct {
		run         func(ctx context.Context, attempt int) error
		short       bool
		maxAttempts int
		state       models.JobState
		attempts    int
		lastError   string
		gaveUp      bool
		takes       time.Duration
	}{
		"an error is tried again later": {
			run: func(_ context.Context, attempt int) error {
				if attempt == 1 {
					return boom
				}
				return nil
			},
			maxAttempts: 10, state: models.JobSucceeded, attempts: 2, takes: 900 * time.Millisecond,
		},
		"the last attempt's error is final": {
			run:         func(context.Context, int) error { return boom },
			maxAttempts: 2, state: models.JobFailed, attempts: 2, lastError: "boom", gaveUp: true, takes: 900 * time.Millisecond,
		},
		"a permanent error is final at once": {
			run:         func(context.Context, int) error { return fmt.Errorf("outer: %w", jobs.Permanent(boom)) },
			maxAttempts: 10, state: models.JobFailed, attempts: 1, lastError: "outer: boom", gaveUp: true,
		},
		"postponing costs no attempt": {
			run: func() func(context.Context, int) error {
				var calls atomic.Int64
				return func(context.Context, int) error {
					if calls.Add(1) <= 5 {
						return jobs.Postponed(boom, 20*time.Millisecond)
					}
					return nil
				}
			}(),
			maxAttempts: 2, state: models.JobSucceeded, attempts: 1, takes: 100 * time.Millisecond,
		},
		"a panic is an error": {
			run:         func(context.Context, int) error { panic("out of cheese") },
			maxAttempts: 1, state: models.JobFailed, attempts: 1, lastError: "panic: out of cheese", gaveUp: true,
		},
		"the timeout ends the context": {
			run: func(ctx context.Context, _ int) error {
				<-ctx.Done()
				return ctx.Err()
			},
			short: true, maxAttempts: 1,
			state: models.JobFailed, attempts: 1, lastError: "not done within 50ms: context deadline exceeded", gaveUp: true,
		},
		"an error may hold bytes that are no text": {
			run:         func(context.Context, int) error { return jobs.Permanent(errors.New("a\x00b\xffc")) },
			maxAttempts: 10, state: models.JobFailed, attempts: 1, lastError: "a\uFFFDb\uFFFDc", gaveUp: true,
		},
	}
	t.Parallel()
	for name, scenario := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, withoutRedis)
			var gaveUp atomic.Int64
			run := func(ctx context.Context) error { return scenario.run(ctx, jobs.Current(ctx).Attempts) }
			giveUp := func() error { gaveUp.Add(1); return nil }
			jobs.Register(b.handlers, func(ctx context.Context, _ testJob) error { return run(ctx) },
				func(context.Context, testJob, error) error { return giveUp() })
			jobs.Register(b.handlers, func(ctx context.Context, _ shortJob) error { return run(ctx) },
				func(context.Context, shortJob, error) error { return giveUp() })
			args := models.JobArgs(testJob{})
			if scenario.short {
				args = shortJob{}
			}
			id := b.enqueueAs(args).ID
			b.exec("UPDATE jobs SET max_attempts = ?", scenario.maxAttempts)
			began := time.Now()
			b.work()
			job := b.awaitState(id, scenario.state)
			if job.Attempts != scenario.attempts || job.LastError != scenario.lastError {
				t.Errorf("%d attempts, %q; want %d, %q", job.Attempts, job.LastError, scenario.attempts, scenario.lastError)
			}
			if took := time.Since(began); took < scenario.takes {
				t.Errorf("took %s, want at least %s", took, scenario.takes)
			}
			if want := map[bool]int64{true: 1}[scenario.gaveUp]; gaveUp.Load() != want {
				t.Errorf("GaveUp called %d times, want %d", gaveUp.Load(), want)
			}
		})
	}
}

func TestUnknownKindIsGivenUp(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	id := b.enqueue(1)[0]
	b.work()
	if job := b.awaitState(id, models.JobFailed); !strings.Contains(job.LastError, `"test"`) {
		t.Errorf("last error %q", job.LastError)
	}
}

// TestDeadWorkersJobs checks that the jobs of a worker that died are run again, and not for ever.
func TestDeadWorkersJobs(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		b.handle(func(context.Context, *models.Job) error { return nil })
		ids := b.enqueue(2)
		b.exec("UPDATE jobs SET max_attempts = 1 WHERE id = ?", ids[1])
		b.claimAs("dead", len(ids), 500*time.Millisecond)
		began := time.Now()
		b.work()
		if job := b.awaitState(ids[0], models.JobSucceeded); job.Attempts != 2 {
			t.Errorf("%d attempts, want 2", job.Attempts)
		}
		if took := time.Since(began); took < 400*time.Millisecond {
			t.Errorf("run again after %s, while the claim stood", took)
		}
		b.awaitState(ids[1], models.JobFailed)
	})
}

// TestNoTwoAtOnce has two workers that fight for jobs: each job is done once, and longer than its lease.
func TestNoTwoAtOnce(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		const count = 60
		var mu sync.Mutex
		runs, running := map[uuid.UUID]int{}, map[uuid.UUID]bool{}
		b.handle(func(_ context.Context, job *models.Job) error {
			mu.Lock()
			if running[job.ID] {
				t.Errorf("job %s runs twice at once", job.ID)
			}
			runs[job.ID]++
			running[job.ID] = true
			mu.Unlock()
			time.Sleep(time.Duration(job.ID[15]) * 3 * time.Millisecond) // up to 765 ms
			mu.Lock()
			running[job.ID] = false
			mu.Unlock()
			return nil
		})
		b.options.Lease = 600 * time.Millisecond
		b.options.Concurrency = 8
		b.work()
		b.work()
		for _, id := range b.enqueue(count) {
			b.awaitState(id, models.JobSucceeded)
		}
		mu.Lock()
		defer mu.Unlock()
		for id, n := range runs {
			if n != 1 {
				t.Errorf("job %s was run %d times", id, n)
			}
		}
	})
}

// TestLostClaimStopsHandler blocks the renewal of claims: the handler has to be stopped before the claim
// ends, because another worker may begin then.
func TestLostClaimStopsHandler(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	const lease = time.Second
	stopped := make(chan *models.Job, 10)
	began := make(chan struct{}, 10)
	b.handle(func(ctx context.Context, job *models.Job) error {
		began <- struct{}{}
		<-ctx.Done()
		stopped <- job
		return ctx.Err()
	})
	b.options.Lease = lease
	id := b.enqueue(1)[0]
	b.work()
	<-began
	until := *b.job(id).LeaseUntil
	release := b.lockJobs()
	defer release()
	select {
	case <-stopped:
		if late := time.Since(until.Add(lease / 3)); late > 0 { // one renewal may have come before the lock
			t.Errorf("stopped %s after the claim ended", late)
		}
	case <-time.After(5 * lease):
		t.Error("the handler goes on without a claim")
	}
}

func TestGracefulStop(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		began := make(chan struct{})
		b.handle(func(ctx context.Context, _ *models.Job) error {
			close(began)
			time.Sleep(300 * time.Millisecond)
			return ctx.Err()
		})
		id := b.enqueue(1)[0]
		stop := b.work()
		<-began
		stop()
		if job := b.job(id); job.State != models.JobSucceeded {
			t.Errorf("the job is %s: the worker did not wait for it", job.State)
		}
	})
}

func TestStopAfterGrace(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		began := make(chan struct{}, 2)
		b.handle(func(ctx context.Context, _ *models.Job) error {
			began <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
		b.options.Grace = 300 * time.Millisecond
		b.options.Concurrency = 2
		ids := b.enqueue(3) // one of them waits for a place
		stop := b.work()
		<-began
		<-began
		asked := time.Now()
		stop()
		if took := time.Since(asked); took < 250*time.Millisecond || took > 4*time.Second {
			t.Errorf("stopped after %s", took)
		}
		for _, id := range ids {
			if job := b.job(id); job.State != models.JobQueued || job.Attempts != 0 {
				t.Errorf("job is %s after %d attempts, want it given back", job.State, job.Attempts)
			}
		}
	})
}

// TestWithoutRedis enqueues while Redis is away: nobody waits for it, and the work is done.
func TestWithoutRedis(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{"refusing": refusingAddress(t), "silent": silentAddress(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBenchAt(t, address)
			b.handle(func(context.Context, *models.Job) error { return nil })
			began := time.Now()
			ids := b.enqueue(20)
			b.work()
			for range 5 {
				ids = append(ids, b.enqueue(1)...)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("enqueueing took %s", took)
			}
			for _, id := range ids {
				b.awaitState(id, models.JobSucceeded)
			}
		})
	}
}

// TestRedisComesAndGoes cuts the connection under a running worker and mends it.
func TestRedisComesAndGoes(t *testing.T) {
	t.Parallel()
	proxy := newProxy(t, redisAddress(t))
	b := newBenchAt(t, proxy.address)
	b.handle(func(context.Context, *models.Job) error { return nil })
	b.work()
	b.awaitState(b.enqueue(1)[0], models.JobSucceeded)
	proxy.cut()
	b.awaitState(b.enqueue(1)[0], models.JobSucceeded)
	proxy.mend()
	time.Sleep(2 * time.Second) // Redis is tried once a second
	pickUps := b.pickUps(5)
	if median := pickUps[2]; median > 500*time.Millisecond {
		t.Errorf("after Redis came back, jobs begin after %s", median)
	}
}

// TestFlushedRedis empties Redis between the enqueueing and the work.
func TestFlushedRedis(t *testing.T) {
	t.Parallel()
	address, namespace := redisAddress(t), "{test-"+uuid.NewString()+"}"
	b := &bench{t: t, queue: newQueue(t, address, namespace)}
	b.open(b.queue)
	var runs atomic.Int64
	b.handle(func(context.Context, *models.Job) error {
		runs.Add(1)
		time.Sleep(20 * time.Millisecond)
		return nil
	})
	b.options.Sweep = 300 * time.Millisecond
	ids := b.enqueue(40)
	time.Sleep(200 * time.Millisecond)
	forget(t, namespace)
	b.work()
	for runs.Load() < 10 {
		time.Sleep(5 * time.Millisecond)
	}
	ids = append(ids, b.enqueue(40)...)
	forget(t, namespace)
	for _, id := range ids {
		b.awaitState(id, models.JobSucceeded)
	}
	if n := runs.Load(); n != int64(len(ids)) {
		t.Errorf("%d jobs were run %d times", len(ids), n)
	}
}

// TestPickUp measures how long a job waits for an idle worker. Without being woken, gocraft/work's
// workers sleep up to 5 s; the sweep is switched off here.
func TestPickUp(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		b.options.Sweep = time.Hour
		b.handle(func(context.Context, *models.Job) error { return nil })
		b.work()
		time.Sleep(500 * time.Millisecond)
		waits := b.pickUps(60)
		t.Logf("jobs begin after %s (median), %s (p95), %s (longest)", waits[30], waits[57], waits[59])
		if waits[57] > 250*time.Millisecond {
			t.Errorf("a job waits %s for an idle worker", waits[57])
		}
	})
}

// TestPickUpBesideLongJob is TestPickUp while another job runs for long.
func TestPickUpBesideLongJob(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		b.options.Sweep = time.Hour
		var first atomic.Bool
		began := make(chan struct{})
		b.handle(func(ctx context.Context, _ *models.Job) error {
			if first.CompareAndSwap(false, true) {
				close(began)
				<-ctx.Done()
			}
			return nil
		})
		b.options.Grace = time.Millisecond
		b.work()
		time.Sleep(500 * time.Millisecond)
		b.enqueue(1)
		<-began
		waits := b.pickUps(20)
		t.Logf("jobs begin after %s (median), %s (longest)", waits[10], waits[19])
		if waits[18] > 500*time.Millisecond {
			t.Errorf("a job waits %s beside a long one", waits[18])
		}
	})
}

// TestBacklogIsWorkedOff has more jobs than places and only the sweep: places do not stay empty until
// its next turn.
func TestBacklogIsWorkedOff(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	b.options.Sweep = time.Hour
	b.handle(func(context.Context, *models.Job) error {
		time.Sleep(20 * time.Millisecond)
		return nil
	})
	ids := b.enqueue(100)
	b.work()
	for _, id := range ids {
		b.awaitState(id, models.JobSucceeded)
	}
}

// pickUps enqueues jobs one after the other and returns how long each waited for its handler, in order.
func (b *bench) pickUps(n int) []time.Duration {
	b.t.Helper()
	var waits []time.Duration
	for range n {
		id := b.enqueue(1)[0]
		job := b.awaitState(id, models.JobSucceeded)
		waits = append(waits, job.StartedAt.Sub(job.CreatedAt))
		time.Sleep(15 * time.Millisecond)
	}
	slices.Sort(waits)
	return waits
}

// refusingAddress is one where nobody listens.
func refusingAddress(t *testing.T) string {
	t.Helper()
	listener := listen(t)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// silentAddress is one that accepts connections and says nothing.
func silentAddress(t *testing.T) string {
	t.Helper()
	listener := listen(t)
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// proxy passes connections on until it is cut.
type proxy struct {
	t       *testing.T
	address string
	target  string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	p := &proxy{t: t, target: target, listener: listen(t)}
	p.address = p.listener.Addr().String()
	go p.serve(p.listener)
	t.Cleanup(p.cut)
	return p
}

func (p *proxy) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		go func() { _, _ = io.Copy(server, client) }()
		go func() { _, _ = io.Copy(client, server) }()
	}
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.listener.Close()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
}

func (p *proxy) mend() {
	p.t.Helper()
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	p.listener = listener
	p.mu.Unlock()
	go p.serve(listener)
}
