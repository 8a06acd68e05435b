package store

import (
	"context"

	"ecoseller/models"
)

// Jobs returns up to limit jobs, the newest first, from behind a cursor, and whether there are more. Ids grow with time.
func (s *Store) Jobs(ctx context.Context, filter models.JobQuery, after *models.JobCursor, limit int) (jobs []*models.Job, more bool, err error) {
	query := s.db.NewSelect().Model(&jobs).OrderExpr("j.id DESC").Limit(int64(limit) + 1)
	if len(filter.States) > 0 {
		query.Where("j.state = ANY (?)", stringArray(filter.States))
	}
	if len(filter.Kinds) > 0 {
		query.Where("j.kind = ANY (?)", stringArray(filter.Kinds))
	}
	if len(filter.Queues) > 0 {
		query.Where("j.queue = ANY (?)", stringArray(filter.Queues))
	}
	if after != nil {
		query.Where("j.id < ?", after.ID)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, false, wrap(ctx, err, "list jobs")
	}
	if len(jobs) > limit {
		return jobs[:limit], true, nil
	}
	return jobs, false, nil
}

// JobQueueStatuses returns what goes on in the queues, the most urgent first.
func (s *Store) JobQueueStatuses(ctx context.Context) ([]*models.JobQueueStatus, error) {
	var statuses []*models.JobQueueStatus
	err := s.db.NewRaw(`
		WITH waiting AS (
			SELECT queue, count(*) FILTER (WHERE run_at <= now()) AS depth, count(*) FILTER (WHERE run_at > now()) AS scheduled,
			       min(run_at) AS oldest
			FROM jobs WHERE state IN `+waitingStates+` GROUP BY queue
		), running AS (
			SELECT queue, count(*) AS running FROM jobs WHERE state = 'running' GROUP BY queue
		), finished AS (
			SELECT queue, count(*) AS finished FROM jobs
			WHERE state IN `+finishedStates+` AND finished_at > now() - interval '1 minute' GROUP BY queue
		)
		SELECT q.queue, coalesce(depth, 0) AS depth, coalesce(scheduled, 0) AS scheduled, coalesce(running, 0) AS running,
		       greatest(coalesce(extract(epoch FROM now() - oldest), 0), 0)::float AS oldest_age_seconds,
		       coalesce(finished, 0) AS finished_per_minute
		FROM unnest(?) WITH ORDINALITY AS q (queue, rank)
		LEFT JOIN waiting USING (queue) LEFT JOIN running USING (queue) LEFT JOIN finished USING (queue)
		ORDER BY rank`, stringArray(models.JobQueues())).Scan(ctx, &statuses)
	return statuses, wrap(ctx, err, "look at queues")
}
