// Package subscriptions finds out about changes for those who follow something.
package subscriptions

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/store"
)

// lookEvery is how often jobs that are followed are looked at. Workers write progress twice a second.
const lookEvery = 250 * time.Millisecond

// Jobs tells followers of the changes of jobs. It asks PostgreSQL in one statement for all of them, and not at all while
// there are none. Notifications were thought of: each would take a lock of the whole server when its transaction commits,
// also for jobs that nobody follows, and that is nearly all; and one that is lost would have to be made up for by looking.
type Jobs struct {
	store  *store.Store
	logger *slog.Logger

	mu        sync.Mutex
	followers map[uuid.UUID]map[*follower]bool
	looking   bool
}

// follower is one that follows a job.
type follower struct {
	// changes holds the newest state that has not been taken yet.
	changes chan *models.Job
	// last is what it was told, version the row's.
	last    *models.Job
	version string
}

// NewJobs returns Jobs that have no followers.
func NewJobs(s *store.Store, logger *slog.Logger) *Jobs {
	return &Jobs{store: s, logger: logger, followers: map[uuid.UUID]map[*follower]bool{}}
}

// Follow returns the job as it is now, and then as it is after each change; who does not take a change in time gets the
// next one instead. The channel is closed when the job has finished, and when the context ends. A job that does not exist,
// or does not any more, is nil, and the last.
func (j *Jobs) Follow(ctx context.Context, id uuid.UUID) (<-chan *models.Job, error) {
	f := &follower{changes: make(chan *models.Job, 1)}
	now, err := j.store.ChangedJobs(ctx, map[uuid.UUID]string{id: ""})
	if err != nil {
		return nil, err
	}
	if f.take(now[0]) {
		close(f.changes)
		return f.changes, nil
	}
	j.add(id, f)
	context.AfterFunc(ctx, func() { j.remove(id, f) })
	return f.changes, nil
}

func (j *Jobs) add(id uuid.UUID, f *follower) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.followers[id] == nil {
		j.followers[id] = map[*follower]bool{}
	}
	j.followers[id][f] = true
	if !j.looking {
		j.looking = true
		go j.look()
	}
}

func (j *Jobs) remove(id uuid.UUID, f *follower) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.followers[id][f] {
		j.drop(id, f)
	}
}

// drop needs the lock.
func (j *Jobs) drop(id uuid.UUID, f *follower) {
	close(f.changes)
	delete(j.followers[id], f)
	if len(j.followers[id]) == 0 {
		delete(j.followers, id)
	}
}

// look asks for changes as long as there are followers. It belongs to none of them, so no request's context ends it; the
// store bounds each statement.
func (j *Jobs) look() {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	failing := false
	for range ticker.C {
		known := j.known()
		if known == nil {
			return
		}
		changed, err := j.store.ChangedJobs(context.Background(), known)
		if err != nil && !failing {
			j.logger.Warn("look for changed jobs; trying again", "error", err)
		}
		failing = err != nil
		j.tell(changed)
	}
}

// known are the jobs that are followed, and the versions that their followers know; nil ends the looking. Of followers that
// know different versions none counts, so that all are told.
func (j *Jobs) known() map[uuid.UUID]string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.followers) == 0 {
		j.looking = false
		return nil
	}
	known := make(map[uuid.UUID]string, len(j.followers))
	for id, followers := range j.followers {
		for f := range followers {
			if version, others := known[id]; others && version != f.version {
				known[id] = ""
				break
			}
			known[id] = f.version
		}
	}
	return known
}

func (j *Jobs) tell(changed []*store.FollowedJob) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, job := range changed {
		for f := range j.followers[job.ID] {
			if f.take(job) {
				j.drop(job.ID, f)
			}
		}
	}
}

// take hands the job on if it is another one to those who read it, and says whether that was the last time.
func (f *follower) take(now *store.FollowedJob) (last bool) {
	f.version = now.Version
	if now.Gone {
		f.put(nil)
		return true
	}
	if f.last == nil || differs(f.last, &now.Job) {
		f.put(&now.Job)
	}
	f.last = &now.Job
	return now.State.Finished()
}

// put never waits: nobody else puts, so there is room once the old one is taken away.
func (f *follower) put(job *models.Job) {
	select {
	case <-f.changes:
	default:
	}
	f.changes <- job
}

// differs compares what readers see. A renewed lease, for instance, is nothing to them.
func differs(a, b *models.Job) bool {
	return a.State != b.State || a.Attempts != b.Attempts || a.Worker != b.Worker || a.LastError != b.LastError ||
		len(a.Errors) != len(b.Errors) || !a.RunAt.Equal(b.RunAt) ||
		!equal(a.ProgressDone, b.ProgressDone) || !equal(a.ProgressTotal, b.ProgressTotal) ||
		!equalTime(a.CancelRequestedAt, b.CancelRequestedAt) || !equalTime(a.StartedAt, b.StartedAt) || !equalTime(a.FinishedAt, b.FinishedAt)
}

func equal(a, b *int) bool { return a == b || a != nil && b != nil && *a == *b }

func equalTime(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }
