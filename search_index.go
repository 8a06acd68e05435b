package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"ecoseller/config"
	"ecoseller/search/indexer"
)

// logProgressEvery is how often a rebuild without a terminal logs how far it is.
const logProgressEvery = 5 * time.Second

// searchIndexCommand looks after the search index.
func searchIndexCommand(ctx context.Context, cfg *config.Config, logger *slog.Logger, line *cli.Command) error {
	rebuild, rollback, verify, dryRun := line.Bool("rebuild"), line.Bool("rollback"), line.Bool("verify"), line.Bool("dry-run")
	chosen := map[bool]int{}
	for _, given := range []bool{rebuild, rollback, verify} {
		chosen[given]++
	}
	if chosen[true] != 1 || dryRun && !verify {
		return usageError("search-index needs one of --rebuild, --rollback, --verify [--dry-run]")
	}
	s, err := openShop(ctx, cfg, logger, batchTimeout)
	if err != nil {
		return err
	}
	defer s.close()
	switch {
	case rebuild:
		return s.rebuildIndex(ctx)
	case rollback:
		return s.rollBackIndex(ctx)
	default:
		return s.verifyIndex(ctx, dryRun)
	}
}

func (s *shop) rebuildIndex(ctx context.Context) error {
	progress := progressOf("indexing")
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		progress = logProgress(s.logger)
	}
	report, err := s.indexer.Rebuild(ctx, progress)
	if err != nil {
		return err
	}
	fmt.Printf("rebuilt the index of %v: %d products in %s, %.0f a second\n",
		report.Engines, report.Products, report.Took.Round(10*time.Millisecond), report.Rate())
	return nil
}

// logProgress logs now and then how much is done, and how fast.
func logProgress(logger *slog.Logger) func(done, total int) {
	started := time.Now()
	next := started.Add(logProgressEvery)
	return func(done, total int) {
		now := time.Now()
		if now.Before(next) {
			return
		}
		next = now.Add(logProgressEvery)
		logger.Info("indexing", "done", done, "of", total, "per_second", int(float64(done)/now.Sub(started).Seconds()))
	}
}

func (s *shop) rollBackIndex(ctx context.Context) error {
	found, err := s.indexer.Rollback(ctx)
	if err != nil {
		return err
	}
	for _, d := range found {
		fmt.Printf("%s is back at the index before; it has been brought up to date: %s\n", d.Engine, summary(d))
	}
	return nil
}

func (s *shop) verifyIndex(ctx context.Context, dryRun bool) error {
	found, err := s.indexer.Verify(ctx, !dryRun)
	differ := false
	for _, d := range found {
		differ = differ || d.Any()
		fmt.Printf("%s: %s\n", d.Engine, summary(d))
	}
	if err != nil {
		return err
	}
	if differ && dryRun {
		return errors.New("the search index differs from the database; without --dry-run it is repaired")
	}
	if differ {
		fmt.Println("repaired")
	}
	return nil
}

func summary(d *indexer.Differences) string {
	return fmt.Sprintf("%d products compared, %d missing, %d stale, %d surplus", d.Compared, len(d.Missing), len(d.Stale), len(d.Surplus))
}
