// Command yardstick is what the server is measured against: net/http, and one statement written by hand for each
// request, whose JSON is passed through as PostgreSQL made it. Below /memory/ it answers the same bytes from memory.
// The database is the one that the environment names, as for the server.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"ecoseller/config"
	"ecoseller/models"
	"ecoseller/store"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "yardstick:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	cfg, err := config.FromEnvironment()
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	db := store.OpenDB(store.Options{
		Address: cfg.Postgres.Address(), Database: cfg.Postgres.Database, User: cfg.Postgres.User, Password: cfg.Postgres.Password,
		TLS: cfg.Postgres.TLS(), MaxConnections: cfg.Postgres.MaxConnections, StatementTimeout: cfg.RequestTimeout,
	})
	defer func() { _ = db.Close() }()
	handler, err := newHandler(ctx, db.DB, cfg)
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:    net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port)),
		Handler: handler, ReadHeaderTimeout: 5 * time.Second,
	}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// answers are the prepared statements and what they always get.
type answers struct {
	product, list, fullList *sql.Stmt
	languages               models.Languages
	country                 string
}

func newHandler(ctx context.Context, db *sql.DB, cfg *config.Config) (http.Handler, error) {
	a := &answers{country: cfg.DefaultCountry}
	for _, code := range cfg.Languages {
		a.languages.Supported = append(a.languages.Supported, models.LanguageCode(code))
	}
	for _, code := range cfg.LanguageFallback {
		a.languages.Fallback = append(a.languages.Fallback, models.LanguageCode(code))
	}
	for _, s := range []struct {
		statement **sql.Stmt
		text      string
	}{{&a.product, productStatement}, {&a.list, listStatement}, {&a.fullList, fullListStatement}} {
		prepared, err := db.PrepareContext(ctx, s.text)
		if err != nil {
			return nil, fmt.Errorf("prepare statement: %w", err)
		}
		*s.statement = prepared
	}

	routes := http.NewServeMux()
	routes.HandleFunc("GET /product", a.serveProduct)
	routes.HandleFunc("GET /list", func(w http.ResponseWriter, r *http.Request) { a.serveList(w, r, a.list) })
	routes.HandleFunc("GET /list-full", func(w http.ResponseWriter, r *http.Request) { a.serveList(w, r, a.fullList) })
	routes.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	routes.Handle("GET /memory/", http.StripPrefix("/memory", &memory{source: routes}))
	return routes, nil
}

func (a *answers) serveProduct(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	a.serve(w, r, a.product, query.Get("language"), query.Get("slug"))
}

// serveList reads "after" as lists write it: the time and the id of the last product.
func (a *answers) serveList(w http.ResponseWriter, r *http.Request, statement *sql.Stmt) {
	query := r.URL.Query()
	createdAt, id := "infinity", "ffffffff-ffff-ffff-ffff-ffffffffffff"
	if after := query.Get("after"); after != "" {
		createdAt, id, _ = strings.Cut(after, "|")
	}
	a.serve(w, r, statement, query.Get("language"), query.Get("category"), createdAt, id)
}

func (a *answers) serve(w http.ResponseWriter, r *http.Request, statement *sql.Stmt, language string, where ...any) {
	rows, err := statement.QueryContext(r.Context(), append([]any{a.chain(language), a.country}, where...)...)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		status := http.StatusNotFound
		if rows.Err() != nil {
			status = http.StatusInternalServerError
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	var answer sql.RawBytes
	if err := rows.Scan(&answer); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	write(w, answer)
}

// chain is the languages in which a text is looked for, as an array of PostgreSQL.
func (a *answers) chain(language string) string {
	var codes []string
	for _, code := range a.languages.Chain(models.LanguageCode(language)) {
		codes = append(codes, string(code))
	}
	return "{" + strings.Join(codes, ",") + "}"
}

func write(w http.ResponseWriter, answer []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = w.Write(answer) // a client that has gone needs no answer
}

// memory keeps each answer of its source that it was asked for, for ever.
type memory struct {
	source http.Handler
	kept   sync.Map
}

// ServeHTTP answers from memory what was asked before.
func (m *memory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.URL.Path + "?" + r.URL.RawQuery
	if answer, ok := m.kept.Load(key); ok {
		write(w, answer.([]byte)) //nolint:forcetypeassert // nothing else is kept
		return
	}
	first := &copied{ResponseWriter: w}
	m.source.ServeHTTP(first, r)
	if first.status == 0 {
		m.kept.Store(key, first.body)
	}
}

// copied is an answer that is kept on its way.
type copied struct {
	http.ResponseWriter
	status int
	body   []byte
}

// WriteHeader notes what is not a 200.
func (c *copied) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Write copies the bytes.
func (c *copied) Write(body []byte) (int, error) {
	c.body = append(c.body, body...)
	return c.ResponseWriter.Write(body) //nolint:wrapcheck // as the writer has it
}
