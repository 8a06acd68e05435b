package jobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"

	"ecoseller/embedded"
	"ecoseller/jobs"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/store/storetest"
)

// mailBench is a bench whose worker sends mail to a mailbox.
type mailBench struct {
	*bench
	mailbox *embedded.Mailbox
	token   uuid.UUID
}

func newMailBench(t *testing.T, way transport) *mailBench {
	t.Helper()
	b := &mailBench{bench: newBench(t, way), mailbox: newMailbox(t, "127.0.0.1:0")}
	b.token = b.newToken()
	b.sendTo(b.mailbox.Address())
	return b
}

func newMailbox(t *testing.T, address string) *embedded.Mailbox {
	t.Helper()
	mailbox, err := embedded.StartMailbox(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mailbox.Stop)
	return mailbox
}

func (b *bench) newToken() uuid.UUID {
	b.t.Helper()
	secret, err := b.store.CreateAccessToken(context.Background(), "test", []models.Permission{})
	if err != nil {
		b.t.Fatal(err)
	}
	token, err := b.store.AccessTokenBySecret(context.Background(), secret)
	if err != nil {
		b.t.Fatal(err)
	}
	return token.ID
}

func (b *mailBench) sendTo(address string) {
	b.t.Helper()
	sender, err := smtpSender(address, smtpTimeout)
	if err != nil {
		b.t.Fatal(err)
	}
	b.handlers = jobs.NewHandlers(b.store, nil, sender)
}

