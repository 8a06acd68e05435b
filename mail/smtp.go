package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	gomail "github.com/wneessen/go-mail"

	"ecoseller/models"
)

// Errors that tell what to do about a mail that could not be sent. Any other error is worth another
// attempt.
var (
	// ErrRefused is the server's final no (5xx): another attempt would end the same way.
	ErrRefused = errors.New("the mail server refuses the mail")
	// ErrUnreachable says that there was no conversation: the mail is not to blame.
	ErrUnreachable = errors.New("the mail server cannot be reached")
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
	// Timeout bounds connecting and each step of the conversation; 0 means 30 s.
	Timeout time.Duration
}

// Sender hands mail to a mail server, one connection for each mail.
type Sender struct{ options SMTPOptions }

// NewSender checks the options by making a client of them; it does not connect.
func NewSender(o SMTPOptions) (*Sender, error) {
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	s := &Sender{options: o}
	if _, err := s.client(); err != nil {
		return nil, err
	}
	if err := gomail.NewMsg().From(o.From); err != nil {
		return nil, fmt.Errorf("sender address %q: %w", o.From, err)
	}
	return s, nil
}

// Send returns when the server has taken the mail. The error wraps ErrRefused or ErrUnreachable where
// these apply.
func (s *Sender) Send(ctx context.Context, m *models.EmailMessage) error {
	message, err := s.message(m)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	client, err := s.client()
	if err != nil {
		return err
	}
	return classify(client.DialAndSendWithContext(ctx, message))
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
	message.SetGenHeader("Content-Language", string(m.Language))
	// RFC 3834: keeps vacation notices from answering.
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return message, nil
}

func (s *Sender) client() (*gomail.Client, error) {
	o := s.options
	policy := gomail.TLSOpportunistic
	if o.User != "" {
		policy = gomail.TLSMandatory
	}
	options := []gomail.Option{gomail.WithPort(o.Port), gomail.WithTimeout(o.Timeout), gomail.WithTLSPolicy(policy)}
	if o.UseSSL {
		options = append(options, gomail.WithSSL())
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

func classify(err error) error {
	if err == nil {
		return nil
	}
	if sendErr, ok := errors.AsType[*gomail.SendError](err); ok {
		if !sendErr.IsTemp() && sendErr.ErrorCode() >= 500 {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return fmt.Errorf("send mail: %w", err)
	}
	if opErr, ok := errors.AsType[*net.OpError](err); ok && opErr.Op == "dial" {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return fmt.Errorf("send mail: %w", err)
}
