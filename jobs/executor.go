package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	defaultLease = 30 * time.Second
	defaultGrace = 20 * time.Second
	// stateTimeout bounds the statements that read and write the state of jobs.
	stateTimeout = 10 * time.Second
)

// errClaimLost ends the context of a handler whose job another worker may have begun.
var errClaimLost = errors.New("the claim on the job was lost")

// executor claims jobs and runs them, at most as many at once as it has slots. Whoever hands it an id,
// and how often, does not matter: the claim in the database decides.
type executor struct {
	store    *store.Store
	handlers Handlers
	logger   *slog.Logger
	lease    time.Duration
	slots    chan struct{}

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
	if x.takeSlot() {
		x.claimAndRun(id)
	}
}

// start is run without waiting for the end. It says whether a slot became free before the executor
// stopped.
func (x *executor) start(id uuid.UUID) bool {
	if !x.takeSlot() {
		return false
	}
	go x.claimAndRun(id)
	return true
}

// idle returns a channel that is closed when nothing runs any more, after stop.
func (x *executor) idle() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		for range cap(x.slots) {
			x.slots <- struct{}{}
		}
		close(done)
	}()
	return done
}

func (x *executor) takeSlot() bool {
	select {
	case x.slots <- struct{}{}:
	case <-x.stopping.Done():
		return false
	}
	if x.stopping.Err() != nil { // both were possible
		<-x.slots
		return false
	}
	return true
}

// claimAndRun runs in a slot, and frees it.
func (x *executor) claimAndRun(id uuid.UUID) {
	defer func() { <-x.slots }()
	// Our clock starts before the database's, so that we see the claim end first.
	claimed := time.Now()
	job, err := x.claim(id)
	if errors.Is(err, store.ErrNotFound) {
		return
	}
	if err != nil {
		x.logger.Error("claim job", "job", id, "error", err)
		return
	}
	handler, known := x.handlers[job.Kind]
	switch {
	case !known:
		err = Permanent(fmt.Errorf("no handler for jobs of kind %q", job.Kind))
	case job.Attempts > job.MaxAttempts:
		err = Permanent(errors.New("its worker died in the last attempt"))
	default:
		err = x.runClaimed(job, handler, claimed)
	}
	x.finish(job, handler, err)
	x.logEnd(job, err, time.Since(claimed))
}

func (x *executor) claim(id uuid.UUID) (*models.Job, error) {
	ctx, cancel := context.WithTimeout(x.life, min(stateTimeout, x.lease/2))
	defer cancel()
	return x.store.ClaimJob(ctx, id, x.lease)
}

// runClaimed runs the handler under its timeout, renewing the claim as long as it works.
func (x *executor) runClaimed(job *models.Job, handler Handler, claimed time.Time) error {
	timeout := handler.policy.Timeout
	inTime, cancel := context.WithTimeoutCause(x.life, timeout, fmt.Errorf("not done within %s", timeout))
	defer cancel()
	ctx, lose := context.WithCancelCause(inTime)
	defer lose(nil)

	var renewing sync.WaitGroup
	renewing.Go(func() { x.renew(ctx, lose, job, claimed) })
	err := protect(func() error { return handler.run(context.WithValue(ctx, currentKey{}, job), job) })
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	cancel()
	renewing.Wait()
	return err
}

// renew prolongs the claim. When that fails until the claim is about to end, the handler is told to stop
// before another worker can begin.
func (x *executor) renew(ctx context.Context, lose context.CancelCauseFunc, job *models.Job, claimed time.Time) {
	safe := x.lease * 9 / 10
	expiry := time.AfterFunc(time.Until(claimed.Add(safe)), func() { lose(errClaimLost) })
	defer expiry.Stop()
	ticker := time.NewTicker(x.lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		asked := time.Now()
		err := x.renewOnce(ctx, job)
		if errors.Is(err, store.ErrNotFound) {
			lose(errClaimLost)
			return
		}
		if err == nil {
			expiry.Reset(time.Until(asked.Add(safe)))
		}
	}
}

func (x *executor) renewOnce(ctx context.Context, job *models.Job) error {
	ctx, cancel := context.WithTimeout(ctx, x.lease/3)
	defer cancel()
	return x.store.RenewLease(ctx, job, x.lease)
}

// finish writes down how the job ended. When that fails, the lease ends and the job is run again.
func (x *executor) finish(job *models.Job, handler Handler, outcome error) {
	ctx, cancel := context.WithTimeout(context.Background(), stateTimeout)
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
		return x.store.RepeatJob(ctx, job, varied(handler.policy.Backoff(job.Attempts)), outcome.Error())
	}
	if handler.gaveUp != nil {
		if err := handler.gaveUp(ctx, job, outcome); err != nil {
			return fmt.Errorf("give up: %w", err)
		}
	}
	return x.store.FailJob(ctx, job, outcome.Error())
}

func (x *executor) logEnd(job *models.Job, outcome error, took time.Duration) {
	logger := x.logger.With("kind", job.Kind, "job", job.ID, "attempt", job.Attempts, "took", took.Round(time.Millisecond))
	if outcome == nil {
		logger.Info("job done")
		return
	}
	if panicked, ok := errors.AsType[*panicError](outcome); ok {
		logger.Error("job panicked", "error", panicked, "stack", string(panicked.stack))
		return
	}
	logger.Warn("job not done", "error", loggable(outcome))
}

// loggable prefers what an error wants to be in logs to its text, which may hold personal data.
func loggable(err error) any {
	if valuer, ok := errors.AsType[interface {
		error
		slog.LogValuer
	}](err); ok {
		return valuer
	}
	return err
}

// varied changes a pause by up to 10 %, so that jobs that failed together do not come again together.
func varied(pause time.Duration) time.Duration {
	return time.Duration(float64(pause) * (0.9 + 0.2*rand.Float64()))
}

// protect turns a panic into an error.
func protect(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicError{value: r, stack: debug.Stack()}
		}
	}()
	return do()
}

// panicError keeps the stack for the log; its text goes to places that clients can read.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }
