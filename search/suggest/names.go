package suggest

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/store"
)

const (
	// lookForNames is how often Keep looks whether names have changed.
	lookForNames = time.Second
	// reloadNames is when names are read again although no change was seen: a transaction that takes long
	// commits a change with a time that has been passed.
	reloadNames = time.Minute
	// reloadPause is how many times longer than a reading the pause after it is at least.
	reloadPause = 20
)

// Names holds the names of all categories and brands of the shop: a few thousand, which are compared with what
// was typed faster than a server could be asked.
type Names struct {
	store *store.Store

	loading sync.Mutex
	loaded  atomic.Pointer[snapshot]
}

// snapshot is the names at one moment; it never changes.
type snapshot struct {
	version    string
	loadedAt   time.Time
	took       time.Duration
	categories []category
	brands     []label
}

type category struct {
	id     uuid.UUID
	titles map[models.LanguageCode]label
}

// label is a name that can be suggested.
type label struct {
	text  string
	words []string
	// weight says how much of the shop is behind the name.
	weight int
}

func newLabel(text string, weight int) label {
	return label{text: text, words: foldedWords(text), weight: weight}
}

// NewNames returns the names of the store's shop; they are read when they are needed first.
func NewNames(s *store.Store) *Names { return &Names{store: s} }

// Keep holds the names up to date until the context ends.
func (n *Names) Keep(ctx context.Context, logger *slog.Logger) {
	search.KeepFresh(ctx, "names for suggestions", lookForNames, n.Refresh, logger)
}

// Refresh reads the names again if they have changed.
func (n *Names) Refresh(ctx context.Context) error {
	n.loading.Lock()
	defer n.loading.Unlock()
	version, err := n.store.SearchNamesVersion(ctx)
	if err != nil {
		return err
	}
	if old := n.loaded.Load(); old != nil && !old.outdated(version) {
		return nil
	}
	return n.load(ctx, version)
}

func (s *snapshot) outdated(version string) bool {
	age := time.Since(s.loadedAt)
	return age > reloadPause*s.took && (s.version != version || age > reloadNames)
}

func (n *Names) load(ctx context.Context, version string) error {
	started := time.Now()
	names, err := n.store.LoadSearchNames(ctx)
	if err != nil {
		return err
	}
	s := &snapshot{version: version}
	for _, c := range names.Categories {
		titles := make(map[models.LanguageCode]label, len(c.Titles))
		for language, title := range c.Titles {
			titles[language] = newLabel(title, c.Products)
		}
		s.categories = append(s.categories, category{id: c.ID, titles: titles})
	}
	for _, b := range names.Brands {
		s.brands = append(s.brands, newLabel(b.Brand, b.Products))
	}
	s.loadedAt, s.took = time.Now(), time.Since(started)
	n.loaded.Store(s)
	return nil
}

// current returns the names as they were read last.
func (n *Names) current(ctx context.Context) (*snapshot, error) {
	if s := n.loaded.Load(); s != nil {
		return s, nil
	}
	if err := n.Refresh(ctx); err != nil {
		return nil, err
	}
	return n.loaded.Load(), nil
}

// title returns the category's name in the first language of the chain that has one.
func (c category) title(chain []models.LanguageCode) (label, bool) {
	for _, language := range chain {
		if title, ok := c.titles[language]; ok {
			return title, true
		}
	}
	return label{}, false
}
