package search_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/catalogue"
	"ecoseller/catalogue/cataloguetest"
	"ecoseller/jobs"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/elastic"
	"ecoseller/search/indexer"
	"ecoseller/store"
	"ecoseller/store/storetest"
)

var (
	chaosSeed = flag.Uint64("chaos.seed", 0, "seed of TestChaos; by chance when 0")
	// The services are everybody's: the command would break whatever else runs meanwhile.
	chaosCrash = flag.String("chaos.crash", "", "shell command with which TestChaos crashes Elasticsearch: `../scripts/services crash elasticsearch`")
	chaosTime  = flag.Duration("chaos.time", 8*time.Second, "how long TestChaos makes trouble")
)

// rebuildProcessEnv makes the test binary rebuild an index instead of running tests; it is killed on the way.
const rebuildProcessEnv = "ECOSELLER_TEST_REBUILD"

// rebuildProcess says what that process works on.
type rebuildProcess struct {
	Postgres struct{ Address, Database, User, Password string }
	Elastic  string
	Alias    string
}

func TestMain(m *testing.M) {
	if raw := os.Getenv(rebuildProcessEnv); raw != "" {
		var p rebuildProcess
		if err := json.Unmarshal([]byte(raw), &p); err != nil {
			panic(err)
		}
		db := store.OpenDB(store.Options{
			Address: p.Postgres.Address, Database: p.Postgres.Database, User: p.Postgres.User, Password: p.Postgres.Password,
		})
		s := store.New(db, cataloguetest.Languages(), nil)
		if _, err := chaosIndexer(s, p.Elastic, p.Alias).Rebuild(context.Background(), nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func chaosIndexer(s *store.Store, address, alias string) *indexer.Indexer {
	engine, err := elastic.New(elastic.Options{
		Addresses: []string{address}, Index: alias, Languages: cataloguetest.Languages().Supported, WriteTimeout: 5 * time.Second,
	})
	if err != nil {
		panic(err)
	}
	return indexer.New(s, cataloguetest.Languages(), newPostgres(s), engine)
}

// chaos is a shop whose products are edited while its search index is rebuilt, rebuilds are broken off and killed, the
// index is rolled back, and Elasticsearch refuses, hangs, is slow, loses connections and, on demand, crashes.
type chaos struct {
	*testing.T
	options store.Options
	db      *bun.DB
	store   *store.Store
	address string
	alias   string
	proxy   *proxy
	indexer *indexer.Indexer
	until   time.Time

	mu      sync.Mutex
	counts  map[string]int
	deleted []uuid.UUID
}

// TestChaos ends with an index that equals the database.
func TestChaos(t *testing.T) {
	t.Parallel()
	seed := *chaosSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d; again with -chaos.seed=%d", seed, seed)
	c := newChaos(t)

	var background, trouble sync.WaitGroup
	working, stop := context.WithCancel(context.Background())
	defer stop()
	worker := jobs.NewWorker(c.store, jobs.NewHandlers(c.store, c.indexer, nil), nil, jobs.Options{
		Concurrency: 4, Lease: 5 * time.Second, Sweep: 50 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	background.Go(func() { worker.Run(working) })
	background.Go(func() { c.indexer.KeepIndices(working, 300*time.Millisecond, slog.New(slog.DiscardHandler)) })
	background.Go(func() { c.hurryPostponedJobs(working) })

	c.until = time.Now().Add(*chaosTime)
	acts := []func(*rand.Rand){c.edit, c.edit, c.edit, c.rebuild, c.misbehave}
	if *chaosCrash != "" {
		acts = append(acts, c.crash)
	}
	for i, act := range acts {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		trouble.Go(func() {
			for c.goesOn() {
				act(random)
			}
		})
	}
	trouble.Wait()
	c.proxy.behave(forward, 0)
	c.awaitJobs()
	stop()
	background.Wait()
	t.Log(c.counts)
	c.compare()
}

func newChaos(t *testing.T) *chaos {
	t.Helper()
	address := os.Getenv("ELASTIC_HOST")
	if address == "" {
		storetest.Unavailable(t, "ELASTIC_HOST is not set: run `make test`, or `eval \"$(scripts/services env)\"` after `scripts/services start`")
	}
	c := &chaos{T: t, options: cataloguetest.CreateIndexedDemo(t), address: address, alias: "test-" + uuid.NewString(), counts: map[string]int{}}
	t.Cleanup(func() { deleteIndices(t, address, c.alias) })
	c.options.MaxConnections = 16
	c.db = storetest.Open(t, c.options)
	c.store = store.New(c.db, cataloguetest.Languages(), nil)
	c.proxy = newProxy(t, address)
	c.indexer = chaosIndexer(c.store, c.proxy.address, c.alias)
	if _, err := c.indexer.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// goesOn says whether to make more trouble: until the time is over and everything has happened, three times as long at most.
func (c *chaos) goesOn() bool {
	now := time.Now()
	if now.Before(c.until) || now.After(c.until.Add(2**chaosTime)) {
		return now.Before(c.until)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, what := range []string{"rebuild", "killed rebuild", "broken off rebuild", "rollback", "restore", "cut", "hang", "refusal"} {
		if c.counts[what] == 0 {
			return true
		}
	}
	return false
}

func (c *chaos) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[what]++
}

// product picks one by chance, with its version; nil when there is none.
func (c *chaos) product(random *rand.Rand) (id uuid.UUID, version int64) {
	var rows []struct {
		ID      uuid.UUID
		Version int64
	}
	err := c.db.NewRaw("SELECT id, version FROM products ORDER BY id OFFSET ? LIMIT 1", random.IntN(90)).Scan(context.Background(), &rows)
	if err != nil {
		c.Error(err)
	}
	if len(rows) == 0 {
		return uuid.Nil, 0
	}
	return rows[0].ID, rows[0].Version
}

// edit changes one product as an editor may. That another editor was faster is no error.
func (c *chaos) edit(random *rand.Rand) {
	ctx := context.Background()
	id, version := c.product(random)
	var err error
	switch what := random.IntN(10); {
	case what < 2:
		c.count("create")
		err = c.importLine(fmt.Sprintf(`{"sku": "CHAOS-%d", "title": {"en": "Zebra %[1]d", "cs": "Zebra číslo %[1]d"}, "stock": %d}`, random.IntN(200), random.IntN(3)))
	case what < 5:
		c.count("update")
		err = c.importLine(fmt.Sprintf(`{"id": %q, "title": {"en": "Changed %d"}}`, id, random.IntN(1e6)))
	case what < 6:
		c.count("publish")
		err = c.store.PublishProducts(ctx, []uuid.UUID{id}, random.IntN(2) == 0)
	case what < 7:
		c.count("stock")
		err = c.store.InTx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.TouchProducts(ctx, []uuid.UUID{id}) })
	case what < 9:
		c.count("delete")
		deletion, failed := c.store.DeleteProduct(ctx, id, version)
		if err = failed; err == nil {
			c.mu.Lock()
			c.deleted = append(c.deleted, deletion.ID)
			c.mu.Unlock()
		}
	default:
		c.mu.Lock()
		var deletion uuid.UUID
		if n := len(c.deleted); n > 0 {
			deletion, c.deleted = c.deleted[n-1], c.deleted[:n-1]
		}
		c.mu.Unlock()
		c.count("restore")
		_, err = c.store.Restore(ctx, deletion)
	}
	if err != nil {
		c.count("refused edit")
	}
	time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
}

func (c *chaos) importLine(line string) error {
	_, err := catalogue.NewImporter(c.store, models.MediaAddresses{}).Import(context.Background(), strings.NewReader(line+"\n"), func(catalogue.Refusal) {})
	return err
}

// rebuild rebuilds, mostly not to the end, or rolls back.
func (c *chaos) rebuild(random *rand.Rand) {
	switch random.IntN(6) {
	case 0:
		c.count("killed rebuild")
		c.killedRebuild(time.Duration(random.IntN(700)) * time.Millisecond)
	case 1:
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(random.IntN(500))*time.Millisecond)
		defer cancel()
		if _, err := c.indexer.Rebuild(ctx, nil); err != nil {
			c.count("broken off rebuild")
		}
	case 2:
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if _, err := c.indexer.Rollback(ctx); err == nil {
			c.count("rollback")
		}
	default:
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if _, err := c.indexer.Rebuild(ctx, nil); err == nil {
			c.count("rebuild")
		} else {
			c.count("failed rebuild")
			c.Log(err)
		}
	}
}

// killedRebuild has another process rebuild, straight at Elasticsearch, and kills it.
func (c *chaos) killedRebuild(after time.Duration) {
	p := rebuildProcess{Elastic: c.address, Alias: c.alias}
	p.Postgres.Address, p.Postgres.Database = c.options.Address, c.options.Database
	p.Postgres.User, p.Postgres.Password = c.options.User, c.options.Password
	raw, err := json.Marshal(p)
	if err != nil {
		c.Error(err)
		return
	}
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), rebuildProcessEnv+"="+string(raw))
	if err := process.Start(); err != nil {
		c.Error(err)
		return
	}
	time.Sleep(after)
	_ = process.Process.Kill()
	if process.Wait() == nil {
		c.count("rebuild that was not killed in time")
	}
}

func (c *chaos) misbehave(random *rand.Rand) {
	pause := func(most int) { time.Sleep(time.Duration(random.IntN(most)) * time.Millisecond) }
	switch random.IntN(5) {
	case 0:
		c.count("calm") // for once long enough for a whole rebuild
		pause(5000)
		return
	case 1:
		c.count("refusal")
		c.proxy.behave(refuse, 0)
		c.proxy.cut()
		pause(500)
	case 2:
		c.count("hang")
		c.proxy.behave(hang, 0)
		pause(1000)
	case 3:
		c.count("slowness")
		c.proxy.behave(slow, 50*time.Millisecond)
		pause(500)
	default:
		c.count("cut")
	}
	c.proxy.behave(forward, 0)
	c.proxy.cut()
	pause(700)
}

// crash kills Elasticsearch, and goes on when it answers again.
func (c *chaos) crash(random *rand.Rand) {
	time.Sleep(time.Duration(random.IntN(30_000)) * time.Millisecond)
	c.count("crash")
	if out, err := exec.Command("bash", "-c", *chaosCrash).CombinedOutput(); err != nil {
		c.Errorf("crash Elasticsearch: %v\n%s", err, out)
	}
}

// hurryPostponedJobs spares the test the pauses between attempts.
func (c *chaos) hurryPostponedJobs(ctx context.Context) {
	for ctx.Err() == nil {
		_, _ = c.db.ExecContext(ctx, "UPDATE jobs SET run_at = now() WHERE state = 'retrying' AND run_at > now() + interval '1 second'")
		time.Sleep(200 * time.Millisecond)
	}
}

func (c *chaos) awaitJobs() {
	c.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		var unfinished, failed int
		err := c.db.NewRaw("SELECT count(*) FILTER (WHERE state NOT IN ('succeeded', 'failed')), count(*) FILTER (WHERE state = 'failed') FROM jobs").
			Scan(context.Background(), &unfinished, &failed)
		if err != nil || failed > 0 || time.Now().After(deadline) {
			var states []string
			_ = c.db.NewRaw("SELECT left(jsonb_pretty(to_jsonb(jobs) - 'payload'), 2000) FROM jobs WHERE state <> 'succeeded' LIMIT 5").Scan(context.Background(), &states)
			c.Fatalf("%d jobs are not done, %d have failed: %v\n%s\n%v", unfinished, failed, err, strings.Join(states, "\n"), c.counts)
		}
		if unfinished == 0 {
			return
		}
	}
}

