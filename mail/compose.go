// Package mail writes mails from typed data, checks what is asked for, and hands mail to a mail server.
package mail

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"ecoseller/models"
)

// The limits of a mail: lengths of lines are in characters, those of bodies in bytes.
const (
	MaxRecipients = 50
	MaxSubject    = 255
	MaxText       = 200_000
	MaxHTML       = 500_000
	MaxKey        = 200
	// MaxDelay is how far ahead a mail may be scheduled.
	MaxDelay = 366 * 24 * time.Hour
)

// Delivery says to whom a mail goes, when and how.
type Delivery struct {
	To       []string
	ReplyTo  string
	Language models.LanguageCode
	// SendAt is nil for at once.
	SendAt          *time.Time
	IdempotencyKey  *string
	CancellationKey *string
	Attachments     []*models.EmailAttachmentInput
}

// Custom is a mail whose author writes it himself.
type Custom struct{ Subject, Text, HTML string }

// Kind says that there is no template for it.
func (*Custom) Kind() models.EmailKind { return models.EmailCustom }

// Check returns what is wrong with the mail.
func (m *Custom) Check(field string) models.UserErrors {
	c := checker{at: field}
	subject := strings.TrimSpace(m.Subject)
	c.when(subject == "", models.UserErrorRequired, "subject", "a subject is needed")
	c.length("subject", subject, MaxSubject)
	// A line break would let the author write headers.
	c.when(strings.ContainsFunc(subject, unicode.IsControl), models.UserErrorInvalid, "subject", "a subject is one line")
	c.when(strings.TrimSpace(m.Text) == "" && strings.TrimSpace(m.HTML) == "", models.UserErrorRequired, "text", "text or HTML is needed")
	c.size("text", m.Text, MaxText)
	c.size("html", m.HTML, MaxHTML)
	c.when(strings.ContainsRune(m.Text, 0), models.UserErrorInvalid, "text", "text has no NUL characters")
	c.when(strings.ContainsRune(m.HTML, 0), models.UserErrorInvalid, "html", "HTML has no NUL characters")
	return c.problems
}

// rendered completes the mail: a text part is made from the HTML when missing.
func (m *Custom) rendered(language models.LanguageCode) Rendered {
	valid := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
	r := Rendered{Subject: valid(strings.TrimSpace(m.Subject)), HTML: valid(m.HTML), Text: valid(m.Text), Language: language}
	if strings.TrimSpace(r.Text) == "" {
		r.Text = TextOf(r.HTML)
	}
	return r
}

// Composer makes mails that can be accepted: checked, written, with a Message-ID.
type Composer struct {
	renderer    *Renderer
	unsubscribe *Unsubscriber
	// domain is the right side of Message-IDs.
	domain string
}

// NewComposer returns a composer.
func NewComposer(r *Renderer, u *Unsubscriber, messageIDDomain string) *Composer {
	return &Composer{renderer: r, unsubscribe: u, domain: messageIDDomain}
}

// Compose checks and writes a mail, or says everything that is wrong with it; deliveryAt and contentAt name
// the two inputs there. The error is about our templates.
func (c *Composer) Compose(d Delivery, deliveryAt string, content Content, contentAt string) (*models.EmailMessage, models.UserErrors, error) {
	check := checker{at: deliveryAt}
	m := &models.EmailMessage{
		ID: uuid.Must(uuid.NewV7()), State: models.EmailQueued, Kind: content.Kind(),
		Recipients: check.recipients(d.To), ReplyTo: check.replyTo(d.ReplyTo), Attachments: check.attachments(d.Attachments),
		SendAt: check.sendAt(d.SendAt), IdempotencyKey: d.IdempotencyKey, CancellationKey: d.CancellationKey,
	}
	check.key("idempotencyKey", d.IdempotencyKey)
	check.key("cancellationKey", d.CancellationKey)
	check.when(m.Kind.Optional() && len(d.To) > 1, models.UserErrorTooMany, "to", "a mail that one can unsubscribe from has one recipient")
	problems := slices.Concat(check.problems, content.Check(contentAt))
	if len(problems) > 0 {
		return nil, problems, nil
	}
	m.RequestHash = hash(m, d.Language, content)
	m.MessageID = fmt.Sprintf("%s@%s", m.ID, c.domain)
	m.AttachmentCount = len(m.Attachments)
	if m.Kind.Optional() {
		m.UnsubscribeURL = c.unsubscribe.URL(m.ID)
	}
	written, err := c.write(content, d.Language, m.UnsubscribeURL)
	if err != nil {
		return nil, nil, err
	}
	m.Subject, m.HTML, m.Text, m.Language = written.Subject, written.HTML, written.Text, written.Language
	return m, nil, nil
}

func (c *Composer) write(content Content, language models.LanguageCode, unsubscribeURL string) (Rendered, error) {
	if custom, ok := content.(*Custom); ok {
		return custom.rendered(language), nil
	}
	return c.renderer.Render(content, language, unsubscribeURL)
}

// hash identifies what was asked for, so that a key used twice can be told from a mail asked for twice.
func hash(m *models.EmailMessage, language models.LanguageCode, content Content) []byte {
	raw, err := json.Marshal([]any{m.Recipients, m.ReplyTo, m.SendAt, m.CancellationKey, m.Attachments, language, m.Kind, content})
	if err != nil {
		panic(err) // strings, numbers and times can always be written
	}
	sum := sha256.Sum256(raw)
	return sum[:]
}

// checker collects what is wrong with an input.
type checker struct {
	at       string
	problems models.UserErrors
}

func (c *checker) when(broken bool, code models.UserErrorCode, field, message string) {
	if broken {
		c.problems.Addf(code, c.at+"."+field, "%s", message)
	}
}

func (c *checker) length(field, value string, most int) {
	c.when(utf8.RuneCountInString(value) > most, models.UserErrorTooLong, field, fmt.Sprintf("at most %d characters", most))
}

func (c *checker) size(field, body string, most int) {
	c.when(len(body) > most, models.UserErrorTooLong, field, fmt.Sprintf("at most %d kB", most/1000))
}

func (c *checker) recipients(to []string) []string {
	c.when(len(to) == 0, models.UserErrorRequired, "to", "at least one recipient is needed")
	c.when(len(to) > MaxRecipients, models.UserErrorTooMany, "to", fmt.Sprintf("at most %d recipients", MaxRecipients))
	var addresses []string
	for i, recipient := range to[:min(len(to), MaxRecipients)] {
		address, err := ParseRecipient(recipient)
		if err != nil {
			c.when(true, models.UserErrorInvalidAddress, "to."+strconv.Itoa(i), err.Error())
			continue
		}
		if !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

func (c *checker) replyTo(address string) string {
	if address == "" {
		return ""
	}
	parsed, err := ParseRecipient(address)
	if err != nil {
		c.when(true, models.UserErrorInvalidAddress, "replyTo", err.Error())
	}
	return parsed
}

// sendAt is nil for a time that has come.
func (c *checker) sendAt(at *time.Time) *time.Time {
	if at == nil || !at.After(time.Now()) {
		return nil
	}
	c.when(time.Until(*at) > MaxDelay, models.UserErrorInvalid, "sendAt", "at most a year ahead")
	utc := at.UTC().Truncate(time.Microsecond)
	return &utc
}

func (c *checker) key(field string, key *string) {
	if key == nil {
		return
	}
	c.length(field, *key, MaxKey)
	c.when(*key == "", models.UserErrorRequired, field, "a key is not empty; leave it out to have none")
	c.when(strings.ContainsFunc(*key, unicode.IsControl), models.UserErrorInvalid, field, "a key has no control characters")
}
