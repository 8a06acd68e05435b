package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun/schema"

	"ecoseller/models"
)

const (
	// maxJobErrors is how many errors a job remembers.
	maxJobErrors = 10
	// maxRescue is how many jobs of dead workers one statement gives back, deleteBatch how many old ones it deletes.
	maxRescue   = 1000
	deleteBatch = 5000
	// workerDied is the error of an attempt whose worker did not live to its end.
	workerDied = "its worker died"
)

// relaxed makes the commit of its statement not wait for the disk. It is for what a crash of PostgreSQL may take back,
// because the job is then run again, which handlers stand: claims, renewals and successes. What a handler writes in
// between commits in order with them, and is as durable as ever.
const relaxed = "relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))"

// JobClaim says which jobs a worker wants.
type JobClaim struct {
	// Worker is the name under which it holds them.
	Worker string
	// Queues are where it looks, in this order.
	Queues []models.JobQueue
	// Limit is how many it takes at most.
	Limit int
	// Lease is how long its claim stands without being renewed.
	Lease time.Duration
}

// ClaimJobs takes due jobs: they are then running, and no other worker gets them before the lease ends. The claim
// counts as an attempt, so that a job that kills its worker is given up in the end.
func (s *Store) ClaimJobs(ctx context.Context, c JobClaim) ([]*models.Job, error) {
	var jobs []*models.Job
	due, args := dueJobs(c.Queues, c.Limit)
	args = append(args, c.Worker, c.Lease.Milliseconds())
	// An array of ids, because a join would be planned for as many rows as are due.
	err := s.db.NewRaw(`
		WITH `+relaxed+`,
		`+due+`
		UPDATE jobs AS j
		SET state = 'running', attempts = j.attempts + 1, claim = j.claim + 1, worker = ?, started_at = now(),
		    lease_until = now() + ? * interval '1 ms'
		FROM relaxed
		WHERE j.id = ANY (ARRAY(SELECT id FROM due))
		RETURNING j.id, j.kind, j.queue, j.payload, j.state, j.attempts, j.max_attempts, j.claim, j.worker, j.run_at,
		          j.unique_key, j.cancel_requested_at, j.created_at, j.started_at, j.trace_parent`, args...).Scan(ctx, &jobs)
	if err != nil {
		return nil, wrap(ctx, err, "claim jobs")
	}
	sortByUrgency(jobs, c.Queues)
	return jobs, nil
}

// dueJobs is a chain of tables that ends in due: each queue is asked for what those before it have not filled. A queue
// of its own for each, because only so the index leads straight to what is due.
func dueJobs(queues []models.JobQueue, limit int) (sql string, args []any) {
	var tables strings.Builder
	var all []string
	for i, queue := range queues {
		rest := "?"
		if i > 0 {
			rest = fmt.Sprintf("greatest(? - (SELECT count(*) FROM (%s) AS taken), 0)", strings.Join(all, " UNION ALL "))
		}
		fmt.Fprintf(&tables, `queue_%d AS (
			SELECT id FROM jobs
			WHERE queue = ? AND state IN %s AND run_at <= now()
			ORDER BY run_at, id LIMIT %s FOR UPDATE SKIP LOCKED
		), `, i, waitingStates, rest)
		args = append(args, string(queue), limit)
		all = append(all, fmt.Sprintf("SELECT id FROM queue_%d", i))
	}
	return tables.String() + "due AS (" + strings.Join(all, " UNION ALL ") + ")", args
}

func sortByUrgency(jobs []*models.Job, queues []models.JobQueue) {
	slices.SortFunc(jobs, func(a, b *models.Job) int {
		if a.Queue != b.Queue {
			return slices.Index(queues, a.Queue) - slices.Index(queues, b.Queue)
		}
		if order := a.RunAt.Compare(b.RunAt); order != 0 {
			return order
		}
		return strings.Compare(a.ID.String(), b.ID.String())
	})
}

// HeldJob is what became of a claim.
type HeldJob struct {
	ID    uuid.UUID
	Claim int
	// Cancelled says that the job is to be stopped.
	Cancelled bool
}

