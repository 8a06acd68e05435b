package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // for systems without time zones

	"github.com/uptrace/bun"

	"ecoseller/cache"
	"ecoseller/config"
	"ecoseller/embedded"
	"ecoseller/jobs"
	"ecoseller/mail"
	"ecoseller/media"
	"ecoseller/migrations"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/elastic"
	"ecoseller/search/indexer"
	"ecoseller/search/postgres"
	"ecoseller/search/queryplan"
	"ecoseller/search/spelling"
	"ecoseller/search/statistics"
	"ecoseller/search/suggest"
	"ecoseller/store"
	"ecoseller/telemetry"
	"ecoseller/web"
)

const (
	// connectTimeout is how long a start waits for PostgreSQL.
	connectTimeout = time.Minute
	// batchTimeout bounds the statements of commands and of the worker.
	batchTimeout = 5 * time.Minute
	// lookForIndex is how often server and worker look whether Elasticsearch has its index.
	lookForIndex = 10 * time.Second
	// stopTimeout bounds each step of a stop.
	stopTimeout = 15 * time.Second
)

// shop is what the configuration makes: the parts of the program, connected with each other.
type shop struct {
	cfg       *config.Config
	logger    *slog.Logger
	languages models.Languages

	observed *observation
	db       *bun.DB
	store    *store.Store
	queue    *jobs.RedisQueue // nil without Redis
	waker    *jobs.Waker

	postgres *postgres.Engine
	elastic  *elastic.Engine // nil without Elasticsearch
	indexer  *indexer.Indexer
	planner  *queryplan.Planner
	names    *suggest.Names
	cache    *cache.Cache // in the server
	// statistics is nil when searches are not counted.
	statistics *statistics.Recorder

	media       *media.Library    // in the server; nil when uploaded pictures have no place
	mailbox     *embedded.Mailbox // nil with a real mail server
	renderer    *mail.Renderer
	unsubscribe *mail.Unsubscriber

	closers []func()
}

// openShop connects to PostgreSQL, starting it where it is embedded, migrates it, and makes the other
// parts. Redis and Elasticsearch need not answer.
func openShop(ctx context.Context, cfg *config.Config, logger *slog.Logger, statementTimeout time.Duration) (*shop, error) {
	s := newShop(cfg, logger)
	if err := s.open(ctx, statementTimeout); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func newShop(cfg *config.Config, logger *slog.Logger) *shop {
	return &shop{cfg: cfg, logger: logger, languages: languagesOf(cfg), waker: jobs.NewWaker(), observed: newObservation()}
}

func (s *shop) open(ctx context.Context, statementTimeout time.Duration) error {
	if err := s.openTraces(ctx); err != nil {
		return err
	}
	db, err := s.openDatabase(ctx, statementTimeout)
	if err != nil {
		return err
	}
	s.db = db
	if err := s.openQueue(); err != nil {
		return err
	}
	s.store = store.New(db, s.languages, s.notifier())
	s.observed.addDatabase(db.DB, s.store)
	if err := s.store.KeepSortTitles(ctx); err != nil {
		return err
	}
	if err := s.openMail(ctx); err != nil {
		return err
	}
	return s.openSearch()
}

// onClose remembers what has to be stopped; the last opened is stopped first.
func (s *shop) onClose(stop func()) { s.closers = append(s.closers, stop) }

func (s *shop) close() {
	for _, stop := range slices.Backward(s.closers) {
		stop()
	}
	s.closers = nil
}

func languagesOf(cfg *config.Config) models.Languages {
	return models.Languages{Supported: languageCodes(cfg.Languages), Fallback: languageCodes(cfg.LanguageFallback)}
}

func languageCodes(names []string) []models.LanguageCode {
	codes := make([]models.LanguageCode, len(names))
	for i, name := range names {
		codes[i] = models.LanguageCode(name)
	}
	return codes
}

// --- PostgreSQL ---

func (s *shop) openDatabase(ctx context.Context, statementTimeout time.Duration) (*bun.DB, error) {
	options, err := s.databaseOptions(ctx, statementTimeout)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, options, s.logger); err != nil {
		return nil, err
	}
	db := store.OpenDB(options)
	s.onClose(func() { _ = db.Close() })
	return db, nil
}

