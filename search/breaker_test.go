package search_test

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/elastic"
	"ecoseller/search/indexer"
	"ecoseller/store/storetest"
)

// TestBadElasticsearchCostsFewRequestsTheirTime searches through a proxy that refuses, hangs or is slow: customers get
// degraded answers soon, and good ones by themselves afterwards.
func TestBadElasticsearchCostsFewRequestsTheirTime(t *testing.T) {
	t.Parallel()
	address := os.Getenv("ELASTIC_HOST")
	if address == "" {
		storetest.Unavailable(t, "ELASTIC_HOST is not set: run `make test`, or `eval \"$(scripts/services env)\"` after `scripts/services start`")
	}
	s, _ := cataloguetest.NewIndexedDemo(t)
	p := newProxy(t, address)
	alias := "test-" + uuid.NewString()
	t.Cleanup(func() { deleteIndices(t, address, alias) })
	primary, err := elastic.New(elastic.Options{Addresses: []string{p.address}, Index: alias, Languages: cataloguetest.Languages().Supported, Boosts: boosts()})
	if err != nil {
		t.Fatal(err)
	}
	secondary := newPostgres(s)
	if _, err := indexer.New(s, cataloguetest.Languages(), primary).Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	const timeout = 1500 * time.Millisecond
	ask := func(hedgeAfter time.Duration) (*search.Result, time.Duration) {
		f := search.NewFailover(primary, secondary, search.FailoverOptions{Timeout: timeout, HedgeAfter: hedgeAfter, Logger: slog.New(slog.DiscardHandler)})
		started := time.Now()
		result, err := f.Search(context.Background(), search.Request{Text: "hammock", Chain: []models.LanguageCode{"en"}, First: 5})
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Hits) != 1 {
			t.Errorf("%s gives %d hits", result.Engine, len(result.Hits))
		}
		return result, time.Since(started)
	}
	for _, test := range []struct {
		name      string
		behaviour behaviour
		delay     time.Duration
	}{
		{"refuses", refuse, 0},
		{"hangs", hang, 0},
		{"is slow", slow, 1200 * time.Millisecond},
	} {
		awaitEngine(t, ask, search.Elasticsearch)
		p.behave(test.behaviour, test.delay)
		p.cut()
		// The first ones, all at once, wait for it.
		var first sync.WaitGroup
		for range 5 {
			first.Go(func() { ask(0) })
		}
		first.Wait()
		for range 20 {
			result, took := ask(0)
			if result.Engine != search.Postgres || !result.Degraded {
				t.Errorf("%s: %s answers, degraded: %t", test.name, result.Engine, result.Degraded)
			}
			if took > timeout*2/3 {
				t.Errorf("%s: a request that could have known took %s", test.name, took)
			}
		}
		p.behave(forward, 0)
		p.cut()
	}

	awaitEngine(t, ask, search.Elasticsearch)
	p.behave(hang, 0)
	if result, took := ask(50 * time.Millisecond); result.Engine != search.Postgres || !result.Degraded || took > timeout*2/3 {
		t.Errorf("hedged: %s answers after %s, degraded: %t", result.Engine, took, result.Degraded)
	}
	p.behave(forward, 0)
}

func awaitEngine(t *testing.T, ask func(time.Duration) (*search.Result, time.Duration), engine search.EngineName) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		if result, _ := ask(0); result.Engine == engine {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come back", engine)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
