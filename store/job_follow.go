package store

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/models"
)

// FollowedJob is a job as it was when somebody last looked.
type FollowedJob struct {
	models.Job `bun:",extend"`

	// Version is another one after each change of the row: the transaction that has written it.
	Version string `bun:"version,scanonly"`
	// Gone says that there is no such job any more; only the id is known then.
	Gone bool `bun:"gone,scanonly"`
}

// ChangedJobs returns those jobs among the known ones, versions by id, whose row is another one now; an unknown version is
// empty. It is one statement however many are asked for, and what has not changed costs only a look.
func (s *Store) ChangedJobs(ctx context.Context, known map[uuid.UUID]string) ([]*FollowedJob, error) {
	ids, versions := make([]uuid.UUID, 0, len(known)), make([]string, 0, len(known))
	for id, version := range known {
		ids, versions = append(ids, id), append(versions, version)
	}
	var changed []*FollowedJob
	err := s.db.NewRaw(`
		SELECT known.id, j.id IS NULL AS gone, coalesce(j.xmin::text, '') AS version,
		       j.kind, j.queue, j.payload, j.state, j.unique_key, j.attempts, j.max_attempts, j.worker, j.run_at, j.last_error, j.errors,
		       j.progress_done, j.progress_total, j.cancel_requested_at, j.created_at, j.started_at, j.finished_at
		FROM unnest(?, ?) AS known (id, version) LEFT JOIN jobs AS j ON j.id = known.id
		WHERE j.id IS NULL OR j.xmin::text <> known.version`, uuidArray(ids), stringArray(versions)).Scan(ctx, &changed)
	return changed, wrap(ctx, err, "look for changed jobs")
}