// databaseOptions say where PostgreSQL is; an embedded one runs then.
func (s *shop) databaseOptions(ctx context.Context, statementTimeout time.Duration) (store.Options, error) {
	options := s.configuredDatabase(statementTimeout)
	if !s.cfg.Embedded() {
		return options, nil
	}
	address, err := s.embeddedPostgres(ctx, options)
	options.Address = address
	return options, err
}

func (s *shop) configuredDatabase(statementTimeout time.Duration) store.Options {
	return store.Options{
		Address: s.cfg.Postgres.Address(), Database: s.cfg.Postgres.Database, User: s.cfg.Postgres.User,
		Password: s.cfg.Postgres.Password, TLS: s.cfg.Postgres.TLS(), MaxConnections: s.cfg.Postgres.MaxConnections,
		StatementTimeout: statementTimeout, Logger: s.logger, Calls: s.observed.calls[telemetry.SQL],
	}
}

// embeddedPostgres returns the socket of the server in the data folder: of one that another process of ours
// runs already, or of one that is started now.
func (s *shop) embeddedPostgres(ctx context.Context, options store.Options) (string, error) {
	noteFile := s.embeddedNote()
	if note, err := os.ReadFile(noteFile); err == nil {
		options.Address = strings.TrimSpace(string(note))
		db := store.OpenDB(options)
		defer func() { _ = db.Close() }()
		if db.PingContext(ctx) == nil {
			return options.Address, nil
		}
	}
	if err := os.MkdirAll(s.cfg.Folder, 0o755); err != nil {
		return "", fmt.Errorf("make data folder: %w", err)
	}
	server, err := embedded.StartPostgres(ctx, embedded.PostgresOptions{
		Folder: s.cfg.Folder, Logger: s.logger,
		Progress: func(line string) { fmt.Fprintln(os.Stderr, line) },
	})
	if err != nil {
		return "", fmt.Errorf("start embedded PostgreSQL: %w", err)
	}
	s.onClose(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		_ = os.Remove(noteFile)
		if err := server.Stop(ctx); err != nil {
			s.logger.Warn("stop embedded PostgreSQL", "error", err)
		}
	})
	if err := os.WriteFile(noteFile, []byte(server.SocketPath()+"\n"), 0o644); err != nil {
		return "", fmt.Errorf("note the socket of PostgreSQL: %w", err)
	}
	return server.SocketPath(), nil
}

// migrate brings the schema up to date, over connections without a limit on statements.
func migrate(ctx context.Context, options store.Options, logger *slog.Logger) error {
	options.StatementTimeout = 0
	options.MaxConnections = 3
	db := store.OpenDB(options)
	defer func() { _ = db.Close() }()
	waiting, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := store.WaitUntilReady(waiting, db); err != nil {
		return err
	}
	applied, err := migrations.Up(ctx, db)
	if err != nil {
		return err
	}
	if len(applied) > 0 {
		logger.Info("migrated the database", "applied", applied)
	}
	return nil
}

// --- Redis ---

func (s *shop) openQueue() error {
	if !s.cfg.UseRedis() {
		return nil
	}
	options := s.redisOptions()
	if s.cfg.EmbeddedRedis() {
		redis, err := embedded.StartRedis()
		if err != nil {
			return fmt.Errorf("start embedded Redis: %w", err)
		}
		s.onClose(redis.Stop)
		options.Address = redis.Address()
	}
	s.queue = jobs.NewRedisQueue(options)
	s.onClose(func() { _ = s.queue.Close() })
	return nil
}

func (s *shop) redisOptions() jobs.RedisOptions {
	return jobs.RedisOptions{
		Address: s.cfg.Redis.Location, Password: s.cfg.Redis.Password, Namespace: s.cfg.Redis.Namespace, Logger: s.logger,
		Calls: s.observed.calls[telemetry.Redis],
	}
}

// notifier is who is told of committed jobs: Redis, or the worker in this process.
func (s *shop) notifier() store.JobNotifier {
	if s.queue != nil {
		return s.queue
	}
	return s.waker
}

// --- Search ---

