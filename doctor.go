package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v3"

	"ecoseller/config"
	"ecoseller/jobs"
	"ecoseller/mail"
	"ecoseller/media"
	"ecoseller/migrations"
	"ecoseller/models"
	"ecoseller/search/elastic"
	"ecoseller/store"
)

const (
	// examinationTimeout bounds each check.
	examinationTimeout = 10 * time.Second
	// oldestPostgres is the first version that has all that our SQL uses.
	oldestPostgres = 150000
	// waitsTooLong is how long a job may be due before nobody seems to do it.
	waitsTooLong = time.Minute
)

// health is what the doctor says of a part.
type health string

const (
	healthy health = "ok"
	// doubtful works, and an operator should look at it.
	doubtful health = "warning"
	broken   health = "broken"
	// unused is not configured, and need not be.
	unused health = "unused"
)

// finding is what the doctor has found out about one part of the program.
type finding struct {
	Part   string `json:"part"`
	Health health `json:"health"`
	// Says is how it is, Mend what to do about it.
	Says string `json:"says"`
	Mend string `json:"mend,omitempty"`
}

// doctorCommand checks everything. It fails when something is broken.
func doctorCommand(ctx context.Context, line *cli.Command) error {
	if err := refuseStrangers(line); err != nil {
		return err
	}
	findings := examine(ctx, configurationOf(line))
	if line.Bool("json") {
		if err := printJSON(findings); err != nil {
			return err
		}
	} else {
		printFindings(os.Stdout, findings)
	}
	ill := 0
	for _, f := range findings {
		if f.Health == broken {
			ill++
		}
	}
	if ill > 0 {
		return fmt.Errorf("%d of %d parts are broken", ill, len(findings))
	}
	return nil
}

func printFindings(w io.Writer, findings []finding) {
	for _, f := range findings {
		_, _ = fmt.Fprintf(w, "%-8s %-14s %s\n", f.Health, f.Part, f.Says)
		if f.Mend != "" {
			_, _ = fmt.Fprintf(w, "%-23s → %s\n", "", f.Mend)
		}
	}
}

// examine looks at all parts at once: one that does not answer does not keep the others.
func examine(ctx context.Context, variables map[string]string) []finding {
	cfg, err := config.From(variables)
	if err != nil {
		return []finding{{"configuration", broken, err.Error(), "set these variables as README.md says; without a configuration nothing else can be checked"}}
	}
	checks := []func(*shop, context.Context) []finding{
		(*shop).examineDatabase, (*shop).examineElastic, (*shop).examineRedis, (*shop).examineMail, (*shop).examineMedia,
	}
	results := make([][]finding, len(checks))
	var running sync.WaitGroup
	for i, check := range checks {
		running.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, examinationTimeout)
			defer cancel()
			s := newShop(cfg, slog.New(slog.DiscardHandler))
			defer s.close()
			results[i] = check(s, ctx)
		})
	}
	running.Wait()
	findings := []finding{{"configuration", healthy, "is complete", ""}}
	for _, found := range results {
		findings = append(findings, found...)
	}
	return findings
}

// --- PostgreSQL ---

func (s *shop) examineDatabase(ctx context.Context) []finding {
	options := s.configuredDatabase(examinationTimeout)
	if s.cfg.Embedded() {
		note, err := os.ReadFile(s.embeddedNote())
		if err != nil {
			return []finding{{"postgresql", unused, "is embedded and starts with the program", ""}}
		}
		options.Address = strings.TrimSpace(string(note))
	}
	db := store.OpenDB(options)
	defer func() { _ = db.Close() }()
	if err := db.PingContext(ctx); err != nil {
		return []finding{{"postgresql", broken, fmt.Sprintf("%s: %s (%v)", options.Address, store.TroubleOf(err), err), mendingOf(store.TroubleOf(err), s.cfg)}}
	}
	facts, err := store.FactsOf(ctx, db)
	if err != nil {
		return []finding{{"postgresql", broken, err.Error(), ""}}
	}
	schema, current := schemaFinding(migrations.StatusOf(ctx, db))
	findings := []finding{serverFinding(facts, s.cfg), schema}
	if current {
		findings = append(findings, jobsFinding(store.New(db, s.languages, nil).JobQueueStatuses(ctx)))
	}
	return findings
}