// RenewLeases prolongs the claims, and returns those that still stand.
func (s *Store) RenewLeases(ctx context.Context, jobs []*models.Job, lease time.Duration) ([]HeldJob, error) {
	var held []HeldJob
	ids, claims := claimArrays(jobs)
	err := s.db.NewRaw(`
		WITH `+relaxed+`
		UPDATE jobs AS j SET lease_until = now() + ? * interval '1 ms'
		FROM unnest(?, ?) AS mine (id, claim), relaxed
		WHERE j.id = ANY (?) AND j.id = mine.id AND j.claim = mine.claim AND j.state = 'running'
		RETURNING j.id, j.claim, j.cancel_requested_at IS NOT NULL AS cancelled`, lease.Milliseconds(), ids, claims, ids).Scan(ctx, &held)
	return held, wrap(ctx, err, "renew leases")
}

// CancelledAmong returns which of the running jobs are to be stopped.
func (s *Store) CancelledAmong(ctx context.Context, ids []uuid.UUID) ([]uuid.UUID, error) {
	var cancelled []uuid.UUID
	err := s.db.NewRaw("SELECT id FROM jobs WHERE id = ANY (?) AND state = 'running' AND cancel_requested_at IS NOT NULL", uuidArray(ids)).
		Scan(ctx, &cancelled)
	return cancelled, wrap(ctx, err, "find cancelled jobs")
}

// FinishJobs marks claimed jobs as done. A claim that has been lost changes nothing.
func (s *Store) FinishJobs(ctx context.Context, jobs []*models.Job) error {
	ids, claims := claimArrays(jobs)
	_, err := s.db.NewRaw(`
		WITH `+relaxed+`
		UPDATE jobs AS j SET state = 'succeeded', finished_at = now(), lease_until = NULL, last_error = ''
		FROM unnest(?, ?) AS mine (id, claim), relaxed
		WHERE j.id = ANY (?) AND j.id = mine.id AND j.claim = mine.claim AND j.state = 'running'`, ids, claims, ids).Exec(ctx)
	return wrap(ctx, err, "finish jobs")
}

// ReleaseJobs gives claimed jobs back at once and takes the attempts back: the worker stops, the jobs are not to blame.
func (s *Store) ReleaseJobs(ctx context.Context, jobs []*models.Job) error {
	ids, claims := claimArrays(jobs)
	_, err := s.db.NewRaw(`
		UPDATE jobs AS j SET state = 'queued', attempts = j.attempts - 1, lease_until = NULL
		FROM unnest(?, ?) AS mine (id, claim)
		WHERE j.id = ANY (?) AND j.id = mine.id AND j.claim = mine.claim AND j.state = 'running'`, ids, claims, ids).Exec(ctx)
	return wrap(ctx, err, "release jobs")
}

// ReleaseOtherJobs gives back what the worker has claimed without knowing it, because the answer to its claim was lost.
func (s *Store) ReleaseOtherJobs(ctx context.Context, worker string, known []uuid.UUID) error {
	_, err := s.db.NewRaw(`
		UPDATE jobs SET state = 'queued', attempts = attempts - 1, lease_until = NULL
		WHERE state = 'running' AND worker = ? AND id <> ALL (?)`, worker, uuidArray(known)).Exec(ctx)
	return wrap(ctx, err, "release lost jobs")
}

func claimArrays(jobs []*models.Job) (ids, claims schema.QueryAppender) {
	keys, numbers := make([]uuid.UUID, len(jobs)), make([]string, len(jobs))
	for i, job := range jobs {
		keys[i], numbers[i] = job.ID, fmt.Sprint(job.Claim)
	}
	return uuidArray(keys), typedArray{numbers, "int[]"}
}

// RepeatJob gives the claimed job back, to be tried again after delay.
func (s *Store) RepeatJob(ctx context.Context, job *models.Job, delay time.Duration, reason models.JobError) error {
	return s.updateClaimed(ctx, job, "repeat job", "state = 'retrying', run_at = "+afterDelay+", ", delay.Milliseconds(), &reason)
}

// PostponeJob gives the claimed job back, to be tried again after delay, and takes the attempt back: something the job
// depends on is away, the job is not to blame. The reason does not push out the errors of attempts.
func (s *Store) PostponeJob(ctx context.Context, job *models.Job, delay time.Duration, reason string) error {
	return s.updateClaimed(ctx, job, "postpone job",
		"state = 'retrying', attempts = attempts - 1, run_at = "+afterDelay+", last_error = ?, ", delay.Milliseconds(), storable(reason))
}

// afterDelay is when a job is tried again; one that is to be cancelled meets its next worker at once.
const afterDelay = "CASE WHEN cancel_requested_at IS NULL THEN now() + ? * interval '1 ms' ELSE now() END"

