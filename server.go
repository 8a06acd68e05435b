// Command ecoseller is an e-commerce API server: GraphQL over PostgreSQL, Elasticsearch and a Redis job queue.
// Without configuration it starts everything it needs by itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

//go:generate go tool gqlgen generate
//go:generate sh -c "go run ./scripts/lean graph/*.generated.go"

// garbagePercent lets the heap grow to three times what is in use before it is swept: little is in use, and a request
// makes much garbage. GOGC overrides it.
const garbagePercent = 200

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := commandLine().Run(ctx, os.Args)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "ecoseller:", err)
		os.Exit(1)
	}
}

func newLogger(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l}))
}
