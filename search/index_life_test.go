package search_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/elastic"
	"ecoseller/search/indexer"
)

func deleteIndices(tb testing.TB, address, alias string) {
	tb.Helper()
	for index := range strings.FieldsSeq(request(tb, http.MethodGet, address+"/_cat/indices/"+alias+"-*?h=index", "")) {
		request(tb, http.MethodDelete, address+"/"+index, "")
	}
}

// same fails unless the engine has exactly the products, at their versions.
func (b *bench) same() {
	b.Helper()
	found, err := b.indexer.Verify(b.Context(), false)
	if err != nil {
		b.Fatal(err)
	}
	for _, d := range found {
		if d.Any() {
			b.Errorf("%s: missing %v, stale %v, surplus %v", d.Engine, d.Missing, d.Stale, d.Surplus)
		}
	}
}

// keeper is the engine, if it keeps the index before the present one.
func (b *bench) keeper() search.Keeper {
	b.Helper()
	keeper, ok := b.engine.(search.Keeper)
	if !ok {
		b.Skip("only Elasticsearch has indices")
	}
	return keeper
}

func TestVerifyFindsAndRepairs(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		b.same()
		missing, stale, ahead, surplus := b.productID("HAL-SWAY"), b.productID("KAR-MILL"), b.productID("TUL-TRAIL"), uuid.New()
		document := func(id uuid.UUID, version int64) *search.Document {
			return &search.Document{ProductID: id, Version: version, Texts: map[models.LanguageCode]search.Text{"en": {Title: "zebra"}}}
		}
		documents := []*search.Document{document(ahead, 1_000_000), document(surplus, 7)}
		if err := b.engine.Index(b.Context(), documents); err != nil {
			b.Fatal(err)
		}
		if err := b.engine.Delete(b.Context(), []models.IndexVersion{{ProductID: missing, Version: b.version(missing)}}); err != nil {
			b.Fatal(err)
		}
		b.exec("UPDATE products SET index_version = nextval('product_index_versions') WHERE id = ?", stale)

		wantSurplus := 1
		if b.engine.Name() == search.Postgres {
			wantSurplus = 0 // its rows refer to products
		}
		for _, repair := range []bool{false, true} {
			found, err := b.indexer.Verify(b.Context(), repair)
			if err != nil {
				b.Fatal(err)
			}
			d := found[len(found)-1] // the engine under test is the last
			if len(d.Missing) != 1 || d.Missing[0] != missing || len(d.Stale) != 2 || len(d.Surplus) != wantSurplus {
				b.Errorf("repair %t: missing %v, stale %v, surplus %v", repair, d.Missing, d.Stale, d.Surplus)
			}
		}
		b.settle()
		b.same()
		if titles := b.titles("hammock", "en"); len(titles) != 1 {
			b.Errorf("after the repair: %q", titles)
		}
		if titles := b.titles("zebra", "en"); len(titles) != 0 {
			b.Errorf("still there: %q", titles)
		}
	})
}

func (b *bench) version(id uuid.UUID) (version int64) {
	b.Helper()
	if err := b.db.NewRaw("SELECT index_version FROM products WHERE id = ?", id).Scan(b.Context(), &version); err != nil {
		b.Fatal(err)
	}
	return version
}

// TestDeletedProductsStayDeleted has documents that were read before a deletion come late, in the middle of a rebuild.
func TestDeletedProductsStayDeleted(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		ctx, id := b.Context(), b.productID("HAL-SWAY")
		late := []*search.Document{{
			ProductID: id, Version: b.version(id), Published: true,
			Texts: map[models.LanguageCode]search.Text{"en": {Title: "Hammock Haldrik Sway"}},
		}}
		products, err := b.store.ProductsByIDs(ctx, []uuid.UUID{id}, nil)
		if err != nil {
			b.Fatal(err)
		}
		rebuild, err := b.engine.Rebuild(ctx)
		if err != nil {
			b.Fatal(err)
		}
		deletion, err := b.store.DeleteProduct(ctx, id, products[0].Version)
		if err != nil {
			b.Fatal(err)
		}
		for range 3 { // as jobs that are repeated
			b.index(id)
		}
		if err := errors.Join(b.engine.Index(ctx, late), rebuild.Add(ctx, late), b.engine.Index(ctx, late)); err != nil {
			b.Fatal(err)
		}
		if err := rebuild.Commit(ctx, 0); err != nil {
			b.Fatal(err)
		}
		b.settle()
		if titles := b.search(search.Request{Text: "hammock", Chain: []models.LanguageCode{"en"}, First: 5}).Hits; len(titles) > 0 {
			b.Errorf("a deleted product is found: %v", titles)
		}

		if _, err := b.store.Restore(ctx, deletion.ID); err != nil {
			b.Fatal(err)
		}
		b.index(id)
		if titles := b.titles("hammock", "en"); len(titles) != 1 {
			b.Errorf("a restored product is not found: %q", titles)
		}
	})
}

