package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
	"ecoseller/telemetry"
)

const (
	// maxIndexBatch is how many products one indexing job carries: a bulk request of a few megabytes.
	maxIndexBatch = 500
	// maxEnqueueBatch is how many jobs one statement writes.
	maxEnqueueBatch = 1000
	// maxReason is how many bytes are kept of why a job or a mail failed.
	maxReason = 4000
)

// The states in SQL; the indexes of jobs have the same conditions.
const (
	waitingStates    = "('scheduled', 'queued', 'retrying')"
	unfinishedStates = "('scheduled', 'queued', 'running', 'retrying')"
	finishedStates   = "('succeeded', 'failed', 'cancelled')"
)

// ErrWrongState says that an object is in a state in which that cannot be done to it.
var ErrWrongState = errors.New("not possible in this state")

// EnqueueOption says how one job differs from the policy of its kind.
type EnqueueOption func(*models.Job)

// RunAt schedules the job: it is not run before that time.
func RunAt(t time.Time) EnqueueOption {
	return func(job *models.Job) { job.RunAt = t }
}

// UniqueKey keeps the job from being enqueued while another one with the same key is not finished, be it waiting or
// running.
func UniqueKey(key string) EnqueueOption {
	return func(job *models.Job) { job.UniqueKey = &key }
}

// OnQueue puts the job into another queue than that of its kind.
func OnQueue(queue models.JobQueue) EnqueueOption {
	return func(job *models.Job) { job.Queue = queue }
}

// Enqueue writes a job into the outbox. It must be called inside InTx, in the transaction of the change that causes
// the work: then both happen or neither. When its unique key is taken, it returns the job that has it, marked as a
// Duplicate.
func (s *Store) Enqueue(ctx context.Context, args models.JobArgs, options ...EnqueueOption) (*models.Job, error) {
	job, err := newJob(ctx, args, options)
	if err != nil {
		return nil, err
	}
	if job.UniqueKey == nil {
		return job, s.insertJobs(ctx, job)
	}
	return s.insertUniqueJob(ctx, job)
}

// EnqueueAll is Enqueue for many jobs at once; unique keys are not for it.
func (s *Store) EnqueueAll(ctx context.Context, args []models.JobArgs, options ...EnqueueOption) ([]*models.Job, error) {
	jobs := make([]*models.Job, len(args))
	for i := range args {
		job, err := newJob(ctx, args[i], options)
		if err != nil {
			return nil, err
		}
		if job.UniqueKey != nil {
			return nil, errors.New("jobs with a unique key are enqueued one by one")
		}
		jobs[i] = job
	}
	return jobs, s.insertJobs(ctx, jobs...)
}

func newJob(ctx context.Context, args models.JobArgs, options []EnqueueOption) (*models.Job, error) {
	policy := models.PolicyOf(args)
	payload, err := json.Marshal(args)
	if err != nil {
		return nil, fmt.Errorf("write arguments of %s: %w", policy.Kind, err)
	}
	job := &models.Job{
		ID: newID(), Kind: policy.Kind, Queue: policy.Queue, Payload: payload, State: models.JobQueued, MaxAttempts: policy.MaxAttempts,
		TraceParent: telemetry.TraceParent(ctx),
	}
	for _, option := range options {
		option(job)
	}
	if job.RunAt.After(time.Now()) {
		job.State = models.JobScheduled
	}
	return job, nil
}

// enqueuedColumns are those a new job has; the others have their defaults. Without a time of its own it is due by the
// clock of the database.
var enqueuedColumns = []string{"id", "kind", "queue", "payload", "state", "max_attempts", "unique_key", "trace_parent"}

func (s *Store) insertJobs(ctx context.Context, jobs ...*models.Job) error {
	if s.enqueued == nil {
		return errors.New("a job is enqueued inside a transaction")
	}
	for start := 0; start < len(jobs); start += maxEnqueueBatch {
		if err := s.insertJobBatch(ctx, jobs[start:min(start+maxEnqueueBatch, len(jobs))]); err != nil {
			return err
		}
	}
	s.announce(jobs...)
	return nil
}

