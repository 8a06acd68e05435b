package models

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// EmailState is where a mail stands.
type EmailState string

// The states of a mail. Sent and failed are final.
const (
	EmailQueued  EmailState = "QUEUED"
	EmailSending EmailState = "SENDING"
	EmailSent    EmailState = "SENT"
	EmailFailed  EmailState = "FAILED"
)

// EmailMessage is a mail that was asked for: log and outbox in one.
type EmailMessage struct {
	bun.BaseModel `bun:"table:email_messages,alias:em"`

	ID         uuid.UUID `bun:",pk"`
	State      EmailState
	Recipients []string `bun:",array"`
	Subject    string
	Text       string
	HTML       string `bun:"html"`
	Language   LanguageCode
	// MessageID is the Message-ID header without its angle brackets, fixed for all attempts.
	MessageID     string
	AccessTokenID uuid.UUID
	// IdempotencyKey is nil when the caller gave none.
	IdempotencyKey *string
	RequestHash    []byte
	Attempts       int
	LastError      string
	CreatedAt      time.Time
	SentAt         *time.Time
}

// LastErrorOrNil is nil when no attempt has failed.
func (m *EmailMessage) LastErrorOrNil() *string { return orNil(m.LastError) }
