package indexer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"ecoseller/search"
	"ecoseller/store"
)

// How many batches are read, and written into an engine, at the same time. What is in memory is bounded by them.
const (
	readers = 2
	writers = 3
)

// abortTimeout bounds the cleaning up after a rebuild that was not finished.
const abortTimeout = 30 * time.Second

// Report says what a rebuild has done.
type Report = search.RebuildReport

// Rebuild fills new indices of all engines from the database and puts them in place of the old ones.
// Searches go on meanwhile, and so do changes: these go into both. progress is told how many products
// are done, of how many; it may be nil. The error wraps store.ErrLocked while another rebuild runs.
func (x *Indexer) Rebuild(ctx context.Context, progress func(done, total int)) (Report, error) {
	return x.rebuildExclusively(ctx, x.engines, progress)
}

func (x *Indexer) rebuildExclusively(ctx context.Context, engines []search.Engine, progress func(done, total int)) (report Report, err error) {
	if progress == nil {
		progress = func(int, int) {}
	}
	err = x.store.Exclusively(ctx, store.LockRebuild, func(ctx context.Context) error {
		report, err = x.rebuild(ctx, engines, progress)
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("rebuild search index: %w", err)
	}
	return report, nil
}

func (x *Indexer) rebuild(ctx context.Context, engines []search.Engine, progress func(done, total int)) (Report, error) {
	started := time.Now()
	total, err := x.store.CountAllProducts(ctx)
	if err != nil {
		return Report{}, err
	}
	horizon, err := x.store.IndexHorizonNow(ctx)
	if err != nil {
		return Report{}, err
	}
	rebuilds, err := begin(ctx, engines)
	defer abort(ctx, rebuilds)
	if err != nil {
		return Report{}, err
	}
	written, err := x.fill(ctx, rebuilds, func(done int) { progress(done, max(total, done)) })
	if err != nil {
		return Report{}, err
	}
	report := Report{Products: written}
	for i, r := range rebuilds {
		if err := x.commit(ctx, r, written, horizon); err != nil {
			return Report{}, fmt.Errorf("in %s: %w", engines[i].Name(), err)
		}
		report.Engines = append(report.Engines, engines[i].Name())
	}
	report.Took = time.Since(started)
	return report, x.store.DeleteOldTombstones(ctx)
}

func begin(ctx context.Context, engines []search.Engine) ([]search.Rebuild, error) {
	var rebuilds []search.Rebuild
	for _, engine := range engines {
		r, err := engine.Rebuild(ctx)
		if err != nil {
			return rebuilds, fmt.Errorf("in %s: %w", engine.Name(), err)
		}
		rebuilds = append(rebuilds, r)
	}
	return rebuilds, nil
}

// abort throws away what was not committed.
func abort(ctx context.Context, rebuilds []search.Rebuild) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	for _, r := range rebuilds {
		_ = r.Abort(ctx) // what stays is found by the next rebuild, and by KeepIndices
	}
}

// fill streams all products into the rebuilds: ids are listed, batches of them read, and batches of documents written,
// all at the same time. It returns how many products were read. A batch counts as done when every engine has it.
func (x *Indexer) fill(ctx context.Context, rebuilds []search.Rebuild, progress func(done int)) (int, error) {
	group, ctx := errgroup.WithContext(ctx)
	ids := make(chan []uuid.UUID)
	group.Go(func() error {
		defer close(ids)
		return x.listIDs(ctx, ids)
	})

	lanes := make([]chan *batch, len(rebuilds))
	for i := range lanes {
		lanes[i] = make(chan *batch)
	}
	var reading sync.WaitGroup
	for range readers {
		reading.Add(1)
		group.Go(func() error {
			defer reading.Done()
			return x.readBatches(ctx, ids, lanes)
		})
	}
	group.Go(func() error {
		reading.Wait()
		for _, lane := range lanes {
			close(lane)
		}
		return nil
	})

	count := counter{progress: progress}
	for i, r := range rebuilds {
		for range writers {
			group.Go(func() error { return writeBatches(ctx, r, lanes[i], &count) })
		}
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	return count.done, nil
}

// batch is a number of documents on their way into all engines.
type batch struct {
	documents []*search.Document
	// missing counts the engines that do not have it yet.
	missing atomic.Int32
}

func (x *Indexer) listIDs(ctx context.Context, ids chan<- []uuid.UUID) error {
	var last uuid.UUID
	for {
		page, err := x.store.ProductIDsAfter(ctx, last, batchSize)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := send(ctx, ids, page); err != nil {
			return err
		}
		last = page[len(page)-1]
	}
}

func (x *Indexer) readBatches(ctx context.Context, ids <-chan []uuid.UUID, lanes []chan *batch) error {
	for page := range ids {
		documents, err := x.documents(ctx, page)
		if err != nil {
			return err
		}
		b := &batch{documents: documents}
		b.missing.Store(int32(len(lanes)))
		for _, lane := range lanes {
			if err := send(ctx, lane, b); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeBatches(ctx context.Context, r search.Rebuild, lane <-chan *batch, count *counter) error {
	for b := range lane {
		if err := r.Add(ctx, b.documents); err != nil {
			return err
		}
		if b.missing.Add(-1) == 0 {
			count.add(len(b.documents))
		}
	}
	return nil
}

// counter tells the progress, one number after the other.
type counter struct {
	mu       sync.Mutex
	done     int
	progress func(done int)
}

func (c *counter) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done += n
	c.progress(c.done)
}

func send[T any](ctx context.Context, channel chan<- T, value T) error {
	select {
	case channel <- value:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx) //nolint:wrapcheck // the group's first error
	}
}

// commit takes the products out that were deleted after they had been read, and puts the index in place. It has to hold
// all that were written, less those that were deleted since the rebuild began.
func (x *Indexer) commit(ctx context.Context, r search.Rebuild, written int, horizon store.IndexHorizon) error {
	if err := x.bury(ctx, r, horizon); err != nil {
		return err
	}
	deleted, err := x.store.CountDeletedSince(ctx, horizon)
	if err != nil {
		return err
	}
	return r.Commit(ctx, written-deleted)
}

// bury writes the latest deletions into the new index, which remembers them then: whoever read one of these products
// before it was deleted, and writes it late, is refused.
func (x *Indexer) bury(ctx context.Context, r search.Rebuild, horizon store.IndexHorizon) error {
	var last uuid.UUID
	for {
		deleted, err := x.store.DeletedSince(ctx, horizon, last, batchSize)
		if err != nil || len(deleted) == 0 {
			return err
		}
		if err := r.Delete(ctx, deleted); err != nil {
			return err
		}
		last = deleted[len(deleted)-1].ProductID
	}
}