// mendingOf says what to do about a PostgreSQL that cannot be reached.
func mendingOf(trouble store.Trouble, cfg *config.Config) string {
	switch trouble {
	case store.TroubleNobodyListens, store.TroubleLate, store.TroubleUnknownHost:
		return "start PostgreSQL, or set POSTGRES_HOST and POSTGRES_PORT to where it is"
	case store.TroublePassword:
		return "set POSTGRES_USER and POSTGRES_PASSWORD to those of the server"
	case store.TroubleNoDatabase:
		return fmt.Sprintf("CREATE DATABASE %s OWNER %s;", cfg.Postgres.Database, cfg.Postgres.User)
	case store.TroubleFull:
		return "lower POSTGRES_MAX_CONNECTIONS of our processes, or raise max_connections of the server"
	case store.TroubleStarting:
		return "wait, and ask again"
	case store.TroubleNotPermitted:
		return fmt.Sprintf("add a line for user %s and database %s to pg_hba.conf, or set POSTGRES_SSL_MODE=verify-full if only TLS is let in", cfg.Postgres.User, cfg.Postgres.Database)
	default:
		return "see the log of PostgreSQL; POSTGRES_SSL_MODE decides on TLS"
	}
}

func serverFinding(facts *store.ServerFacts, cfg *config.Config) finding {
	f := finding{Part: "postgresql", Health: healthy, Says: "version " + facts.Version}
	switch {
	case facts.VersionNumber < oldestPostgres:
		f.Health, f.Says, f.Mend = broken, f.Says+" is too old", "use PostgreSQL 15 or newer"
	case len(facts.MissingExtensions) > 0:
		f.Health, f.Says = broken, fmt.Sprintf("the extensions %v are not installed", facts.MissingExtensions)
		f.Mend = "install PostgreSQL's contrib package on the server"
	case facts.ReadOnly:
		f.Health, f.Says, f.Mend = broken, "it is a replica and takes no writes", "set POSTGRES_HOST to the primary"
	case cfg.Postgres.MaxConnections >= facts.MaxConnections:
		f.Health = doubtful
		f.Says = fmt.Sprintf("one process may use %d connections, the server has %d for all", cfg.Postgres.MaxConnections, facts.MaxConnections)
		f.Mend = "lower POSTGRES_MAX_CONNECTIONS, or raise max_connections of the server"
	}
	return f
}

// schemaFinding also says whether the tables are those of this release.
func schemaFinding(status *migrations.Status, err error) (_ finding, current bool) {
	if err != nil {
		return finding{"migrations", broken, err.Error(), ""}, false
	}
	if n := len(status.Unknown); n > 0 {
		return finding{"migrations", doubtful, fmt.Sprintf("%d are of a newer release, the first is %s", n, status.Unknown[0]), "run that release here too, or take them back with it: ecoseller migrate down"}, false
	}
	if n := len(status.Pending); n > 0 {
		return finding{"migrations", doubtful, fmt.Sprintf("%d of %d are not applied", n, n+len(status.Applied)), "ecoseller migrate up; every start of server and worker does it as well"}, false
	}
	return finding{"migrations", healthy, fmt.Sprintf("all %d are applied", len(status.Applied)), ""}, true
}

