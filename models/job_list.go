package models

import (
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"
)

// IsNode marks a job as a Node.
func (*Job) IsNode() {}

// GlobalID returns the job's id in the API.
func (j *Job) GlobalID() string { return GlobalID(KindJob, j.ID.String()) }

// KindName returns the kind as text.
func (j *Job) KindName() string { return string(j.Kind) }

// KindName returns the kind of the jobs as text.
func (s *JobSchedule) KindName() string { return string(s.Kind) }

// PayloadText returns the arguments as JSON.
func (j *Job) PayloadText() string { return string(j.Payload) }

// WorkerOrNil is nil for a job that no worker has had.
func (j *Job) WorkerOrNil() *string { return nilIfEmpty(j.Worker) }

// LastErrorOrNil is nil for a job whose last attempt did not fail.
func (j *Job) LastErrorOrNil() *string { return nilIfEmpty(j.LastError) }

// ErrorsOrEmpty returns the errors of the last attempts.
func (j *Job) ErrorsOrEmpty() []*JobError {
	errors := make([]*JobError, len(j.Errors))
	for i := range j.Errors {
		errors[i] = &j.Errors[i]
	}
	return errors
}

// Progress is nil for a job that does not say how far it is.
func (j *Job) Progress() *JobProgress {
	if j.ProgressDone == nil || j.ProgressTotal == nil {
		return nil
	}
	return &JobProgress{Done: *j.ProgressDone, Total: *j.ProgressTotal}
}

// StackOrNil is nil for an error that was no panic.
func (e *JobError) StackOrNil() *string { return nilIfEmpty(e.Stack) }

func nilIfEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// JobProgress is how far a job is.
type JobProgress struct{ Done, Total int }

// JobQuery says which jobs are wanted; what is empty does not matter.
type JobQuery struct {
	States []JobState
	Kinds  []string
	Queues []JobQueue
}

// JobCursor is a place in the list of jobs, which has the newest first.
type JobCursor struct {
	ID uuid.UUID `json:"i"`
}

// JobConnection is a page of jobs.
type JobConnection struct {
	Edges    []*JobEdge
	PageInfo *PageInfo
}

// JobEdge is a job in a list.
type JobEdge struct {
	Cursor string
	Node   *Job
}

// Nodes returns the jobs of the page.
func (c *JobConnection) Nodes() []*Job {
	nodes := make([]*Job, len(c.Edges))
	for i, edge := range c.Edges {
		nodes[i] = edge.Node
	}
	return nodes
}

// JobQueueStatus is what goes on in a queue.
type JobQueueStatus struct {
	Queue             JobQueue
	Depth             int
	Scheduled         int
	Running           int
	OldestAgeSeconds  float64
	FinishedPerMinute int
}

// MarshalGQL writes the state as the API names it.
func (s JobState) MarshalGQL(w io.Writer) { writeEnum(w, string(s)) }

// UnmarshalGQL reads a state of the API.
func (s *JobState) UnmarshalGQL(v any) error { return readEnum((*string)(s), v) }

// MarshalGQL writes the queue as the API names it.
func (q JobQueue) MarshalGQL(w io.Writer) { writeEnum(w, string(q)) }

// UnmarshalGQL reads a queue of the API.
func (q *JobQueue) UnmarshalGQL(v any) error { return readEnum((*string)(q), v) }

// writeEnum writes a value that is in lower case in the database. The schema has checked what readEnum reads.
func writeEnum(w io.Writer, value string) { _, _ = fmt.Fprintf(w, "%q", strings.ToUpper(value)) }

func readEnum(target *string, v any) error {
	text, ok := v.(string)
	if !ok {
		return BadInput(CodeBadInput, "%v is not a value of this enum", v)
	}
	*target = strings.ToLower(text)
	return nil
}
