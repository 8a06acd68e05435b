package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/store"
)

const (
	// waitForSearch is how long indexing waits for a search engine that is away.
	waitForSearch = 5 * time.Second
	// waitToRebuild is the same for a rebuild.
	waitToRebuild = time.Minute
	// batchesAtOnce is how many batches this process indexes at the same time: more would only make all of them late,
	// and a search engine that hangs keeps so many workers, and not all.
	batchesAtOnce = 3
	// waitForPlace is how long a job waits to become one of them, and leaveFor how long it makes way for other work
	// then. Mostly another batch takes its products along meanwhile.
	waitForPlace = 500 * time.Millisecond
	leaveFor     = 250 * time.Millisecond
)

// errPlacesTaken says that as many products are being indexed as may be at once.
var errPlacesTaken = errors.New("other products are being indexed")

// Indexer brings products into the search index.
type Indexer interface {
	IndexProducts(ctx context.Context, ids []uuid.UUID) error
	// Ready says whether that is possible now.
	Ready(ctx context.Context) error
	Rebuild(ctx context.Context, progress func(done, total int)) (search.RebuildReport, error)
}

type indexHandler struct {
	store   *store.Store
	indexer Indexer
	// indexing has an entry for each batch that is being indexed.
	indexing chan struct{}
}

func registerIndexing(handlers Handlers, s *store.Store, i Indexer) {
	h := &indexHandler{store: s, indexer: i, indexing: make(chan struct{}, batchesAtOnce)}
	Register(handlers, h.index, nil)
	Register(handlers, h.rebuild, nil)
}

// index indexes the products of its job and of others that wait: many small changes become few bulk requests.
func (h *indexHandler) index(ctx context.Context, _ models.IndexProducts) error {
	if err := h.takePlace(ctx); err != nil {
		return Postponed(err, leaveFor)
	}
	defer func() { <-h.indexing }()
	job := Current(ctx)
	if job.Claim > 1 {
		// It was tried before. While the engine is away, nothing else is worth doing again.
		if err := h.indexer.Ready(ctx); err != nil {
			return postponedWhileAway(err, waitForSearch)
		}
	}
	ids, err := h.store.AbsorbIndexing(ctx, job)
	if err != nil {
		return err
	}
	return postponedWhileAway(h.indexer.IndexProducts(ctx, ids), waitForSearch)
}

func (h *indexHandler) takePlace(ctx context.Context) error {
	select {
	case h.indexing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(waitForPlace):
		return errPlacesTaken
	}
}

// rebuild rebuilds unless that is being done already.
func (h *indexHandler) rebuild(ctx context.Context, _ models.RebuildSearchIndex) error {
	_, err := h.indexer.Rebuild(ctx, func(done, total int) { ReportProgress(ctx, done, total) })
	if errors.Is(err, store.ErrLocked) {
		return nil
	}
	return postponedWhileAway(err, waitToRebuild)
}

func postponedWhileAway(err error, delay time.Duration) error {
	if errors.Is(err, search.ErrUnavailable) {
		return Postponed(err, delay)
	}
	return err
}
