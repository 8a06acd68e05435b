package jobs

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/store"
)

// claim is a worker's hold on a job. Its context ends with the hold.
type claim struct {
	job     *models.Job
	claimed time.Time
	ctx     context.Context
	end     context.CancelCauseFunc
	// safeUntil is when another worker may take the job, with a margin; the mutex of claims guards it.
	safeUntil time.Time
}

// claims are all jobs a worker holds: those that wait in it, those that run, and those whose end is not yet written
// down. It renews their leases together.
type claims struct {
	store *store.Store
	lease time.Duration
	sweep time.Duration

	mu   sync.Mutex
	held map[uuid.UUID]*claim
}

func newClaims(s *store.Store, o Options) *claims {
	return &claims{store: s, lease: o.Lease, sweep: o.Sweep, held: map[uuid.UUID]*claim{}}
}

// add begins a claim. Our clock started before the database's, so that we see the claim end first.
func (h *claims) add(life context.Context, job *models.Job, asked time.Time) *claim {
	c := &claim{job: job, claimed: asked, safeUntil: asked.Add(h.safely())}
	c.ctx, c.end = context.WithCancelCause(life)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held[job.ID] = c
	return c
}

func (h *claims) safely() time.Duration { return h.lease * 9 / 10 }

func (h *claims) remove(ended ...*claim) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range ended {
		c.end(nil)
		if h.held[c.job.ID] == c {
			delete(h.held, c.job.ID)
		}
	}
}

// all returns the claims that are older than age.
func (h *claims) all(age time.Duration) []*claim {
	before := time.Now().Add(-age)
	h.mu.Lock()
	defer h.mu.Unlock()
	var old []*claim
	for _, c := range h.held {
		if c.claimed.Before(before) {
			old = append(old, c)
		}
	}
	return old
}

func jobsOf(held []*claim) []*models.Job {
	jobs := make([]*models.Job, len(held))
	for i, c := range held {
		jobs[i] = c.job
	}
	return jobs
}

func idsOf(held []*claim) []uuid.UUID {
	ids := make([]uuid.UUID, len(held))
	for i, c := range held {
		ids[i] = c.job.ID
	}
	return ids
}

// keep renews the claims until the context ends, and ends those that cannot be renewed before another worker can take
// their jobs. The two do not wait for each other: PostgreSQL may be away.
func (h *claims) keep(ctx context.Context) {
	var keeping sync.WaitGroup
	keeping.Go(func() { every(ctx, h.lease/3, h.renew) })
	keeping.Go(func() { every(ctx, h.lease/20, h.expire) })
	keeping.Go(func() { every(ctx, h.sweep, h.cancel) })
	keeping.Wait()
}

func every(ctx context.Context, period time.Duration, do func(context.Context)) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do(ctx)
		}
	}
}

func (h *claims) renew(ctx context.Context) {
	// What has just been claimed has time until the next round.
	held := h.all(h.lease / 6)
	if len(held) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, h.lease/3)
	defer cancel()
	asked := time.Now()
	renewed, err := h.store.RenewLeases(ctx, jobsOf(held), h.lease)
	if err != nil {
		return // the next round, or expire
	}
	standing := make(map[uuid.UUID]store.HeldJob, len(renewed))
	for _, r := range renewed {
		standing[r.ID] = r
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range held {
		r, stands := standing[c.job.ID]
		switch {
		case !stands:
			c.end(errClaimLost)
		case r.Cancelled:
			c.end(ErrCancelled)
			fallthrough
		default:
			c.safeUntil = asked.Add(h.safely())
		}
	}
}

func (h *claims) expire(context.Context) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.held {
		if c.safeUntil.Before(now) {
			c.end(errClaimLost)
		}
	}
}

// cancel looks for running jobs that are to be stopped; those that end before it comes round need not be.
func (h *claims) cancel(ctx context.Context) {
	held := h.all(h.sweep / 2)
	if len(held) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	cancelled, err := h.store.CancelledAmong(ctx, idsOf(held))
	if err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range cancelled {
		if c := h.held[id]; c != nil {
			c.end(ErrCancelled)
		}
	}
}

// persist writes something about held jobs, again and again while PostgreSQL is away and a claim stands.
func (h *claims) persist(held []*claim, write func(context.Context) error) error {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), stateTimeout)
		err := write(ctx)
		cancel()
		if err == nil || errors.Is(err, store.ErrNotFound) || !h.anySafe(held) {
			return err
		}
		time.Sleep(writeAgain)
	}
}

func (h *claims) anySafe(held []*claim) bool {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range held {
		if c.safeUntil.After(now) {
			return true
		}
	}
	return false
}
