package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
)

// SuggestRequest is what a customer has typed so far.
type SuggestRequest struct {
	// Text has at least one letter or digit.
	Text string
	// Chain lists the languages to look in, the customer's first.
	Chain []models.LanguageCode
	// First is how many products are wanted.
	First int
}

// SuggestedProduct is a product whose title may be what the customer is typing.
type SuggestedProduct struct {
	ProductID uuid.UUID
	// Title is the title in the first language of the chain that the product speaks.
	Title string
}

// SuggestedProducts are candidates: more than were asked for, in no particular order. The order is made in one
// place for both engines, search/suggest.
type SuggestedProducts struct {
	Products []SuggestedProduct
	// Engine is who answered; Degraded says that it stood in for another.
	Engine   EngineName
	Degraded bool
}

// Suggester completes product titles. A title is a candidate when each word of the text is the beginning of one
// of its words; when few titles are, also when it nearly is. An error that wraps ErrUnavailable means that
// another engine should be asked.
type Suggester interface {
	Name() EngineName
	Suggest(ctx context.Context, r SuggestRequest) (*SuggestedProducts, error)
}

// SuggestFailover asks the primary suggester and, when that is unavailable, the secondary.
type SuggestFailover struct {
	Primary   Suggester
	Secondary Suggester
	// Timeout is how long the primary may take.
	Timeout time.Duration
	Logger  *slog.Logger

	// away is set while the secondary stands in, so that the log has a line for each change only.
	away atomic.Bool
}

// Name is that of the primary.
func (f *SuggestFailover) Name() EngineName { return f.Primary.Name() }

// Suggest returns the primary's candidates, or the secondary's marked as degraded.
func (f *SuggestFailover) Suggest(ctx context.Context, r SuggestRequest) (*SuggestedProducts, error) {
	primaryCtx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	found, err := f.Primary.Suggest(primaryCtx, r)
	if err == nil {
		if f.away.Swap(false) {
			f.Logger.InfoContext(ctx, "suggestions come from their engine again", "engine", f.Primary.Name())
		}
		return found, nil
	}
	if ctx.Err() != nil || !errors.Is(err, ErrUnavailable) && primaryCtx.Err() == nil {
		return nil, fmt.Errorf("suggest in %s: %w", f.Primary.Name(), err)
	}
	if !f.away.Swap(true) {
		f.Logger.WarnContext(ctx, "suggestions come from the engine that stands in", "engine", f.Primary.Name(), "error", err)
	}
	found, err = f.Secondary.Suggest(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("suggest in %s, which stands in: %w", f.Secondary.Name(), err)
	}
	found.Degraded = true
	return found, nil
}