// accept asks for a mail to the recipient and returns its id.
func (b *mailBench) accept(to string) uuid.UUID {
	b.t.Helper()
	m, err := b.store.AcceptEmailMessage(context.Background(), &models.EmailMessage{
		State: models.EmailQueued, Recipients: []string{to}, Subject: "Potvrzení objednávky", Text: "Děkujeme.", Language: "cs",
		MessageID: uuid.NewString() + "@example.com", AccessTokenID: b.token, RequestHash: []byte{1},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return m.ID
}

func (b *mailBench) mails(ids ...uuid.UUID) []*models.EmailMessage {
	b.t.Helper()
	found, err := b.store.EmailMessagesByIDs(context.Background(), ids)
	if err != nil || len(found) != len(ids) {
		b.t.Fatalf("load mails: %d of %d found, %v", len(found), len(ids), err)
	}
	return found
}

func (b *mailBench) awaitMail(id uuid.UUID, what string, wanted func(*models.EmailMessage) bool) *models.EmailMessage {
	b.t.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for {
		m := b.mails(id)[0]
		if wanted(m) {
			return m
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("mail is not %s: %s after %d attempts, %q", what, m.State, m.Attempts, m.LastError)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (b *mailBench) awaitMailState(id uuid.UUID, state models.EmailState) *models.EmailMessage {
	b.t.Helper()
	return b.awaitMail(id, string(state), func(m *models.EmailMessage) bool { return m.State == state })
}

func TestMailIsSent(t *testing.T) {
	t.Parallel()
	for _, way := range []transport{throughRedis, withoutRedis} {
		t.Run(string(way), func(t *testing.T) {
			t.Parallel()
			b := newMailBench(t, way)
			b.work()
			sent := b.awaitMailState(b.accept("jana@example.com"), models.EmailSent)
			if sent.SentAt == nil || sent.Attempts != 1 || sent.LastError != "" {
				t.Errorf("sent mail: %+v", sent)
			}
			caught := b.mailbox.Messages()
			if len(caught) != 1 || caught[0].MessageID != sent.MessageID || caught[0].Subject != sent.Subject {
				t.Errorf("caught %+v", caught)
			}
		})
	}
}

// TestMailServerAnswers checks what becomes of a mail by what the server says to it.
func TestMailServerAnswers(t *testing.T) {
	t.Parallel()
	b := newMailBench(t, withoutRedis)
	var calls atomic.Int64
	b.mailbox.SetReply(func(to []string) *smtp.SMTPError {
		switch {
		case to[0] == "nobody@example.com":
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user here"}
		case to[0] == "busy@example.com" && calls.Add(1) == 1:
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Come back later"}
		}
		return nil
	})
	b.work()
	refused, busy := b.accept("nobody@example.com"), b.accept("busy@example.com")

	m := b.awaitMailState(refused, models.EmailFailed)
	if !strings.Contains(m.LastError, "No such user here") || m.Attempts != 1 {
		t.Errorf("refused mail: %d attempts, last error %q", m.Attempts, m.LastError)
	}
	m = b.awaitMail(busy, "waiting", func(m *models.EmailMessage) bool { return m.State == models.EmailRetrying && m.Attempts == 1 })
	if !strings.Contains(m.LastError, "Come back later") {
		t.Errorf("waiting mail: last error %q", m.LastError)
	}
	if m = b.awaitMailState(busy, models.EmailSent); m.Attempts != 2 || m.LastError != "" {
		t.Errorf("mail sent in the end: %d attempts, last error %q", m.Attempts, m.LastError)
	}
}

// TestMailServerAway checks that mail waits for its server without using up attempts, and that other
// jobs go on meanwhile.
func TestMailServerAway(t *testing.T) {
	t.Parallel()
	b := newMailBench(t, withoutRedis)
	address := refusingAddress(t)
	b.sendTo(address)
	b.handle(func(context.Context, *models.Job) error { return nil })
	id := b.accept("jana@example.com")
	stop := b.work()
	b.awaitMail(id, "waiting", func(m *models.EmailMessage) bool { return m.State == models.EmailRetrying && m.LastError != "" })
	b.awaitState(b.enqueue(1)[0], models.JobSucceeded)
	stop()

	newMailbox(t, address)
	b.exec("UPDATE jobs SET run_at = now() WHERE state = 'retrying'")
	b.sendTo(address) // and with that forgets that the server is away
	b.work()
	b.awaitMailState(id, models.EmailSent)
	var attempts int
	if err := b.pool.NewRaw("SELECT attempts FROM jobs WHERE kind = 'send_email'").Scan(t.Context(), &attempts); err != nil || attempts != 1 {
		t.Errorf("%d attempts counted, %v; want 1", attempts, err)
	}
}

// TestLastAttemptFailsMail checks that a mail is not left waiting when its job has been given up, be it
// by an error or by the death of the worker.
func TestLastAttemptFailsMail(t *testing.T) {
	t.Parallel()
	b := newMailBench(t, withoutRedis)
	b.mailbox.SetReply(func([]string) *smtp.SMTPError { return &smtp.SMTPError{Code: 451, Message: "Later"} })
	erring := b.accept("jana@example.com")
	b.exec("UPDATE jobs SET max_attempts = 1")
	killed := b.accept("petr@example.com")
	b.exec("UPDATE jobs SET state = 'running', attempts = max_attempts, lease_until = now() WHERE max_attempts > 1")
	b.work()
	if m := b.awaitMailState(erring, models.EmailFailed); !strings.Contains(m.LastError, "Later") {
		t.Errorf("last error %q", m.LastError)
	}
	if m := b.awaitMailState(killed, models.EmailFailed); !strings.Contains(m.LastError, "died") {
		t.Errorf("last error %q", m.LastError)
	}
}

// TestLogsHoldNoAddresses checks the logs of a mail whose server repeats the address.
func TestLogsHoldNoAddresses(t *testing.T) {
	t.Parallel()
	b := newMailBench(t, withoutRedis)
	var log syncBuffer
	b.options.Logger = log.logger()
	b.mailbox.SetReply(func(to []string) *smtp.SMTPError {
		return &smtp.SMTPError{Code: 550, Message: fmt.Sprintf("<%s> is unknown", to[0])}
	})
	stop := b.work()
	b.awaitMailState(b.accept("jana.novotna@example.com"), models.EmailFailed)
	stop()
	if text := log.String(); !strings.Contains(text, "SMTP code 550") || strings.Contains(text, "novotna") {
		t.Errorf("log: %s", text)
	}
}

// TestWorkerKilledWhileSending kills a worker process while it sends, and starts another. Every mail
// arrives; only those that were being sent may arrive twice, with the same Message-ID.
func TestWorkerKilledWhileSending(t *testing.T) {
	t.Parallel()
	const count, concurrency = 30, 4
	options := storetest.Create(t)
	namespace := "{test-" + uuid.NewString() + "}"
	queue := newQueue(t, redisAddress(t), namespace)
	b := &mailBench{bench: &bench{t: t, queue: queue}, mailbox: newMailbox(t, "127.0.0.1:0")}
	b.openOn(storetest.Open(t, options), queue)
	b.token = b.newToken()
	b.mailbox.SetDelay(150 * time.Millisecond)

	database := databaseAddress{options.Address, options.Database, options.User, options.Password}
	process := workerProcess{Database: database, Redis: redisAddress(t), Namespace: namespace, SMTP: b.mailbox.Address(), Lease: 2 * time.Second}
	first := startWorkerProcess(t, process)
	var ids []uuid.UUID
	for i := range count {
		ids = append(ids, b.accept(fmt.Sprintf("customer%d@example.com", i)))
	}
	if _, err := b.mailbox.Wait(t.Context(), count/3); err != nil {
		t.Fatal(err)
	}
	kill(t, first)
	inFlight := map[string]bool{}
	sentBefore := 0
	for _, m := range b.mails(ids...) {
		switch m.State {
		case models.EmailSending:
			inFlight[m.MessageID] = true
		case models.EmailSent:
			sentBefore++
		}
	}
	if len(inFlight) == 0 || len(inFlight) > concurrency || sentBefore == count {
		t.Fatalf("the worker was not killed while sending: %d in flight, %d sent", len(inFlight), sentBefore)
	}

	startWorkerProcess(t, process)
	arrivals := map[string]int{}
	for _, id := range ids {
		m := b.awaitMailState(id, models.EmailSent)
		arrivals[m.MessageID] = 0
	}
	for _, m := range b.mailbox.Messages() {
		if _, known := arrivals[m.MessageID]; !known {
			t.Errorf("a mail arrived with the unknown Message-ID %q", m.MessageID)
		}
		arrivals[m.MessageID]++
	}
	for id, n := range arrivals {
		if n == 0 || n > 2 || (n == 2 && !inFlight[id]) {
			t.Errorf("mail %s arrived %d times; in flight at the kill: %t", id, n, inFlight[id])
		}
	}
	t.Logf("%d sent before the kill, %d in flight, %d arrivals", sentBefore, len(inFlight), len(b.mailbox.Messages()))
}

func startWorkerProcess(t *testing.T, p workerProcess) *exec.Cmd {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), workerProcessEnv+"="+string(raw))
	command.Stderr = t.Output()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(t, command) })
	return command
}

// kill ends the process without a chance to tidy up.
func kill(t *testing.T, command *exec.Cmd) {
	t.Helper()
	if command.ProcessState != nil {
		return
	}
	if err := command.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = command.Wait()
}

func TestIndexingWaitsForSearch(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	products := []uuid.UUID{uuid.New(), uuid.New()}
	index := &indexer{errs: []error{fmt.Errorf("bulk: %w", search.ErrUnavailable), errors.New("mapping")}}
	b.handlers = jobs.NewHandlers(b.store, index, nil)
	stop := b.work()
	if err := b.enqueueIndexing(products); err != nil {
		t.Fatal(err)
	}
	id := b.onlyJob()
	job := b.await(id, "postponed", func(j *models.Job) bool { return j.State == models.JobRetrying })
	if job.Attempts != 0 || !strings.Contains(job.LastError, "bulk") {
		t.Errorf("postponed job: %d attempts, last error %q", job.Attempts, job.LastError)
	}
	b.exec("UPDATE jobs SET run_at = now()")
	job = b.await(id, "retried", func(j *models.Job) bool { return j.State == models.JobRetrying && j.Attempts == 1 })
	if !strings.Contains(job.LastError, "mapping") {
		t.Errorf("retried job: last error %q", job.LastError)
	}
	b.awaitState(id, models.JobSucceeded)
	stop()
	for _, ids := range index.calls {
		if len(ids) != 2 || !slices.Contains(ids, products[0]) || !slices.Contains(ids, products[1]) {
			t.Errorf("indexed %v, want %v", ids, products)
		}
	}
}

// TestBrokenPayload checks that nobody tries to read a broken payload ten times.
func TestBrokenPayload(t *testing.T) {
	t.Parallel()
	b := newMailBench(t, withoutRedis)
	b.accept("jana@example.com")
	b.exec(`UPDATE jobs SET payload = '{"email_message_id": 7}'`)
	id := b.onlyJob()
	b.work()
	if job := b.awaitState(id, models.JobFailed); job.Attempts != 1 {
		t.Errorf("%d attempts, want 1", job.Attempts)
	}
}

// indexer fails with errs, one after the other, before it works.
type indexer struct {
	errs  []error
	calls [][]uuid.UUID
}

func (i *indexer) IndexProducts(_ context.Context, ids []uuid.UUID) error {
	i.calls = append(i.calls, ids)
	if n := len(i.calls); n <= len(i.errs) {
		return i.errs[n-1]
	}
	return nil
}

func (i *indexer) Ready(context.Context) error { return nil }

func (i *indexer) Rebuild(context.Context, func(done, total int)) (search.RebuildReport, error) {
	return search.RebuildReport{}, nil
}

// TestSilentMailServer has a mail server that accepts connections and says nothing: one mail waits for
// it, and the other places are left to other jobs.
func TestSilentMailServer(t *testing.T) {
	t.Parallel()
	b := newMailBench(t, withoutRedis)
	listener := listen(t)
	var connections atomic.Int64
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			defer func(c net.Conn) { _ = c.Close() }(conn)
		}
	}()
	sender, err := smtpSender(listener.Addr().String(), 300*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	b.handlers = jobs.NewHandlers(b.store, nil, sender)
	b.handle(func(context.Context, *models.Job) error { return nil })
	b.options.Concurrency = 2
	for i := range 20 {
		b.accept(fmt.Sprintf("customer%d@example.com", i))
	}
	began := time.Now()
	b.work()
	b.awaitState(b.enqueue(1)[0], models.JobSucceeded)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("another job waited %s", took)
	}
	if n := connections.Load(); n > 2 {
		t.Errorf("%d mails waited for the server, want one for each place at most", n)
	}
}

