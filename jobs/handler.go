// Package jobs runs the background work that committed changes have caused. The rows of the table jobs
// say what there is to do; Redis only makes it start sooner.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/store"
)

const (
	// waitForSearch is how long indexing waits for a search engine that is away.
	waitForSearch = 5 * time.Second
	// sendTimeout bounds the sending of a mail, statements and all.
	sendTimeout = 3 * time.Minute
)

// Handlers say for each kind of job how it is done.
type Handlers map[models.JobKind]Handler

// Handler does the jobs of one kind. It may be run twice for one job, and has to stand that.
type Handler struct {
	// Run does the job. An error means another attempt later, unless it is Permanent or Postponed.
	Run func(ctx context.Context, job *models.Job) error
	// GaveUp is told when there will be no further attempt; it may be nil.
	GaveUp func(ctx context.Context, job *models.Job, reason error) error
	// Timeout is when the context of Run ends; 0 means 360 s.
	Timeout time.Duration
}

// Indexer brings products into the search index.
type Indexer interface {
	IndexProducts(ctx context.Context, ids []uuid.UUID) error
}

// Sender hands mail to a mail server.
type Sender interface {
	Send(ctx context.Context, m *models.EmailMessage) error
}

// NewHandlers returns the handlers of all kinds of jobs.
func NewHandlers(s *store.Store, indexer Indexer, sender Sender) Handlers {
	mails := &mailHandler{store: s, sender: sender}
	return Handlers{
		models.JobIndexProducts: {Run: indexProducts(indexer)},
		models.JobSendEmail:     {Run: mails.send, GaveUp: mails.gaveUp, Timeout: sendTimeout},
	}
}

func indexProducts(indexer Indexer) func(context.Context, *models.Job) error {
	return func(ctx context.Context, job *models.Job) error {
		var payload models.IndexProducts
		if err := decode(job, &payload); err != nil {
			return err
		}
		err := indexer.IndexProducts(ctx, payload.ProductIDs)
		if errors.Is(err, search.ErrUnavailable) {
			return Postponed(err, waitForSearch)
		}
		return err
	}
}

func decode(job *models.Job, payload any) error {
	if err := json.Unmarshal(job.Payload, payload); err != nil {
		return Permanent(fmt.Errorf("read payload of %s: %w", job.Kind, err))
	}
	return nil
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
