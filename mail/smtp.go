package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"ecoseller/models"
	"ecoseller/telemetry"
)

// Errors that tell what to do about a mail that could not be sent. Any other error is worth another
// attempt.
var (
	// ErrRefused is the server's final no (5xx) to this mail: another attempt would end the same way.
	ErrRefused = errors.New("the mail server refuses the mail")
	// ErrUnreachable says that the conversation did not get as far as the mail: the server is away, or
	// takes neither our encryption nor our password. The mail is not to blame.
	ErrUnreachable = errors.New("the mail server cannot be reached")

	errInterrupted = errors.New("the mail server did not take the mail")
)

// The times of a conversation where SMTPOptions do not say otherwise.
const (
	defaultTimeout = time.Minute
	// connectTimeout is shorter than the rest: a server that is there accepts a connection at once.
	connectTimeout = 10 * time.Second
	defaultIdle    = 20 * time.Second
)

// SMTPOptions say which mail server to use and how.
type SMTPOptions struct {
	Host string
	Port int
	// User and Password are empty for a server that takes mail without them. With them the connection
	// must be encrypted.
	User     string
	Password string
	// From is the sender of all mail, with or without display name.
	From string
	// UseSSL encrypts from the start (implicit TLS, port 465); else STARTTLS is used where offered.
	UseSSL bool
	// RootCAs say which certificates are trusted; nil means those the system trusts.
	RootCAs *x509.CertPool
	// Timeout bounds the opening of a connection, and each answer of the server after that; 0 means 1 min.
	Timeout time.Duration
	// Connections is how many there may be at once; 0 means 10.
	Connections int
	// Idle is how long a connection is kept that has nothing to do; 0 means 20 s.
	Idle time.Duration
	// DKIM signs all mail; nil for unsigned mail.
	DKIM *DKIMSigner
	// Calls watches the sending of mail; it may be nil.
	Calls *telemetry.Calls
}

// Sender hands mail to a mail server over connections that it keeps for the next mail.
type Sender struct {
	options SMTPOptions
	from    string
	pool    *pool
}

// NewSender checks the options by making a client of them; it does not connect.
func NewSender(o SMTPOptions) (*Sender, error) {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Connections == 0 {
		o.Connections = 10
	}
	if o.Idle == 0 {
		o.Idle = defaultIdle
	}
	if _, err := o.client(nil); err != nil {
		return nil, err
	}
	envelope := gomail.NewMsg()
	if err := envelope.From(o.From); err != nil {
		return nil, fmt.Errorf("sender address %q: %w", o.From, err)
	}
	from, err := envelope.GetSender(false)
	if err != nil {
		return nil, fmt.Errorf("sender address %q: %w", o.From, err)
	}
	return &Sender{options: o, from: from, pool: newPool(o)}, nil
}

// Close says goodbye to the server on the connections that have nothing to do.
func (s *Sender) Close() { s.pool.close() }

// Check says whether the server is there and takes our encryption and password. It sends nothing.
func (s *Sender) Check(ctx context.Context) error {
	c, err := s.pool.get(ctx)
	if err != nil {
		return &sendError{kind: ErrUnreachable, cause: err}
	}
	s.pool.put(c)
	return nil
}

// Send hands a mail over for some of its recipients, and says what became of each. It returns nil when the
// server has taken the mail for at least one of them and none is deferred. The error wraps ErrRefused or
// ErrUnreachable where these apply; its text holds the server's words, and so perhaps addresses, its
// LogValue does not.
func (s *Sender) Send(ctx context.Context, m *models.EmailMessage, to []string) (models.EmailReceipt, error) {
	started := time.Now()
	ctx = s.options.Calls.Start(ctx, "send")
	receipt, err := s.send(ctx, m, to)
	s.options.Calls.End(ctx, "send", started, err)
	return receipt, err
}

func (s *Sender) send(ctx context.Context, m *models.EmailMessage, to []string) (models.EmailReceipt, error) {
	content, err := s.compose(m)
	if err != nil {
		return models.EmailReceipt{}, &sendError{kind: ErrRefused, cause: err}
	}
	for {
		c, err := s.pool.get(ctx)
		if err != nil {
			return models.EmailReceipt{}, s.interrupted(ctx, &sendError{kind: ErrUnreachable, cause: err})
		}
		receipt, err := s.converse(ctx, c, to, content)
		// A server may have closed a connection that had nothing to do. It has not seen the mail then.
		if _, stale := errors.AsType[*staleError](err); stale && ctx.Err() == nil {
			continue
		}
		return receipt, s.interrupted(ctx, err)
	}
}

// interrupted tells the end of our patience from what the server did.
func (s *Sender) interrupted(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return &sendError{kind: errInterrupted, cause: context.Cause(ctx)}
	}
	return err
}

