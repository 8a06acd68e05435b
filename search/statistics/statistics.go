// Package statistics counts searches and clicks in memory and writes them down every few seconds, so that a search
// does not wait for it. It counts texts, not people. What a killed process has not written is lost.
package statistics

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
)

// The limits, so that nobody fills memory or database by searching for nonsense.
const (
	// flushEvery is how often the counts are written.
	flushEvery = 5 * time.Second
	// maxTexts is how many different texts are counted between two writes; others are dropped.
	maxTexts = 2000
	// maxTextLength is how many characters a text has that is counted.
	maxTextLength = 100
	// maxClickedProducts is how many different products are counted for a text between two writes.
	maxClickedProducts = 50
	// MaxPosition is the last place of a hit whose clicks are counted.
	MaxPosition = 10_000
	// forgetEvery is how often old statistics are taken out.
	forgetEvery = 6 * time.Hour
	// lastFlush bounds the last write of a process that stops.
	lastFlush = 5 * time.Second
)

// Writer is where counts are added up.
type Writer interface {
	// CountSearches adds the counts, which come in the order of their keys.
	CountSearches(ctx context.Context, counts []*models.SearchCount) error
	// ForgetSearches takes out what was counted before the last days.
	ForgetSearches(ctx context.Context, days int) (int, error)
}

// Recorder collects counts. A nil one counts nothing.
type Recorder struct {
	writer Writer
	// days is how long statistics are kept.
	days int

	mu      sync.Mutex
	counts  map[models.SearchKey]*models.SearchCount
	dropped int
	// flushing keeps two writes from overtaking each other.
	flushing sync.Mutex
}

// New returns a recorder whose statistics are kept for some days.
func New(writer Writer, days int) *Recorder {
	return &Recorder{writer: writer, days: days, counts: map[models.SearchKey]*models.SearchCount{}}
}

// keyOf returns what a text is counted by, and how people see it; ok is false when it is not counted.
func keyOf(language models.LanguageCode, typed string) (key models.SearchKey, text string, ok bool) {
	if !utf8.ValidString(typed) {
		return key, "", false
	}
	text = singleSpaces(norm.NFC.String(strings.ToLower(typed)))
	query := singleSpaces(analysis.Fold(text))
	if query == "" || max(utf8.RuneCountInString(text), utf8.RuneCountInString(query)) > maxTextLength {
		return key, "", false
	}
	return models.SearchKey{Language: language, Query: query}, text, true
}

