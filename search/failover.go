package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// FailoverOptions say when another engine is asked.
type FailoverOptions struct {
	// Timeout is how long the primary may take.
	Timeout time.Duration
	// HedgeAfter is when the secondary is asked as well, without giving the primary up; 0 means never.
	HedgeAfter time.Duration
	Logger     *slog.Logger
}

// Failover searches in the primary engine and, when that is unavailable or late, in the secondary.
type Failover struct{ pair pair[Request, *Result] }

// NewFailover returns a Failover of the two engines.
func NewFailover(primary, secondary Engine, o FailoverOptions) *Failover {
	return &Failover{pair[Request, *Result]{
		primary: asked[Request, *Result]{primary.Name(), primary.Search}, secondary: asked[Request, *Result]{secondary.Name(), secondary.Search},
		work: "search", degrade: func(r *Result) { r.Degraded = true }, options: o,
	}}
}

// Search returns the primary's result, or the secondary's marked as degraded: when the primary cannot answer, and
// when it is late and the secondary is done before.
func (f *Failover) Search(ctx context.Context, r Request) (*Result, error) { return f.pair.ask(ctx, r) }

// SuggestFailover takes suggestions from the primary and, when that is unavailable or late, from the secondary.
type SuggestFailover struct {
	pair pair[SuggestRequest, *SuggestedProducts]
}

// NewSuggestFailover returns a SuggestFailover of the two suggesters.
func NewSuggestFailover(primary, secondary Suggester, o FailoverOptions) *SuggestFailover {
	return &SuggestFailover{pair[SuggestRequest, *SuggestedProducts]{
		primary:   asked[SuggestRequest, *SuggestedProducts]{primary.Name(), primary.Suggest},
		secondary: asked[SuggestRequest, *SuggestedProducts]{secondary.Name(), secondary.Suggest},
		work:      "suggest", degrade: func(s *SuggestedProducts) { s.Degraded = true }, options: o,
	}}
}

// Name is that of the primary.
func (f *SuggestFailover) Name() EngineName { return f.pair.primary.name }

// Suggest returns the primary's candidates, or the secondary's marked as degraded.
func (f *SuggestFailover) Suggest(ctx context.Context, r SuggestRequest) (*SuggestedProducts, error) {
	return f.pair.ask(ctx, r)
}

// asked is an engine that answers requests of one kind.
type asked[R, A any] struct {
	name EngineName
	ask  func(context.Context, R) (A, error)
}

// pair are two engines, of which the secondary stands in for the primary.
type pair[R, A any] struct {
	primary, secondary asked[R, A]
	// work is what they do, for errors and logs.
	work string
	// degrade marks an answer of the secondary.
	degrade func(A)
	options FailoverOptions

	// away is set while the secondary stands in, so that the log has a line for each change only.
	away atomic.Bool
}

// outcome is how an engine has answered.
type outcome[A any] struct {
	answer A
	err    error
	// replaceable says that another engine may do better.
	replaceable bool
}

func (p *pair[R, A]) ask(ctx context.Context, r R) (A, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	primary := p.askPrimary(ctx, r)
	late, stop := p.late()
	defer stop()
	var none A
	select {
	case <-ctx.Done():
		return none, fmt.Errorf("%s: %w", p.work, ctx.Err())
	case o := <-primary:
		if o.err == nil || !o.replaceable {
			return o.answer, o.err
		}
		return p.askSecondary(ctx, r)
	case <-late:
	}

	secondary := make(chan outcome[A], 1)
	go func() {
		answer, err := p.askSecondary(ctx, r)
		secondary <- outcome[A]{answer: answer, err: err}
	}()
	select {
	case <-ctx.Done():
		return none, fmt.Errorf("%s: %w", p.work, ctx.Err())
	case o := <-primary:
		if o.err == nil || !o.replaceable {
			return o.answer, o.err
		}
		o = <-secondary
		return o.answer, o.err
	case o := <-secondary:
		if o.err == nil {
			return o.answer, nil
		}
		o = <-primary
		return o.answer, o.err
	}
}

// late ticks once when the secondary is to be asked as well.
func (p *pair[R, A]) late() (late <-chan time.Time, stop func()) {
	if p.options.HedgeAfter == 0 {
		return nil, func() {}
	}
	timer := time.NewTimer(p.options.HedgeAfter)
	return timer.C, func() { timer.Stop() }
}

// askPrimary does not end with the request: how long the primary takes when nobody waits any more tells whether it
// hangs, and that spares the next requests.
func (p *pair[R, A]) askPrimary(ctx context.Context, r R) <-chan outcome[A] {
	outcomes := make(chan outcome[A], 1)
	go func() {
		primaryCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.options.Timeout)
		defer cancel()
		answer, err := p.primary.ask(primaryCtx, r)
		if err == nil {
			if p.away.Swap(false) {
				p.options.Logger.InfoContext(ctx, "search engine answers again", "work", p.work, "engine", p.primary.name)
			}
			outcomes <- outcome[A]{answer: answer}
			return
		}
		replaceable := errors.Is(err, ErrUnavailable) || primaryCtx.Err() != nil
		if replaceable && !p.away.Swap(true) {
			p.options.Logger.WarnContext(ctx, "search engine is away, another stands in", "work", p.work, "engine", p.primary.name, "error", err)
		}
		outcomes <- outcome[A]{err: fmt.Errorf("%s in %s: %w", p.work, p.primary.name, err), replaceable: replaceable}
	}()
	return outcomes
}

func (p *pair[R, A]) askSecondary(ctx context.Context, r R) (A, error) {
	answer, err := p.secondary.ask(ctx, r)
	if err != nil {
		return answer, fmt.Errorf("%s in %s, which stands in: %w", p.work, p.secondary.name, err)
	}
	p.degrade(answer)
	return answer, nil
}
