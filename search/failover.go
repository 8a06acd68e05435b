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
	// HedgeAfter is when the secondary is asked as well, without giving the primary up; 0 means never.
	HedgeAfter time.Duration
	Logger     *slog.Logger

	// away is set while the secondary stands in, so that the log has a line for each change only.
	away atomic.Bool
}

// Search returns the primary's result, or the secondary's marked as degraded: when the primary cannot answer, and
// when it is late and the secondary is done before.
func (f *Failover) Search(ctx context.Context, r Request) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	primary := f.askPrimary(ctx, r)
	late, stop := f.late()
	defer stop()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("search: %w", ctx.Err())
	case o := <-primary:
		if o.err == nil || !o.replaceable {
			return o.result, o.err
		}
		return f.askSecondary(ctx, r)
	case <-late:
	}

	secondary := make(chan outcome, 1)
	go func() {
		result, err := f.askSecondary(ctx, r)
		secondary <- outcome{result: result, err: err}
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("search: %w", ctx.Err())
	case o := <-primary:
		if o.err == nil || !o.replaceable {
			return o.result, o.err
		}
		o = <-secondary
		return o.result, o.err
	case o := <-secondary:
		if o.err == nil {
			return o.result, nil
		}
		o = <-primary
		return o.result, o.err
	}
}

// outcome is how an engine has answered.
type outcome struct {
	result *Result
	err    error
	// replaceable says that another engine may do better.
	replaceable bool
}

// late ticks once when the secondary is to be asked as well.
func (f *Failover) late() (late <-chan time.Time, stop func()) {
	if f.HedgeAfter == 0 {
		return nil, func() {}
	}
	timer := time.NewTimer(f.HedgeAfter)
	return timer.C, func() { timer.Stop() }
}

// askPrimary does not end with the request: how long the primary takes when nobody waits any more tells whether it
// hangs, and that spares the next requests.
func (f *Failover) askPrimary(ctx context.Context, r Request) <-chan outcome {
	answer := make(chan outcome, 1)
	go func() {
		primaryCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.Timeout)
		defer cancel()
		result, err := f.Primary.Search(primaryCtx, r)
		if err == nil {
			if f.away.Swap(false) {
				f.Logger.InfoContext(ctx, "search engine answers again", "engine", f.Primary.Name())
			}
			answer <- outcome{result: result}
			return
		}
		replaceable := errors.Is(err, ErrUnavailable) || primaryCtx.Err() != nil
		if replaceable && !f.away.Swap(true) {
			f.Logger.WarnContext(ctx, "search engine is away, another stands in", "engine", f.Primary.Name(), "error", err)
		}
		answer <- outcome{err: fmt.Errorf("search in %s: %w", f.Primary.Name(), err), replaceable: replaceable}
	}()
	return answer
}

func (f *Failover) askSecondary(ctx context.Context, r Request) (*Result, error) {
	result, err := f.Secondary.Search(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("search in %s, which stands in: %w", f.Secondary.Name(), err)
	}
	result.Degraded = true
	return result, nil
}