// history are the states that a mail went through.
func (b *mailBench) history(id uuid.UUID) string {
	b.t.Helper()
	events, err := b.store.EmailEvents(context.Background(), []uuid.UUID{id})
	if err != nil {
		b.t.Fatal(err)
	}
	var states []string
	for _, e := range events[id] {
		states = append(states, string(e.State))
	}
	return strings.Join(states, " ")
}

func (b *mailBench) acceptAs(change func(*models.EmailMessage)) uuid.UUID {
	b.t.Helper()
	m := &models.EmailMessage{
		State: models.EmailQueued, Kind: models.EmailCustom, Recipients: []string{"jana@example.com"}, Subject: "s", Text: "t", Language: "cs",
		MessageID: uuid.NewString() + "@example.com", AccessTokenID: b.token, RequestHash: []byte{1},
	}
	change(m)
	accepted, err := b.store.AcceptEmailMessage(context.Background(), m)
	if err != nil {
		b.t.Fatal(err)
	}
	return accepted.ID
}

// TestMailHistory reads what has become of mails that went well, were retried, refused, cancelled and suppressed.
func TestMailHistory(t *testing.T) {
	t.Parallel()
	b := newMailBench(t, withoutRedis)
	var busy atomic.Int64
	b.mailbox.SetReply(func(to []string) *smtp.SMTPError {
		switch {
		case to[0] == "gone@example.com":
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user here"}
		case to[0] == "busy@example.com" && busy.Add(1) == 1:
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Later"}
		}
		return nil
	})
	to := func(addresses ...string) func(*models.EmailMessage) {
		return func(m *models.EmailMessage) { m.Recipients = addresses }
	}
	cancelled := b.acceptAs(func(m *models.EmailMessage) { m.CancellationKey = new("order:1") })
	if err := b.store.CancelEmails(t.Context(), "order:1"); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	scheduled := b.acceptAs(func(m *models.EmailMessage) { m.SendAt = &later })
	b.work()
	well, retried, refused := b.acceptAs(to("a@example.com")), b.acceptAs(to("busy@example.com")), b.acceptAs(to("gone@example.com"))
	for id, want := range map[uuid.UUID]string{well: "SENT", retried: "SENT", refused: "FAILED"} {
		b.awaitMailState(id, models.EmailState(want))
	}
	// The address that nobody knows is on the list now.
	suppressed, mixed := b.acceptAs(to("Gone@example.com")), b.acceptAs(to("gone@example.com", "b@example.com"))
	b.awaitMailState(suppressed, models.EmailFailed)
	b.awaitMailState(mixed, models.EmailSent)
	for id, want := range map[uuid.UUID]string{
		well: "QUEUED SENDING SENT", retried: "QUEUED SENDING RETRYING SENDING SENT", refused: "QUEUED SENDING FAILED",
		cancelled: "QUEUED CANCELLED", scheduled: "QUEUED", suppressed: "QUEUED SENDING FAILED", mixed: "QUEUED SENDING SENT",
	} {
		if got := b.history(id); got != want {
			t.Errorf("history %s, want %s", got, want)
		}
	}
	if m := b.mails(suppressed)[0]; !strings.Contains(m.LastError, "suppression list") {
		t.Errorf("suppressed: %q", m.LastError)
	}
	for _, caught := range b.mailbox.Messages() {
		if slices.Contains(caught.To, "gone@example.com") {
			t.Errorf("mail to %v", caught.To)
		}
	}
	resent, err := b.store.ResendEmailMessage(t.Context(), well, b.token, "example.com")
	if err != nil || resent.MessageID == b.mails(well)[0].MessageID {
		t.Fatalf("resend: %v", err)
	}
	b.awaitMailState(resent.ID, models.EmailSent)
}

