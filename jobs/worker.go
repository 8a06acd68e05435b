package jobs

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	"ecoseller/models"
	"ecoseller/store"
)

// The rhythm of a worker where Options do not say otherwise.
const (
	defaultSweep    = time.Second
	cleanUpEvery    = 10 * time.Minute
	keepFinishedFor = 7 * 24 * time.Hour
	// stuckAfter is how long a handler may take to heed the end of its context.
	stuckAfter = 5 * time.Second
)

// How a worker claims. A claim costs a statement, so many short jobs are claimed together and wait in the worker; a
// job that waits in the worker is out of reach for others, so only as many as are soon begun.
const (
	// claimPause is the time between two claims under load.
	claimPause = 2 * time.Millisecond
	// prefetchFor is how much work waits in the worker.
	prefetchFor = 100 * time.Millisecond
	maxPrefetch = 1000
	// giveBackAfter is how long it waits there before it is given back after all.
	giveBackAfter = time.Second
	// lowFirstEvery is which claim begins with the least urgent queue, so that it does not starve.
	lowFirstEvery = 8
)

// Options say how a worker works. The zero value of each field means its default.
type Options struct {
	// Concurrency is how many jobs run at once; 10 by default.
	Concurrency int
	// Queues are those it works for, the most urgent first; all by default.
	Queues []models.JobQueue
	// Name is what jobs call it; by default the host's name, the process and a random part, which keeps it apart from
	// all others.
	Name string
	// Lease is how long a claim holds without being renewed, and so how long a killed worker's job
	// waits; 15 s by default.
	Lease time.Duration
	// Sweep is how often the table is searched for due jobs, schedules, dead workers and cancelled jobs; 1 s by default.
	Sweep time.Duration
	// Grace is how long running jobs may go on when the worker stops; 20 s by default.
	Grace time.Duration
	// KeepFinished is how long finished jobs stay in the table; 7 days by default.
	KeepFinished time.Duration
	// Metrics counts what the worker does; it may be nil.
	Metrics *Metrics
	// Traces makes a trace of each attempt, linked to the one that has caused the job; it may be nil.
	Traces trace.TracerProvider
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Concurrency = orDefault(o.Concurrency, 10)
	o.Lease = orDefault(o.Lease, defaultLease)
	o.Sweep = orDefault(o.Sweep, defaultSweep)
	o.Grace = orDefault(o.Grace, defaultGrace)
	o.KeepFinished = orDefault(o.KeepFinished, keepFinishedFor)
	o.Name = orDefault(o.Name, workerName())
	if len(o.Queues) == 0 {
		o.Queues = models.JobQueues()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func orDefault[T comparable](value, byDefault T) T {
	var zero T
	if value == zero {
		return byDefault
	}
	return value
}

func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), strings.ToLower(rand.Text()[:6]))
}

// Worker runs jobs until it is told to stop. Its sweep alone would do all the work, whatever became of Redis; Redis and
// Waker make it begin at once.
type Worker struct {
	store    *store.Store
	executor *executor
	options  Options
	// queue is nil for a worker without Redis.
	queue *RedisQueue
	waker *Waker

	rate      rate
	turn      int
	lastClaim time.Time
	// unsure says that a claim may have succeeded without our knowing.
	unsure bool
}

// NewWorker returns a worker that takes jobs from the table and is woken by the queue, which may be nil. It begins
// with Run.
func NewWorker(s *store.Store, handlers Handlers, queue *RedisQueue, o Options) *Worker {
	o = o.withDefaults()
	return &Worker{store: s, executor: newExecutor(s, handlers, o), options: o, queue: queue, waker: NewWaker()}
}

// Waker announces committed jobs to a worker in the same process. It exists before the worker does,
// because the worker needs the store, and the store tells the waker.
type Waker struct{ wake chan struct{} }

// NewWaker returns a waker for WakeBy.
func NewWaker() *Waker { return &Waker{wake: make(chan struct{}, 1)} }

// JobsCommitted wakes the worker; it never waits.
func (w *Waker) JobsCommitted(context.Context, []*models.Job) { w.wakeUp() }