// compare looks whether the engines have what a new index of the same database has.
func (c *chaos) compare() {
	c.Helper()
	found, err := c.indexer.Verify(context.Background(), false)
	if err != nil {
		c.Fatal(err)
	}
	for _, d := range found {
		c.Logf("%s: %d products", d.Engine, d.Compared)
		if d.Any() {
			c.Errorf("%s: missing %v, stale %v, surplus %v", d.Engine, d.Missing, d.Stale, d.Surplus)
		}
	}
	documents, rows := c.documents(c.alias), c.rows()
	other := "test-" + uuid.NewString()
	c.Cleanup(func() { deleteIndices(c, c.address, other) })
	if _, err := c.db.ExecContext(context.Background(), "TRUNCATE product_search"); err != nil {
		c.Fatal(err)
	}
	if _, err := chaosIndexer(c.store, c.address, other).Rebuild(context.Background(), nil); err != nil {
		c.Fatal(err)
	}
	if diff := cmp.Diff(c.documents(other), documents); diff != "" {
		c.Errorf("documents in Elasticsearch (- a new index, + the one after all that):\n%s", diff)
	}
	if diff := cmp.Diff(c.rows(), rows); diff != "" {
		c.Errorf("rows in PostgreSQL (- new ones, + those after all that):\n%s", diff)
	}
}

func (c *chaos) documents(alias string) map[string]any {
	c.Helper()
	request(c, http.MethodPost, c.address+"/"+alias+"/_refresh", "")
	var answer struct {
		Hits struct {
			Hits []struct {
				ID     string `json:"_id"`
				Source any    `json:"_source"`
			}
		}
	}
	err := json.Unmarshal([]byte(request(c, http.MethodGet, c.address+"/"+alias+"/_search?size=10000", "")), &answer)
	if err != nil || len(answer.Hits.Hits) == 0 {
		c.Fatal(errors.Join(err, errors.New("no documents")))
	}
	documents := map[string]any{}
	for _, hit := range answer.Hits.Hits {
		documents[hit.ID] = hit.Source
	}
	return documents
}

func (c *chaos) rows() (rows []string) {
	c.Helper()
	err := c.db.NewRaw("SELECT to_jsonb(s)::text FROM product_search AS s ORDER BY product_id, language").Scan(context.Background(), &rows)
	if err != nil || len(rows) == 0 {
		c.Fatal(err)
	}
	return rows
}

var _ search.Keeper = (*elastic.Engine)(nil)
