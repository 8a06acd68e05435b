package models

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// JobState is where a job stands.
type JobState string

// The states of a job. Succeeded, failed and cancelled are final.
const (
	// JobScheduled waits for its time.
	JobScheduled JobState = "scheduled"
	// JobQueued waits for a worker.
	JobQueued JobState = "queued"
	// JobRunning is a worker's, as long as its lease lasts.
	JobRunning JobState = "running"
	// JobRetrying waits for its next attempt.
	JobRetrying  JobState = "retrying"
	JobSucceeded JobState = "succeeded"
	JobFailed    JobState = "failed"
	JobCancelled JobState = "cancelled"
)

// Finished says whether the state is final.
func (s JobState) Finished() bool {
	return s == JobSucceeded || s == JobFailed || s == JobCancelled
}

// JobQueue is one of the three queues, by priority.
type JobQueue string

// The queues, most urgent first.
const (
	QueueHigh    JobQueue = "high"
	QueueDefault JobQueue = "default"
	QueueLow     JobQueue = "low"
)

// JobQueues returns all queues, most urgent first.
func JobQueues() []JobQueue { return []JobQueue{QueueHigh, QueueDefault, QueueLow} }

// JobKind names what a job does and decides on its arguments.
type JobKind string

// JobArgs are the arguments of one kind of job, a struct that is stored as JSON. They are ids rather than contents:
// staff can see them, and what they name may have changed when the job runs.
type JobArgs interface {
	// JobPolicy says how jobs of this kind are run; it is the same for all values.
	JobPolicy() JobPolicy
}

// JobPolicy says how the jobs of one kind are run. What is zero means its default.
type JobPolicy struct {
	Kind JobKind
	// Queue is where such jobs wait; QueueDefault by default.
	Queue JobQueue
	// MaxAttempts is how often a job is tried before it is given up; 10 by default.
	MaxAttempts int
	// Timeout is how long an attempt may take; 6 minutes by default.
	Timeout time.Duration
	// Backoff is the pause after the n-th attempt, n⁴ seconds by default. It is varied by 10 %.
	Backoff func(attempt int) time.Duration
}

// The defaults of a JobPolicy.
const (
	defaultMaxAttempts = 10
	defaultJobTimeout  = 6 * time.Minute
	longestBackoff     = time.Hour
)

// PolicyOf returns the policy of a kind of jobs with its defaults filled in.
func PolicyOf(args JobArgs) JobPolicy {
	p := args.JobPolicy()
	if p.Queue == "" {
		p.Queue = QueueDefault
	}
	if p.MaxAttempts == 0 {
		p.MaxAttempts = defaultMaxAttempts
	}
	if p.Timeout == 0 {
		p.Timeout = defaultJobTimeout
	}
	if p.Backoff == nil {
		p.Backoff = growingBackoff
	}
	return p
}

// growingBackoff is n⁴ seconds, an hour at most: the curve of River and Sidekiq.
func growingBackoff(attempt int) time.Duration {
	if attempt > 7 {
		return longestBackoff
	}
	return min(time.Duration(attempt*attempt*attempt*attempt)*time.Second, longestBackoff)
}

// IndexProducts brings products into the search index.
type IndexProducts struct {
	ProductIDs []uuid.UUID `json:"product_ids"`
}

// JobPolicy says how products are indexed.
func (IndexProducts) JobPolicy() JobPolicy { return JobPolicy{Kind: "index_products"} }

// RebuildSearchIndex fills a new search index from all products, and puts it in the place of the present one.
type RebuildSearchIndex struct{}

// JobPolicy says how the index is rebuilt. A rebuild that fails is not begun again for long: the next one is due soon.
func (RebuildSearchIndex) JobPolicy() JobPolicy {
	return JobPolicy{Kind: "rebuild_search_index", Queue: QueueLow, Timeout: 6 * time.Hour, MaxAttempts: 3}
}

// SendEmail sends one mail.
type SendEmail struct {
	EmailMessageID uuid.UUID `json:"email_message_id"`
}

// JobPolicy says how mail is sent. The timeout covers the sending, statements and all; the attempts take half a day.
func (SendEmail) JobPolicy() JobPolicy {
	return JobPolicy{Kind: "send_email", Queue: QueueHigh, Timeout: 3 * time.Minute, MaxAttempts: 20}
}

// TidyEmailRates forgets callers and recipients that have had no mail for an hour.
type TidyEmailRates struct{}

// JobPolicy says how rates are tidied up.
func (TidyEmailRates) JobPolicy() JobPolicy {
	return JobPolicy{Kind: "tidy_email_rates", Queue: QueueLow}
}

// Job is a row of the outbox: work that a committed change has caused.
type Job struct {
	bun.BaseModel `bun:"table:jobs,alias:j"`

	ID      uuid.UUID `bun:",pk"`
	Kind    JobKind
	Queue   JobQueue
	Payload json.RawMessage `bun:"type:jsonb"`
	State   JobState
	// UniqueKey is nil for a job that may be enqueued any number of times.
	UniqueKey *string
	// Attempts counts those of this life: a job that is replayed begins again at 0.
	Attempts    int
	MaxAttempts int
	// Claim grows with every claim and is never taken back: it tells the claims of a job apart.
	Claim int
	// Worker has the claim, or had it last.
	Worker     string
	RunAt      time.Time
	LeaseUntil *time.Time
	LastError  string
	// Errors are those of the last attempts, the newest last.
	Errors []JobError `bun:"type:jsonb"`
	// ProgressDone and ProgressTotal are nil for a job that does not say how far it is.
	ProgressDone  *int
	ProgressTotal *int
	// CancelRequestedAt is when a running job was asked to stop.
	CancelRequestedAt *time.Time
	CreatedAt         time.Time
	StartedAt         *time.Time
	FinishedAt        *time.Time
	// TraceParent names the trace that has caused the job (W3C Trace Context); empty outside of traces.
	TraceParent string

	// Duplicate says of a job returned by Enqueue that it was there before, under the same unique key.
	Duplicate bool `bun:"-"`
}

// JobError is why an attempt failed.
type JobError struct {
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	Worker  string    `json:"worker"`
	Error   string    `json:"error"`
	// Stack is where a handler panicked; empty for other errors.
	Stack string `json:"stack,omitempty"`
}

// JobSchedule enqueues a job at every tick of a cron expression.
type JobSchedule struct {
	bun.BaseModel `bun:"table:job_schedules,alias:js"`

	// Name is what the schedule is known by.
	Name string `bun:",pk"`
	// Cron has five fields, or six with seconds, or is such as "@daily" or "@every 1h".
	Cron string
	// TimeZone is where the clock hangs whose time Cron means, such as "Europe/Prague".
	TimeZone    string
	Kind        JobKind
	Queue       JobQueue
	Payload     json.RawMessage `bun:"type:jsonb"`
	MaxAttempts int
	NextRunAt   time.Time
	LastRunAt   *time.Time
	LastJobID   *uuid.UUID
}
