// Command attacks starts a server of its own, attacks it as strangers on the internet do, and prints a table: what it
// answers, how fast, how long another client had to wait meanwhile, and what memory the server needed. It runs on Linux.
//
//	go run ./bench/attacks [-connections 10000] [-program ecoseller]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"ecoseller/bench/attacks/scenarios"
	"ecoseller/bench/program"
)

func main() {
	connections := flag.Int("connections", 10_000, "how many connections the flood opens")
	path := flag.String("program", "", "the server; by default it is built from this folder")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *path, *connections)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "attacks:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path string, connections int) error {
	folder, err := os.MkdirTemp("", "ecoseller-attacks-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	// The user that PostgreSQL runs as has to get in.
	if err := os.Chmod(folder, 0o755); err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	if path == "" {
		if path, err = program.Build(ctx, folder); err != nil {
			return err
		}
	}
	server, err := start(ctx, path, folder)
	if err != nil {
		return err
	}
	defer server.Stop()
	return attackAll(ctx, server, connections)
}

// start runs a server with everything embedded and what production leaves out left out.
func start(ctx context.Context, path, folder string) (*program.Server, error) {
	return program.Start(ctx, path, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "ECOSELLER_FOLDER=" + filepath.Join(folder, "data"),
		"INTROSPECTION=0", "TRUSTED_PROXIES=none", "LOG_LEVEL=error",
	})
}

func attackAll(ctx context.Context, s *program.Server, connections int) error {
	process := s.Process()
	before, err := scenarios.MemoryOf(process)
	if err != nil {
		return err
	}
	fmt.Printf("before: %s resident\n\n", megabytes(before.Resident))
	fmt.Println("| attack | answer | after | slowest of others | resident, peak | resident after |")
	fmt.Println("| --- | --- | --- | --- | --- | --- |")
	var failures []error
	target := scenarios.Target{Address: s.Address, Connections: connections}
	for number, attack := range scenarios.All() {
		if err := scenarios.ForgetPeak(process); err != nil {
			return err
		}
		outcome, err := attack.Run(ctx, target, number)
		if err != nil {
			return err
		}
		memory, err := scenarios.MemoryOf(process)
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %s | %s | %s of %d | %s | %s |\n", attack.Name, outcome.Answer, outcome.Took.Round(time.Millisecond),
			outcome.Slowest.Round(time.Millisecond), outcome.Asked, megabytes(memory.Peak), megabytes(memory.Resident))
		if outcome.Answer != attack.Want {
			failures = append(failures, fmt.Errorf("%s: %s instead of %s", attack.Name, outcome.Answer, attack.Want))
		}
	}
	return errors.Join(failures...)
}

func megabytes(bytes int64) string { return strconv.FormatInt(bytes>>20, 10) + " MB" }
