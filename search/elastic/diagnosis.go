package elastic

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"ecoseller/search"
	"ecoseller/search/analysis"
)

// ErrDenied says that the server does not take our user and password.
var ErrDenied = errors.New("user and password are refused")

// Diagnosis is what an operator should know of an Elasticsearch.
type Diagnosis struct {
	Version string
	// Status is the cluster's: green, yellow or red.
	Status string
	// MissingDictionaries are hunspell dictionaries that our index needs.
	MissingDictionaries []string
	// HasIndex says that searches have an index, Current that it was made by this release.
	HasIndex, Current bool
	Documents         int
}

// Diagnose asks the server about everything that the engine needs. It changes nothing.
func (e *Engine) Diagnose(ctx context.Context) (*Diagnosis, error) {
	d := new(Diagnosis)
	var info struct{ Version struct{ Number string } }
	if err := e.client.ask(ctx, esapi.InfoRequest{}, &info); err != nil {
		return nil, err
	}
	d.Version = info.Version.Number
	var health struct{ Status string }
	if err := e.client.ask(ctx, esapi.ClusterHealthRequest{}, &health); err != nil {
		return nil, err
	}
	d.Status = health.Status
	if err := e.findMissingDictionaries(ctx, d); err != nil {
		return nil, err
	}
	return d, e.lookAtIndex(ctx, d)
}

// findMissingDictionaries has a word analyzed with each dictionary, since servers do not list what they have.
func (e *Engine) findMissingDictionaries(ctx context.Context, d *Diagnosis) error {
	for _, language := range e.languages {
		dictionary := analysis.LanguageOf(language).Dictionary
		if dictionary == "" {
			continue
		}
		err := e.client.ask(ctx, esapi.IndicesAnalyzeRequest{Body: body(object{
			"tokenizer": "standard", "text": "x", "filter": []any{object{"type": "hunspell", "locale": dictionary}},
		})}, nil)
		switch {
		case err == nil:
		case strings.Contains(err.Error(), "hunspell dictionary"):
			d.MissingDictionaries = append(d.MissingDictionaries, dictionary)
		default:
			return fmt.Errorf("look for dictionary: %w", err)
		}
	}
	return nil
}

func (e *Engine) lookAtIndex(ctx context.Context, d *Diagnosis) error {
	var count struct{ Count int }
	err := e.client.ask(ctx, esapi.CountRequest{Index: []string{e.alias}}, &count)
	if errors.Is(err, search.ErrNoIndex) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("count documents: %w", err)
	}
	d.HasIndex, d.Documents = true, count.Count
	d.Current, err = e.Current(ctx)
	return err
}
