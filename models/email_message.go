package models

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// EmailState is where a mail stands.
type EmailState string

// The states of a mail. Sent, failed and cancelled are final.
const (
	EmailQueued    EmailState = "QUEUED"
	EmailSending   EmailState = "SENDING"
	EmailRetrying  EmailState = "RETRYING"
	EmailSent      EmailState = "SENT"
	EmailFailed    EmailState = "FAILED"
	EmailCancelled EmailState = "CANCELLED"
)

// EmailMessage is a mail that was asked for: log and outbox in one.
type EmailMessage struct {
	bun.BaseModel `bun:"table:email_messages,alias:em"`

	ID         uuid.UUID `bun:",pk"`
	State      EmailState
	Kind       EmailKind
	Recipients []string `bun:",array"`
	// ReplyTo is where answers go; empty for the sender.
	ReplyTo  string
	Subject  string
	Text     string
	HTML     string `bun:"html"`
	Language LanguageCode
	// MessageID is the Message-ID header without its angle brackets, fixed for all attempts.
	MessageID string
	// UnsubscribeURL is empty for mail that one cannot unsubscribe from.
	UnsubscribeURL string `bun:"unsubscribe_url"`
	// AccessTokenID is the caller; the zero id stands for the shop itself.
	AccessTokenID uuid.UUID `bun:",nullzero"`
	// IdempotencyKey is nil when the caller gave none.
	IdempotencyKey *string
	RequestHash    []byte
	// CancellationKey is what the caller cancels waiting mail by; nil for none.
	CancellationKey *string
	// SendAt is when the mail is to be sent; nil for at once.
	SendAt   *time.Time
	Attempts int
	// DeliveredTo are those recipients whose copy the mail server has taken, when others wait.
	DeliveredTo []string `bun:",array"`
	// SendingSince is when a worker last began to speak to the mail server about it.
	SendingSince    *time.Time
	AttachmentCount int
	// ResendOf is the mail that this is a copy of; zero for none.
	ResendOf  uuid.UUID `bun:",nullzero"`
	LastError string
	CreatedAt time.Time
	SentAt    *time.Time

	// Attachments are there when the mail is accepted or claimed.
	Attachments []*EmailAttachment `bun:"-"`
	// Suppressed are the recipients, in lower case, that get no mail of this kind; known when it is claimed.
	Suppressed []string `bun:",array,scanonly"`
}

// LastErrorOrNil is nil when no attempt has failed.
func (m *EmailMessage) LastErrorOrNil() *string { return orNil(m.LastError) }

// ReplyToOrNil is nil when answers go to the sender.
func (m *EmailMessage) ReplyToOrNil() *string { return orNil(m.ReplyTo) }

// Outstanding are the recipients that the mail still has to be sent to.
func (m *EmailMessage) Outstanding() []string {
	var to []string
	for _, r := range m.Recipients {
		if !slices.Contains(m.DeliveredTo, r) && !slices.Contains(m.Suppressed, strings.ToLower(r)) {
			to = append(to, r)
		}
	}
	return to
}

// EmailAttachment is a file that goes with a mail.
type EmailAttachment struct {
	bun.BaseModel `bun:"table:email_attachments,alias:ea"`

	EmailMessageID uuid.UUID `bun:",pk"`
	Position       int       `bun:",pk"`
	Filename       string
	ContentType    string
	Content        []byte
}

// EmailAttachmentInput is a file as callers give it.
type EmailAttachmentInput struct {
	Filename    string
	ContentType string
	// Base64 and Text are two ways to give the content.
	Base64 *string
	Text   *string
}

// EmailEvent is a change of a mail's state.
type EmailEvent struct {
	bun.BaseModel `bun:"table:email_events,alias:ee"`

	ID             int64     `bun:",pk"`
	EmailMessageID uuid.UUID `bun:",pk"`
	State          EmailState
	Attempt        int
	Reason         string
	CreatedAt      time.Time
}

// ReasonOrNil is nil when there is nothing to explain.
func (e *EmailEvent) ReasonOrNil() *string { return orNil(e.Reason) }

// EmailFilter says which mails are wanted; what is empty does not matter.
type EmailFilter struct {
	AccessTokenID   uuid.UUID
	State           EmailState
	Kind            EmailKind
	Recipient       string
	CancellationKey string
}

// EmailCursor is the place of a mail in the list, newest first.
type EmailCursor struct {
	ID uuid.UUID `json:"i"`
}

// SuppressionReason is why an address gets no mail.
type SuppressionReason string

// The reasons for a suppression.
const (
	// SuppressedBounced is set when a mail server does not know the address.
	SuppressedBounced SuppressionReason = "BOUNCED"
	// SuppressedUnsubscribed concerns only mail that customers can do without.
	SuppressedUnsubscribed SuppressionReason = "UNSUBSCRIBED"
	// SuppressedManual is set by staff.
	SuppressedManual SuppressionReason = "MANUAL"
)

// EmailSuppression is an address that gets no mail.
type EmailSuppression struct {
	bun.BaseModel `bun:"table:email_suppressions,alias:es"`

	Address        string            `bun:",pk"`
	Reason         SuppressionReason `bun:",pk"`
	Detail         string
	EmailMessageID uuid.UUID `bun:",nullzero"`
	CreatedAt      time.Time
}

// DetailOrNil is nil when there is nothing to explain.
func (s *EmailSuppression) DetailOrNil() *string { return orNil(s.Detail) }

// SuppressionCursor is the place of a suppression in the list.
type SuppressionCursor struct {
	Address string            `json:"a"`
	Reason  SuppressionReason `json:"r"`
}

// EmailRates say how much mail is too much; 0 is no limit. Each is a bucket that holds the mails of an hour
// and leaks evenly.
type EmailRates struct {
	// PerCaller and PerRecipient are mails an hour, of one access token and to one address.
	PerCaller    int
	PerRecipient int
}

// EmailRefusal is a recipient that the mail server does not take, and its words.
type EmailRefusal struct {
	Address string
	Words   string
	// Unknown says that there is no such mailbox, and never will be: further mail to it does harm.
	Unknown bool
}

// EmailReceipt is what a mail server said to each recipient of a mail.
type EmailReceipt struct {
	// Taken are those whose copy it has taken.
	Taken []string
	// Refused are those it refuses for good (5xx), Deferred those it may take later (4xx).
	Refused  []EmailRefusal
	Deferred []EmailRefusal
}

// EmailMessageConnection is a page of mails.
type EmailMessageConnection struct {
	Edges    []*EmailMessageEdge
	PageInfo *PageInfo
	// Filter is what the page was asked for, for the total count.
	Filter EmailFilter
}

// EmailMessageEdge is a mail in a list.
type EmailMessageEdge struct {
	Cursor string
	Node   *EmailMessage
}

// Nodes are the mails of the page.
func (c *EmailMessageConnection) Nodes() []*EmailMessage {
	nodes := make([]*EmailMessage, len(c.Edges))
	for i, e := range c.Edges {
		nodes[i] = e.Node
	}
	return nodes
}

// EmailSuppressionConnection is a page of suppressed addresses.
type EmailSuppressionConnection struct {
	Edges    []*EmailSuppressionEdge
	PageInfo *PageInfo
}

// EmailSuppressionEdge is a suppression in a list.
type EmailSuppressionEdge struct {
	Cursor string
	Node   *EmailSuppression
}

// Nodes are the suppressions of the page.
func (c *EmailSuppressionConnection) Nodes() []*EmailSuppression {
	nodes := make([]*EmailSuppression, len(c.Edges))
	for i, e := range c.Edges {
		nodes[i] = e.Node
	}
	return nodes
}
