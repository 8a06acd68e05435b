package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"ecoseller/models"
	"ecoseller/store"
	"ecoseller/telemetry"
)

// The times of a job's life where Options do not say otherwise.
const (
	defaultLease = 15 * time.Second
	defaultGrace = 20 * time.Second
	// stateTimeout bounds the statements that read and write the state of jobs.
	stateTimeout = 10 * time.Second
	// writeAgain is the pause before an outcome is written again, when PostgreSQL was away.
	writeAgain = 250 * time.Millisecond
)

// Why the context of a handler ends, besides its timeout.
var (
	errClaimLost = errors.New("the claim on the job was lost")
	errStopped   = errors.New("the worker stops")
	// ErrCancelled is what a handler's GaveUp is told of a job that was cancelled.
	ErrCancelled = errors.New("the job was cancelled")
)

// executor runs claimed jobs, as many at once as it has runners, and writes down how they ended.
type executor struct {
	store    *store.Store
	handlers Handlers
	logger   *slog.Logger
	metrics  *Metrics
	traces   trace.TracerProvider
	worker   string
	claims   *claims

	// ready has the jobs that no runner has taken yet.
	ready chan *claim
	// pending counts those and the ones that run, ended those that have run.
	pending atomic.Int64
	ended   atomic.Int64
	// freed is told when a runner has ended a job.
	freed    chan struct{}
	runners  sync.WaitGroup
	finisher *finisher

	// stopping ends when no new job is to be begun, life when those that run are to stop as well.
	stopping context.Context
	stop     context.CancelFunc
	life     context.Context
	kill     context.CancelCauseFunc
}

func newExecutor(s *store.Store, handlers Handlers, o Options) *executor {
	x := &executor{
		store: s, handlers: handlers, logger: o.Logger, metrics: o.Metrics, traces: o.Traces, worker: o.Name, claims: newClaims(s, o),
		ready: make(chan *claim, o.Concurrency+maxPrefetch), freed: make(chan struct{}, 1),
	}
	x.finisher = newFinisher(s, x.claims, o.Logger)
	x.stopping, x.stop = context.WithCancel(context.Background())
	x.life, x.kill = context.WithCancelCause(context.Background())
	for range o.Concurrency {
		x.runners.Go(x.runReady)
	}
	return x
}

// add hands claimed jobs to the runners. asked is when the claim was asked for by our clock.
func (x *executor) add(jobs []*models.Job, asked time.Time) {
	x.pending.Add(int64(len(jobs)))
	for _, job := range jobs {
		x.ready <- x.claims.add(x.life, job, asked)
	}
}

// runReady runs jobs until the executor stops.
func (x *executor) runReady() {
	for {
		select {
		case c := <-x.ready:
			if x.stopping.Err() != nil {
				x.giveBack(c)
				return
			}
			x.run(c)
			x.pending.Add(-1)
			x.ended.Add(1)
			select {
			case x.freed <- struct{}{}:
			default:
			}
		case <-x.stopping.Done():
			return
		}
	}
}

// giveBackReady gives back the jobs that no runner has taken.
func (x *executor) giveBackReady() {
	var waiting []*claim
	for {
		select {
		case c := <-x.ready:
			waiting = append(waiting, c)
			continue
		default:
		}
		x.giveBack(waiting...)
		return
	}
}

func (x *executor) giveBack(waiting ...*claim) {
	if len(waiting) == 0 {
		return
	}
	x.pending.Add(-int64(len(waiting)))
	jobs := make([]*models.Job, len(waiting))
	for i, c := range waiting {
		jobs[i] = c.job
		x.claims.remove(c)
	}
	ctx, cancel := context.WithTimeout(context.Background(), stateTimeout)
	defer cancel()
	if err := x.store.ReleaseJobs(ctx, jobs); err != nil {
		x.logger.Warn("give jobs back", "error", err)
	}
}

// idle returns a channel that is closed when nothing runs any more, after stop.
func (x *executor) idle() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		x.runners.Wait()
		x.giveBackReady()
		x.finisher.close()
		close(done)
	}()
	return done
}

// run runs a job to its end.
func (x *executor) run(c *claim) {
	began := time.Now()
	x.metrics.began(c.job, began)
	handler, known := x.handlers[c.job.Kind]
	var err error
	switch {
	case c.ctx.Err() != nil:
		err = context.Cause(c.ctx)
	case c.job.CancelRequestedAt != nil:
		err = ErrCancelled
	case !known:
		err = Permanent(fmt.Errorf("no handler for jobs of kind %q", c.job.Kind))
	case c.job.Attempts > c.job.MaxAttempts:
		err = Permanent(errors.New("its worker died in the last attempt"))
	default:
		err = x.runHandler(c, handler)
	}
	outcome := x.end(c, handler, err)
	x.logEnd(c.job, err, time.Since(began))
	x.metrics.ended(c.job, outcome, time.Since(began))
}

