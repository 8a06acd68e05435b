// Package mail checks mail that is asked for and hands it to a mail server.
package mail

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"ecoseller/models"
)

// The limits of a mail: lengths of lines are in characters, those of bodies in bytes.
const (
	MaxRecipients     = 50
	MaxSubject        = 255
	MaxText           = 200_000
	MaxHTML           = 500_000
	MaxIdempotencyKey = 200
)

// Draft is a mail as its author asks for it.
type Draft struct {
	To             []string
	Subject        string
	Text           string
	HTML           string
	Language       models.LanguageCode
	IdempotencyKey *string
}

// Check returns the draft in the form in which it is sent, or everything that is wrong with it; the fields are those of the
// draft.
func (d Draft) Check() (Draft, models.UserErrors) {
	c := checker{}
	checked := Draft{
		To:             c.recipients(d.To),
		Subject:        c.subject(d.Subject),
		Text:           strings.ToValidUTF8(d.Text, "\uFFFD"),
		HTML:           strings.ToValidUTF8(d.HTML, "\uFFFD"),
		Language:       d.Language,
		IdempotencyKey: d.IdempotencyKey,
	}
	c.bodies(checked)
	if key := d.IdempotencyKey; key != nil {
		c.length("idempotencyKey", *key, MaxIdempotencyKey)
		c.when(*key == "", models.UserErrorRequired, "a key is not empty; leave it out to have none", "idempotencyKey")
		c.when(strings.ContainsFunc(*key, unicode.IsControl), models.UserErrorInvalid, "a key has no control characters", "idempotencyKey")
	}
	if len(c.problems) > 0 {
		return Draft{}, c.problems
	}
	if strings.TrimSpace(checked.Text) == "" {
		checked.Text = TextOf(checked.HTML)
	}
	return checked, nil
}

// Hash identifies the mail, so that a key used twice can be told from a mail asked for twice.
func (d Draft) Hash() []byte {
	raw, err := json.Marshal([]any{d.To, d.Subject, d.Text, d.HTML, d.Language})
	if err != nil {
		panic(err) // strings can always be written
	}
	hash := sha256.Sum256(raw)
	return hash[:]
}

type checker struct{ problems models.UserErrors }

func (c *checker) when(broken bool, code models.UserErrorCode, message string, field ...string) {
	if broken {
		c.problems = append(c.problems, &models.UserError{Field: field, Message: message, Code: code})
	}
}

func (c *checker) length(field, value string, most int) {
	c.when(utf8.RuneCountInString(value) > most, models.UserErrorTooLong, fmt.Sprintf("at most %d characters", most), field)
}

func (c *checker) size(field, body string, most int) {
	c.when(len(body) > most, models.UserErrorTooLong, fmt.Sprintf("at most %d kB", most/1000), field)
}

func (c *checker) recipients(to []string) []string {
	c.when(len(to) == 0, models.UserErrorRequired, "at least one recipient is needed", "to")
	c.when(len(to) > MaxRecipients, models.UserErrorTooMany, fmt.Sprintf("at most %d recipients", MaxRecipients), "to")
	var addresses []string
	for i, recipient := range to[:min(len(to), MaxRecipients)] {
		address, err := ParseRecipient(recipient)
		if err != nil {
			c.when(true, models.UserErrorInvalidAddress, err.Error(), "to", strconv.Itoa(i))
			continue
		}
		if !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

func (c *checker) subject(subject string) string {
	subject = strings.TrimSpace(strings.ToValidUTF8(subject, "\uFFFD"))
	c.when(subject == "", models.UserErrorRequired, "a subject is needed", "subject")
	c.length("subject", subject, MaxSubject)
	// A line break would let the author write headers.
	c.when(strings.ContainsFunc(subject, unicode.IsControl), models.UserErrorInvalid, "a subject is one line", "subject")
	return subject
}

func (c *checker) bodies(d Draft) {
	c.when(strings.TrimSpace(d.Text) == "" && strings.TrimSpace(d.HTML) == "", models.UserErrorRequired, "text or HTML is needed", "text")
	c.size("text", d.Text, MaxText)
	c.size("html", d.HTML, MaxHTML)
	c.when(strings.ContainsRune(d.Text, 0), models.UserErrorInvalid, "text has no NUL characters", "text")
	c.when(strings.ContainsRune(d.HTML, 0), models.UserErrorInvalid, "HTML has no NUL characters", "html")
}
