package indexer

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"ecoseller/search"
	"ecoseller/store"
)

// longestPause is how long KeepIndices waits at most after rebuilds that have failed.
const longestPause = 10 * time.Minute

// KeepIndices rebuilds when an engine turns out to have no index, at the first start and after a server has lost its
// data, or one that another release has made, which goes on answering until it is replaced. It also removes what a
// killed rebuild has left. It looks every interval until the context ends. Any number of processes may do so: one of
// them rebuilds.
func (x *Indexer) KeepIndices(ctx context.Context, interval time.Duration, logger *slog.Logger) {
	k := keeper{indexer: x, logger: logger, current: map[search.EngineName]bool{}}
	pause := interval
	for {
		if k.look(ctx) {
			pause = interval
		} else {
			pause = min(2*pause, max(interval, longestPause))
		}
		if wait(ctx, pause) != nil {
			return
		}
	}
}

type keeper struct {
	indexer *Indexer
	logger  *slog.Logger
	// current are the engines whose index this process has seen to be of its own making. When that changes, a newer
	// release is taking over: rebuilding against it would go to and fro for as long as both run.
	current map[search.EngineName]bool
}

// look rebuilds what needs it, and says whether all went well.
func (k *keeper) look(ctx context.Context) bool {
	ok := true
	for _, engine := range k.indexer.engines {
		if why := k.reasonToRebuild(ctx, engine); why != "" {
			ok = k.rebuild(ctx, engine, why) && ok
		}
		if keeper, can := engine.(search.Keeper); can {
			k.discardAbandoned(ctx, keeper)
		}
	}
	return ok
}

func (k *keeper) reasonToRebuild(ctx context.Context, engine search.Engine) string {
	err := engine.Ready(ctx)
	if errors.Is(err, search.ErrNoIndex) {
		return "there is none"
	}
	if err != nil {
		return "" // it is away, and may have an index
	}
	current, err := engine.Current(ctx)
	switch {
	case err != nil:
		return ""
	case current:
		k.current[engine.Name()] = true
		return ""
	case k.current[engine.Name()]:
		return ""
	}
	return "it was made by another release"
}

func (k *keeper) rebuild(ctx context.Context, engine search.Engine, why string) bool {
	k.logger.InfoContext(ctx, "rebuilding the search index", "engine", engine.Name(), "because", why)
	report, err := k.indexer.rebuildExclusively(ctx, []search.Engine{engine}, nil)
	switch {
	case err == nil:
		k.logger.InfoContext(ctx, "rebuilt the search index", "engine", engine.Name(), "products", report.Products,
			"took", report.Took.Round(time.Millisecond), "per_second", int(report.Rate()))
	case ctx.Err() == nil && !errors.Is(err, store.ErrLocked):
		k.logger.WarnContext(ctx, "rebuild search index", "engine", engine.Name(), "error", err)
		return false
	}
	return true
}

// discardAbandoned deletes the index that a killed rebuild has left: writes would go on going into it.
func (k *keeper) discardAbandoned(ctx context.Context, engine search.Keeper) {
	if abandoned, err := engine.Abandoned(ctx); err != nil || !abandoned {
		return
	}
	err := k.indexer.store.Exclusively(ctx, store.LockRebuild, engine.Discard)
	switch {
	case err == nil:
		k.logger.InfoContext(ctx, "deleted the index of a rebuild that was broken off", "engine", engine.Name())
	case !errors.Is(err, store.ErrLocked) && ctx.Err() == nil: // locked: it is not abandoned, but being filled
		k.logger.WarnContext(ctx, "delete the index of a rebuild that was broken off", "engine", engine.Name(), "error", err)
	}
}
