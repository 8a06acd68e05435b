package indexer

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"ecoseller/search"
	"ecoseller/store"
)

// KeepIndices rebuilds when an engine turns out to have no index: at the first start, and after a server
// has lost its data. It looks every interval until the context ends. Any number of processes may do so:
// one of them rebuilds.
func (x *Indexer) KeepIndices(ctx context.Context, interval time.Duration, logger *slog.Logger) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if engine := x.withoutIndex(ctx); engine != nil {
			x.replaceLost(ctx, engine, logger)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// withoutIndex returns the first engine that answers but has no index.
func (x *Indexer) withoutIndex(ctx context.Context) search.Engine {
	for _, engine := range x.engines {
		if errors.Is(engine.Ready(ctx), search.ErrNoIndex) {
			return engine
		}
	}
	return nil
}

func (x *Indexer) replaceLost(ctx context.Context, engine search.Engine, logger *slog.Logger) {
	report, err := x.Rebuild(ctx, nil)
	switch {
	case err == nil:
		logger.InfoContext(ctx, "built the missing search index", "engine", engine.Name(), "products", report.Products, "took", report.Took)
	case ctx.Err() == nil && !errors.Is(err, store.ErrLocked):
		logger.WarnContext(ctx, "build the missing search index", "engine", engine.Name(), "error", err)
	}
}