// FailJob gives the claimed job up.
func (s *Store) FailJob(ctx context.Context, job *models.Job, reason models.JobError) error {
	return s.updateClaimed(ctx, job, "fail job", "state = 'failed', attempts = least(attempts, max_attempts), finished_at = now(), ", &reason)
}

// EndCancelledJob marks the claimed job as cancelled.
func (s *Store) EndCancelledJob(ctx context.Context, job *models.Job, reason models.JobError) error {
	return s.updateClaimed(ctx, job, "cancel job", "state = 'cancelled', finished_at = now(), ", &reason)
}

// SetJobProgress notes how far the claimed job is.
func (s *Store) SetJobProgress(ctx context.Context, job *models.Job, done, total int) error {
	_, err := s.db.NewRaw("UPDATE jobs SET progress_done = ?, progress_total = ? WHERE id = ? AND state = 'running' AND claim = ?",
		done, total, job.ID, job.Claim).Exec(ctx)
	return wrap(ctx, err, "note progress")
}

// rememberError appends to the errors of a job, dropping the oldest.
var rememberError = fmt.Sprintf(
	"last_error = ?, errors = CASE WHEN jsonb_array_length(errors) < %d THEN errors ELSE errors - 0 END || ?::jsonb, ", maxJobErrors)

// updateClaimed changes a job only while the caller's claim stands, and ends the claim; its number tells claims apart.
// A last argument of type JobError is remembered.
func (s *Store) updateClaimed(ctx context.Context, job *models.Job, doing, set string, args ...any) error {
	if reason, ok := args[len(args)-1].(*models.JobError); ok {
		reason.Error, reason.Stack = storable(reason.Error), storable(reason.Stack)
		entry, err := json.Marshal([]*models.JobError{reason})
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		set += rememberError
		args = append(args[:len(args)-1], reason.Error, string(entry))
	}
	args = append(args, job.ID, job.Claim)
	result, err := s.db.NewRaw("UPDATE jobs SET "+set+"lease_until = NULL WHERE id = ? AND state = 'running' AND claim = ?", args...).Exec(ctx)
	if err != nil {
		return wrap(ctx, err, doing)
	}
	if n, err := result.RowsAffected(); err == nil && n == 0 {
		return fmt.Errorf("%s: %w", doing, ErrNotFound)
	}
	return nil
}

// RescueJobs gives back the jobs of workers that died, and returns how many. Their attempts count; a job that has no
// more is left to the next worker to be given up.
func (s *Store) RescueJobs(ctx context.Context) (int64, error) {
	result, err := s.db.NewRaw(`
		WITH orphaned AS (
			SELECT id FROM jobs WHERE state = 'running' AND lease_until < now()
			ORDER BY lease_until LIMIT ?2 FOR UPDATE SKIP LOCKED
		)
		UPDATE jobs SET
			state = 'retrying', run_at = now(), lease_until = NULL, last_error = ?0,
			errors = CASE WHEN jsonb_array_length(errors) < ?1 THEN errors ELSE errors - 0 END || jsonb_build_object(
				'attempt', attempts, 'at', now(), 'worker', worker, 'error', ?0)
		WHERE id = ANY (ARRAY(SELECT id FROM orphaned))`, workerDied, maxJobErrors, maxRescue).Exec(ctx)
	if err != nil {
		return 0, wrap(ctx, err, "rescue jobs")
	}
	n, err := result.RowsAffected()
	return n, wrap(ctx, err, "rescue jobs")
}

// DeleteFinishedJobs removes jobs that ended before the given age, and returns how many.
func (s *Store) DeleteFinishedJobs(ctx context.Context, olderThan time.Duration) (int64, error) {
	var deleted int64
	for {
		result, err := s.db.NewRaw(`
			DELETE FROM jobs WHERE id = ANY (ARRAY(
				SELECT id FROM jobs WHERE state IN `+finishedStates+` AND finished_at < now() - ? * interval '1 ms'
				ORDER BY finished_at LIMIT ?))`, olderThan.Milliseconds(), deleteBatch).Exec(ctx)
		if err != nil {
			return deleted, wrap(ctx, err, "delete finished jobs")
		}
		n, err := result.RowsAffected()
		deleted += n
		if err != nil || n < deleteBatch {
			return deleted, wrap(ctx, err, "delete finished jobs")
		}
	}
}
