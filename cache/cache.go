package cache

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"ecoseller/models"
	"ecoseller/store"
)

// listenAgainAfter is the pause after a connection that broke.
const listenAgainAfter = 500 * time.Millisecond

// entryOverhead is about what an entry takes besides its content, in bytes.
const entryOverhead = 200

// treesBytes is how much memory the trees of categories may take.
const treesBytes = 2 << 20

// Cache keeps whole answers, products with their parts, trees of categories, and markets.
type Cache struct {
	changes *Changes
	store   *store.Store
	// answers and products are nil when none are kept.
	answers  *otter.Cache[AnswerKey, *kept[*Answer]]
	products *otter.Cache[productKey, *kept[*store.ProductWithParts]]
	trees    *otter.Cache[treeKey, *kept[[][]uuid.UUID]]
	markets  *otter.Cache[models.CountryCode, *kept[*models.Market]]
	making   makers
	reads    *prometheus.CounterVec
}

// kept is something with what it depends on.
type kept[V any] struct {
	value V
	since Moment
	on    Dependence
	bytes uint32
}

// New returns a cache of that many bytes, which gives nothing before Keep listens. Markets and categories are few, and
// kept in any case.
func New(s *store.Store, bytes int64) *Cache {
	c := &Cache{
		changes: NewChanges(),
		store:   s,
		markets: otter.Must(&otter.Options[models.CountryCode, *kept[*models.Market]]{MaximumSize: 300}),
		trees:   bounded[treeKey, [][]uuid.UUID](treesBytes),
		making:  makers{running: map[AnswerKey]chan struct{}{}},
		reads:   newCounter(),
	}
	if bytes > 0 {
		c.answers = bounded[AnswerKey, *Answer](uint64(bytes) / 2)
		c.products = bounded[productKey, *store.ProductWithParts](uint64(bytes) / 2)
	}
	return c
}

func bounded[K comparable, V any](bytes uint64) *otter.Cache[K, *kept[V]] {
	return otter.Must(&otter.Options[K, *kept[V]]{
		MaximumWeight: bytes,
		Weigher:       func(_ K, k *kept[V]) uint32 { return k.bytes + entryOverhead },
	})
}

// Keep listens for changes until the context ends.
func (c *Cache) Keep(ctx context.Context, logger *slog.Logger) {
	for ctx.Err() == nil {
		err := c.store.ListenToCatalogue(ctx, c.changes)
		if ctx.Err() != nil {
			return
		}
		logger.WarnContext(ctx, "changes of the catalogue are not heard; nothing is cached meanwhile", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(listenAgainAfter):
		}
	}
}

// get returns what is kept, unless it has changed.
func get[K comparable, V any](c *Cache, kind string, from *otter.Cache[K, *kept[V]], key K) (value V, ok bool) {
	k, ok := from.GetIfPresent(key)
	outcome := "missing"
	if ok {
		outcome = "changed"
		if ok = c.changes.Unchanged(k.since, k.on); ok {
			outcome, value = "found", k.value
		}
	}
	c.reads.WithLabelValues(kind, outcome).Inc()
	return value, ok
}

// productKey is a product as it is read for a language.
type productKey struct {
	id       uuid.UUID
	language models.LanguageCode
	parts    store.ProductParts
}

// ProductsWithParts is that of the store, for readers without a token. What it returns is shared, and must not be
// changed.
func (c *Cache) ProductsWithParts(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode, parts store.ProductParts) ([]*store.ProductWithParts, error) {
	if c.products == nil {
		return c.store.ProductsWithParts(ctx, ids, chain, parts)
	}
	found := make([]*store.ProductWithParts, 0, len(ids))
	var missing []uuid.UUID
	for _, id := range ids {
		if product, ok := get(c, "product", c.products, productKey{id, chain[0], parts}); ok {
			found = append(found, product)
		} else {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	since := c.changes.Now()
	read, err := c.store.ProductsWithParts(ctx, missing, chain, parts)
	for _, product := range read {
		c.products.Set(productKey{product.ID, chain[0], parts}, &kept[*store.ProductWithParts]{
			value: product, since: since, on: Dependence{product.ID}, bytes: product.Size(),
		})
	}
	return append(found, read...), err
}

// treeKey are the categories of a query.
type treeKey struct {
	ids, slugs  string
	language    models.LanguageCode
	unpublished bool
}

// WithBelow is that of the store.
func (c *Cache) WithBelow(ctx context.Context, q models.ProductQuery) (models.ProductQuery, error) {
	if q.CategoryIDs == nil && q.CategorySlugs == nil {
		return q, nil
	}
	key := treeKey{ids: fmt.Sprint(q.CategoryIDs), slugs: fmt.Sprintf("%q", q.CategorySlugs), language: q.Chain[0], unpublished: q.UnpublishedCategories}
	if below, ok := get(c, "categories", c.trees, key); ok {
		q.CategoryIDs, q.CategorySlugs, q.Below = nil, nil, below
		return q, nil
	}
	since := c.changes.Now()
	q, err := c.store.WithBelow(ctx, q)
	if err == nil {
		c.trees.Set(key, &kept[[][]uuid.UUID]{value: q.Below, since: since, on: onReference, bytes: key.size() + sizeOf(q.Below)})
	}
	return q, err
}

func (k treeKey) size() uint32 { return uint32(min(len(k.ids)+len(k.slugs), treesBytes)) }

func sizeOf(lists [][]uuid.UUID) uint32 {
	ids := 0
	for _, list := range lists {
		ids += len(list)
	}
	return uint32(min(ids, treesBytes)) * uint32(len(uuid.UUID{}))
}

// MarketsByCountries is that of the store.
func (c *Cache) MarketsByCountries(ctx context.Context, countries []models.CountryCode) (map[models.CountryCode]*models.Market, error) {
	markets := make(map[models.CountryCode]*models.Market, len(countries))
	var missing []models.CountryCode
	for _, country := range countries {
		if market, ok := get(c, "market", c.markets, country); ok {
			markets[country] = market
		} else {
			missing = append(missing, country)
		}
	}
	if len(missing) == 0 {
		return markets, nil
	}
	since := c.changes.Now()
	read, err := c.store.MarketsByCountries(ctx, missing)
	if err != nil {
		return nil, err
	}
	for country, market := range read {
		markets[country] = market
		c.markets.Set(country, &kept[*models.Market]{value: market, since: since, on: onReference})
	}
	return markets, nil
}

// onReference names no product that could ever change.
var onReference = Dependence{Product: uuid.Max}
