package models

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// JobState is where a job stands.
type JobState string

// The states of a job. Succeeded and failed are final.
const (
	JobQueued    JobState = "queued"
	JobRunning   JobState = "running"
	JobRetrying  JobState = "retrying"
	JobSucceeded JobState = "succeeded"
	JobFailed    JobState = "failed"
)

// JobQueue is one of the three queues, by priority.
type JobQueue string

// The queues, most urgent first.
const (
	QueueHigh    JobQueue = "high"
	QueueDefault JobQueue = "default"
	QueueLow     JobQueue = "low"
)

// JobKind names what a job does and decides on its payload.
type JobKind string

// The kinds of jobs.
const (
	// JobIndexProducts brings products into the search index; payload: IndexProducts.
	JobIndexProducts JobKind = "index_products"
	// JobSendEmail sends one mail; payload: SendEmail.
	JobSendEmail JobKind = "send_email"
)

// IndexProducts is the payload of JobIndexProducts.
type IndexProducts struct {
	ProductIDs []uuid.UUID `json:"product_ids"`
}

// SendEmail is the payload of JobSendEmail.
type SendEmail struct {
	EmailMessageID uuid.UUID `json:"email_message_id"`
}

// Job is a row of the outbox: work that a committed change has caused.
type Job struct {
	bun.BaseModel `bun:"table:jobs,alias:j"`

	ID          uuid.UUID `bun:",pk"`
	Kind        JobKind
	Queue       JobQueue
	Payload     json.RawMessage `bun:"type:jsonb"`
	State       JobState
	Attempts    int
	MaxAttempts int
	RunAt       time.Time
	LeaseUntil  *time.Time
	LastError   string
	CreatedAt   time.Time
	StartedAt   *time.Time
	FinishedAt  *time.Time
}