func jobsFinding(statuses []*models.JobQueueStatus, err error) finding {
	if err != nil {
		return finding{"jobs", broken, err.Error(), ""}
	}
	depth, running, oldest := 0, 0, time.Duration(0)
	for _, q := range statuses {
		depth, running = depth+q.Depth, running+q.Running
		oldest = max(oldest, time.Duration(q.OldestAgeSeconds*float64(time.Second)))
	}
	if oldest > waitsTooLong {
		return finding{
			"jobs", doubtful, fmt.Sprintf("%d wait, the oldest for %s", depth, oldest.Round(time.Second)),
			"start a worker: ecoseller -worker; or more of them, or -concurrency, if one runs",
		}
	}
	return finding{"jobs", healthy, fmt.Sprintf("%d wait, %d run", depth, running), ""}
}

// --- Elasticsearch ---

func (s *shop) examineElastic(ctx context.Context) []finding {
	if !s.cfg.UseElastic() {
		return []finding{{"elasticsearch", unused, "PostgreSQL answers searches", ""}}
	}
	engine, err := s.openElastic()
	if err != nil {
		return []finding{{"elasticsearch", broken, err.Error(), "set ELASTIC_HOST to an address such as http://elasticsearch:9200"}}
	}
	d, err := engine.Diagnose(ctx)
	if errors.Is(err, elastic.ErrDenied) {
		return []finding{{"elasticsearch", broken, "it refuses user and password", "set ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD to those of the server"}}
	}
	if err != nil {
		return []finding{{"elasticsearch", broken, err.Error(), "start Elasticsearch, or set ELASTIC_HOST to where it is; USE_ELASTIC=0 does without it. PostgreSQL answers searches meanwhile"}}
	}
	return []finding{clusterFinding(d), dictionariesFinding(d), indexFinding(d, s.cfg.Elastic.Index)}
}

func clusterFinding(d *elastic.Diagnosis) finding {
	if d.Status == "red" {
		return finding{"elasticsearch", broken, "version " + d.Version + ", its state is red: parts of indices are away", "see GET _cluster/allocation/explain of Elasticsearch"}
	}
	return finding{"elasticsearch", healthy, "version " + d.Version + ", its state is " + d.Status, ""}
}

func dictionariesFinding(d *elastic.Diagnosis) finding {
	if len(d.MissingDictionaries) > 0 {
		return finding{
			"dictionaries", broken, fmt.Sprintf("%v are missing: no index can be built", d.MissingDictionaries),
			"build the image in docker/elasticsearch, or put the folders into config/hunspell on every node and start it again",
		}
	}
	return finding{"dictionaries", healthy, "are there for all languages that have one", ""}
}

func indexFinding(d *elastic.Diagnosis, name string) finding {
	switch {
	case !d.HasIndex:
		return finding{"search index", doubtful, name + " is missing", "server and worker build it when they run; at once: ecoseller search-index -rebuild"}
	case !d.Current:
		return finding{"search index", doubtful, name + " was made by another release", "server and worker rebuild it when they run; at once: ecoseller search-index -rebuild"}
	}
	return finding{"search index", healthy, fmt.Sprintf("%s has %d products", name, d.Documents), ""}
}

// --- Redis, mail, pictures ---

func (s *shop) examineRedis(context.Context) []finding {
	if !s.cfg.UseRedis() {
		return []finding{{"redis", unused, "the server runs the jobs itself", ""}}
	}
	if s.cfg.EmbeddedRedis() {
		return []finding{{"redis", unused, "is embedded and starts with the program", ""}}
	}
	queue := jobs.NewRedisQueue(s.redisOptions())
	defer func() { _ = queue.Close() }()
	err := queue.Ping()
	if err == nil {
		return []finding{{"redis", healthy, "answers at " + s.cfg.Redis.Location, ""}}
	}
	mend := "start Redis, or set REDIS_QUEUE_LOCATION to where it is; jobs are found in PostgreSQL meanwhile, a second later"
	if text := err.Error(); strings.Contains(text, "NOAUTH") || strings.Contains(text, "WRONGPASS") || strings.Contains(text, "ERR AUTH") {
		mend = "set REDIS_PASSWORD to that of the server, or leave it out if the server has none"
	}
	return []finding{{"redis", broken, err.Error(), mend}}
}

