package jobs

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"ecoseller/mail"
	"ecoseller/models"
	"ecoseller/store"
)

const (
	// A mail waits for a mail server that is away a tenth of the time it has waited so far, within these
	// limits: a thousand mails must not knock every few seconds all night.
	shortestMailWait = time.Second
	longestMailWait  = 5 * time.Minute
	// recordPatience is how long a worker tries to write down what the mail server has said, when PostgreSQL
	// does not answer: what is forgotten is sent again.
	recordPatience = time.Minute
	// beingSentWait is how long to wait for another worker's outcome, or for the end of its hold on the mail.
	beingSentWait = 2 * time.Second
)

var errSuppressed = errors.New("all recipients are on the suppression list")

// mailHandler does the jobs that send mail.
type mailHandler struct {
	store  *store.Store
	sender Sender
	server serverWatch
}

// send claims the mail before it speaks SMTP, and writes down the server's yes before anything else. A
// process that dies between the two leaves the mail unsent in the books: it is then sent twice, with the
// same Message-ID.
func (h *mailHandler) send(ctx context.Context, args models.SendEmail) error {
	job := Current(ctx)
	if !h.server.mayTry() {
		return Postponed(mail.ErrUnreachable, mailWait(job))
	}
	message, err := h.store.ClaimEmailMessage(ctx, args.EmailMessageID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // sent, given up or cancelled
	}
	if errors.Is(err, store.ErrBeingSent) {
		return Postponed(err, beingSentWait)
	}
	if err != nil {
		return err
	}
	to := message.Outstanding()
	if len(to) == 0 {
		return h.nobody(ctx, message)
	}
	receipt, sendErr := h.sender.Send(ctx, message, to)
	if err := h.record(ctx, message, receipt, sendErr); err != nil {
		return errors.Join(sendErr, err)
	}
	h.server.saw(sendErr)
	h.suppress(ctx, message, receipt)
	return decideOnMail(sendErr, job)
}

// record writes down what the mail server has said, even when the time is up, and when PostgreSQL is
// restarting.
func (h *mailHandler) record(ctx context.Context, m *models.EmailMessage, receipt models.EmailReceipt, sendErr error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordPatience)
	defer cancel()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := h.recordOnce(ctx, m, receipt, sendErr)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

func (h *mailHandler) recordOnce(ctx context.Context, m *models.EmailMessage, receipt models.EmailReceipt, sendErr error) error {
	ctx, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	switch {
	case sendErr == nil:
		return h.store.MarkEmailSent(ctx, m.ID, refusedNote(receipt))
	case errors.Is(sendErr, mail.ErrRefused):
		return h.store.MarkEmailFailed(ctx, m.ID, sendErr.Error())
	}
	return h.store.MarkEmailRetrying(ctx, m.ID, receipt.Taken, sendErr.Error())
}

// refusedNote says which recipients will not get a mail that others got.
func refusedNote(receipt models.EmailReceipt) string {
	var notes []string
	for _, r := range receipt.Refused {
		notes = append(notes, r.Address+": "+r.Words)
	}
	return strings.Join(notes, "; ")
}

// nobody ends a mail whose recipients all have it, or may not have it.
func (h *mailHandler) nobody(ctx context.Context, m *models.EmailMessage) error {
	if len(m.DeliveredTo) > 0 {
		return h.store.MarkEmailSent(ctx, m.ID, "")
	}
	return Permanent(errSuppressed)
}

// suppress keeps further mail from mailboxes that do not exist. Sending on to them makes mail servers take
// the shop for a spammer.
func (h *mailHandler) suppress(ctx context.Context, m *models.EmailMessage, receipt models.EmailReceipt) {
	var unknown []*models.EmailSuppression
	for _, r := range receipt.Refused {
		if r.Unknown {
			unknown = append(unknown, &models.EmailSuppression{Address: r.Address, Reason: models.SuppressedBounced, Detail: r.Words, EmailMessageID: m.ID})
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stateTimeout)
	defer cancel()
	_ = h.store.SuppressEmails(ctx, unknown...) // what is lost, the next mail to them will tell again
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
	return varied(min(max(time.Since(job.CreatedAt)/10, shortestMailWait), longestMailWait))
}

// serverWatch remembers that the mail server is away, so that only one mail at a time waits for it to
// answer: otherwise waiting mail would take all the places where other jobs could run. The zero value
// is ready to use.
type serverWatch struct {
	mu    sync.Mutex
	away  bool
	pause time.Duration
	next  time.Time
}

// mayTry says whether to speak to the server. While it is away, that is one mail in a while.
func (w *serverWatch) mayTry() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away && time.Now().Before(w.next) {
		return false
	}
	w.next = time.Now().Add(w.pause)
	return true
}

// saw notes how an attempt ended. Any answer means that the server is there. The first time that it does not
// answer may be a hiccup: the pauses grow.
func (w *serverWatch) saw(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wasAway := w.away
	if w.away = errors.Is(err, mail.ErrUnreachable); !w.away {
		w.pause = 0
		return
	}
	if !wasAway || time.Now().After(w.next) {
		w.pause = min(max(2*w.pause, 500*time.Millisecond), time.Minute)
	}
	w.next = time.Now().Add(w.pause)
}
