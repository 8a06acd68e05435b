package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
)

// ClaimJob takes a due job for lease: it is then running, and no other worker gets it before the lease
// ends. It returns ErrNotFound when the job is not due, is final or is another worker's. The claim
// counts as an attempt, so that a job that kills its worker is given up in the end.
func (s *Store) ClaimJob(ctx context.Context, id uuid.UUID, lease time.Duration) (*models.Job, error) {
	job := new(models.Job)
	err := s.db.NewRaw(`
		UPDATE jobs AS j
		SET state = 'running', attempts = j.attempts + 1, claim = j.claim + 1, started_at = now(), lease_until = now() + ? * interval '1 ms'
		WHERE j.id = ?
		  AND ((j.state IN ('scheduled', 'queued', 'retrying') AND j.run_at <= now())
		    OR (j.state = 'running' AND j.lease_until < now()))
		RETURNING j.*`, lease.Milliseconds(), id).Scan(ctx, job)
	if err != nil {
		return nil, wrap(ctx, err, "claim job")
	}
	return job, nil
}

// RenewLease prolongs the claim on a running job. It returns ErrNotFound when the claim of this attempt
// has been lost.
func (s *Store) RenewLease(ctx context.Context, job *models.Job, lease time.Duration) error {
	return s.updateClaimed(ctx, job, "renew lease", "lease_until = now() + ? * interval '1 ms'", lease.Milliseconds())
}

// FinishJob marks the claimed job as done.
func (s *Store) FinishJob(ctx context.Context, job *models.Job) error {
	return s.updateClaimed(ctx, job, "finish job", "state = 'succeeded', finished_at = now(), lease_until = NULL, last_error = ''")
}

// RepeatJob gives the claimed job back, to be tried again after delay.
func (s *Store) RepeatJob(ctx context.Context, job *models.Job, delay time.Duration, reason string) error {
	return s.updateClaimed(ctx, job, "retry job",
		"state = 'retrying', run_at = now() + ? * interval '1 ms', lease_until = NULL, last_error = ?", delay.Milliseconds(), storable(reason))
}

// PostponeJob gives the claimed job back, to be tried again after delay, and takes the attempt back:
// something the job depends on is away, the job is not to blame.
func (s *Store) PostponeJob(ctx context.Context, job *models.Job, delay time.Duration, reason string) error {
	return s.updateClaimed(ctx, job, "postpone job",
		"state = 'retrying', attempts = attempts - 1, run_at = now() + ? * interval '1 ms', lease_until = NULL, last_error = ?",
		delay.Milliseconds(), storable(reason))
}

// FailJob gives the claimed job up.
func (s *Store) FailJob(ctx context.Context, job *models.Job, reason string) error {
	return s.updateClaimed(ctx, job, "fail job", "state = 'failed', finished_at = now(), lease_until = NULL, last_error = ?", storable(reason))
}

// ReleaseJob gives the claimed job back at once and takes the attempt back: the worker stops, the job is
// not to blame.
func (s *Store) ReleaseJob(ctx context.Context, job *models.Job) error {
	return s.updateClaimed(ctx, job, "release job", "state = 'queued', attempts = attempts - 1, lease_until = NULL")
}

// updateClaimed changes a job only while the caller's claim stands; its number tells claims apart.
func (s *Store) updateClaimed(ctx context.Context, job *models.Job, doing, set string, args ...any) error {
	args = append(args, job.ID, job.Claim)
	result, err := s.db.NewRaw("UPDATE jobs SET "+set+" WHERE id = ? AND state = 'running' AND claim = ?", args...).Exec(ctx)
	if err != nil {
		return wrap(ctx, err, doing)
	}
	if n, err := result.RowsAffected(); err == nil && n == 0 {
		return fmt.Errorf("%s: %w", doing, ErrNotFound)
	}
	return nil
}

// DueJobs returns up to limit jobs that wait or whose worker died, most urgent first, oldest first. Each
// queue is looked at on its own, so that a long queue does not hide a more urgent one.
func (s *Store) DueJobs(ctx context.Context, limit int) ([]*models.Job, error) {
	var jobs []*models.Job
	err := s.db.NewRaw(`
		SELECT due.*
		FROM unnest(ARRAY['high', 'default', 'low']) WITH ORDINALITY AS q (name, rank)
		CROSS JOIN LATERAL (
			(SELECT * FROM jobs
			 WHERE queue = q.name AND state IN ('scheduled', 'queued', 'retrying') AND run_at <= now()
			 ORDER BY run_at, id LIMIT ?0)
			UNION ALL
			(SELECT * FROM jobs
			 WHERE queue = q.name AND state = 'running' AND lease_until < now()
			 ORDER BY lease_until LIMIT ?0)
		) AS due
		ORDER BY q.rank, due.run_at, due.id
		LIMIT ?0`, limit).Scan(ctx, &jobs)
	return jobs, wrap(ctx, err, "find due jobs")
}

// DeleteFinishedJobs removes jobs that ended before the given age, and returns how many.
func (s *Store) DeleteFinishedJobs(ctx context.Context, olderThan time.Duration) (int64, error) {
	result, err := s.db.NewRaw("DELETE FROM jobs WHERE state IN ('succeeded', 'failed', 'cancelled') AND finished_at < now() - ? * interval '1 ms'",
		olderThan.Milliseconds()).Exec(ctx)
	if err != nil {
		return 0, wrap(ctx, err, "delete finished jobs")
	}
	n, err := result.RowsAffected()
	return n, wrap(ctx, err, "delete finished jobs")
}