// TestUnsubscribedGetNoOptionalMail sends one mail that can be done without, and one that cannot.
func TestUnsubscribedGetNoOptionalMail(t *testing.T) {
	t.Parallel()
	b := newMailBench(t, withoutRedis)
	if err := b.store.SuppressEmails(t.Context(), &models.EmailSuppression{Address: "Jana@Example.com", Reason: models.SuppressedUnsubscribed}); err != nil {
		t.Fatal(err)
	}
	b.work()
	review := b.acceptAs(func(m *models.EmailMessage) {
		m.Kind, m.UnsubscribeURL = models.EmailReviewRequest, "https://shop.example/u"
	})
	order := b.acceptAs(func(m *models.EmailMessage) { m.Kind = models.EmailOrderConfirmation })
	b.awaitMailState(review, models.EmailFailed)
	b.awaitMailState(order, models.EmailSent)
}

// TestRecipientsAreNotMailedTwice has one of two recipients deferred: only that one gets the next attempt.
func TestRecipientsAreNotMailedTwice(t *testing.T) {
	t.Parallel()
	b := newMailBench(t, withoutRedis)
	sender := &partlySender{}
	b.handlers = jobs.NewHandlers(b.store, nil, sender)
	b.work()
	id := b.acceptAs(func(m *models.EmailMessage) { m.Recipients = []string{"a@example.com", "full@example.com"} })
	b.awaitMailState(id, models.EmailSent)
	if got := fmt.Sprint(sender.calls); got != "[[a@example.com full@example.com] [full@example.com]]" {
		t.Errorf("sent to %s", got)
	}
}

