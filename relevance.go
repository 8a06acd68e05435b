package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/urfave/cli/v3"

	"ecoseller/catalogue"
	"ecoseller/config"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/relevance"
	"ecoseller/store"
)

// relevanceOptions are the flags of the command relevance.
type relevanceOptions struct {
	catalogue, judgments string
	engine, language     string
	explain              string
}

// relevanceCommand prints how well searches find what people have judged to be right: in the shop, or in a catalogue
// that is indexed in a database and an index of its own.
func relevanceCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, line *cli.Command) error {
	o := relevanceOptions{
		catalogue: line.String("catalogue"), judgments: line.String("judgments"),
		engine: line.String("engine"), language: line.String("language"), explain: line.String("explain"),
	}
	if o.judgments == "" && o.explain == "" {
		return usageError("relevance needs --judgments or --explain")
	}
	s, err := openShop(ctx, cfg, logger, batchTimeout)
	if err != nil {
		return err
	}
	defer s.close()
	if o.catalogue == "" {
		return s.measureRelevance(ctx, o, os.Stdout)
	}
	return s.inScratchShop(ctx, func(scratch *shop) error {
		if err := scratch.importAndIndex(ctx, o.catalogue); err != nil {
			return err
		}
		return scratch.measureRelevance(ctx, o, os.Stdout)
	})
}

// inScratchShop runs do in a shop with a database and an index of its own, which are gone afterwards.
func (s *shop) inScratchShop(ctx context.Context, do func(*shop) error) error {
	name, err := store.CreateScratchDatabase(ctx, s.db, "relevance")
	if err != nil {
		return err
	}
	cleanup := func(clean func(context.Context) error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if err := clean(ctx); err != nil {
			s.logger.Warn("clean up", "error", err)
		}
	}
	defer cleanup(func(ctx context.Context) error { return store.DropScratchDatabase(ctx, s.db, name) })

	cfg := *s.cfg
	cfg.Postgres.Database, cfg.Elastic.Index = name, name
	scratch, err := openShop(ctx, &cfg, s.logger, batchTimeout)
	if err != nil {
		return err
	}
	defer scratch.close()
	if scratch.elastic != nil {
		defer cleanup(scratch.elastic.DeleteAll)
	}
	return do(scratch)
}

func (s *shop) importAndIndex(ctx context.Context, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("open catalogue: %w", err)
	}
	defer func() { _ = file.Close() }()
	started := time.Now()
	report, err := catalogue.NewImporter(s.store, s.mediaAddresses()).Import(ctx, withProgress(file), func(r catalogue.Refusal) {
		fmt.Fprintf(os.Stderr, "%s:%d: %s\n", name, r.Line, r.Reason)
	})
	if err != nil {
		return err
	}
	if _, err := s.indexer.Rebuild(ctx, progressOf("indexing")); err != nil {
		return err
	}
	s.logger.Info("imported and indexed", "products", report.Imported, "took", time.Since(started).Round(time.Second))
	return nil
}

func (s *shop) measureRelevance(ctx context.Context, o relevanceOptions, w io.Writer) error {
	engines, err := s.enginesNamed(o.engine)
	if err != nil {
		return err
	}
	language := s.languages.Default()
	if o.language != "" {
		if language, err = models.ParseLanguageCode(o.language); err != nil {
			return err
		}
	}
	chain := s.languages.Chain(language)
	for _, engine := range engines {
		_, _ = fmt.Fprintf(w, "\n%s\n\n", engine.Name())
		if o.explain != "" {
			err = s.explain(ctx, engine, search.Request{Text: o.explain, Chain: chain, First: 10}, w)
		} else {
			err = s.evaluate(ctx, engine, o.judgments, chain, w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *shop) enginesNamed(name string) ([]search.Engine, error) {
	var engines []search.Engine
	if s.elastic != nil && (name == "all" || strings.EqualFold(name, string(search.Elasticsearch))) {
		engines = append(engines, s.elastic)
	}
	if name == "all" || strings.EqualFold(name, string(search.Postgres)) {
		engines = append(engines, s.postgres)
	}
	if len(engines) == 0 {
		return nil, fmt.Errorf("there is no search engine %q here", name)
	}
	return engines, nil
}

func (s *shop) evaluate(ctx context.Context, engine search.Engine, judgments string, chain []models.LanguageCode, w io.Writer) error {
	file, err := os.Open(judgments)
	if err != nil {
		return fmt.Errorf("open judgments: %w", err)
	}
	defer func() { _ = file.Close() }()
	queries, err := relevance.ReadJudgments(file)
	if err != nil {
		return fmt.Errorf("%s: %w", judgments, err)
	}
	report, err := relevance.Evaluate(ctx, s.finder(engine), s.store, chain, queries)
	if err != nil {
		return err
	}
	return report.Write(w)
}

// explainer is an engine that tells how it scores.
type explainer interface {
	Explain(ctx context.Context, r search.Request) ([]search.Explanation, error)
}

// explain prints the first hits, each with what its score is made of.
func (s *shop) explain(ctx context.Context, engine search.Engine, r search.Request, w io.Writer) error {
	x, ok := engine.(explainer)
	if !ok {
		return fmt.Errorf("%s does not explain itself", engine.Name())
	}
	explanations, err := x.Explain(ctx, r)
	if err != nil {
		return err
	}
	ids := make([]uuid.UUID, len(explanations))
	for i, x := range explanations {
		ids[i] = x.ProductID
	}
	products, err := s.store.ProductsByIDs(ctx, ids, r.Chain)
	if err != nil {
		return err
	}
	titles := map[uuid.UUID]string{}
	for _, p := range products {
		titles[p.ID] = p.Translation.Title
	}
	for rank, x := range explanations {
		_, _ = fmt.Fprintf(w, "%d. %.4f %s\n", rank+1, x.Score, titles[x.ProductID])
		for _, part := range x.Parts {
			_, _ = fmt.Fprintln(w, "  ", part)
		}
	}
	return nil
}
