package search_test

import (
	"errors"
	"html"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/models"
	"ecoseller/search"
)

func bunIn(ids []uuid.UUID) any {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return bun.List(texts)
}

// TestPagesAreStableWhileTheIndexChanges walks through a result while products are added, changed and hidden: all
// others are seen exactly once.
func TestPagesAreStableWhileTheIndexChanges(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		b.exec("UPDATE product_translations SET title = title || ' zebra'")
		b.exec("UPDATE products SET index_version = index_version + 1")
		b.rebuild()
		for seed := range uint64(3) {
			b.walkWhileChanging(rand.New(rand.NewPCG(seed, 7)), seed)
		}
	})
}

func (b *bench) walkWhileChanging(random *rand.Rand, seed uint64) {
	b.Helper()
	r := b.filtered("zebra", models.ProductQuery{})
	all := idsOf(b.search(r).Hits)
	if len(all) < 80 {
		b.Fatalf("only %d products to walk through", len(all))
	}
	changed, seen := map[uuid.UUID]bool{}, map[uuid.UUID]int{}
	for r.First = 5 + random.IntN(15); ; {
		page := b.search(r)
		for _, id := range idsOf(page.Hits) {
			seen[id]++
		}
		if !page.HasNext {
			break
		}
		r.After = &page.Hits[random.IntN(len(page.Hits))]
		for _, h := range page.Hits[slices.IndexFunc(page.Hits, func(h search.Hit) bool { return h == *r.After })+1:] {
			seen[h.ProductID]-- // it will come again: the walk goes on before the page's end
		}
		var touched []uuid.UUID
		for range 6 {
			touched = append(touched, b.change(random, all))
		}
		for _, id := range touched {
			changed[id] = true
		}
		if err := b.indexer.IndexProducts(b.Context(), touched); err != nil {
			b.Fatal(err)
		}
		b.settle()
	}
	for _, id := range all {
		if !changed[id] && seen[id] != 1 {
			b.Errorf("seed %d: the unchanged product %s was seen %d times", seed, id, seen[id])
		}
	}
}

// change makes, renames or hides a product.
func (b *bench) change(random *rand.Rand, all []uuid.UUID) uuid.UUID {
	b.Helper()
	id := all[random.IntN(len(all))]
	switch random.IntN(3) {
	case 0:
		id = uuid.New()
		b.exec("INSERT INTO products (id, published) VALUES (?, true)", id)
		b.exec("INSERT INTO product_translations (product_id, language, title, slug) VALUES (?0, 'cs', 'zebra zebra', ?0)", id)
	case 1:
		b.exec("UPDATE product_translations SET title = repeat('zebra ', ?) || title WHERE product_id = ?", 1+random.IntN(3), id)
	case 2:
		b.exec("UPDATE products SET published = NOT published WHERE id = ?", id)
	}
	b.exec("UPDATE products SET index_version = index_version + 1 WHERE id = ?", id)
	return id
}

// TestLostSnapshotsAreNoErrors goes on after positions whose snapshot is gone, and refuses those that never were.
func TestLostSnapshotsAreNoErrors(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		r := b.filtered("sluchatka", models.ProductQuery{})
		whole := idsOf(b.search(r).Hits)
		r.First = 2
		first := b.search(r).Hits[1]
		r.After = &first
		second := b.search(r).Hits[1]
		for _, snapshot := range []string{second.Snapshot, "bm90IG9uZQ==", strings.Repeat("x", 200)} {
			lost := second
			lost.Snapshot = snapshot
			r.After = &lost
			if got := idsOf(b.search(r).Hits); !slices.Equal(got, whole[4:6]) {
				b.Errorf("snapshot %.10s: got %v, want %v", snapshot, got, whole[4:6])
			}
		}
		for _, key := range []string{"", "x", "[{}]", "[1]", `["a","b"]`, "[1,2,3,4]", "null"} {
			r.After = &search.Position{Score: 1, ProductID: whole[0], Engine: b.engine.Name(), Rank: 1, Key: key}
			if _, err := b.engine.Search(b.Context(), r); !errors.Is(err, search.ErrBadPosition) {
				b.Errorf("key %q: %v", key, err)
			}
		}
	})
}

