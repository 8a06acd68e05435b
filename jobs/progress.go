package jobs

import (
	"context"
	"sync"
	"time"

	"ecoseller/models"
	"ecoseller/store"
)

// progressEvery is how often the progress of a job is written at most.
const progressEvery = 500 * time.Millisecond

type runKey struct{}

// run is what the context of a handler knows about its job.
type run struct {
	store *store.Store
	job   *models.Job

	mu      sync.Mutex
	written time.Time
}

func withJob(ctx context.Context, s *store.Store, job *models.Job) context.Context {
	return context.WithValue(ctx, runKey{}, &run{store: s, job: job})
}

// Current returns the job that a handler's context belongs to; nil outside of handlers.
func Current(ctx context.Context) *models.Job {
	if r, ok := ctx.Value(runKey{}).(*run); ok {
		return r.job
	}
	return nil
}

// ReportProgress notes how much of its job a handler has done. It may be called often: it writes twice a second. What
// cannot be written is left out.
func ReportProgress(ctx context.Context, done, total int) {
	r, ok := ctx.Value(runKey{}).(*run)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.written) < progressEvery && done < total {
		return
	}
	r.written = time.Now()
	_ = r.store.SetJobProgress(ctx, r.job, done, total)
}