// singleSpaces also takes out what databases do not store.
func singleSpaces(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// Searched counts a search that was answered. Further pages, filters and other orders are the same search again.
func (r *Recorder) Searched(request search.Request, result *search.Result) {
	if r == nil || request.After != nil || isRefined(request) {
		return
	}
	key, text, ok := keyOf(request.Chain[0], request.Text)
	if !ok {
		return
	}
	r.count(key, func(c *models.SearchCount) {
		if c.Text == "" || text != key.Query {
			c.Text = text
		}
		c.Searches++
		c.Results += result.Total
		if result.Total == 0 {
			c.WithoutResults++
		}
		c.Found = result.Total > 0 && !result.Relaxed && result.Corrected == ""
	})
}

func isRefined(r search.Request) bool {
	f := r.Filter
	sorted := r.Sort.Key != "" && r.Sort.Key != search.SortByRelevance
	byLists := len(f.IDs)+len(f.SKUs)+len(f.CategoryIDs)+len(f.CategorySlugs)+len(f.ProductTypes)+len(f.Brands)+len(f.Attributes) > 0
	return sorted || byLists || f.CreatedSince != nil || f.UpdatedSince != nil || f.InStock != nil || f.Price != nil
}

// Clicked counts a click on a hit at a position, the first being 1, and says whether it did.
func (r *Recorder) Clicked(id ID, product uuid.UUID, position int) bool {
	if r == nil || position < 1 || position > MaxPosition {
		return false
	}
	key, text, ok := keyOf(id.Language, id.Text)
	if !ok {
		return false
	}
	return r.count(key, func(c *models.SearchCount) {
		if c.Text == "" {
			c.Text = text
		}
		c.Clicks++
		c.Positions += position
		addClicks(c, product, 1)
	})
}

func addClicks(c *models.SearchCount, product uuid.UUID, clicks int) {
	if _, known := c.Clicked[product]; !known && len(c.Clicked) >= maxClickedProducts {
		return
	}
	if c.Clicked == nil {
		c.Clicked = map[uuid.UUID]int{}
	}
	c.Clicked[product] += clicks
}

// count changes the count of a key, and says whether there was room for it.
func (r *Recorder) count(key models.SearchKey, change func(*models.SearchCount)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts[key]
	if c == nil {
		if len(r.counts) >= maxTexts {
			r.dropped++
			return false
		}
		c = &models.SearchCount{SearchKey: key}
		r.counts[key] = c
	}
	change(c)
	return true
}

// Flush writes the counts down. If that fails they are kept for the next time.
func (r *Recorder) Flush(ctx context.Context) error {
	r.flushing.Lock()
	defer r.flushing.Unlock()
	counts := r.take()
	if len(counts) == 0 {
		return nil
	}
	if err := r.writer.CountSearches(ctx, counts); err != nil {
		r.putBack(counts)
		return fmt.Errorf("write search statistics: %w", err)
	}
	return nil
}

func (r *Recorder) take() []*models.SearchCount {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := make([]*models.SearchCount, 0, len(r.counts))
	for _, c := range r.counts {
		counts = append(counts, c)
	}
	slices.SortFunc(counts, func(a, b *models.SearchCount) int {
		return cmp.Or(cmp.Compare(a.Language, b.Language), cmp.Compare(a.Query, b.Query))
	})
	r.counts = map[models.SearchKey]*models.SearchCount{}
	return counts
}

// putBack adds counts that could not be written to those that came meanwhile.
func (r *Recorder) putBack(counts []*models.SearchCount) {
	for _, old := range counts {
		r.count(old.SearchKey, func(c *models.SearchCount) {
			if c.Searches == 0 {
				c.Found = old.Found
			}
			if c.Text == "" || c.Text == c.Query {
				c.Text = old.Text
			}
			c.Searches += old.Searches
			c.WithoutResults += old.WithoutResults
			c.Results += old.Results
			c.Clicks += old.Clicks
			c.Positions += old.Positions
			for product, clicks := range old.Clicked {
				addClicks(c, product, clicks)
			}
		})
	}
}

// Keep writes the counts every few seconds until the context ends, and then once more; now and then it forgets what
// is too old.
func (r *Recorder) Keep(ctx context.Context, logger *slog.Logger) {
	flush, forget := time.NewTicker(flushEvery), time.NewTicker(forgetEvery)
	defer flush.Stop()
	defer forget.Stop()
	r.forget(ctx, logger)
	for {
		select {
		case <-ctx.Done():
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
			defer cancel()
			r.flushAndLog(stopping, logger)
			return
		case <-flush.C:
			r.flushAndLog(ctx, logger)
		case <-forget.C:
			r.forget(ctx, logger)
		}
	}
}

func (r *Recorder) flushAndLog(ctx context.Context, logger *slog.Logger) {
	if err := r.Flush(ctx); err != nil && ctx.Err() == nil {
		logger.WarnContext(ctx, "search statistics wait", "error", err)
	}
	r.mu.Lock()
	dropped := r.dropped
	r.dropped = 0
	r.mu.Unlock()
	if dropped > 0 {
		logger.WarnContext(ctx, "too many different searches to count", "dropped", dropped)
	}
}

func (r *Recorder) forget(ctx context.Context, logger *slog.Logger) {
	if _, err := r.writer.ForgetSearches(ctx, r.days); err != nil && ctx.Err() == nil {
		logger.WarnContext(ctx, "old search statistics stay", "error", err)
	}
}

// ID is what an answer tells clients about its search, so that clicks on its hits can be counted. It says all there
// is to know: no server has to remember searches.
type ID struct {
	Language models.LanguageCode `json:"l"`
	// Text is empty when the search is not counted.
	Text string `json:"t"`
}

// IDOf returns the id of a search.
func IDOf(r search.Request) ID {
	id := ID{Language: r.Chain[0]}
	_, id.Text, _ = keyOf(id.Language, r.Text)
	return id
}

// Next is who answers a search.
type Next interface {
	Search(ctx context.Context, r search.Request) (*search.Result, error)
}

// Searcher counts the searches that are answered.
type Searcher struct {
	Recorder *Recorder
	Next     Next
}

// Search answers the request.
func (s *Searcher) Search(ctx context.Context, r search.Request) (*search.Result, error) {
	result, err := s.Next.Search(ctx, r)
	if err == nil {
		s.Recorder.Searched(r, result)
	}
	return result, err //nolint:wrapcheck // the engine's errors say what was being done
}
