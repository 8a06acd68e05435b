package jobs_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/jobs"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/elastic"
	searchindexer "ecoseller/search/indexer"
	"ecoseller/store"
)

// batches notes what it is asked to index.
type batches struct {
	mu      sync.Mutex
	calls   int
	indexed map[uuid.UUID]bool
}

func (b *batches) IndexProducts(_ context.Context, ids []uuid.UUID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	for _, id := range ids {
		b.indexed[id] = true
	}
	time.Sleep(20 * time.Millisecond)
	return nil
}

func (b *batches) Ready(context.Context) error { return nil }

func (b *batches) Rebuild(context.Context, func(done, total int)) (search.RebuildReport, error) {
	return search.RebuildReport{}, nil
}

// TestManySmallChangesAreIndexedTogether commits a job for each of many products.
func TestManySmallChangesAreIndexedTogether(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	index := &batches{indexed: map[uuid.UUID]bool{}}
	b.handlers = jobs.NewHandlers(b.store, index, nil)
	const changes = 2500
	products := make([]uuid.UUID, changes)
	err := b.store.InTx(t.Context(), func(ctx context.Context, tx *store.Store) error {
		for i := range products {
			products[i] = uuid.New()
			if err := tx.EnqueueIndexing(ctx, products[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.work()
	b.awaitNone("state <> 'succeeded'")
	index.mu.Lock()
	defer index.mu.Unlock()
	if len(index.indexed) != changes {
		t.Errorf("%d products were indexed, want %d", len(index.indexed), changes)
	}
	if index.calls > changes/20 {
		t.Errorf("%d products took %d requests", changes, index.calls)
	}
}

// awaitNone waits until no job is like that.
func (b *bench) awaitNone(condition string) {
	b.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var count int
		if err := b.pool.NewRaw("SELECT count(*) FROM jobs WHERE "+condition).Scan(context.Background(), &count); err != nil {
			b.t.Fatal(err)
		}
		if count == 0 {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("still %d jobs: %s", count, condition)
		}
	}
}

// TestSilentElasticsearch has an Elasticsearch that accepts connections and says nothing: indexing waits for it, and
// other jobs do not wait for indexing.
func TestSilentElasticsearch(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	listener := listen(t)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	engine, err := elastic.New(elastic.Options{
		Addresses: []string{"http://" + listener.Addr().String()}, Languages: cataloguetest.Languages().Supported, WriteTimeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.handlers = jobs.NewHandlers(b.store, searchindexer.New(b.store, cataloguetest.Languages(), engine), nil)
	b.handle(func(context.Context, *models.Job) error { return nil })
	for range 40 {
		deleted := uuid.New()
		b.exec("INSERT INTO product_tombstones (product_id) VALUES (?)", deleted)
		if err := b.enqueueIndexing([]uuid.UUID{deleted}); err != nil {
			t.Fatal(err)
		}
	}
	b.work()
	time.Sleep(200 * time.Millisecond) // all places are taken by indexing
	started := time.Now()
	b.enqueue(20)
	b.awaitNone("kind = 'test' AND state <> 'succeeded'")
	if took := time.Since(started); took > 8*time.Second {
		t.Errorf("other jobs waited %s", took)
	}
	var waiting int
	if err := b.pool.NewRaw("SELECT count(*) FROM jobs WHERE kind = 'index_products' AND state IN ('retrying', 'running')").Scan(t.Context(), &waiting); err != nil || waiting == 0 {
		t.Errorf("no indexing job waits for Elasticsearch: %v", err)
	}
	var lost int
	if err := b.pool.NewRaw("SELECT count(*) FROM jobs WHERE kind = 'index_products' AND state = 'failed'").Scan(t.Context(), &lost); err != nil || lost > 0 {
		t.Errorf("%d indexing jobs were given up: %v", lost, err)
	}
}
