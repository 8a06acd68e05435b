package jobs

import (
	"context"
	"log/slog"
	"time"

	"ecoseller/models"
	"ecoseller/store"
)

// The rhythm of the sweep where Options do not say otherwise.
const (
	defaultSweep    = time.Second
	cleanUpEvery    = time.Hour
	keepFinishedFor = 7 * 24 * time.Hour
	// stuckAfter is how long a handler may take to heed the end of its context.
	stuckAfter = 5 * time.Second
)

// Options say how a worker works. The zero value of each field means its default.
type Options struct {
	// Concurrency is how many jobs run at once; 10 by default.
	Concurrency int
	// Lease is how long a claim holds without being renewed, and so how long a killed worker's job
	// waits; 30 s by default.
	Lease time.Duration
	// Sweep is how often the table is searched for due jobs; 1 s by default.
	Sweep time.Duration
	// Grace is how long running jobs may go on when the worker stops; 20 s by default.
	Grace  time.Duration
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Concurrency = orDefault(o.Concurrency, 10)
	o.Lease = orDefault(o.Lease, defaultLease)
	o.Sweep = orDefault(o.Sweep, defaultSweep)
	o.Grace = orDefault(o.Grace, defaultGrace)
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

// Worker runs jobs until it is told to stop. The sweep alone would do all the work, whatever became of
// Redis; Redis and Waker make it begin at once.
type Worker struct {
	store    *store.Store
	executor *executor
	options  Options
	// queue is nil for a worker without Redis.
	queue *RedisQueue
	waker *Waker
}

// NewWorker returns a worker that takes jobs from the table and from the queue. The queue may be nil.
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
func (w *Waker) JobsCommitted(context.Context, []*models.Job) { w.sweepNow() }

func (w *Waker) sweepNow() {
	select {
	case w.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// WakeBy lets the waker wake this worker. It must be called before Run.
func (w *Worker) WakeBy(waker *Waker) { w.waker = waker }

// Run works until the context ends, then lets running jobs finish within the grace period and gives
// back the rest. It does not wait for a handler that ignores the end of its context: its claim ends.
func (w *Worker) Run(ctx context.Context) {
	stopQueue := func() {}
	if w.queue != nil {
		stopQueue = w.queue.startWorkers(w.executor, w.options, w.waker.sweepNow)
	}
	// A sweep that waits for a free slot is to end at once as well.
	defer context.AfterFunc(ctx, w.executor.stop)()
	w.sweepUntil(ctx)
	w.executor.stop()

	queueStopped := make(chan struct{})
	go func() {
		stopQueue()
		close(queueStopped)
	}()
	w.awaitJobs()
	select {
	case <-queueStopped:
	case <-time.After(closeTimeout):
		w.options.Logger.Warn("Redis does not answer; leaving without a goodbye")
	}
}

// awaitJobs lets the running jobs end, by themselves or by the end of their contexts.
func (w *Worker) awaitJobs() {
	defer w.executor.kill()
	idle := w.executor.idle()
	select {
	case <-idle:
		return
	case <-time.After(w.options.Grace):
		w.executor.kill()
	}
	select {
	case <-idle:
	case <-time.After(stuckAfter):
		w.options.Logger.Error("jobs do not stop; they are left to their leases")
	}
}

func (w *Worker) sweepUntil(ctx context.Context) {
	sweep := time.NewTicker(w.options.Sweep)
	defer sweep.Stop()
	cleanUp := time.NewTicker(cleanUpEvery)
	defer cleanUp.Stop()
	w.cleanUp(ctx)
	for {
		w.sweep(ctx)
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
		case <-w.waker.wake:
		case <-cleanUp.C:
			w.cleanUp(ctx)
		}
	}
}

// sweep begins due jobs as slots become free, until no more are due.
func (w *Worker) sweep(ctx context.Context) {
	batch := w.options.Concurrency
	for ctx.Err() == nil {
		due, err := w.dueJobs(ctx, batch)
		if err != nil {
			if ctx.Err() == nil {
				w.options.Logger.Warn("look for due jobs", "error", err)
			}
			return
		}
		for _, job := range due {
			if !w.executor.start(job.ID) {
				return
			}
		}
		if len(due) < batch {
			return
		}
		// More may be due; a moment, so that those just begun are claimed and not found again.
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (w *Worker) dueJobs(ctx context.Context, limit int) ([]*models.Job, error) {
	ctx, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	return w.store.DueJobs(ctx, limit)
}

func (w *Worker) cleanUp(ctx context.Context) {
	if deleted, err := w.store.DeleteFinishedJobs(ctx, keepFinishedFor); err != nil {
		w.options.Logger.Warn("delete finished jobs", "error", err)
	} else if deleted > 0 {
		w.options.Logger.Info("deleted finished jobs", "count", deleted)
	}
}
