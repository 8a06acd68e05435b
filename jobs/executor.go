package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/store"
)

// The times of a job's life where Options do not say otherwise.
const (
	defaultLease   = 30 * time.Second
	defaultTimeout = 360 * time.Second
	defaultGrace   = 20 * time.Second
	longestBackoff = time.Hour
	// stateTimeout bounds the statement that writes down how a job ended.
	stateTimeout = 10 * time.Second
)

// executor claims jobs and runs them, at most as many at once as it has slots. Whoever hands it an id,
// and how often, does not matter: the claim in the database decides.
type executor struct {
	store    *store.Store
	handlers Handlers
	logger   *slog.Logger
	lease    time.Duration
	slots    chan struct{}

	running sync.WaitGroup
	// stopping ends when no new job is to be begun, life when those that run are to stop as well.
	stopping context.Context
	stop     context.CancelFunc
	life     context.Context
	kill     context.CancelFunc
}

func newExecutor(s *store.Store, handlers Handlers, o Options) *executor {
	x := &executor{
		store: s, handlers: handlers, logger: o.Logger, lease: o.Lease, slots: make(chan struct{}, o.Concurrency),
	}
	x.stopping, x.stop = context.WithCancel(context.Background())
	x.life, x.kill = context.WithCancel(context.Background())
	return x
}

// run claims a job and runs it to its end; it waits for a free slot first. A job that is not due or is
// somebody else's is left alone.
func (x *executor) run(id uuid.UUID) {
	select {
	case x.slots <- struct{}{}:
	case <-x.stopping.Done():
		return
	}
	defer func() { <-x.slots }()
	x.claimAndRun(id)
}

// tryRun begins a job if there is a free slot, and says whether there was.
func (x *executor) tryRun(id uuid.UUID) bool {
	select {
	case x.slots <- struct{}{}:
	default:
		return false
	}
	x.running.Go(func() {
		defer func() { <-x.slots }()
		x.claimAndRun(id)
	})
	return true
}

// shutDown lets running jobs finish within the grace period and gives the rest back.
func (x *executor) shutDown(grace time.Duration) {
	x.stop()
	timer := time.AfterFunc(grace, x.kill)
	defer timer.Stop()
	x.running.Wait()
	for range cap(x.slots) { // also waits for those that the queue's workers run
		x.slots <- struct{}{}
	}
	x.kill()
}

func (x *executor) claimAndRun(id uuid.UUID) {
	if x.stopping.Err() != nil {
		return
	}
	job, err := x.store.ClaimJob(x.life, id, x.lease)
	if errors.Is(err, store.ErrNotFound) {
		return
	}
	if err != nil {
		x.logger.Error("claim job", "job", id, "error", err)
		return
	}
	handler, known := x.handlers[job.Kind]
	if !known {
		x.finish(job, handler, Permanent(fmt.Errorf("no handler for jobs of kind %q", job.Kind)))
		return
	}
	if job.Attempts > job.MaxAttempts {
		x.finish(job, handler, Permanent(errors.New("its worker died in the last attempt")))
		return
	}
	started := time.Now()
	err = x.runClaimed(job, handler)
	x.finish(job, handler, err)
	x.logger.Info("job", "kind", job.Kind, "job", job.ID, "attempt", job.Attempts, "took", time.Since(started).Round(time.Millisecond), "error", errorText(err))
}

// runClaimed runs the handler under its timeout, renewing the claim as long as it works.
func (x *executor) runClaimed(job *models.Job, handler Handler) error {
	timeout := handler.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(x.life, timeout)
	defer cancel()
	var renewing sync.WaitGroup
	renewing.Go(func() { x.renew(ctx, cancel, job) })
	err := protect(func() error { return handler.Run(ctx, job) })
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("not done within %s: %w", timeout, err)
	}
	cancel()
	renewing.Wait()
	return err
}

// renew prolongs the claim; when it has been lost, the handler is told to stop, because another worker
// has begun.
func (x *executor) renew(ctx context.Context, cancel context.CancelFunc, job *models.Job) {
	ticker := time.NewTicker(x.lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := x.store.RenewLease(ctx, job, x.lease); errors.Is(err, store.ErrNotFound) {
			x.logger.Warn("job's claim was lost", "kind", job.Kind, "job", job.ID)
			cancel()
			return
		}
	}
}

// finish writes down how the job ended. When that fails, the lease ends and the job is run again.
func (x *executor) finish(job *models.Job, handler Handler, outcome error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.life), stateTimeout)
	defer cancel()
	if err := x.write(ctx, job, handler, outcome); err != nil && !errors.Is(err, store.ErrNotFound) {
		x.logger.Error("write state of job", "kind", job.Kind, "job", job.ID, "error", err)
	}
}

func (x *executor) write(ctx context.Context, job *models.Job, handler Handler, outcome error) error {
	if outcome == nil {
		return x.store.FinishJob(ctx, job)
	}
	if x.life.Err() != nil {
		return x.store.ReleaseJob(ctx, job)
	}
	if postponed, ok := errors.AsType[*postponedError](outcome); ok {
		return x.store.PostponeJob(ctx, job, postponed.delay, outcome.Error())
	}
	_, permanent := errors.AsType[*permanentError](outcome)
	if !permanent && job.Attempts < job.MaxAttempts {
		return x.store.RetryJob(ctx, job, backoff(job.Attempts), outcome.Error())
	}
	if handler.GaveUp != nil {
		if err := handler.GaveUp(ctx, job, outcome); err != nil {
			return fmt.Errorf("give up: %w", err)
		}
	}
	return x.store.FailJob(ctx, job, outcome.Error())
}

// backoff is how long a job waits after its n-th attempt: n⁴ seconds ± 10 %, an hour at most. The same
// curve as in River and Sidekiq.
func backoff(attempt int) time.Duration {
	seconds := min(math.Pow(float64(attempt), 4), longestBackoff.Seconds())
	return time.Duration(seconds * (0.9 + 0.2*rand.Float64()) * float64(time.Second))
}

// protect turns a panic into an error that carries its stack.
func protect(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return do()
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