// partlySender defers one recipient at the first attempt.
type partlySender struct{ calls [][]string }

func (s *partlySender) Send(_ context.Context, _ *models.EmailMessage, to []string) (models.EmailReceipt, error) {
	s.calls = append(s.calls, to)
	if len(s.calls) == 1 {
		return models.EmailReceipt{Taken: to[:1], Deferred: []models.EmailRefusal{{Address: to[1], Words: "452 full"}}}, errors.New("452 full")
	}
	return models.EmailReceipt{Taken: to}, nil
}

// TestWhatTheServerSaidIsWrittenDown lets PostgreSQL be away at the moment of the mail server's yes.
func TestWhatTheServerSaidIsWrittenDown(t *testing.T) {
	t.Parallel()
	b := newMailBench(t, withoutRedis)
	id := b.accept("jana@example.com")
	b.exec("ALTER TABLE email_messages ADD CONSTRAINT away CHECK (state <> 'SENT')")
	b.work()
	if _, err := b.mailbox.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	b.exec("ALTER TABLE email_messages DROP CONSTRAINT away")
	b.awaitMailState(id, models.EmailSent)
	time.Sleep(200 * time.Millisecond)
	if n := len(b.mailbox.Messages()); n != 1 {
		t.Errorf("%d mails have arrived", n)
	}
}
