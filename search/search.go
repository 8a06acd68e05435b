// Package search finds products by words. Two engines implement one interface: search/elastic, and
// search/postgres, which needs nothing but the database and stands in when Elasticsearch is away.
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

// ErrUnavailable is what an engine returns, wrapped, when it cannot answer now.
var ErrUnavailable = errors.New("search engine unavailable")

// ErrNoIndex is what an engine returns, wrapped, when it has no index yet, or has lost it: a rebuild makes
// one. Until then it is unavailable.
var ErrNoIndex = fmt.Errorf("%w: it has no index", ErrUnavailable)

// EngineName tells clients which engine has answered.
type EngineName = models.SearchEngine

// The engines.
const (
	Elasticsearch = models.SearchElasticsearch
	Postgres      = models.SearchPostgres
)

// Request is what is looked for.
type Request struct {
	// Text is what the customer typed; it is never empty.
	Text string
	// Chain lists the languages to look in, the customer's first.
	Chain []models.LanguageCode
	// First is how many hits are wanted.
	First int
	// After is where the previous page ended; nil for the first page.
	After *Position
}

// Position is the place of a hit in a result. Results are ordered by score, best first, then by product
// id, so a position means the same whatever is inserted before it.
type Position struct {
	Score     float64   `json:"s"`
	ProductID uuid.UUID `json:"p"`
	// Engine gave the score. Scores of different engines do not compare: an engine that is asked to go on
	// after another's position skips Rank hits instead.
	Engine EngineName `json:"e"`
	// Rank counts the hits up to and including this one.
	Rank int `json:"r"`
}

// Hit is a found product and its place.
type Hit = Position

// Result is a page of hits, best first.
type Result struct {
	Hits []Hit
	// Total counts all published products that match.
	Total int
	// HasNext says whether there are hits after this page.
	HasNext bool
	// Engine is who answered; Degraded says that it stood in for another.
	Engine   EngineName
	Degraded bool
}

// Document is a product as the engines index it.
type Document struct {
	ProductID uuid.UUID
	// Version is the product's index version; an engine ignores a document older than the one it has.
	Version   int64
	Published bool
	// Codes are what identifies the product exactly: skus, EANs, manufacturer part numbers.
	Codes       []string
	Brand       string
	CategoryIDs []uuid.UUID
	CreatedAt   time.Time
	Texts       map[models.LanguageCode]Text
}

// Text is what a document says in one language.
type Text struct {
	Title            string
	ShortDescription string
	// Attributes are the variants' attribute values by their names in this language, each once.
	Attributes []string
}

// Engine finds products and keeps their documents.
type Engine interface {
	Name() EngineName
	// Search returns one page of published products. An error that wraps ErrUnavailable means that
	// another engine should be asked.
	Search(ctx context.Context, r Request) (*Result, error)
	// Index brings the documents into the index; older versions than the index has are ignored. It
	// returns when the documents are stored; they are found within a second.
	Index(ctx context.Context, documents []*Document) error
	// Delete removes the products from the index.
	Delete(ctx context.Context, ids []uuid.UUID) error
	// Rebuild starts a new, empty index beside the present one. Documents indexed while it runs go into
	// both.
	Rebuild(ctx context.Context) (Rebuild, error)
	// Ready says whether the engine can answer; the error wraps ErrNoIndex when only the index is missing.
	Ready(ctx context.Context) error
}

// Rebuild is an index that is being filled.
type Rebuild interface {
	// Add puts documents into the new index.
	Add(ctx context.Context, documents []*Document) error
	// Commit checks that the new index holds count documents or more and lets it take the old one's place at once.
	Commit(ctx context.Context, count int) error
	// Abort throws the new index away; after Commit it does nothing.
	Abort(ctx context.Context) error
}

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
