package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	gomail "github.com/wneessen/go-mail"

	"ecoseller/models"
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

const (
	defaultTimeout = time.Minute
	// connectTimeout is shorter than the rest: a server that is there accepts a connection at once.
	connectTimeout = 10 * time.Second
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
	// Timeout bounds the conversation before the mail and again the handing over of the mail; 0 means
	// 1 min.
	Timeout time.Duration
}

// Sender hands mail to a mail server, one connection for each mail.
type Sender struct{ options SMTPOptions }

// NewSender checks the options by making a client of them; it does not connect.
func NewSender(o SMTPOptions) (*Sender, error) {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	s := &Sender{options: o}
	if _, err := s.client(context.Background()); err != nil {
		return nil, err
	}
	if err := gomail.NewMsg().From(o.From); err != nil {
		return nil, fmt.Errorf("sender address %q: %w", o.From, err)
	}
	return s, nil
}

// Send returns nil when the server has taken the mail. The error wraps ErrRefused or ErrUnreachable where
// these apply; its text holds the server's words, and so perhaps addresses, its LogValue does not.
func (s *Sender) Send(ctx context.Context, m *models.EmailMessage) error {
	message, err := s.message(m)
	if err != nil {
		return &sendError{kind: ErrRefused, cause: err}
	}
	// The end of this context closes the connection, whatever go-mail is doing with it.
	talking, hangUp := context.WithCancel(ctx)
	defer hangUp()
	client, err := s.client(talking)
	if err != nil {
		return err
	}
	err = deliver(talking, client, message)
	if ctx.Err() != nil && err != nil {
		return &sendError{kind: errInterrupted, cause: context.Cause(ctx)}
	}
	return err
}

func deliver(ctx context.Context, client *gomail.Client, message *gomail.Msg) error {
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return &sendError{kind: ErrUnreachable, cause: err}
	}
	err = client.SendWithSMTPClient(connection, message)
	if err == nil || message.IsDelivered() {
		// What goes wrong after the server's yes must not make the mail be sent again.
		_ = client.CloseWithSMTPClient(connection)
		return nil
	}
	return classify(err)
}

func classify(err error) error {
	answer, ok := errors.AsType[*gomail.SendError](err)
	switch {
	case !ok:
		return &sendError{kind: errInterrupted, cause: err}
	case answer.Reason == gomail.ErrConnCheck:
		return &sendError{kind: ErrUnreachable, cause: err}
	case answer.ErrorCode() >= 500:
		return &sendError{kind: ErrRefused, code: answer.ErrorCode(), cause: err}
	}
	return &sendError{kind: errInterrupted, code: answer.ErrorCode(), cause: err}
}

func (s *Sender) message(m *models.EmailMessage) (*gomail.Msg, error) {
	message := gomail.NewMsg()
	if err := message.From(s.options.From); err != nil {
		return nil, fmt.Errorf("set sender: %w", err)
	}
	if err := message.To(m.Recipients...); err != nil {
		return nil, fmt.Errorf("set recipients: %w", err)
	}
	message.Subject(m.Subject)
	message.SetDateWithValue(m.CreatedAt)
	message.SetMessageIDWithValue(m.MessageID)
	if m.Language != "" {
		message.SetGenHeader("Content-Language", string(m.Language))
	}
	// RFC 3834: keeps vacation notices from answering.
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return message, nil
}

// client makes a client for one mail. Its connection is closed when the context ends: go-mail itself
// heeds contexts only while it connects, and forgets connections on which the greeting failed.
func (s *Sender) client(ctx context.Context) (*gomail.Client, error) {
	o := s.options
	options := []gomail.Option{
		gomail.WithPort(o.Port), gomail.WithTimeout(o.Timeout), gomail.WithTLSPolicy(o.tlsPolicy()),
		gomail.WithTLSConfig(o.tlsConfig()), gomail.WithDialContextFunc(o.dialer(ctx)),
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

func (o SMTPOptions) dialer(life context.Context) gomail.DialContextFunc {
	plain := &net.Dialer{Timeout: connectTimeout}
	dial := plain.DialContext
	if o.UseSSL {
		dial = (&tls.Dialer{NetDialer: plain, Config: o.tlsConfig()}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			context.AfterFunc(life, func() { _ = conn.Close() })
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
