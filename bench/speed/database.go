package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"ecoseller/bench/generate"
	"ecoseller/config"
	"ecoseller/migrations"
	"ecoseller/store"
)

// patience bounds the statements that fill a database.
const patience = 15 * time.Minute

// services are PostgreSQL, Elasticsearch and Redis as the environment names them.
type services struct {
	cfg *config.Config
	// admin is connected to the database that the environment names, and reads and makes others from there.
	admin *bun.DB
}

func openServices() (*services, error) {
	cfg, err := config.FromEnvironment()
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	if cfg.Postgres.Host == "" {
		return nil, errors.New(`there is no PostgreSQL in the environment: eval "$(scripts/services env)"`)
	}
	s := &services{cfg: cfg}
	s.admin = s.database(cfg.Postgres.Database)
	return s, nil
}

func (s *services) database(name string) *bun.DB {
	return store.OpenDB(store.Options{
		Address: s.cfg.Postgres.Address(), Database: name, User: s.cfg.Postgres.User, Password: s.cfg.Postgres.Password,
		TLS: s.cfg.Postgres.TLS(), StatementTimeout: patience,
	})
}

// databaseOf names what the benchmark keeps between runs.
func databaseOf(products int) string { return fmt.Sprintf("bench_speed_%d", products) }

// prepare makes the database of a size, or takes the one that an earlier run has made of the same schema and by the
// same generator.
func (s *services) prepare(ctx context.Context, products int) error {
	name := databaseOf(products)
	hash, err := hashOfFiles("migrations/*.sql", "bench/generate/generate.go")
	if err != nil {
		return err
	}
	var made string
	err = s.admin.NewRaw("SELECT coalesce(max(shobj_description(oid, 'pg_database')), '') FROM pg_database WHERE datname = ?", name).Scan(ctx, &made)
	if err != nil {
		return fmt.Errorf("look for database: %w", err)
	}
	if made == hash {
		return nil
	}
	if err := s.recreate(ctx, name); err != nil {
		return err
	}
	if err := s.dropIndices(ctx, name); err != nil { // they are of the database that was there before
		return err
	}
	if err := s.fill(ctx, name, products); err != nil {
		return err
	}
	if _, err := s.admin.NewRaw("COMMENT ON DATABASE ? IS ?", bun.Ident(name), hash).Exec(ctx); err != nil {
		return fmt.Errorf("note what database was made by: %w", err)
	}
	return nil
}

func (s *services) fill(ctx context.Context, name string, products int) error {
	db := s.database(name)
	defer func() { _ = db.Close() }()
	if _, err := migrations.Up(ctx, db); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := generate.Fill(ctx, db, products); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	return nil
}

// recreate makes an empty database, in the place of one with that name.
func (s *services) recreate(ctx context.Context, name string) error {
	if err := s.drop(ctx, name); err != nil {
		return err
	}
	if _, err := s.admin.NewRaw("CREATE DATABASE ?", bun.Ident(name)).Exec(ctx); err != nil {
		return fmt.Errorf("make database: %w", err)
	}
	return nil
}

func (s *services) drop(ctx context.Context, name string) error {
	if _, err := s.admin.NewRaw("DROP DATABASE IF EXISTS ? WITH (FORCE)", bun.Ident(name)).Exec(ctx); err != nil {
		return fmt.Errorf("drop database: %w", err)
	}
	return nil
}

// dropIndices deletes the indices of a shop from Elasticsearch.
func (s *services) dropIndices(ctx context.Context, database string) error {
	if !s.cfg.UseElastic() {
		return nil
	}
	names, err := s.askElastic(ctx, http.MethodGet, "/_cat/indices/"+indexOf(database)+"-*?h=index")
	if err != nil {
		return err
	}
	for name := range strings.FieldsSeq(names) {
		if _, err := s.askElastic(ctx, http.MethodDelete, "/"+name); err != nil {
			return err
		}
	}
	return nil
}