// converse sends one mail over a connection, and gives the connection back if it is still of use.
func (s *Sender) converse(ctx context.Context, c *connection, to []string, content []byte) (models.EmailReceipt, error) {
	// The end of the context closes the connection, whatever is being waited for.
	hangUp := context.AfterFunc(ctx, c.hangUp)
	result := c.deliver(s.from, to, content)
	if !hangUp() || result.broken {
		s.pool.drop(c)
	} else {
		s.pool.put(c)
	}
	return result.receipt, result.err
}

// compose writes the mail as it goes over the wire; it is signed if there is a key.
func (s *Sender) compose(m *models.EmailMessage) ([]byte, error) {
	message, err := s.message(m)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	if _, err := message.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("write mail: %w", err)
	}
	if s.options.DKIM == nil {
		return []byte(out.String()), nil
	}
	return s.options.DKIM.sign(out.String())
}

func (s *Sender) message(m *models.EmailMessage) (*gomail.Msg, error) {
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := message.From(s.options.From); err != nil {
		return nil, fmt.Errorf("set sender: %w", err)
	}
	if err := message.To(m.Recipients...); err != nil {
		return nil, fmt.Errorf("set recipients: %w", err)
	}
	if m.ReplyTo != "" {
		if err := message.ReplyTo(m.ReplyTo); err != nil {
			return nil, fmt.Errorf("set address for answers: %w", err)
		}
	}
	message.Subject(m.Subject)
	message.SetDateWithValue(dateOf(m))
	message.SetMessageIDWithValue(m.MessageID)
	if m.Language != "" {
		message.SetGenHeader("Content-Language", string(m.Language))
	}
	// RFC 3834: keeps vacation notices from answering.
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.UnsubscribeURL != "" {
		// RFC 8058: the mail program's own button.
		message.SetGenHeaderPreformatted("List-Unsubscribe", "<"+m.UnsubscribeURL+">")
		message.SetGenHeaderPreformatted("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return message, attach(message, m.Attachments)
}

func attach(message *gomail.Msg, files []*models.EmailAttachment) error {
	for _, file := range files {
		err := message.AttachReader(file.Filename, strings.NewReader(string(file.Content)), gomail.WithFileContentType(gomail.ContentType(file.ContentType)))
		if err != nil {
			return fmt.Errorf("attach file: %w", err)
		}
	}
	return nil
}

// dateOf is the same in all attempts, like the Message-ID. A mail that was written a week before its time
// would look old.
func dateOf(m *models.EmailMessage) time.Time {
	if m.SendAt != nil {
		return *m.SendAt
	}
	return m.CreatedAt
}

// client makes the part of go-mail that opens connections: greeting, encryption, password. It forgets
// connections on which that fails, so opened is told of each.
func (o SMTPOptions) client(opened func(net.Conn)) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(o.Port), gomail.WithTimeout(o.Timeout), gomail.WithTLSPolicy(o.tlsPolicy()),
		gomail.WithTLSConfig(o.tlsConfig()), gomail.WithDialContextFunc(o.dialer(opened)),
	}
	if o.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(o.User), gomail.WithPassword(o.Password))
	}
	client, err := gomail.NewClient(o.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("set up SMTP: %w", err)
	}
	return client, nil
}

// tlsPolicy is about STARTTLS, which has no place on a connection that is encrypted already.
func (o SMTPOptions) tlsPolicy() gomail.TLSPolicy {
	if o.User != "" && !o.UseSSL {
		return gomail.TLSMandatory
	}
	return gomail.TLSOpportunistic
}

func (o SMTPOptions) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: o.Host, RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12}
}

func (o SMTPOptions) dialer(opened func(net.Conn)) gomail.DialContextFunc {
	plain := &net.Dialer{Timeout: connectTimeout}
	dial := plain.DialContext
	if o.UseSSL {
		dial = (&tls.Dialer{NetDialer: plain, Config: o.tlsConfig()}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			opened(conn)
		}
		return conn, err
	}
}

// sendError is how sending ended: what kind of failure it is, the server's code if there was an answer,
// and its words.
type sendError struct {
	kind  error
	code  int
	cause error
}

func (e *sendError) Error() string { return e.kind.Error() + ": " + e.cause.Error() }

func (e *sendError) Unwrap() []error { return []error{e.kind, e.cause} }

// LogValue leaves out the server's words: they repeat the addresses.
func (e *sendError) LogValue() slog.Value {
	if e.code == 0 {
		return slog.StringValue(e.kind.Error())
	}
	return slog.StringValue(fmt.Sprintf("%s: SMTP code %d", e.kind, e.code))
}