// insertJobBatch writes jobs that have the same state, time and trace. Arrays, because PostgreSQL reads them much faster than
// as many rows of VALUES.
func (s *Store) insertJobBatch(ctx context.Context, jobs []*models.Job) error {
	ids, kinds, queues := make([]uuid.UUID, len(jobs)), make([]string, len(jobs)), make([]string, len(jobs))
	payloads, attempts := make([]string, len(jobs)), make([]string, len(jobs))
	for i, job := range jobs {
		ids[i], kinds[i], queues[i] = job.ID, string(job.Kind), string(job.Queue)
		payloads[i], attempts[i] = string(job.Payload), strconv.Itoa(job.MaxAttempts)
	}
	var runAt *time.Time
	if first := jobs[0]; !first.RunAt.IsZero() {
		runAt = &first.RunAt
	}
	_, err := s.db.NewRaw(`
		INSERT INTO jobs (id, kind, queue, payload, max_attempts, state, run_at, trace_parent)
		SELECT id, kind, queue, payload::jsonb, max_attempts, ?, coalesce(?, now()), ?
		FROM unnest(?, ?, ?, ?, ?) AS job (id, kind, queue, payload, max_attempts)`,
		string(jobs[0].State), runAt, jobs[0].TraceParent,
		uuidArray(ids), stringArray(kinds), stringArray(queues), stringArray(payloads), typedArray{attempts, "int[]"}).Exec(ctx)
	return wrap(ctx, err, "enqueue jobs")
}

func columnsOf(job *models.Job) []string {
	if !job.RunAt.IsZero() {
		return append([]string{"run_at"}, enqueuedColumns...)
	}
	return enqueuedColumns
}

// insertUniqueJob writes the job, or finds the one that is in its way. That one may finish between the two statements;
// then there is another round.
func (s *Store) insertUniqueJob(ctx context.Context, job *models.Job) (*models.Job, error) {
	if s.enqueued == nil {
		return nil, errors.New("a job is enqueued inside a transaction")
	}
	for range 3 {
		result, err := s.db.NewInsert().Model(job).Column(columnsOf(job)...).
			On("CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND state IN " + unfinishedStates + " DO NOTHING").Exec(ctx)
		if err != nil {
			return nil, wrap(ctx, err, "enqueue "+string(job.Kind))
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			s.announce(job)
			return job, err
		}
		present := new(models.Job)
		err = s.db.NewSelect().Model(present).Where("unique_key = ? AND state IN "+unfinishedStates, *job.UniqueKey).Scan(ctx)
		if err == nil {
			present.Duplicate = true
			return present, nil
		}
		if err = wrap(ctx, err, "find job by key"); !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("enqueue %s: jobs with the key %q come and go", job.Kind, *job.UniqueKey)
}

// announce remembers jobs that can begin right after the commit.
func (s *Store) announce(jobs ...*models.Job) {
	for _, job := range jobs {
		if job.State == models.JobQueued {
			*s.enqueued = append(*s.enqueued, job)
		}
	}
}

// TouchProducts marks products as changed in something that is indexed: their index version grows, and jobs that
// index them are enqueued in the same transaction.
func (s *Store) TouchProducts(ctx context.Context, ids []uuid.UUID) error {
	// In the order of ids, so that two changes at once wait for each other instead of locking each other out.
	_, err := s.db.NewRaw(`
		WITH touched AS (SELECT id FROM products WHERE id = ANY(?) ORDER BY id FOR NO KEY UPDATE)
		UPDATE products AS p SET index_version = nextval('product_index_versions'), updated_at = now()
		FROM touched WHERE p.id = touched.id`, uuidArray(ids)).Exec(ctx)
	if err != nil {
		return wrap(ctx, err, "touch products")
	}
	if err := s.refreshSortTitles(ctx, ids); err != nil {
		return err
	}
	return s.EnqueueIndexing(ctx, ids)
}

// EnqueueIndexing enqueues the jobs that bring products into the search index.
func (s *Store) EnqueueIndexing(ctx context.Context, ids []uuid.UUID) error {
	var batches []models.JobArgs
	for start := 0; start < len(ids); start += maxIndexBatch {
		batches = append(batches, models.IndexProducts{ProductIDs: ids[start:min(start+maxIndexBatch, len(ids))]})
	}
	_, err := s.EnqueueAll(ctx, batches)
	return err
}

// CancelJob takes an unfinished job out of the queue. A running one is only asked to stop, which takes its worker about
// a second; it may still succeed. It returns ErrWrongState when the job has finished.
func (s *Store) CancelJob(ctx context.Context, id uuid.UUID) (*models.Job, error) {
	return s.cancelJob(ctx, "id = ?", id)
}

// CancelJobByKey is CancelJob for the unfinished job with the unique key. It returns ErrNotFound when there is none.
// Once it has returned a waiting job as cancelled, the key is free for another one in the same transaction.
func (s *Store) CancelJobByKey(ctx context.Context, key string) (*models.Job, error) {
	return s.cancelJob(ctx, "unique_key = ? AND state IN "+unfinishedStates, key)
}

func (s *Store) cancelJob(ctx context.Context, where string, arg any) (*models.Job, error) {
	var job *models.Job
	err := s.InTx(ctx, func(ctx context.Context, tx *Store) (err error) {
		if job, err = tx.lockJob(ctx, where, arg); err != nil {
			return err
		}
		if job.State.Finished() {
			return fmt.Errorf("cancel job: %w", ErrWrongState)
		}
		err = tx.db.NewRaw(`
			UPDATE jobs SET
				state = CASE state WHEN 'running' THEN state ELSE 'cancelled' END,
				finished_at = CASE state WHEN 'running' THEN finished_at ELSE now() END,
				cancel_requested_at = coalesce(cancel_requested_at, now())
			WHERE id = ?
			RETURNING *`, job.ID).Scan(ctx, job)
		if err != nil || job.State != models.JobCancelled {
			return wrap(ctx, err, "cancel job")
		}
		return tx.jobCancelled(ctx, job)
	})
	if err != nil {
		return nil, err
	}
	return job, nil
}

// RetryJob lets a job begin at once: one that has failed or was cancelled is run anew, one that waits for its time or
// for its next attempt waits no longer. It returns ErrWrongState when it runs or has succeeded, and ErrAlreadyExists
// when another job has its unique key.
func (s *Store) RetryJob(ctx context.Context, id uuid.UUID) (*models.Job, error) {
	var job *models.Job
	err := s.InTx(ctx, func(ctx context.Context, tx *Store) (err error) {
		if job, err = tx.lockJob(ctx, "id = ?", id); err != nil {
			return err
		}
		if job.State == models.JobRunning || job.State == models.JobSucceeded {
			return fmt.Errorf("retry job: %w", ErrWrongState)
		}
		finished := job.State.Finished()
		err = tx.db.NewRaw(`
			UPDATE jobs SET
				state = 'queued', run_at = now(), finished_at = NULL, cancel_requested_at = NULL,
				attempts = CASE WHEN state IN `+finishedStates+` THEN 0 ELSE attempts END
			WHERE id = ?
			RETURNING *`, id).Scan(ctx, job)
		if err != nil {
			return wrap(ctx, err, "retry job")
		}
		tx.announce(job)
		if finished {
			return tx.jobReplayed(ctx, job)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return job, nil
}

func (s *Store) lockJob(ctx context.Context, where string, arg any) (*models.Job, error) {
	job := new(models.Job)
	err := s.db.NewSelect().Model(job).Where(where, arg).For("UPDATE").Scan(ctx)
	if err != nil {
		return nil, wrap(ctx, err, "lock job")
	}
	return job, nil
}

// jobCancelled changes what hangs on a job that will not run, in the same transaction. For a running job its worker
// does that, by the handler's GaveUp.
func (s *Store) jobCancelled(ctx context.Context, job *models.Job) error {
	if mail, ok := mailOf(job); ok {
		return s.MarkEmailFailed(ctx, mail, "its job was cancelled")
	}
	return nil
}

// jobReplayed is the reverse of jobCancelled and of GaveUp.
func (s *Store) jobReplayed(ctx context.Context, job *models.Job) error {
	if mail, ok := mailOf(job); ok {
		_, err := s.db.NewRaw("UPDATE email_messages SET state = 'QUEUED' WHERE id = ? AND state = 'FAILED'", mail).Exec(ctx)
		return wrap(ctx, err, "queue e-mail again")
	}
	return nil
}

// mailOf returns the mail that a job sends.
func mailOf(job *models.Job) (uuid.UUID, bool) {
	var args models.SendEmail
	isMail := job.Kind == args.JobPolicy().Kind && json.Unmarshal(job.Payload, &args) == nil
	return args.EmailMessageID, isMail
}

// JobsByIDs returns the jobs that exist among the ids, in no particular order.
func (s *Store) JobsByIDs(ctx context.Context, ids []uuid.UUID) ([]*models.Job, error) {
	var jobs []*models.Job
	err := s.db.NewSelect().Model(&jobs).Where("j.id = ANY(?)", pgdialect.Array(ids)).Scan(ctx)
	return jobs, wrap(ctx, err, "load jobs")
}

// storable makes a text that came from elsewhere, such as the words of a server, fit for a column:
// PostgreSQL takes neither NUL nor broken UTF-8, and nobody reads more than a screen of it.
func storable(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "…"
	}
	return text
}

// newID returns a time-ordered id (UUID version 7), which keeps new rows side by side in their index.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