// runHandler runs the handler under its timeout. The error says why, when its context ended before.
func (x *executor) runHandler(c *claim, handler Handler) error {
	timeout := handler.policy.Timeout
	ctx, cancel := context.WithTimeoutCause(c.ctx, timeout, fmt.Errorf("not done within %s", timeout))
	defer cancel()
	ctx = telemetry.StartJob(ctx, x.traces, string(c.job.Kind), c.job.TraceParent, c.job.Attempts)
	err := protect(func() error { return handler.run(withJob(ctx, x.store, c.job), c.job) })
	telemetry.EndSpan(ctx, err)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// outcome is how an attempt ended, as metrics call it.
type outcome string

const (
	outcomeSucceeded outcome = "succeeded"
	outcomeRetried   outcome = "retried"
	outcomePostponed outcome = "postponed"
	outcomeFailed    outcome = "failed"
	outcomeCancelled outcome = "cancelled"
	outcomeReleased  outcome = "released"
	outcomeLost      outcome = "lost"
)

// end writes down how the job ended. The claim is kept until that is done, also when PostgreSQL is away for a while:
// when it is away for longer, the lease ends and the job is run again.
func (x *executor) end(c *claim, handler Handler, err error) outcome {
	if err == nil {
		x.finisher.add(c)
		return outcomeSucceeded
	}
	defer x.claims.remove(c)
	if errors.Is(err, errClaimLost) {
		return outcomeLost
	}
	ended, write := x.decide(c.job, handler, err)
	if err := x.claims.persist([]*claim{c}, write); err != nil && !errors.Is(err, store.ErrNotFound) {
		x.logger.Error("write state of job", "kind", c.job.Kind, "job", c.job.ID, "error", err)
	}
	return ended
}

// decide says what becomes of a job whose attempt has failed, and how that is written down.
func (x *executor) decide(job *models.Job, handler Handler, err error) (outcome, func(context.Context) error) {
	reason := x.reasonOf(job, err)
	giveUp := func(end func(context.Context, *models.Job, models.JobError) error) func(context.Context) error {
		return func(ctx context.Context) error {
			if handler.gaveUp != nil {
				if err := protect(func() error { return handler.gaveUp(withJob(ctx, x.store, job), job, err) }); err != nil {
					return fmt.Errorf("give up: %w", err)
				}
			}
			return end(ctx, job, reason)
		}
	}
	if errors.Is(err, ErrCancelled) {
		return outcomeCancelled, giveUp(x.store.EndCancelledJob)
	}
	if x.life.Err() != nil {
		return outcomeReleased, func(ctx context.Context) error { return x.store.ReleaseJobs(ctx, []*models.Job{job}) }
	}
	if postponed, ok := errors.AsType[*postponedError](err); ok {
		return outcomePostponed, func(ctx context.Context) error { return x.store.PostponeJob(ctx, job, postponed.delay, reason.Error) }
	}
	if _, permanent := errors.AsType[*permanentError](err); permanent || job.Attempts >= job.MaxAttempts {
		return outcomeFailed, giveUp(x.store.FailJob)
	}
	pause := varied(handler.policy.Backoff(job.Attempts))
	return outcomeRetried, func(ctx context.Context) error { return x.store.RepeatJob(ctx, job, pause, reason) }
}

func (x *executor) reasonOf(job *models.Job, err error) models.JobError {
	reason := models.JobError{Attempt: job.Attempts, At: time.Now(), Worker: x.worker, Error: err.Error()}
	if panicked, ok := errors.AsType[*panicError](err); ok {
		reason.Stack = string(panicked.stack)
	}
	return reason
}

func (x *executor) logEnd(job *models.Job, err error, took time.Duration) {
	level := slog.LevelWarn
	if err == nil || errors.Is(err, errPlacesTaken) {
		level = slog.LevelDebug
	}
	if !x.logger.Enabled(x.life, level) {
		return
	}
	logger := x.logger.With("kind", job.Kind, "job", job.ID, "attempt", job.Attempts, "took", took.Round(time.Microsecond))
	if err == nil {
		logger.Debug("job done")
		return
	}
	if panicked, ok := errors.AsType[*panicError](err); ok {
		logger.Error("job panicked", "error", panicked, "stack", string(panicked.stack))
		return
	}
	logger.Log(x.life, level, "job not done", "error", loggable(err))
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

// panicError keeps the stack for the log and for the job's errors.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }
