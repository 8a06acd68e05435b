// Package search finds products by words. Two engines implement one interface: search/elastic, and
// search/postgres, which needs nothing but the database and stands in when Elasticsearch is away.
package search

import (
	"context"
	"errors"
	"fmt"
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
	// Filter bounds the hits; of a list's query only the conditions count. Hits are published in any case.
	Filter models.ProductQuery
	// Sort is the order of the hits; the zero value is the best first.
	Sort Sort
	// Facets asks for the facets of all hits.
	Facets bool
	// Highlight asks for the places of the texts that match.
	Highlight bool
	// Synonyms are the phrases of the text that may be said otherwise.
	Synonyms []Synonym
	// Rule is what the shop has laid down for this text; nil when nothing.
	Rule *Rule
}

// Sort is the order of hits. Hits with equal keys are in the order of their ids.
type Sort struct {
	Key       SortKey
	Direction models.SortDirection
	// PriceList is the code of the list whose prices count for SortByPrice.
	PriceList string
}

// SortKey is what hits are sorted by; empty means SortByRelevance.
type SortKey string

// The sort keys.
const (
	SortByRelevance SortKey = "RELEVANCE"
	SortByPrice     SortKey = "PRICE"
	SortByTitle     SortKey = "TITLE"
	SortByCreatedAt SortKey = "CREATED_AT"
	SortByUpdatedAt SortKey = "UPDATED_AT"
)

// Synonym says that a phrase of the text finds what its alternatives find.
type Synonym struct {
	// Phrase is one or more words of the text, folded.
	Phrase string
	// Alternatives are one or more words each, folded.
	Alternatives []string
}

// Rule is what merchandisers have laid down for a text.
type Rule struct {
	// Pinned products come first, in this order, whether they match or not, if they meet the filter.
	Pinned []uuid.UUID
	// Hidden products are no hits.
	Hidden []uuid.UUID
	// Boosts multiply the scores of products.
	Boosts map[uuid.UUID]float64
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
	// Corrected is the text whose hits these are when the typed one had too few: typing errors are mended in it.
	Corrected string
	// Relaxed says that no product matches as asked, and that these match less strictly.
	Relaxed bool
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
	// Delete removes products that were deleted at these versions; a newer document stays.
	Delete(ctx context.Context, deleted []models.IndexVersion) error
	// Rebuild starts a new, empty index beside the present one. Documents indexed while it runs go into
	// both.
	Rebuild(ctx context.Context) (Rebuild, error)
	// Ready says whether the engine can answer; the error wraps ErrNoIndex when only the index is missing.
	Ready(ctx context.Context) error
	// Current says whether the index was made by this very program: with its fields, its analysis and its languages.
	// One that was made by another release goes on answering until a rebuild has replaced it.
	Current(ctx context.Context) (bool, error)
	// Versions returns the versions of up to limit documents that follow the given product in the order of ids.
	Versions(ctx context.Context, after uuid.UUID, limit int) ([]models.IndexVersion, error)
}

// Rebuild is an index that is being filled. Its methods may be called at the same time, but for Commit and Abort.
type Rebuild interface {
	// Add puts documents into the new index; newer ones that it has already stay.
	Add(ctx context.Context, documents []*Document) error
	// Delete takes products out of it that were deleted at these versions.
	Delete(ctx context.Context, deleted []models.IndexVersion) error
	// Commit checks that the new index holds count documents or more and lets it take the old one's place at once.
	Commit(ctx context.Context, count int) error
	// Abort throws the new index away; after Commit it does nothing.
	Abort(ctx context.Context) error
}

// RebuildReport says what a rebuild has done.
type RebuildReport struct {
	Products int
	Engines  []EngineName
	Took     time.Duration
}

// Rate is how many products a second went into the engines.
func (r RebuildReport) Rate() float64 { return float64(r.Products) / r.Took.Seconds() }

// ErrNoPrevious is what Rollback returns, wrapped, when there is no index to go back to.
var ErrNoPrevious = errors.New("there is no index to go back to")

// Keeper is an engine that keeps the index before the present one.
type Keeper interface {
	Engine
	// Rollback lets the index before take the place of the present one, and keeps that in turn. What has changed
	// since then is not in it.
	Rollback(ctx context.Context) error
	// Abandoned says whether there is an index that was being filled; when no rebuild runs, nobody will finish it.
	Abandoned(ctx context.Context) (bool, error)
	// Discard deletes it.
	Discard(ctx context.Context) error
}