func (s *shop) openSearch() error {
	s.postgres = postgres.New(s.store, postgres.Options{
		Languages: s.languages.Supported, ProtectedWords: s.cfg.SearchProtectedWords, Boosts: search.Boosts(s.cfg.Boosts),
	})
	engines := []search.Engine{s.postgres}
	if s.cfg.UseElastic() {
		engine, err := s.openElastic()
		if err != nil {
			return err
		}
		s.elastic = engine
		engines = append(engines, engine)
	}
	s.indexer = indexer.New(s.store, s.languages, engines...)
	s.planner = queryplan.New(s.store, s.languages.Supported)
	s.names = suggest.NewNames(s.store)
	if s.cfg.SearchStatisticsDays > 0 {
		s.statistics = statistics.New(s.store, s.cfg.SearchStatisticsDays)
	}
	return nil
}

func (s *shop) openElastic() (*elastic.Engine, error) {
	return elastic.New(elastic.Options{
		Addresses: []string{s.cfg.Elastic.Host}, Username: s.cfg.Elastic.Username, Password: s.cfg.Elastic.Password,
		Index: s.cfg.Elastic.Index, Languages: s.languages.Supported, ProtectedWords: s.cfg.SearchProtectedWords,
		Boosts: search.Boosts(s.cfg.Boosts), Logger: s.logger, Calls: s.observed.calls[telemetry.Elasticsearch],
	})
}

// engines is Elasticsearch with PostgreSQL behind it, or PostgreSQL alone, asked as strictly as there are products for.
func (s *shop) engines() *search.Finder {
	if s.elastic == nil {
		return s.finder(s.postgres)
	}
	return s.finder(search.NewFailover(s.elastic, s.postgres, s.failoverOptions()))
}

func (s *shop) failoverOptions() search.FailoverOptions {
	return search.FailoverOptions{Timeout: s.cfg.Elastic.Timeout, HedgeAfter: s.cfg.Elastic.HedgeAfter, Logger: s.logger}
}

func (s *shop) finder(engine search.Searcher) *search.Finder {
	return search.NewFinder(engine, spelling.New(s.store, s.languages.Supported))
}

// completer makes suggestions with the same engines.
func (s *shop) completer() *suggest.Completer {
	var engine search.Suggester = s.postgres
	if s.elastic != nil {
		engine = search.NewSuggestFailover(s.elastic, s.postgres, s.failoverOptions())
	}
	return suggest.New(engine, s.store, s.names)
}

// --- Media ---

// openMedia makes the library of pictures where there is a place for them.
func (s *shop) openMedia() error {
	if !s.cfg.KeepsMedia() {
		return nil
	}
	storage, err := s.mediaStorage()
	if err != nil {
		return err
	}
	s.media = media.NewLibrary(storage, s.cfg.Media.MaxBytes, s.logger)
	return nil
}

func (s *shop) mediaStorage() (media.Storage, error) {
	if o := s.cfg.Media; o.InBucket() {
		return media.NewBucket(media.BucketOptions{
			Endpoint: o.S3Endpoint, Region: o.S3Region, Bucket: o.S3Bucket, AccessKey: o.S3AccessKey, SecretKey: o.S3SecretKey,
		})
	}
	folder, err := media.OpenFolder(s.cfg.MediaFolder())
	if err != nil {
		return nil, err
	}
	s.onClose(func() { _ = folder.Close() })
	return folder, nil
}

func (s *shop) mediaAddresses() models.MediaAddresses {
	return models.MediaAddresses{Base: s.cfg.MediaURL()}
}

// --- Mail and jobs ---

// openMail reads the templates, and the secret behind the links by which customers unsubscribe.
func (s *shop) openMail(ctx context.Context) error {
	zone, err := time.LoadLocation(s.cfg.TimeZone)
	if err != nil {
		return fmt.Errorf("load time zone: %w", err)
	}
	s.renderer, err = mail.NewRenderer(mail.Shop{Name: s.cfg.ShopName, URL: s.cfg.StorefrontURL, Zone: zone}, s.languages)
	if err != nil {
		return err
	}
	key, err := s.store.Secret(ctx, "unsubscribe", []byte(rand.Text()))
	if err != nil {
		return err
	}
	s.unsubscribe = mail.NewUnsubscriber(key, s.cfg.PublicURL())
	return nil
}

