// Command ecoseller is an e-commerce API server: GraphQL over PostgreSQL, Elasticsearch and a Redis job queue.
// Without configuration it starts everything it needs by itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"ecoseller/config"
)

//go:generate go tool gqlgen generate

const usage = `ecoseller is an e-commerce API server.

Usage:
  ecoseller                        serve the API; without configuration with everything embedded
  ecoseller -worker [-concurrency N] [-queues high,default,low]
                                   run background jobs: mail, indexing
  ecoseller import FILE            import a catalogue (NDJSON or CSV, plain or gzip)
  ecoseller export [-format ndjson|csv] FILE
                                   export the catalogue; - is standard output, *.gz is compressed
  ecoseller -worker -schedule "0 2 * * *"
                                   the same, and rebuild the search index at these times
  ecoseller search-index --rebuild fill a new search index and swap it in
  ecoseller search-index --rollback
                                   go back to the index before, and bring it up to date
  ecoseller search-index --verify [--dry-run]
                                   compare index and database, and repair what differs; with --dry-run only
                                   report it: exit status 1 when there are differences
  ecoseller relevance --judgments FILE [--catalogue FILE] [--engine NAME] [--explain QUERY]
                                   measure how well searches find what people have judged to be right, in the
                                   shop or in a catalogue file
  ecoseller create-token [-name NAME] [-permissions A,B]
                                   make an access token and print it
  ecoseller sweep-media            remove uploaded pictures that no product shows
  ecoseller migrate                bring the database schema up to date
  ecoseller healthcheck [-worker]  exit status 0 when the server (the worker) on this machine works

The configuration is read from the environment; README.md has the table.
`

// errUsage is a mistake on the command line; its message has been printed.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "ecoseller:", err)
		os.Exit(1)
	}
}

// command is a subcommand: what it does with its arguments.
type command func(ctx context.Context, cfg *config.Config, logger *slog.Logger, args []string) error

func run(ctx context.Context, args []string) error {
	flags := newFlags("ecoseller")
	worker := flags.Bool("worker", false, "run background jobs instead of serving")
	schedule := flags.String("schedule", "", "when the worker rebuilds the search index, as in a crontab")
	concurrency := flags.String("concurrency", "", "how many jobs run at once; WORKER_CONCURRENCY by default")
	queues := flags.String("queues", "", "which queues to work for, the most urgent first; WORKER_QUEUES by default")
	if err := parse(flags, args); err != nil {
		return err
	}
	commands := map[string]command{
		"import": importCommand, "export": exportCommand, "search-index": searchIndexCommand, "create-token": createTokenCommand,
		"relevance": relevanceCommand, "sweep-media": sweepMediaCommand, "migrate": migrateCommand, "healthcheck": healthcheckCommand,
	}
	chosen, rest := command(serve), flags.Args()
	if *worker {
		chosen = work
	}
	if len(rest) > 0 {
		var known bool
		if chosen, known = commands[rest[0]]; !known || *worker {
			fmt.Fprintf(os.Stderr, "ecoseller: unknown command %q\n\n%s", rest[0], usage)
			return errUsage
		}
		rest = rest[1:]
	}
	cfg, err := config.FromEnvironmentAnd(map[string]string{
		"WORKER_CONCURRENCY": *concurrency, "WORKER_QUEUES": *queues, "SEARCH_INDEX_SCHEDULE": *schedule,
	})
	if err != nil {
		return err
	}
	return chosen(ctx, cfg, newLogger(os.Stderr, cfg.LogLevel), rest)
}

func newFlags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	return flags
}

func parse(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return errUsage // the flag set has printed what is wrong
}

func newLogger(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l}))
}
