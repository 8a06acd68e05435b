package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// Failover asks the primary engine and, when that is unavailable, the secondary.
type Failover struct {
	Primary   Engine
	Secondary Engine
	// Timeout is how long the primary may take.
	Timeout time.Duration
	Logger  *slog.Logger

	// away is set while the secondary stands in, so that the log has a line for each change only.
	away atomic.Bool
}

// Search returns the primary's result, or the secondary's marked as degraded.
func (f *Failover) Search(ctx context.Context, r Request) (*Result, error) {
	primaryCtx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	result, err := f.Primary.Search(primaryCtx, r)
	if err == nil {
		if f.away.Swap(false) {
			f.Logger.InfoContext(ctx, "search engine answers again", "engine", f.Primary.Name())
		}
		return result, nil
	}
	if ctx.Err() != nil || !errors.Is(err, ErrUnavailable) && primaryCtx.Err() == nil {
		return nil, fmt.Errorf("search in %s: %w", f.Primary.Name(), err)
	}
	if !f.away.Swap(true) {
		f.Logger.WarnContext(ctx, "search engine is away, another stands in", "engine", f.Primary.Name(), "error", err)
	}
	result, err = f.Secondary.Search(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("search in %s, which stands in: %w", f.Secondary.Name(), err)
	}
	result.Degraded = true
	return result, nil
}