func (s *shop) examineMail(ctx context.Context) []finding {
	if s.cfg.EmbeddedMailbox() {
		return []finding{{"mail", unused, "is caught in the program", ""}}
	}
	if s.cfg.Email.Host == "" {
		return []finding{{"mail", broken, "no mail server is configured: workers do not start", "set EMAIL_HOST"}}
	}
	if _, err := s.signer(); err != nil {
		return []finding{{"mail", broken, err.Error(), "set EMAIL_DKIM_KEY_FILE to a private key in PEM, RSA or Ed25519"}}
	}
	sender, err := s.sender()
	if err != nil {
		return []finding{{"mail", broken, err.Error(), "see EMAIL_FROM and EMAIL_HOST"}}
	}
	if err := sender.Check(ctx); err != nil {
		return []finding{{"mail", broken, err.Error(), mendingOfMail(err)}}
	}
	return []finding{{"mail", healthy, fmt.Sprintf("%s:%d takes our mail", s.cfg.Email.Host, s.cfg.Email.Port), ""}}
}

func mendingOfMail(err error) string {
	text := strings.ToLower(err.Error())
	switch {
	case strings.Contains(text, "certificate"), strings.Contains(text, "x509"):
		return "the server's certificate must be for EMAIL_HOST and by an authority that this system trusts"
	case strings.Contains(text, "tls"):
		return "EMAIL_USE_SSL=1 is for port 465, 0 for STARTTLS on 587 or 25; with a password the server must offer one of them"
	case strings.Contains(text, "auth"), strings.Contains(text, "535"):
		return "set EMAIL_HOST_USER and EMAIL_HOST_PASSWORD to those of the server"
	case errors.Is(err, mail.ErrUnreachable):
		return "set EMAIL_HOST and EMAIL_PORT to where the mail server is; mail waits meanwhile, and is not lost"
	default:
		return ""
	}
}

func (s *shop) examineMedia(ctx context.Context) []finding {
	if !s.cfg.KeepsMedia() {
		return []finding{{"pictures", unused, "uploaded pictures have no place", "set MEDIA_FOLDER or MEDIA_S3_ENDPOINT to take uploads"}}
	}
	if _, err := os.Stat(s.cfg.Folder); s.cfg.Embedded() && err != nil {
		return []finding{{"pictures", unused, "the folder of data is made by the first start", ""}}
	}
	storage, err := s.mediaStorage()
	if err == nil {
		err = tryStorage(ctx, storage)
	}
	if err != nil {
		mend := "make the folder of MEDIA_FOLDER writable for the user that the program runs as, and see that its disk is not full"
		if s.cfg.Media.InBucket() {
			mend = "see MEDIA_S3_ENDPOINT, MEDIA_S3_REGION, MEDIA_S3_BUCKET and the keys: they must let us write, read and delete"
		}
		return []finding{{"pictures", broken, err.Error(), mend}}
	}
	return []finding{{"pictures", healthy, "can be written, read and deleted", ""}}
}

// tryStorage stores a file, reads it and removes it.
func tryStorage(ctx context.Context, storage media.Storage) error {
	random := make([]byte, 32)
	_, _ = rand.Read(random)
	name := models.MediaFileName(hex.EncodeToString(random), "png")
	if err := storage.Put(ctx, name, strings.NewReader("try"), int64(len("try"))); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	defer func() { _ = storage.Delete(context.WithoutCancel(ctx), name) }()
	file, err := storage.Open(ctx, name)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	content, err := io.ReadAll(file)
	_ = file.Close()
	if err != nil || string(content) != "try" {
		return fmt.Errorf("read: %q came back: %w", content, err)
	}
	if err := storage.Delete(ctx, name); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	return nil
}

// embeddedNote is the file in which a running program says where its PostgreSQL is.
func (s *shop) embeddedNote() string { return filepath.Join(s.cfg.Folder, "postgres.socket") }