func (s *services) askElastic(ctx context.Context, method, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.cfg.Elastic.Host+path, nil)
	if err != nil {
		return "", fmt.Errorf("make request: %w", err)
	}
	if s.cfg.Elastic.Username != "" {
		request.SetBasicAuth(s.cfg.Elastic.Username, s.cfg.Elastic.Password)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("ask Elasticsearch: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("answer of Elasticsearch %d: %.300s", response.StatusCode, body)
	}
	return string(body), err
}

// promise is what a catalogue of the benchmark has on average for each product.
type promise struct {
	Languages, Variants, PriceLists, Attributes, Media, Categories float64
}

// checkCatalogue fails when the catalogue is not the one that the results speak of.
func checkCatalogue(ctx context.Context, db *bun.DB, products int) error {
	var count int
	var p promise
	err := db.NewRaw(`
		SELECT (SELECT count(*) FROM products),
			(SELECT count(*) FROM product_translations)::float8 / ?0,
			(SELECT count(*) FROM product_variants)::float8 / ?0,
			(SELECT count(*) FROM price_lists)::float8,
			(SELECT count(*) FROM product_variant_attributes)::float8 / (SELECT count(*) FROM product_variants),
			(SELECT count(*) FROM product_media)::float8 / ?0,
			(SELECT count(*) FROM product_categories)::float8 / ?0`, products).
		Scan(ctx, &count, &p.Languages, &p.Variants, &p.PriceLists, &p.Attributes, &p.Media, &p.Categories)
	if err != nil {
		return fmt.Errorf("count the catalogue: %w", err)
	}
	if want := (promise{3, 2.5, 2, 4, 3, 1}); count != products || p != want {
		return fmt.Errorf("the catalogue has %d products with %+v, not %d with %+v", count, p, products, want)
	}
	return nil
}

// keepIndex builds the index unless the one of an earlier run was made by the same program.
func (b *bench) keepIndex(ctx context.Context) error {
	doctor := exec.CommandContext(ctx, b.programs.server, "doctor", "-json")
	doctor.Env = b.environment()
	raw, _ := doctor.Output() // it fails for parts, too, that are not of interest here
	var findings []struct{ Part, Health string }
	if err := json.Unmarshal(raw, &findings); err != nil {
		return fmt.Errorf("read findings of the doctor %q: %w", raw, err)
	}
	for _, f := range findings {
		if f.Part == "search index" && f.Health == "ok" {
			return nil
		}
	}
	_, _ = fmt.Fprintf(b.log, "%7d products  building the index\n", b.products)
	return runProgram(ctx, b.programs.server, b.environment(), "search-index", "--rebuild")
}

// settle removes what an earlier run has left, and has PostgreSQL do now what it would do while it is measured.
func settle(ctx context.Context, db *bun.DB) error {
	for _, statement := range []string{"TRUNCATE email_messages, jobs CASCADE", "VACUUM (ANALYZE)", "CHECKPOINT"} {
		if _, err := db.NewRaw(statement).Exec(ctx); err != nil {
			return fmt.Errorf("settle database: %w", err)
		}
	}
	return nil
}

// runProgram runs a command of ecoseller to its end.
func runProgram(ctx context.Context, path string, environment []string, arguments ...string) error {
	command := exec.CommandContext(ctx, path, arguments...)
	command.Env = environment
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("ecoseller %v: %w: %s", arguments, err, output)
	}
	return nil
}

func hashOfFiles(patterns ...string) (string, error) {
	hash := sha256.New()
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			return "", fmt.Errorf("no files %s: run in the folder of the module", pattern)
		}
		slices.Sort(files)
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return "", fmt.Errorf("read file: %w", err)
			}
			_, _ = fmt.Fprintf(hash, "%s %d\n%s", file, len(content), content)
		}
	}
	return fmt.Sprintf("%x", hash.Sum(nil)), nil
}