func TestRollback(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		b.keeper()
		if _, err := b.indexer.Rollback(b.Context()); !errors.Is(err, search.ErrNoPrevious) {
			b.Fatalf("nothing to go back to: %v", err)
		}
		b.rebuild()
		present := b.indexBehind()
		changed, deleted := b.productID("KAR-MILL"), b.productID("HAL-SWAY")
		b.exec("UPDATE product_translations SET title = 'Hanging zebra' WHERE product_id = ? AND language = 'en'", changed)
		b.exec("UPDATE products SET index_version = nextval('product_index_versions') WHERE id = ?", changed)
		b.index(changed)
		b.exec("DELETE FROM products WHERE id = ?", deleted)
		b.index(deleted)

		found, err := b.indexer.Rollback(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if d := found[0]; len(d.Stale) != 1 || len(d.Surplus) != 1 || len(d.Missing) != 0 {
			b.Errorf("brought up to date: %+v", d)
		}
		b.settle()
		if b.indexBehind() == present {
			b.Error("the index is the same")
		}
		b.same()
		if titles := b.titles("zebra", "en"); len(titles) != 1 {
			b.Errorf("a change has been lost: %q", titles)
		}
		if _, err := b.indexer.Rollback(b.Context()); err != nil {
			b.Fatal(err)
		}
		if b.indexBehind() != present {
			b.Error("a rollback of the rollback leads elsewhere")
		}
	})
}

// indexBehind returns the name of the index that answers.
func (b *bench) indexBehind() string {
	b.Helper()
	address := os.Getenv("ELASTIC_HOST")
	return request(b, http.MethodGet, address+"/_cat/aliases/"+b.alias+"?h=index", "")
}

// TestIndexOfAnotherReleaseIsReplaced has two releases run at once: the new one builds its index while the old one's
// goes on answering, and the old one does not build its own again.
func TestIndexOfAnotherReleaseIsReplaced(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		b.keeper()
		old := b.indexBehind()
		newer, err := elastic.New(elastic.Options{
			Addresses: []string{os.Getenv("ELASTIC_HOST")}, Index: b.alias, Languages: []models.LanguageCode{"en", "cs"}, Boosts: boosts(),
		})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		logger := slog.New(slog.NewTextHandler(b.Output(), nil))
		done := make(chan struct{}, 2)
		keep := func(x *indexer.Indexer) {
			go func() {
				x.KeepIndices(ctx, 20*time.Millisecond, logger)
				done <- struct{}{}
			}()
		}
		keep(b.indexer)
		time.Sleep(300 * time.Millisecond) // it sees that the index is its own
		if b.indexBehind() != old {
			b.Fatal("an index was rebuilt without a reason")
		}
		keep(indexer.New(b.store, cataloguetest.Languages(), newer))
		b.eventually("the new release's index is there", func() bool {
			current, err := newer.Current(b.Context())
			return err == nil && current
		})
		replaced := b.indexBehind()
		time.Sleep(300 * time.Millisecond)
		if now := b.indexBehind(); now != replaced || now == old {
			b.Errorf("the indices go to and fro: %s, %s, %s", old, replaced, now)
		}
		cancel()
		<-done
		<-done
	})
}

// TestKilledRebuildLeavesNothing has a rebuild that ends without a word: its index goes, the old one stays.
func TestKilledRebuildLeavesNothing(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		keeper := b.keeper()
		present := b.indexBehind()
		if _, err := b.engine.Rebuild(b.Context()); err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.indexer.KeepIndices(ctx, 20*time.Millisecond, slog.New(slog.DiscardHandler))
		}()
		b.eventually("what the rebuild has left is gone", func() bool {
			abandoned, err := keeper.Abandoned(b.Context())
			return err == nil && !abandoned
		})
		cancel()
		<-done
		if b.indexBehind() != present || len(b.indices()) != 1 {
			b.Errorf("left: %q, present: %s", b.indices(), b.indexBehind())
		}
	})
}

func (b *bench) eventually(what string, holds func() bool) {
	b.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("not in time: %s", what)
		}
	}
}
