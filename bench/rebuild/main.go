// Command rebuild measures how fast a search index is rebuilt, against a bare bulk load of the very same documents: it
// records the bulk requests of one rebuild, then loads them as they are and rebuilds, in turns. Database and
// Elasticsearch are those that the environment names; `go run ./bench/fill` fills the database.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"ecoseller/bench/proxy"
	"ecoseller/config"
	"ecoseller/migrations"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/elastic"
	"ecoseller/search/indexer"
	"ecoseller/search/postgres"
	"ecoseller/store"
)

type options struct {
	rounds, connections, changes int
	engines                      []string
	alias                        string
	json                         bool
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 3, "how often each is measured")
	engines := flag.String("engines", "ELASTICSEARCH,POSTGRES", "the engines that are rebuilt")
	flag.IntVar(&o.connections, "connections", 3, "how many requests the bare load has in flight")
	flag.IntVar(&o.changes, "changes", 0, "measure instead how soon so many changed products are searchable")
	flag.StringVar(&o.alias, "alias", "bench-rebuild", "where the index is; all that begin with it are deleted at the end")
	flag.BoolVar(&o.json, "json", false, "print the documents a second of each round as JSON, and nothing else")
	flag.Parse()
	o.engines = strings.Split(*engines, ",")
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "rebuild:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	cfg, err := config.FromEnvironment()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "bench-rebuild")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	s, closeStore, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer closeStore()

	recording := &recording{folder: folder}
	between, err := proxy.Start(cfg.Elastic.Host, recording.see)
	if err != nil {
		return err
	}
	defer between.Close()
	if _, err := rebuild(ctx, cfg, s, between.Address, o); err != nil {
		return err
	}
	load := bareLoad{elastic: cfg.Elastic.Host, alias: o.alias, recording: recording, connections: o.connections}
	if err := load.copyDefinition(ctx); err != nil {
		return err
	}
	defer load.deleteAll(ctx)

	if o.changes > 0 {
		return measureChanges(ctx, cfg, s, o)
	}
	return compare(ctx, o, load, func() (indexer.Report, error) { return rebuild(ctx, cfg, s, cfg.Elastic.Host, o) })
}

// compare loads and rebuilds in turns.
func compare(ctx context.Context, o options, load bareLoad, rebuild func() (indexer.Report, error)) error {
	var bare, ours []float64
	for range o.rounds {
		rate, err := load.run(ctx)
		if err != nil {
			return err
		}
		bare = append(bare, rate)
		report, err := rebuild()
		if err != nil {
			return err
		}
		ours = append(ours, report.Rate())
		if o.json {
			continue
		}
		fmt.Printf("bare load %6.0f documents/s   rebuild %6.0f documents/s   %.2f   (%d products)\n",
			rate, report.Rate(), report.Rate()/rate, report.Products)
	}
	if o.json {
		if err := json.NewEncoder(os.Stdout).Encode(map[string][]float64{"bare": bare, "rebuild": ours}); err != nil {
			return fmt.Errorf("print rates: %w", err)
		}
		return nil
	}
	fmt.Printf("median    %6.0f documents/s           %6.0f documents/s   %.2f\n", median(bare), median(ours), median(ours)/median(bare))
	fmt.Printf("this process: %s at most\n", peakMemory())
	return nil
}

func openStore(ctx context.Context, cfg *config.Config) (*store.Store, func(), error) {
	db := store.OpenDB(store.Options{
		Address: cfg.Postgres.Address(), Database: cfg.Postgres.Database, User: cfg.Postgres.User, Password: cfg.Postgres.Password,
		TLS: cfg.Postgres.TLS(), StatementTimeout: 5 * time.Minute,
	})
	if _, err := migrations.Up(ctx, db); err != nil {
		return nil, nil, err
	}
	return store.New(db, languages(cfg), nil), func() { _ = db.Close() }, nil
}

func languages(cfg *config.Config) models.Languages {
	var l models.Languages
	for _, name := range cfg.Languages {
		l.Supported = append(l.Supported, models.LanguageCode(name))
	}
	for _, name := range cfg.LanguageFallback {
		l.Fallback = append(l.Fallback, models.LanguageCode(name))
	}
	return l
}

func rebuild(ctx context.Context, cfg *config.Config, s *store.Store, address string, o options) (indexer.Report, error) {
	var engines []search.Engine
	for _, name := range o.engines {
		switch search.EngineName(name) {
		case search.Postgres:
			engines = append(engines, postgres.New(s, postgres.Options{Languages: languages(cfg).Supported, Boosts: search.Boosts(cfg.Boosts)}))
		case search.Elasticsearch:
			engine, err := elastic.New(elastic.Options{
				Addresses: []string{address}, Username: cfg.Elastic.Username, Password: cfg.Elastic.Password,
				Index: o.alias, Languages: languages(cfg).Supported, Logger: slog.Default(),
			})
			if err != nil {
				return indexer.Report{}, err
			}
			engines = append(engines, engine)
		default:
			return indexer.Report{}, fmt.Errorf("there is no engine %q", name)
		}
	}
	return indexer.New(s, languages(cfg), engines...).Rebuild(ctx, nil)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// peakMemory is the most that this process has had in memory.
func peakMemory() string {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(status)) {
			if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				return strings.TrimSpace(value)
			}
		}
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return fmt.Sprintf("%d kB", stats.Sys>>10)
}
