package search

import (
	"context"
	"log/slog"
	"time"
)

// KeepFresh refreshes what is kept in memory, at once and then at each interval, until the context ends. It logs the
// first of several failures in a row, naming what is not up to date.
func KeepFresh(ctx context.Context, what string, every time.Duration, refresh func(context.Context) error, logger *slog.Logger) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	failed := false
	for {
		err := refresh(ctx)
		if err != nil && ctx.Err() == nil && !failed {
			logger.WarnContext(ctx, "not up to date", "what", what, "error", err)
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}
