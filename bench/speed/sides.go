package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/uptrace/bun"

	"ecoseller/bench/program"
	"ecoseller/bench/proxy"
	"ecoseller/models"
	"ecoseller/store"
)

// redisNamespace begins the keys of a shop's jobs, which nobody runs here.
func redisNamespace(database string) string { return "{" + database + "}" }

// programs are the paths of what is measured.
type programs struct{ server, yardstick string }

func buildPrograms(ctx context.Context, folder string) (p programs, err error) {
	if p.server, err = program.Build(ctx, folder); err != nil {
		return p, err
	}
	p.yardstick, err = program.BuildPackage(ctx, folder, "./bench/yardstick", "yardstick")
	return p, err
}

// shop is a catalogue of one size, and what is asked of it.
type shop struct {
	services *services
	programs programs
	products int
	database string
	db       *bun.DB
	token    string
	// elastic is the host of Elasticsearch, as host:port; empty without it.
	elastic string
	works   []*work
}

func (s *services) openShop(ctx context.Context, p programs, database string, texts int) (*shop, error) {
	o := &shop{services: s, programs: p, database: database, db: s.database(database)}
	if s.cfg.UseElastic() {
		o.elastic = strings.TrimPrefix(s.cfg.Elastic.Host, "http://")
	}
	err := o.db.NewRaw("SELECT count(*) FROM products").Scan(ctx, &o.products)
	if err != nil {
		return nil, fmt.Errorf("count products: %w", err)
	}
	if o.token, err = store.New(o.db, models.Languages{}, nil).CreateAccessToken(ctx, "bench", []models.Permission{models.PermissionSendEmail}); err != nil {
		return nil, err
	}
	c, err := readCatalogue(ctx, o.db, texts)
	if err != nil {
		return nil, err
	}
	o.works, err = c.works()
	return o, err
}

func (o *shop) close() { _ = o.db.Close() }

// environment is what a process of ecoseller runs in: the services, a database and an index of its own, no limits by
// client, and a queue that nobody works off. The read cache is off unless it is what is measured.
func (o *shop) environment(more ...string) []string {
	environment := append(os.Environ(),
		"POSTGRES_DB="+o.database, "ELASTICSEARCH_INDEX_NAMES="+indexOf(o.database),
		"REDIS_QUEUE_NAMESPACE="+redisNamespace(o.database), "INTROSPECTION=0", "LOG_LEVEL=warn", "EMAIL_HOST=127.0.0.1",
		"RATE_LIMIT=0", "RATE_LIMIT_WITH_TOKEN=0", "EMAIL_LIMIT_PER_CALLER=0", "EMAIL_LIMIT_PER_RECIPIENT=0")
	return append(environment, more...)
}

// sideServer names the side that all others are compared with.
const sideServer = "server"

const cacheOff = "READ_CACHE_BYTES=0"

// server is a running program and where it answers operators.
type server struct {
	*program.Server
	metrics string
}

func (o *shop) startServer(ctx context.Context, more ...string) (*server, error) {
	metrics, err := program.FreeAddress(ctx)
	if err != nil {
		return nil, err
	}
	started, err := program.Start(ctx, o.programs.server, o.environment(append(more, "METRICS_ADDRESS="+metrics)...))
	if err != nil {
		return nil, err
	}
	return &server{started, metrics}, nil
}

// side is one of the two that are measured in turns.
type side struct {
	target
	// process is that whose time and memory count; 0 for Elasticsearch.
	process int
	// metrics is where allocations are read; empty for all but the server.
	metrics string
}

func (o *shop) serverSide(s *server, w *work) *side {
	t := &side{target: target{name: sideServer, address: s.Address}, process: s.Process(), metrics: s.metrics}
	headers := "Content-Type: application/json\r\n"
	if w.token {
		headers += "Authorization: Bearer " + o.token + "\r\n"
	}
	for _, body := range w.graph {
		t.exchanges = append(t.exchanges, exchange{postRequest(s.Address, "/graphql", headers, body)})
	}
	return t
}

