package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// The limits of a mailbox.
const (
	maxMessages     = 500
	maxMessageBytes = 25 << 20
	maxMailboxBytes = 200 << 20
	maxRecipients   = 100
	smtpTimeout     = time.Minute
)

// ErrMailboxStopped is what waiting for mail ends with when the mailbox is stopped.
var ErrMailboxStopped = errors.New("mailbox stopped")

// Mailbox is an SMTP server that keeps mail instead of delivering it. It is safe for concurrent use.
type Mailbox struct {
	server   *smtp.Server
	listener net.Listener
	served   chan struct{}
	stopped  chan struct{}
	stop     sync.Once

	mu       sync.Mutex
	messages []Message
	bytes    int
	caught   int
	arrived  chan struct{} // closed and replaced at every arrival
	delay    time.Duration
	reply    func(to []string) *smtp.SMTPError
}

// StartMailbox listens for mail on a TCP address, such as "127.0.0.1:0" for a free port. The caller stops it.
func StartMailbox(address string) (*Mailbox, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("start mailbox: %w", err)
	}
	m := &Mailbox{
		listener: listener,
		served:   make(chan struct{}),
		stopped:  make(chan struct{}),
		arrived:  make(chan struct{}),
	}
	m.server = m.newServer()
	go func() {
		defer close(m.served)
		_ = m.server.Serve(listener)
	}()
	return m, nil
}

func (m *Mailbox) newServer() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &mailSession{mailbox: m}, nil
	}))
	server.Domain = "localhost"
	server.MaxMessageBytes = maxMessageBytes
	server.MaxRecipients = maxRecipients
	server.ReadTimeout = smtpTimeout
	server.WriteTimeout = smtpTimeout
	server.EnableSMTPUTF8 = true
	// It would write the addresses of clients that hang up; the client sees the same error.
	server.ErrorLog = log.New(io.Discard, "", 0)
	return server
}

// Address is host:port of the mailbox.
func (m *Mailbox) Address() string { return m.listener.Addr().String() }

// Messages returns what was caught, oldest first: the newest 500, or fewer when they are very large. The
// messages are shared and must not be changed.
func (m *Mailbox) Messages() []Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.messages)
}

// Wait returns as Messages does, once there are at least n. It fails when ctx ends or the mailbox stops
// before; then it returns the messages there are.
func (m *Mailbox) Wait(ctx context.Context, n int) ([]Message, error) {
	if n > maxMessages {
		return m.Messages(), fmt.Errorf("wait for %d messages: a mailbox keeps %d", n, maxMessages)
	}
	for {
		messages, arrived := m.snapshot()
		if len(messages) >= n {
			return messages, nil
		}
		select {
		case <-arrived:
		case <-m.stopped:
			return messages, fmt.Errorf("wait for %d messages, have %d: %w", n, len(messages), ErrMailboxStopped)
		case <-ctx.Done():
			return messages, fmt.Errorf("wait for %d messages, have %d: %w", n, len(messages), ctx.Err())
		}
	}
}

func (m *Mailbox) snapshot() ([]Message, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.messages), m.arrived
}

// SetDelay makes the mailbox wait before it answers each mail; tests use it as a slow mail server.
func (m *Mailbox) SetDelay(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delay = d
}

// SetReply lets a function decide on each mail by its recipients: an error is sent to the client and the
// mail is dropped, nil accepts it. A nil function accepts everything. Tests use it to refuse mail.
func (m *Mailbox) SetReply(reply func(to []string) *smtp.SMTPError) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reply = reply
}

// Stop closes the mailbox and every connection to it; what was caught stays readable. It may be called
// more than once.
func (m *Mailbox) Stop() {
	m.stop.Do(func() {
		close(m.stopped)
		_ = m.server.Close()
		// The server does not know the listener yet if it was stopped as soon as it was started.
		_ = m.listener.Close()
		<-m.served
	})
}

// receive answers one mail.
func (m *Mailbox) receive(from string, to []string, data []byte) error {
	m.mu.Lock()
	delay, reply := m.delay, m.reply
	m.mu.Unlock()
	if err := m.pause(delay); err != nil {
		return err
	}
	if reply != nil {
		if refusal := reply(slices.Clone(to)); refusal != nil {
			return refusal
		}
	}
	m.keep(newMessage(from, to, data, time.Now()))
	return nil
}

func (m *Mailbox) pause(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-m.stopped:
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "Shutting down"}
	}
}

func (m *Mailbox) keep(message Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.caught++
	message.Number = m.caught
	m.messages = append(m.messages, message)
	m.bytes += len(message.Data)
	for len(m.messages) > maxMessages || m.bytes > maxMailboxBytes {
		m.bytes -= len(m.messages[0].Data)
		m.messages = slices.Delete(m.messages, 0, 1)
	}
	close(m.arrived)
	m.arrived = make(chan struct{})
}

// mailSession collects the envelope of one connection's present mail.
type mailSession struct {
	mailbox *Mailbox
	from    string
	to      []string
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if _, known := errors.AsType[*smtp.SMTPError](err); known {
		return err // a mail over the limit has an answer of its own
	}
	if err != nil {
		return fmt.Errorf("read mail: %w", err)
	}
	return s.mailbox.receive(s.from, s.to, data)
}

func (s *mailSession) Reset() { s.from, s.to = "", nil }

func (s *mailSession) Logout() error { return nil }