func (w *Waker) wakeUp() {
	select {
	case w.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// WakeBy lets the waker wake this worker. It must be called before Run.
func (w *Worker) WakeBy(waker *Waker) { w.waker = waker }

// Run works until the context ends. Then it gives back at once what it has not begun, lets running jobs finish within
// the grace period, and gives back the rest. It does not wait for a handler that ignores the end of its context: its
// claim ends.
func (w *Worker) Run(ctx context.Context) {
	stopQueue := func() {}
	if w.queue != nil {
		stopQueue = w.queue.wake(w)
	}
	// Claims are renewed until the last job has ended.
	keeping, stopKeeping := context.WithCancel(context.Background())
	defer stopKeeping()
	go w.executor.claims.keep(keeping)

	upkeep := make(chan struct{})
	go func() {
		defer close(upkeep)
		w.maintain(ctx)
	}()
	w.work(ctx)
	w.executor.stop()
	w.executor.giveBackReady()

	queueStopped := make(chan struct{})
	go func() {
		stopQueue()
		close(queueStopped)
	}()
	w.awaitJobs()
	<-upkeep
	select {
	case <-queueStopped:
	case <-time.After(closeTimeout):
		w.options.Logger.Warn("Redis does not answer; leaving without a goodbye")
	}
}

// awaitJobs lets the running jobs end, by themselves or by the end of their contexts.
func (w *Worker) awaitJobs() {
	defer w.executor.kill(errStopped)
	idle := w.executor.idle()
	select {
	case <-idle:
		return
	case <-time.After(w.options.Grace):
		w.executor.kill(errStopped)
	}
	select {
	case <-idle:
	case <-time.After(stuckAfter):
		w.options.Logger.Error("jobs do not stop; they are left to their leases")
	}
}

// work claims jobs whenever there may be some and there is room for them.
func (w *Worker) work(ctx context.Context) {
	sweep := time.NewTicker(w.options.Sweep)
	defer sweep.Stop()
	for ctx.Err() == nil {
		var room <-chan struct{}
		if w.claim(ctx) { // there may be more
			room = w.executor.freed
		}
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			w.giveBackStale()
		case <-w.waker.wake:
		case <-room:
		}
		// Under load jobs gather for a moment; a worker that was idle does not wait.
		time.Sleep(time.Until(w.lastClaim.Add(claimPause)))
	}
}

// claim takes due jobs, as many as there is room for, and says whether there may be more.
func (w *Worker) claim(ctx context.Context) (more bool) {
	prefetch := w.rate.prefetch()
	waiting := len(w.executor.ready)
	room := w.options.Concurrency + prefetch - int(w.executor.pending.Load())
	if room <= 0 || waiting > prefetch/2 {
		return true
	}
	asked := time.Now()
	jobs, err := w.claimUpTo(ctx, room)
	w.lastClaim = time.Now()
	if err != nil {
		w.unsure = true
		if ctx.Err() == nil {
			w.options.Logger.Warn("claim jobs", "error", err)
		}
		return false // the sweep tries again
	}
	w.rate.count(w.executor.ended.Swap(0), asked)
	w.executor.add(jobs, asked)
	return len(jobs) == room
}

func (w *Worker) claimUpTo(ctx context.Context, limit int) ([]*models.Job, error) {
	// Not the caller's end: a claim that is broken off may have been made.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(stateTimeout, w.options.Lease/2))
	defer cancel()
	if w.unsure {
		if err := w.store.ReleaseOtherJobs(ctx, w.options.Name, idsOf(w.executor.claims.all(0))); err != nil {
			return nil, err
		}
		w.unsure = false
	}
	return w.store.ClaimJobs(ctx, store.JobClaim{
		Worker: w.options.Name, Queues: w.queuesOfTurn(), Limit: limit, Lease: w.options.Lease,
	})
}

// queuesOfTurn is where this claim looks.
func (w *Worker) queuesOfTurn() []models.JobQueue {
	w.turn++
	if w.turn%lowFirstEvery != 0 {
		return w.options.Queues
	}
	queues := slices.Clone(w.options.Queues)
	slices.Reverse(queues)
	return queues
}

// hasRoom says whether a job would begin at once.
func (w *Worker) hasRoom() bool {
	return int(w.executor.pending.Load()) < w.options.Concurrency
}

// giveBackStale gives back what has been waiting in the worker for too long, because long jobs have come after short
// ones.
func (w *Worker) giveBackStale() {
	if time.Since(w.lastClaim) > giveBackAfter && len(w.executor.ready) > 0 {
		w.rate = rate{}
		w.executor.giveBackReady()
	}
}

// rate is how many jobs the worker ends in a second, lately.
type rate struct {
	perSecond float64
	since     time.Time
}

func (r *rate) count(ended int64, now time.Time) {
	if elapsed := now.Sub(r.since).Seconds(); elapsed > 0 {
		r.perSecond = (r.perSecond + float64(ended)/elapsed) / 2
	}
	r.since = now
}

// prefetch is how many jobs may wait in the worker for a runner.
func (r *rate) prefetch() int {
	return min(int(r.perSecond*prefetchFor.Seconds()), maxPrefetch)
}

// maintain does what some worker has to do now and then; whichever does it, once is enough.
func (w *Worker) maintain(ctx context.Context) {
	w.cleanUp(ctx)
	cleaned := time.Now()
	every(ctx, w.options.Sweep, func(ctx context.Context) {
		w.rescue(ctx)
		w.runSchedules(ctx)
		if time.Since(cleaned) > cleanUpEvery {
			w.cleanUp(ctx)
			cleaned = time.Now()
		}
	})
}

func (w *Worker) rescue(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	rescued, err := w.store.RescueJobs(ctx)
	if err != nil {
		w.warn(ctx, "look for jobs of dead workers", err)
		return
	}
	if rescued > 0 {
		w.options.Logger.Warn("gave back the jobs of dead workers", "count", rescued)
		w.waker.wakeUp()
	}
}

func (w *Worker) cleanUp(ctx context.Context) {
	deleted, err := w.store.DeleteFinishedJobs(ctx, w.options.KeepFinished)
	if err != nil {
		w.warn(ctx, "delete finished jobs", err)
	} else if deleted > 0 {
		w.options.Logger.Info("deleted finished jobs", "count", deleted)
	}
}

func (w *Worker) warn(ctx context.Context, doing string, err error) {
	if ctx.Err() == nil {
		w.options.Logger.Warn(doing, "error", err)
	}
}
