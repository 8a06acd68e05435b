package jobs

import (
	"context"
	"log/slog"
	"sync"

	"ecoseller/store"
)

// maxFinish is how many successes one statement writes down.
const maxFinish = 1000

// finisher writes down successes, all together that have come while the last ones were being written. So a single one
// does not wait, and many cost one statement.
type finisher struct {
	store   *store.Store
	claims  *claims
	logger  *slog.Logger
	done    chan *claim
	writing sync.WaitGroup
}

func newFinisher(s *store.Store, claims *claims, logger *slog.Logger) *finisher {
	f := &finisher{store: s, claims: claims, logger: logger, done: make(chan *claim, maxFinish)}
	f.writing.Go(f.writeAll)
	return f
}

// add takes over a claim whose job is done.
func (f *finisher) add(c *claim) { f.done <- c }

// close writes what is left. Nothing may be added after it.
func (f *finisher) close() {
	close(f.done)
	f.writing.Wait()
}

func (f *finisher) writeAll() {
	for first := range f.done {
		f.write(f.collect(first))
	}
}

func (f *finisher) collect(first *claim) []*claim {
	batch := []*claim{first}
	for len(batch) < maxFinish {
		select {
		case c, open := <-f.done:
			if !open {
				return batch
			}
			batch = append(batch, c)
		default:
			return batch
		}
	}
	return batch
}

func (f *finisher) write(batch []*claim) {
	defer f.claims.remove(batch...)
	err := f.claims.persist(batch, func(ctx context.Context) error { return f.store.FinishJobs(ctx, jobsOf(batch)) })
	if err != nil {
		f.logger.Error("write that jobs are done", "count", len(batch), "error", err)
	}
}