// TestPagesGoBeyondTheWindow reads hits that Elasticsearch does not count to.
func TestPagesGoBeyondTheWindow(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		if b.engine.Name() != search.Elasticsearch {
			b.Skip("only Elasticsearch has a window")
		}
		ids := make([]uuid.UUID, 10_100)
		documents := make([]*search.Document, len(ids))
		for i := range ids {
			ids[i] = uuid.New()
			documents[i] = &search.Document{
				ProductID: ids[i], Version: 1, Published: true, Texts: map[models.LanguageCode]search.Text{"cs": {Title: "zebra"}},
			}
		}
		if err := b.engine.Index(b.Context(), documents); err != nil {
			b.Fatal(err)
		}
		b.settle()
		slices.SortFunc(ids, func(x, y uuid.UUID) int { return slices.Compare(x[:], y[:]) })
		r := b.filtered("zebra", models.ProductQuery{})
		r.First = 20
		r.After = &search.Position{Engine: search.Postgres, Rank: 10_050, ProductID: ids[0]}
		page := b.search(r)
		if got := idsOf(page.Hits); !slices.Equal(got, ids[10_050:10_070]) || page.Total != len(ids) || !page.HasNext {
			b.Errorf("after rank 10,050: got %v of %d", got, page.Total)
		}
		r.After = &page.Hits[19]
		page = b.search(r)
		if got := idsOf(page.Hits); !slices.Equal(got, ids[10_070:10_090]) {
			b.Errorf("after that: got %v", got)
		}
		r.After = &search.Position{Engine: search.Postgres, Rank: 2_000_000_000, ProductID: ids[0]}
		if page := b.search(r); len(page.Hits) > 0 || page.HasNext {
			b.Errorf("behind the end: %v", page.Hits)
		}
	})
}

// TestRulesOrderHits pins, hides and boosts products.
func TestRulesOrderHits(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		plain := idsOf(b.search(b.filtered("sluchatka", models.ProductQuery{})).Hits)
		n := len(plain)
		knife, hammock, unpublished := b.productID("BRE-EDGE20"), b.productID("HAL-SWAY"), b.productID("TUL-TRAIL")
		last, hidden := plain[n-1], plain[1]
		r := b.filtered("sluchatka", models.ProductQuery{})
		r.Facets = true
		r.Rule = &search.Rule{
			Pinned: []uuid.UUID{hammock, last, unpublished, knife},
			Hidden: []uuid.UUID{hidden},
			Boosts: map[uuid.UUID]float64{plain[n-2]: 1000},
		}
		want := []uuid.UUID{hammock, last, knife, plain[n-2], plain[0]}
		want = append(want, plain[2:n-2]...)
		found := b.search(r)
		if got := idsOf(found.Hits); !slices.Equal(got, want) || found.Total != len(want) {
			b.Errorf("got %v of %d, want %v", got, found.Total, want)
		}
		if f := found.Facets; f.InStock+f.OutOfStock != len(want) || countOf(f.Brands, "Haldrik") != 1 {
			b.Errorf("facets do not count what is pinned: %+v", f)
		}
		if got := b.walk(r, 2); !slices.Equal(got, want) {
			b.Errorf("pages give %v, want %v", got, want)
		}

		r.Filter.Brands = []string{"Lumora", "Haldrik"}
		got := idsOf(b.search(r).Hits)
		if got[0] != hammock || slices.Contains(got, knife) {
			b.Errorf("a filter does not bound what is pinned: %v", got)
		}
		r.Filter.Brands, r.Sort = nil, search.Sort{Key: search.SortByPrice, Direction: models.Ascending, PriceList: "czk"}
		found = b.search(r)
		if got := idsOf(found.Hits); found.Total != len(want) || !slices.Equal(got, b.sortedAsListed(found.Hits, r.Sort)) {
			b.Errorf("sorted by price: got %v", got)
		}
	})
}

// TestHighlightsAreSafe marks words in texts that hold HTML.
func TestHighlightsAreSafe(t *testing.T) {
	t.Parallel()
	const title = `<script>alert("Sluchátka")</script> & 'sluchátky' <b onclick="x">`
	const description = `Pohodlná sluchátka <img src=x onerror=alert(1)> do <mark>vlaku</mark>`
	onEachEngine(t, func(b *bench) {
		id := b.productID("HAL-SWAY")
		b.exec("INSERT INTO product_translations (product_id, language, title, slug, short_description) VALUES (?, 'cs', ?, 'x', ?)", id, title, description)
		b.exec("UPDATE products SET index_version = index_version + 1 WHERE id = ?", id)
		b.index(id)
		r := b.filtered("sluchatka", models.ProductQuery{IDs: []uuid.UUID{id}})
		r.Highlight = true
		found := b.search(r)
		if len(found.Hits) != 1 {
			b.Fatalf("%d hits", len(found.Hits))
		}
		h := found.Highlights[id]
		if h.Title == nil || len(h.ShortDescription) != 1 {
			b.Fatalf("got %+v", h)
		}
		if !strings.Contains(*h.Title, "<mark>Sluchátka</mark>") || !strings.Contains(*h.Title, "<mark>sluchátky</mark>") {
			b.Errorf("not marked: %s", *h.Title)
		}
		for text, marked := range map[string]string{title: *h.Title, description: h.ShortDescription[0]} {
			bare := strings.NewReplacer("<mark>", "", "</mark>", "").Replace(marked)
			if strings.ContainsAny(bare, "<>") || html.UnescapeString(bare) != text {
				b.Errorf("%s\nis marked as %s", text, marked)
			}
		}
	})
}
