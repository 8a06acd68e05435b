package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"ecoseller/cache"
	"ecoseller/catalogue"
	"ecoseller/config"
	"ecoseller/embedded/demo"
	"ecoseller/feeds"
	"ecoseller/graph"
	"ecoseller/jobs"
	"ecoseller/models"
	"ecoseller/resolvers"
	"ecoseller/search/queryplan"
	"ecoseller/search/statistics"
	"ecoseller/store"
	"ecoseller/subscriptions"
	"ecoseller/web"
)

// firstQuery is what a new tab of the playground begins with, and what a start prints.
const firstQuery = `{
  searchProducts(query: "sluchatka bez dratu", language: "cs", first: 3) {
    totalCount
    engine
    nodes {
      title
      variants { sku price { gross { amount currency } } }
    }
  }
}`

// serve runs the API until the context ends. A development server, and one without Redis, runs the jobs as
// well.
func serve(ctx context.Context, cfg *config.Config, logger *slog.Logger) error {
	listener, err := listen(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	s, err := openShop(ctx, cfg, logger, cfg.RequestTimeout)
	if err != nil {
		return err
	}
	defer s.close()

	token, err := s.prepareDevelopment(ctx)
	if err != nil {
		return err
	}
	stopWorker, err := s.startOwnWorker(ctx)
	if err != nil {
		return err
	}
	defer s.keepIndices(ctx)()
	defer s.keepSearches()()
	defer s.keepCache()()
	streams := s.newStreams()
	handler, err := s.handler(token, streams)
	if err != nil {
		stopWorker()
		return err
	}
	stopAdmin, err := s.serveAdmin(ctx)
	if err != nil {
		stopWorker()
		return err
	}
	defer stopAdmin()
	s.announce(listener.Addr(), token)
	err = serveUntil(ctx, s.limitConnections(listener), handler, streams, s.cfg)
	stopWorker()
	return err
}

// work runs jobs until the context ends.
func work(ctx context.Context, cfg *config.Config, logger *slog.Logger) error {
	s, err := openShop(ctx, cfg, logger, batchTimeout)
	if err != nil {
		return err
	}
	defer s.close()
	worker, err := s.worker(ctx)
	if err != nil {
		return err
	}
	if err := s.scheduleRebuilds(ctx); err != nil {
		return err
	}
	defer s.keepIndices(ctx)()
	stopAdmin, err := s.serveAdmin(ctx)
	if err != nil {
		return err
	}
	defer stopAdmin()
	logger.Info("worker runs", "concurrency", cfg.WorkerConcurrency, "queues", cfg.WorkerQueues, "redis", cfg.UseRedis())
	worker.Run(ctx)
	return nil
}

func listen(ctx context.Context, cfg *config.Config) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Address())
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d is taken by another program; set PORT to use another, such as PORT=%d", cfg.Port, cfg.Port+1)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", cfg.Address(), err)
	}
	return listener, nil
}

// serveUntil answers requests until the context ends, then lets those that run finish. Streams would not, so they are ended.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler, streams *graph.Streams, cfg *config.Config) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: cfg.Traffic.HeaderTime, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: maxHeader,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	stopStreams(stopping, streams)
	if err := server.Shutdown(stopping); err != nil {
		return fmt.Errorf("stop serving: %w", err)
	}
	return nil
}

// stopStreams does not wait long for clients that do not answer.
func stopStreams(ctx context.Context, streams *graph.Streams) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	streams.Stop(ctx)
}

// maxHeader is more than browsers send; with persisted queries by GET the whole request is in the head.
const maxHeader = 64 << 10

// limitConnections returns a listener that keeps clients from opening too many connections.
func (s *shop) limitConnections(listener net.Listener) net.Listener {
	limits := web.ConnectionLimits{
		Total: s.cfg.Traffic.Connections, PerClient: s.cfg.Traffic.ConnectionsPerClient, Clients: s.clients(),
	}
	return limits.Limit(listener)
}

// clients tells by whom the server is asked.
func (s *shop) clients() web.Clients {
	proxies, err := s.cfg.Traffic.Proxies()
	if err != nil {
		panic(err) // the configuration has been checked
	}
	return web.Clients{TrustedProxies: proxies}
}

// openDocuments reads the documents that clients have registered; nil when any may be run.
func (s *shop) openDocuments() (*graph.Documents, error) {
	if s.cfg.Traffic.Documents == "" {
		return nil, nil
	}
	documents, err := graph.OpenDocuments(s.cfg.Traffic.Documents)
	if err != nil {
		return nil, fmt.Errorf("REGISTERED_DOCUMENTS: %w", err)
	}
	s.logger.Info("only registered documents are run", "documents", documents.Count())
	return documents, nil
}

// rebuildSchedule is the name of the schedule by which the search index is rebuilt.
const rebuildSchedule = "rebuild-search-index"

