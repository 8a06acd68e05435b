// Package jobs runs the background work that committed changes have caused. The rows of the table jobs
// say what there is to do; Redis only makes it start sooner.
package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"ecoseller/models"
	"ecoseller/store"
)

// Handlers say for each kind of job how it is done.
type Handlers map[models.JobKind]Handler

// Handler does the jobs of one kind; Register makes it.
type Handler struct {
	policy models.JobPolicy
	run    func(ctx context.Context, job *models.Job) error
	gaveUp func(ctx context.Context, job *models.Job, reason error) error
}

// Register has jobs with arguments A done by run, which may be run twice for one job, and has to stand that. An error
// means another attempt later, unless it is Permanent or Postponed. Its context ends with the timeout of the kind,
// when the job is cancelled, and when the worker stops.
//
// gaveUp is told when there will be no further attempt; it may be nil.
func Register[A models.JobArgs](handlers Handlers, run func(ctx context.Context, args A) error, gaveUp func(ctx context.Context, args A, reason error) error) {
	var zero A
	handler := Handler{policy: models.PolicyOf(zero)}
	handler.run = func(ctx context.Context, job *models.Job) error {
		args, err := argsOf[A](job)
		if err != nil {
			return err
		}
		return run(ctx, args)
	}
	handler.gaveUp = func(ctx context.Context, job *models.Job, reason error) error {
		args, err := argsOf[A](job)
		if err != nil || gaveUp == nil {
			return nil //nolint:nilerr // arguments that cannot be read name nothing that could be told
		}
		return gaveUp(ctx, args, reason)
	}
	handlers[handler.policy.Kind] = handler
}

func argsOf[A models.JobArgs](job *models.Job) (args A, err error) {
	if err := json.Unmarshal(job.Payload, &args); err != nil {
		return args, Permanent(fmt.Errorf("read arguments of %s: %w", job.Kind, err))
	}
	return args, nil
}

// Sender hands mail to a mail server.
type Sender interface {
	Send(ctx context.Context, m *models.EmailMessage, to []string) (models.EmailReceipt, error)
}

// NewHandlers returns the handlers of all kinds of jobs.
func NewHandlers(s *store.Store, indexer Indexer, sender Sender) Handlers {
	handlers := Handlers{}
	registerIndexing(handlers, s, indexer)
	mails := &mailHandler{store: s, sender: sender}
	Register(handlers, mails.send, mails.gaveUp)
	Register(handlers, func(ctx context.Context, _ models.TidyEmailRates) error { return s.DeleteEmptyRates(ctx) }, nil)
	return handlers
}

// Permanent marks an error as final: the job is given up at once.
func Permanent(err error) error { return &permanentError{err} }

// Postponed marks an error as not the job's fault: it is tried again after delay, as often as it takes.
func Postponed(err error, delay time.Duration) error { return &postponedError{err, delay} }

type permanentError struct{ error }

func (e *permanentError) Unwrap() error { return e.error }

type postponedError struct {
	error
	delay time.Duration
}

func (e *postponedError) Unwrap() error { return e.error }
