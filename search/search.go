// Package search finds products by words. Two engines implement one interface: search/elastic, and
// search/postgres, which needs nothing but the database and stands in when Elasticsearch is away.
package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"ecoseller/models"
)

// ErrUnavailable is what an engine returns, wrapped, when it cannot answer now.
var ErrUnavailable = errors.New("search engine unavailable")

// ErrNoIndex is what an engine returns, wrapped, when it has no index yet, or has lost it: a rebuild makes
// one. Until then it is unavailable.
var ErrNoIndex = fmt.Errorf("%w: it has no index", ErrUnavailable)

// ErrBadPosition is what an engine returns, wrapped, for a Position that none of its results had.
var ErrBadPosition = errors.New("not a position in a search result")

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
	// Match is how much of the text a hit has to have.
	Match Match
	// First is how many hits are wanted.
	First int
	// After is where the previous page ended; nil for the first page.
	After *Position
	// Filter bounds the hits; of a list's query only the conditions count. Hits are published in any case.
	Filter models.ProductQuery
	// SlugCategoryIDs are the categories that Filter.CategorySlugs name. The caller looks them up: not every
	// engine can.
	SlugCategoryIDs []uuid.UUID
	// Sort is the order of the hits; the zero value is the best first.
	Sort Sort
	// Facets asks for the facets of all hits.
	Facets bool
	// FacetPriceList is the code of the list whose prices are counted.
	FacetPriceList string
	// Highlight asks for the places of the texts that match.
	Highlight bool
	// Synonyms are the phrases of the text that may be said otherwise.
	Synonyms []Synonym
	// Rule is what the shop has laid down for this text; nil when nothing.
	Rule *Rule
}

// Order names the order of the hits; a Position of one order is none in another.
func (r *Request) Order() string {
	switch r.Sort.Key {
	case "", SortByRelevance:
		return ""
	case SortByPrice:
		return fmt.Sprint(r.Sort.Key, " ", r.Sort.Direction, " ", r.Sort.PriceList)
	case SortByTitle:
		return fmt.Sprint(r.Sort.Key, " ", r.Sort.Direction, " ", r.Chain[0])
	}
	return fmt.Sprint(r.Sort.Key, " ", r.Sort.Direction)
}

// ByRelevance says whether the best hits come first.
func (s Sort) ByRelevance() bool { return s.Key == "" || s.Key == SortByRelevance }

// Match says how much of a text a hit has to have.
type Match string

// How much a hit has to have. Words that the text negates ("without a wire") are not asked for.
const (
	// MatchAny wants any word of the text; products with all words come first. The empty Match means the same.
	MatchAny Match = "ANY"
	// MatchAll wants all words, wherever in the product they stand.
	MatchAll Match = "ALL"
)

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
	// Pinned products are hits whether they match or not, if they meet the filter. Sorted by relevance they come
	// first, in this order.
	Pinned []uuid.UUID
	// Hidden products are no hits.
	Hidden []uuid.UUID
	// Boosts multiply the scores of products.
	Boosts map[uuid.UUID]float64
}

// Position is the place of a hit in a result. Hits are ordered by their keys, then by product id, so a position
// means the same whatever is inserted before it.
type Position struct {
	Score     float64   `json:"s"`
	ProductID uuid.UUID `json:"p"`
	// Engine gave the position. Scores and keys of different engines do not compare: an engine that is asked to
	// go on after another's position skips Rank hits instead.
	Engine EngineName `json:"e"`
	// Rank counts the hits up to and including this one.
	Rank int `json:"r"`
	// Order is the Order of the request.
	Order string `json:"o,omitempty"`
	// Key is what the hit was sorted by, as its engine writes it.
	Key string `json:"k,omitempty"`
	// Snapshot names the state of the index that the hit was found in, where the engine keeps one: the next page
	// is read from the same.
	Snapshot string `json:"n,omitempty"`
	// Seen tells which products were shown already although a snapshot has them after this position.
	Seen string `json:"d,omitempty"`
	// Match and Corrected say how the result came about: the pages after the first go on in the same way.
	Match     Match  `json:"m,omitempty"`
	Corrected string `json:"c,omitempty"`
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
	// Facets are nil unless they were asked for.
	Facets *models.SearchFacets
	// Highlights are those of the page's hits, when they were asked for; a hit without any may be missing.
	Highlights map[uuid.UUID]models.ProductSearchHighlight
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
	Codes []string
	Brand string
	// ProductType is the code of the product's type; empty when it has none.
	ProductType string
	Categories  []DocumentCategory
	CreatedAt   time.Time
	// ReleasedAt is when the product came to the market; nil when unknown.
	ReleasedAt *time.Time
	UpdatedAt  time.Time
	Variants   []DocumentVariant
	Texts      map[models.LanguageCode]Text
	// SortTitles are the places of the title in the alphabets of the shop's languages, as hexadecimal digits.
	SortTitles map[models.LanguageCode]string
}

// NewSince is the time from which the product counts as new: when it came to the market, or else into the shop.
func (d *Document) NewSince() time.Time {
	if d.ReleasedAt != nil {
		return *d.ReleasedAt
	}
	return d.CreatedAt
}

// InStock says whether a variant is in stock.
func (d *Document) InStock() bool {
	return slices.ContainsFunc(d.Variants, func(v DocumentVariant) bool { return v.InStock })
}

// DocumentCategory is a category that leads to a product: one the product is in, or one above that.
type DocumentCategory struct {
	ID uuid.UUID
	// Visible says that the way from the category down to the product is published.
	Visible bool
}

// DocumentVariant is a variant as the engines index it.
type DocumentVariant struct {
	SKU        string
	InStock    bool
	Attributes []DocumentAttribute
	// Prices are without VAT and after the discount, by the codes of the price lists.
	Prices map[string]decimal.Decimal
}

// DocumentAttribute is an attribute of a variant.
type DocumentAttribute struct {
	// Type is the code of the attribute type.
	Type  string
	Value string
	// Number is nil where the type has no numbers.
	Number *decimal.Decimal
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
