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
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"ecoseller/bench/attacks/scenarios"
)

func main() {
	connections := flag.Int("connections", 10_000, "how many connections the flood opens")
	program := flag.String("program", "", "the server; by default it is built from this folder")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *program, *connections)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "attacks:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program string, connections int) error {
	folder, err := os.MkdirTemp("", "ecoseller-attacks-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	// The user that PostgreSQL runs as has to get in.
	if err := os.Chmod(folder, 0o755); err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	if program == "" {
		program = filepath.Join(folder, "ecoseller")
		if output, err := exec.CommandContext(ctx, "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
			return fmt.Errorf("build the server: %w: %s", err, output)
		}
	}
	server, err := start(ctx, program, folder)
	if err != nil {
		return err
	}
	defer server.stop()
	return attackAll(ctx, server, connections)
}

// server is ecoseller as a process of its own, with everything embedded and what production leaves out left out.
type server struct {
	command *exec.Cmd
	address string
	ended   chan error
}

func start(ctx context.Context, program, folder string) (*server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	s := &server{command: exec.CommandContext(ctx, program), address: address, ended: make(chan error, 1)}
	s.command.Cancel = func() error { return s.command.Process.Signal(syscall.SIGTERM) }
	s.command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "PORT=" + port, "ECOSELLER_FOLDER=" + filepath.Join(folder, "data"),
		"INTROSPECTION=0", "TRUSTED_PROXIES=none", "LOG_LEVEL=error",
	}
	s.command.Stderr = os.Stderr
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	go func() { s.ended <- s.command.Wait() }()
	for range 600 {
		select {
		case err := <-s.ended:
			return nil, fmt.Errorf("the server has ended: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
		if s.ready(ctx) {
			return s, nil
		}
	}
	s.stop()
	return nil, errors.New("the server does not get ready within a minute")
}

func freeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}

func (s *server) ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	<-s.ended //nolint:errcheck // it was told to end
}

func attackAll(ctx context.Context, s *server, connections int) error {
	process := s.command.Process.Pid
	before, err := scenarios.MemoryOf(process)
	if err != nil {
		return err
	}
	fmt.Printf("before: %s resident\n\n", megabytes(before.Resident))
	fmt.Println("| attack | answer | after | slowest of others | resident, peak | resident after |")
	fmt.Println("| --- | --- | --- | --- | --- | --- |")
	var failures []error
	target := scenarios.Target{Address: s.address, Connections: connections}
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
