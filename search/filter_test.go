package search_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/store"
)

// conditions are what random filters are made of.
type conditions struct {
	*bench
	*rand.Rand
	ids, categories                            []uuid.UUID
	skus, slugs, brands, types, numbers, lists []string
	values                                     []struct{ Code, Value string }
}

func newConditions(b *bench) *conditions {
	c := &conditions{bench: b, Rand: rand.New(rand.NewPCG(1, 2))}
	b.column(&c.ids, "SELECT id FROM products ORDER BY id")
	b.column(&c.categories, "SELECT id FROM categories ORDER BY code")
	b.column(&c.skus, "SELECT sku FROM product_variants ORDER BY sku")
	b.column(&c.slugs, "SELECT slug FROM category_translations WHERE language = 'cs' ORDER BY slug")
	b.column(&c.brands, "SELECT DISTINCT brand FROM products WHERE brand <> '' ORDER BY brand")
	b.column(&c.types, "SELECT code FROM product_types ORDER BY code")
	b.column(&c.numbers, "SELECT DISTINCT at.code FROM attributes AS a JOIN attribute_types AS at ON at.id = a.attribute_type_id WHERE a.number IS NOT NULL ORDER BY at.code")
	b.column(&c.lists, "SELECT code FROM price_lists ORDER BY code")
	b.column(&c.values, "SELECT at.code, a.value FROM attributes AS a JOIN attribute_types AS at ON at.id = a.attribute_type_id ORDER BY at.code, a.value")
	return c
}

func (b *bench) column(into any, sql string, args ...any) {
	b.Helper()
	if err := b.db.NewRaw(sql, args...).Scan(b.Context(), into); err != nil {
		b.Fatal(err)
	}
}

func some[V any](c *conditions, all []V) []V {
	chosen := make([]V, 0, 3)
	for range 1 + c.IntN(3) {
		chosen = append(chosen, all[c.IntN(len(all))])
	}
	return chosen
}

// add puts one random condition into a filter.
func (c *conditions) add(q *models.ProductQuery) {
	yes, no := true, false
	bound := func(most float64) *decimal.Decimal {
		if c.IntN(3) == 0 {
			return nil
		}
		d := decimal.NewFromFloat(c.Float64() * most).Round(int32(c.IntN(4)))
		return &d
	}
	switch c.IntN(12) {
	case 0:
		q.IDs = c.ids[:len(c.ids)/2]
	case 1:
		q.SKUs = append(some(c, c.skus), c.skus[:len(c.skus)/2]...)
	case 2:
		q.CategoryIDs = some(c, c.categories)
	case 3:
		q.CategorySlugs = some(c, c.slugs)
	case 4:
		q.Brands = append(some(c, c.brands), "nobody's")
	case 5:
		q.ProductTypes = some(c, c.types)
	case 6:
		since := time.Now().Add(-time.Duration(c.IntN(100)) * 24 * time.Hour)
		q.CreatedSince = &since
	case 7:
		q.InStock = &yes
	case 8:
		q.InStock = &no
	case 9:
		q.Price = &models.PriceCondition{PriceList: c.lists[c.IntN(len(c.lists))], Min: bound(500), Max: bound(5000)}
	case 10:
		v := c.values[c.IntN(len(c.values))]
		condition := models.AttributeCondition{Type: v.Code, Values: []string{v.Value}}
		for _, other := range some(c, c.values) {
			condition.Values = append(condition.Values, other.Value)
		}
		if c.IntN(4) == 0 {
			condition.Values = nil
		}
		q.Attributes = append(q.Attributes, condition)
	case 11:
		condition := models.AttributeCondition{Type: c.numbers[c.IntN(len(c.numbers))], Min: bound(20), Max: bound(1000)}
		if c.IntN(4) == 0 {
			condition.Values = []string{"16", "8", "1.5", "40"}
		}
		q.Attributes = append(q.Attributes, condition)
	}
	q.UnpublishedCategories = q.UnpublishedCategories || c.IntN(8) == 0
}

// filtered is a search with a filter, as the resolver asks.
func (b *bench) filtered(text string, q models.ProductQuery) search.Request {
	b.Helper()
	r := search.Request{Text: text, Chain: []models.LanguageCode{"cs", "en"}, First: 100, Filter: q}
	r.Filter.Chain = r.Chain
	if q.CategorySlugs != nil {
		ids, err := b.store.CategoryIDsBySlugs(b.Context(), "cs", q.CategorySlugs)
		if err != nil {
			b.Fatal(err)
		}
		r.SlugCategoryIDs = ids
	}
	return r
}

// listed returns the ids that `products` has for the filter, in its order.
func (b *bench) listed(q models.ProductQuery) []store.ProductPlace {
	b.Helper()
	published := true
	q.Published, q.Chain, q.Size = &published, []models.LanguageCode{"cs", "en"}, 1000
	if q.SortKey == "" {
		q.SortKey = models.SortByCreatedAt
	}
	products, _, err := b.store.ProductPage(b.Context(), q)
	if err != nil {
		b.Fatal(err)
	}
	if count, err := b.store.CountProducts(b.Context(), q); err != nil || count != len(products) {
		b.Fatalf("%d products listed, %d counted, %v", len(products), count, err)
	}
	return products
}