func yardstickSide(s *program.Server, w *work) *side {
	t := &side{target: target{name: "yardstick", address: s.Address}, process: s.Process()}
	for _, path := range w.yardstick {
		t.exchanges = append(t.exchanges, exchange{getRequest(s.Address, path)})
	}
	return t
}

// bareSearches asks the server all that a work may ask, with a proxy between it and Elasticsearch, and returns the
// requests that Elasticsearch was sent for each.
func (o *shop) bareSearches(ctx context.Context, works []*work) (map[*work]*side, error) {
	sides := map[*work]*side{}
	if !slices.ContainsFunc(works, func(w *work) bool { return w.search }) {
		return sides, nil
	}
	var mutex sync.Mutex
	var seen exchange
	between, err := proxy.Start(o.services.cfg.Elastic.Host, func(r *http.Request, body []byte) error {
		if strings.HasSuffix(r.URL.Path, "search") { // _search and _msearch
			mutex.Lock()
			defer mutex.Unlock()
			seen = append(seen, postRequest(o.elastic, r.URL.RequestURI(), headersOf(r), body))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	defer between.Close()
	s, err := o.startServer(ctx, cacheOff, "ELASTIC_HOST="+between.Address, "ELASTIC_HEDGE_AFTER=0", "ELASTIC_TIMEOUT=20s")
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	for _, w := range works {
		if !w.search {
			continue
		}
		bare := &side{target: target{name: "elasticsearch", address: o.elastic}}
		c, err := dial(ctx, s.Address)
		if err != nil {
			return nil, err
		}
		for _, e := range o.serverSide(s, w).exchanges {
			seen = nil
			var ignored outcome
			if err := ignored.ask(c, e); err != nil {
				return nil, fmt.Errorf("record searches: %w", err)
			}
			if len(seen) > 0 {
				bare.exchanges = append(bare.exchanges, seen)
			}
		}
		c.close()
		if len(bare.exchanges) == 0 {
			return nil, fmt.Errorf("%s asks Elasticsearch nothing: is the index there?", w.title)
		}
		sides[w] = bare
	}
	return sides, nil
}

// headersOf are the headers that Elasticsearch reads.
func headersOf(r *http.Request) (headers string) {
	for _, name := range []string{"Content-Type", "Accept", "Authorization"} {
		if value := r.Header.Get(name); value != "" {
			headers += name + ": " + value + "\r\n"
		}
	}
	return headers
}

// indexOf names the index of a shop.
func indexOf(database string) string { return strings.ReplaceAll(database, "_", "-") }

// forgetJobs removes the queue of a shop that nobody has worked off.
func (s *services) forgetJobs(ctx context.Context, database string) error {
	if !s.cfg.UseRedis() {
		return nil
	}
	connection, err := redis.DialContext(ctx, "tcp", s.cfg.Redis.Location, redis.DialPassword(s.cfg.Redis.Password), redis.DialReadTimeout(time.Minute))
	if err != nil {
		return fmt.Errorf("connect to Redis: %w", err)
	}
	defer func() { _ = connection.Close() }()
	for cursor := "0"; ; {
		answer, err := redis.Values(connection.Do("SCAN", cursor, "MATCH", redisNamespace(database)+"*", "COUNT", 1000))
		if err != nil {
			return fmt.Errorf("look for jobs: %w", err)
		}
		var keys []any
		if _, err := redis.Scan(answer, &cursor, &keys); err != nil {
			return fmt.Errorf("look for jobs: %w", err)
		}
		if len(keys) > 0 {
			if _, err := connection.Do("DEL", keys...); err != nil {
				return fmt.Errorf("remove jobs: %w", err)
			}
		}
		if cursor == "0" {
			return nil
		}
	}
}
