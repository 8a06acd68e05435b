// Package elastic is the search engine on Elasticsearch. Its index is derived from PostgreSQL and can be
// rebuilt at any time.
package elastic

import (
	"context"
	"log/slog"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
	"ecoseller/telemetry"
)

// Options say which Elasticsearch to use and how.
type Options struct {
	Addresses []string
	Username  string
	Password  string
	// Index is the alias under which the products are found; "products" when empty.
	Index string
	// Languages are what the shop speaks.
	Languages []models.LanguageCode
	// Boosts weigh the fields.
	Boosts search.Boosts
	// ProtectedWords are not stemmed.
	ProtectedWords []string
	// WriteTimeout bounds each request that writes, so that a server that hangs does not keep workers for the time of
	// a job; 30 s when 0.
	WriteTimeout time.Duration
	// Logger is told when the server is left alone and when it answers again; it may be nil.
	Logger *slog.Logger
	// Calls watches the requests; it may be nil.
	Calls *telemetry.Calls
}

// Engine searches in an index behind an alias.
type Engine struct {
	client    *client
	alias     string
	languages []models.LanguageCode
	analyzers map[models.LanguageCode]*analysis.Analyzer
	boosts    search.Boosts
	snapshots snapshots
	protected []string
}

// New returns the engine; it does not connect yet.
func New(o Options) (*Engine, error) {
	c, err := newClient(o)
	if err != nil {
		return nil, err
	}
	alias := o.Index
	if alias == "" {
		alias = "products"
	}
	e := &Engine{
		client: c, alias: alias, languages: o.Languages, analyzers: map[models.LanguageCode]*analysis.Analyzer{},
		protected: o.ProtectedWords, boosts: o.Boosts,
	}
	for _, language := range o.Languages {
		e.analyzers[language] = analysis.New(language, o.ProtectedWords...)
	}
	return e, nil
}

// Name is Elasticsearch.
func (e *Engine) Name() search.EngineName { return search.Elasticsearch }

// Ready says whether the server answers and has the index.
func (e *Engine) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, e.client.writeTimeout)
	defer cancel()
	return e.client.do(ctx, esapi.CountRequest{Index: []string{e.alias}}, nil)
}
