package jobs

import (
	"context"
	"errors"
	"sync"
	"time"

	"ecoseller/mail"
	"ecoseller/models"
	"ecoseller/store"
)

// A mail waits for a mail server that is away a tenth of the time it has waited so far, within these
// limits: a thousand mails must not knock every few seconds all night.
const (
	shortestMailWait = 15 * time.Second
	longestMailWait  = 5 * time.Minute
)

// mailHandler does the jobs that send mail.
type mailHandler struct {
	store  *store.Store
	sender Sender
	server serverWatch
}

// send claims the mail before it speaks SMTP. Between the server's yes and the update of the row a dying
// process leaves the mail unsent in the books: it is then sent twice, with the same Message-ID.
func (h *mailHandler) send(ctx context.Context, args models.SendEmail) error {
	job := Current(ctx)
	if !h.server.mayTry() {
		return Postponed(mail.ErrUnreachable, mailWait(job))
	}
	message, err := h.store.ClaimEmailMessage(ctx, args.EmailMessageID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // sent, or given up, by an earlier run of this job
	}
	if err != nil {
		return err
	}
	sendErr := h.sender.Send(ctx, message)
	h.server.saw(sendErr)

	// The outcome has to be written even when the time is up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stateTimeout)
	defer cancel()
	if sendErr == nil {
		return h.store.MarkEmailSent(ctx, message.ID)
	}
	return errors.Join(decideOnMail(sendErr, job), h.store.MarkEmailQueued(ctx, message.ID, sendErr.Error()))
}

func (h *mailHandler) gaveUp(ctx context.Context, args models.SendEmail, reason error) error {
	return h.store.MarkEmailFailed(ctx, args.EmailMessageID, reason.Error())
}

func decideOnMail(err error, job *models.Job) error {
	switch {
	case errors.Is(err, mail.ErrRefused):
		return Permanent(err)
	case errors.Is(err, mail.ErrUnreachable):
		return Postponed(err, mailWait(job))
	}
	return err
}

func mailWait(job *models.Job) time.Duration {
	return min(max(time.Since(job.CreatedAt)/10, shortestMailWait), longestMailWait)
}

// serverWatch remembers that the mail server is away, so that only one mail at a time waits for it to
// answer: otherwise waiting mail would take all the places where other jobs could run. The zero value
// is ready to use.
type serverWatch struct {
	mu   sync.Mutex
	away bool
	next time.Time
}

// mayTry says whether to speak to the server. While it is away, that is one mail in a while.
func (w *serverWatch) mayTry() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away && time.Now().Before(w.next) {
		return false
	}
	w.next = time.Now().Add(shortestMailWait)
	return true
}

// saw notes how an attempt ended. Any answer means that the server is there.
func (w *serverWatch) saw(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.away = errors.Is(err, mail.ErrUnreachable)
	w.next = time.Now().Add(shortestMailWait)
}