func (s *shop) composer() *mail.Composer {
	return mail.NewComposer(s.renderer, s.unsubscribe, s.cfg.MessageIDDomain())
}

// sender speaks to the mail server, or to the mailbox in this process.
func (s *shop) sender() (*mail.Sender, error) {
	host, port := s.cfg.Email.Host, s.cfg.Email.Port
	if s.cfg.EmbeddedMailbox() {
		mailbox, err := embedded.StartMailbox("127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("start mailbox: %w", err)
		}
		s.mailbox = mailbox
		s.onClose(mailbox.Stop)
		if host, port, err = splitAddress(mailbox.Address()); err != nil {
			return nil, err
		}
	}
	if host == "" {
		return nil, errors.New("configuration: EMAIL_HOST: needed by what sends mail")
	}
	signer, err := s.signer()
	if err != nil {
		return nil, err
	}
	sender, err := mail.NewSender(mail.SMTPOptions{
		Host: host, Port: port, User: s.cfg.Email.User, Password: s.cfg.Email.Password, From: s.cfg.Email.From,
		UseSSL: s.cfg.Email.UseSSL.Or(false), Connections: s.cfg.Email.Connections, DKIM: signer,
		Calls: s.observed.calls[telemetry.SMTP],
	})
	if err == nil {
		s.onClose(sender.Close)
	}
	return sender, err
}

// signer is nil where no key is configured.
func (s *shop) signer() (*mail.DKIMSigner, error) {
	if s.cfg.Email.DKIMKeyFile == "" {
		return nil, nil //nolint:nilnil // unsigned mail is what was asked for
	}
	key, err := os.ReadFile(s.cfg.Email.DKIMKeyFile)
	if err != nil {
		return nil, fmt.Errorf("read DKIM key: %w", err)
	}
	return mail.NewDKIMSigner(s.cfg.Email.DKIMDomain, s.cfg.Email.DKIMSelector, key)
}

// mailboxPage shows developers what the mailbox in this process has caught, and all templates.
func (s *shop) mailboxPage() (http.Handler, error) {
	kinds, languages := []string{}, []string{}
	for _, kind := range models.TemplateKinds() {
		kinds = append(kinds, string(kind))
	}
	for _, language := range s.languages.Supported {
		languages = append(languages, string(language))
	}
	return web.Mailbox(web.MailboxOptions{
		Messages: func() []web.CaughtMail {
			var caught []web.CaughtMail
			for _, m := range s.mailbox.Messages() {
				caught = append(caught, web.CaughtMail{
					Number: m.Number, From: m.From, To: m.To, Subject: m.Subject, Headers: m.Headers, Text: m.Text, HTML: m.HTML, Received: m.Received,
				})
			}
			return caught
		},
		Kinds: kinds, Languages: languages,
		Sample: func(kind, language string) (web.CaughtMail, error) {
			m, err := s.renderer.Render(mail.Sample(models.EmailKind(kind)), models.LanguageCode(language), "")
			return web.CaughtMail{Subject: m.Subject, Text: m.Text, HTML: m.HTML}, err
		},
	})
}

// worker returns what runs the jobs of this shop.
func (s *shop) worker(ctx context.Context) (*jobs.Worker, error) {
	sender, err := s.sender()
	if err != nil {
		return nil, err
	}
	if _, err := jobs.PutSchedule(ctx, s.store, "tidy-email-rates", "17 * * * *", "UTC", models.TidyEmailRates{}); err != nil {
		return nil, err
	}
	handlers := jobs.NewHandlers(s.store, s.indexer, sender)
	var queues []models.JobQueue
	for _, name := range s.cfg.WorkerQueues {
		queues = append(queues, models.JobQueue(name))
	}
	w := jobs.NewWorker(s.store, handlers, s.queue, jobs.Options{
		Concurrency: s.cfg.WorkerConcurrency, Queues: queues, KeepFinished: s.cfg.JobRetention, Metrics: s.observed.jobs,
		Traces: s.observed.traces, Logger: s.logger,
	})
	w.WakeBy(s.waker)
	return w, nil
}
