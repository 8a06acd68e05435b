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
)

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
}

func registerIndexing(handlers Handlers, s *store.Store, i Indexer) {
	h := &indexHandler{store: s, indexer: i}
	Register(handlers, h.index, nil)
	Register(handlers, h.rebuild, nil)
}

// index indexes the products of its job and of others that wait: many small changes become few bulk requests.
func (h *indexHandler) index(ctx context.Context, _ models.IndexProducts) error {
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