// scheduleRebuilds has the worker rebuild the index as the configuration says, in place of what it said before.
func (s *shop) scheduleRebuilds(ctx context.Context) error {
	if s.cfg.Elastic.Schedule == "" {
		if err := s.store.DeleteJobSchedule(ctx, rebuildSchedule); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil
	}
	schedule, err := jobs.PutSchedule(ctx, s.store, rebuildSchedule, s.cfg.Elastic.Schedule, s.cfg.Elastic.ScheduleTimeZone, models.RebuildSearchIndex{})
	if err != nil {
		return fmt.Errorf("SEARCH_INDEX_SCHEDULE: %w", err)
	}
	s.logger.InfoContext(ctx, "rebuilds of the search index are scheduled", "schedule", schedule.Cron, "time_zone", schedule.TimeZone, "next", schedule.NextRunAt)
	return nil
}

// startOwnWorker runs a worker in this process where there will be no other one.
func (s *shop) startOwnWorker(ctx context.Context) (stop func(), err error) {
	if !s.cfg.Embedded() && s.cfg.UseRedis() {
		return func() {}, nil
	}
	worker, err := s.worker(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.scheduleRebuilds(ctx); err != nil {
		return nil, err
	}
	return inBackground(context.WithoutCancel(ctx), worker.Run), nil
}

// inBackground does all the work at the same time until the context ends, or stop is called, which waits for the end.
func inBackground(ctx context.Context, work ...func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, do := range work {
		running.Go(func() { do(ctx) })
	}
	return func() { cancel(); running.Wait() }
}

// keepIndices makes search indices where they are missing or made by another release, in the background: until
// Elasticsearch has one, PostgreSQL answers searches. If the configuration says so, it begins with a rebuild.
func (s *shop) keepIndices(ctx context.Context) (stop func()) {
	return inBackground(ctx, func(ctx context.Context) {
		if s.elastic != nil && s.cfg.Elastic.AutoRebuild.Or(false) {
			s.rebuildAtStart(ctx)
		}
		s.indexer.KeepIndices(ctx, lookForIndex, s.logger)
	})
}

// keepSearches keeps synonyms, query rules and the names that are suggested up to date and writes statistics down,
// until the last request is answered.
func (s *shop) keepSearches() (stop func()) {
	ctx := context.Background()
	// The first search has them already; what goes wrong here is tried again and logged below.
	_ = s.planner.Refresh(ctx)
	work := []func(context.Context){s.logged(s.planner.Keep), s.logged(s.names.Keep)}
	if s.statistics != nil {
		work = append(work, s.logged(s.statistics.Keep))
	}
	return inBackground(ctx, work...)
}

func (s *shop) logged(keep func(context.Context, *slog.Logger)) func(context.Context) {
	return func(ctx context.Context) { keep(ctx, s.logger) }
}

// keepCache has answers, products and markets kept until they change, until the last request is answered.
func (s *shop) keepCache() (stop func()) {
	s.cache = cache.New(s.store, s.cfg.Traffic.ReadCacheBytes)
	s.observed.registry.MustRegister(s.cache)
	return inBackground(context.Background(), s.logged(s.cache.Keep))
}

func (s *shop) rebuildAtStart(ctx context.Context) {
	report, err := s.indexer.Rebuild(ctx, nil)
	if err != nil {
		s.logger.Warn("rebuild search index at start", "error", err)
		return
	}
	s.logger.Info("rebuilt search index at start", "products", report.Products, "took", report.Took)
}

func (s *shop) newStreams() *graph.Streams {
	return graph.NewStreams(graph.StreamOptions{
		Store: s.store, Limits: graph.Limits(s.cfg.Limits), Logger: s.logger, Metrics: s.observed.graph,
	})
}

func (s *shop) handler(token string, streams *graph.Streams) (http.Handler, error) {
	plan := &queryplan.Searcher{Planner: s.planner, Next: s.engines()}
	mux := http.NewServeMux()
	if err := s.openMedia(); err != nil {
		return nil, err
	}
	maxUpload := int64(0)
	if s.media != nil {
		maxUpload = s.media.MaxUpload()
		mux.Handle("/media/", s.media.Handler())
	}
	documents, err := s.openDocuments()
	if err != nil {
		return nil, err
	}
	mux.Handle("/graphql", graph.NewHandler(graph.Options{
		Resolvers: &resolvers.Resolver{
			Store: s.store, Searcher: &statistics.Searcher{Recorder: s.statistics, Next: plan}, Completer: s.completer(),
			QueryPlan: plan, Statistics: s.statistics, MessageIDDomain: s.cfg.MessageIDDomain(),
			Media: s.media, MediaAddresses: s.mediaAddresses(), Composer: s.composer(),
			EmailRates: models.EmailRates{PerCaller: s.cfg.Email.PerCaller, PerRecipient: s.cfg.Email.PerRecipient},
			MaxPage:    s.cfg.Limits.PageSize, Jobs: subscriptions.NewJobs(s.store, s.logger),
		},
		Limits: graph.Limits(s.cfg.Limits), ClientAddress: s.clients().Address, Origins: s.cfg.Traffic.Origins,
		Documents: documents, Cache: s.cache, CacheTime: s.cfg.Traffic.CacheTime,
		MaxUpload: maxUpload,
		Store:     s.store, Languages: s.languages, DefaultCountry: models.CountryCode(s.cfg.DefaultCountry),
		Introspection: s.cfg.AllowIntrospection(), Timeout: s.cfg.RequestTimeout, Logger: s.logger,
		Metrics: s.observed.graph, Streams: streams,
	}))
	mux.Handle("/feeds/", s.feeds())
	mux.Handle("/unsubscribe/", s.unsubscribe.Handler(s.store, s.renderer, s.logger))
	if s.mailbox != nil {
		page, err := s.mailboxPage()
		if err != nil {
			return nil, err
		}
		mux.Handle("/dev/mailbox/", page)
		mux.Handle("/dev/mailbox", page)
	}
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", s.ready)
	if s.cfg.ServeDemoStorefront() {
		storefront, err := web.Storefront(web.StorefrontOptions{
			Endpoint: "/graphql", ShopName: s.cfg.ShopName, Languages: s.cfg.Languages, DefaultCountry: s.cfg.DefaultCountry,
		})
		if err != nil {
			return nil, err
		}
		mux.Handle("/demo/", storefront)
		mux.Handle("/demo", storefront)
	}
	if s.cfg.AllowIntrospection() {
		examples, err := web.Examples()
		if err != nil {
			return nil, err
		}
		playground, err := web.Playground(web.PlaygroundOptions{Endpoint: "/graphql", Token: token, Query: firstQuery, Examples: examples})
		if err != nil {
			return nil, err
		}
		mux.Handle("/", playground)
	}
	answer := web.SecurityHeaders(strings.HasPrefix(s.cfg.PublicURL(), "https://"), web.Compress(mux))
	return s.observed.http.Handler(answer, mux, s.observed.traces, s.logger), nil
}

func (s *shop) feeds() http.Handler {
	return feeds.New(feeds.Options{
		Store: s.store, Languages: s.languages, StorefrontURL: s.cfg.StorefrontURL, ServerURL: s.cfg.PublicURL(),
		Media:       s.mediaAddresses(),
		ProductPath: s.cfg.StorefrontProductPath, CategoryPath: s.cfg.StorefrontCategoryPath,
	}).Handler(models.CountryCode(s.cfg.DefaultCountry), s.logger)
}

// prepareDevelopment fills an empty development shop with the demo catalogue, and returns a token for it.
// A configured shop gets neither.
func (s *shop) prepareDevelopment(ctx context.Context) (token string, err error) {
	if !s.cfg.Embedded() {
		return "", nil
	}
	count, err := s.store.CountAllProducts(ctx)
	if err != nil {
		return "", err
	}
	if count == 0 {
		if err := s.loadDemo(ctx); err != nil {
			return "", fmt.Errorf("load demo catalogue: %w", err)
		}
	}
	return s.developmentToken(ctx)
}

func (s *shop) loadDemo(ctx context.Context) error {
	if err := s.store.ImportReference(ctx, demo.Catalogue()); err != nil {
		return err
	}
	var refusals []error
	report, err := catalogue.NewImporter(s.store, s.mediaAddresses()).Import(ctx, demo.Products(), func(r catalogue.Refusal) {
		refusals = append(refusals, fmt.Errorf("line %d: %s", r.Line, r.Reason))
	})
	if err := errors.Join(append(refusals, err)...); err != nil {
		return err
	}
	// Search works from the first answer on, without waiting for the worker.
	if _, err := s.indexer.Rebuild(ctx, nil); err != nil {
		return err
	}
	s.logger.Info("loaded the demo catalogue", "products", report.Imported)
	return nil
}

// developmentToken returns the token of earlier starts, as long as it is valid, or a new one.
func (s *shop) developmentToken(ctx context.Context) (string, error) {
	file := filepath.Join(s.cfg.Folder, "token")
	if content, err := os.ReadFile(file); err == nil {
		token := strings.TrimSpace(string(content))
		if _, err := s.store.AccessTokenBySecret(ctx, token); err == nil {
			return token, nil
		}
	}
	token, err := s.store.CreateAccessToken(ctx, "development", models.AllPermissions())
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the development token: %w", err)
	}
	return token, nil
}

// announce tells the developer where to go.
func (s *shop) announce(address net.Addr, token string) {
	s.logger.Info("server runs", "address", address.String(), "elasticsearch", s.elastic != nil, "redis", s.queue != nil)
	if !s.cfg.Embedded() {
		return
	}
	fmt.Printf("\nPlayground:  http://%s/\nAPI:         http://%s/graphql\nToken:       %s\n", address, address, token)
	if s.cfg.ServeDemoStorefront() {
		fmt.Printf("Storefront:  http://%s/demo/\n", address)
	}
	if s.mailbox != nil {
		fmt.Printf("Mailbox:     http://%s/dev/mailbox/\n", address)
	}
	fmt.Printf("\nTry:\n%s\n\n", firstQuery)
}

func splitAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("read address: %w", err)
	}
	port, err = strconv.Atoi(text)
	if err != nil {
		return "", 0, fmt.Errorf("read port: %w", err)
	}
	return host, port, nil
}
