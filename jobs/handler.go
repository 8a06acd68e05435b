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

	"ecoseller/mail"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/store"
)

// How long a job waits for a service that is away.
const (
	waitForMailServer = 15 * time.Second
	waitForSearch     = 5 * time.Second
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
	return Handlers{
		models.JobIndexProducts: {Run: indexProducts(indexer)},
		models.JobSendEmail:     {Run: sendEmail(s, sender), GaveUp: markEmailFailed(s), Timeout: 2 * time.Minute},
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

// sendEmail claims the mail before it speaks SMTP. Between the server's yes and the update of the row a
// dying process leaves the mail unsent in the books: it is then sent twice, with the same Message-ID.
func sendEmail(s *store.Store, sender Sender) func(context.Context, *models.Job) error {
	return func(ctx context.Context, job *models.Job) error {
		var payload models.SendEmail
		if err := decode(job, &payload); err != nil {
			return err
		}
		message, err := s.ClaimEmailMessage(ctx, payload.EmailMessageID)
		if errors.Is(err, store.ErrNotFound) {
			return nil // sent, or given up, by an earlier run of this job
		}
		if err != nil {
			return err
		}
		sendErr := sender.Send(ctx, message)
		// The outcome has to be written even when the time is up.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stateTimeout)
		defer cancel()
		if sendErr == nil {
			return s.MarkEmailSent(ctx, message.ID)
		}
		return errors.Join(mailError(sendErr), s.MarkEmailQueued(ctx, message.ID, sendErr.Error()))
	}
}

func mailError(err error) error {
	switch {
	case errors.Is(err, mail.ErrRefused):
		return Permanent(err)
	case errors.Is(err, mail.ErrUnreachable):
		return Postponed(err, waitForMailServer)
	}
	return err
}

func markEmailFailed(s *store.Store) func(context.Context, *models.Job, error) error {
	return func(ctx context.Context, job *models.Job, reason error) error {
		var payload models.SendEmail
		if err := decode(job, &payload); err != nil {
			return nil // there is no mail that could be marked
		}
		return s.MarkEmailFailed(ctx, payload.EmailMessageID, reason.Error())
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