func idsOf(hits []search.Hit) []uuid.UUID {
	ids := make([]uuid.UUID, len(hits))
	for i, h := range hits {
		ids[i] = h.ProductID
	}
	return ids
}

// TestFiltersMeanWhatTheyMeanForLists searches with random filters: the hits are those without a filter, as far as
// the list with the same filter has them.
func TestFiltersMeanWhatTheyMeanForLists(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		b.exec("UPDATE products SET created_at = now() - random() * interval '100 days'")
		b.exec("UPDATE categories SET published = false WHERE code = 'audio'")
		b.exec("UPDATE products SET index_version = index_version + 1")
		b.rebuild()
		c := newConditions(b)
		narrowed := 0
		for range 150 {
			var q models.ProductQuery
			for range 1 + c.IntN(2) {
				c.add(&q)
			}
			text := c.brands[c.IntN(len(c.brands))]
			listed := map[uuid.UUID]bool{}
			for _, p := range b.listed(q) {
				listed[p.ID] = true
			}
			var want []uuid.UUID
			for _, id := range idsOf(b.search(b.filtered(text, models.ProductQuery{})).Hits) {
				if listed[id] {
					want = append(want, id)
				}
			}
			found := b.search(b.filtered(text, q))
			got := idsOf(found.Hits)
			for _, id := range got {
				if !listed[id] {
					b.Errorf("%s, %s: %s does not meet the filter", text, describe(q), id)
				}
			}
			// Where nothing matches, an engine may look less strictly.
			if len(want) == 0 {
				continue
			}
			narrowed++
			if !slices.Equal(got, want) || found.Total != len(want) {
				b.Errorf("%s, %s: found %v of %d, want %v", text, describe(q), got, found.Total, want)
			}
		}
		if narrowed < 40 {
			b.Errorf("only %d filters left a hit: they test too little", narrowed)
		}
	})
}

func describe(q models.ProductQuery) string { return fmt.Sprintf("%+v %+v", q, q.Price) }

// TestSortsAsListsAre compares the order of hits with that of lists.
func TestSortsAsListsAre(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		b.exec("UPDATE products SET created_at = date_trunc('day', now() - random() * interval '5 days'), updated_at = now() - random() * interval '1 ms'")
		b.exec("DELETE FROM product_prices WHERE sku LIKE 'L%'")
		b.exec("UPDATE product_translations SET title = title || ' zebra'")
		b.exec("UPDATE products SET index_version = index_version + 1")
		b.rebuild()
		for _, key := range []search.SortKey{search.SortByPrice, search.SortByTitle, search.SortByCreatedAt, search.SortByUpdatedAt} {
			for _, direction := range []models.SortDirection{models.Ascending, models.Descending} {
				r := b.filtered("zebra", models.ProductQuery{})
				r.Sort = search.Sort{Key: key, Direction: direction, PriceList: "eur"}
				if key != search.SortByPrice {
					r.Sort.PriceList = ""
				}
				whole := b.search(r)
				if len(whole.Hits) < 80 {
					b.Fatalf("%d hits are too few to sort", len(whole.Hits))
				}
				if got, want := idsOf(whole.Hits), b.sortedAsListed(whole.Hits, r.Sort); !slices.Equal(got, want) {
					b.Errorf("%s %s: got %v, want %v", key, direction, got, want)
				}
				if got := b.walk(r, 17); !slices.Equal(got, idsOf(whole.Hits)) {
					b.Errorf("%s %s: pages give %v, want %v", key, direction, got, idsOf(whole.Hits))
				}
			}
		}
	})
}

// sortedAsListed puts the hits into the order of the list, those with equal keys into that of their ids.
func (b *bench) sortedAsListed(hits []search.Hit, sort search.Sort) []uuid.UUID {
	b.Helper()
	place, keys, last := map[uuid.UUID]int{}, 0, ""
	list := b.listed(models.ProductQuery{SortKey: models.ProductSortKey(sort.Key), Direction: sort.Direction, SortPriceList: sort.PriceList})
	for _, p := range list {
		if p.SortKey != last {
			keys, last = keys+1, p.SortKey
		}
		place[p.ID] = keys
	}
	ids := idsOf(hits)
	slices.SortFunc(ids, func(x, y uuid.UUID) int {
		if place[x] != place[y] {
			return place[x] - place[y]
		}
		return slices.Compare(x[:], y[:])
	})
	return ids
}

// walk reads all pages of a size.
func (b *bench) walk(r search.Request, size int) []uuid.UUID {
	b.Helper()
	var ids []uuid.UUID
	for r.First = size; ; {
		page := b.search(r)
		ids = append(ids, idsOf(page.Hits)...)
		if !page.HasNext {
			return ids
		}
		r.After = &page.Hits[len(page.Hits)-1]
	}
}
