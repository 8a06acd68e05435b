// Package program runs ecoseller as a process of its own, for the commands that measure it from outside.
package program

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// Build builds ecoseller from the working folder, as it is released, and returns its path in the given folder.
func Build(ctx context.Context, folder string) (string, error) {
	return BuildPackage(ctx, folder, ".", "ecoseller")
}

// BuildPackage builds another program of this module in the same way.
func BuildPackage(ctx context.Context, folder, source, name string) (string, error) {
	path := filepath.Join(folder, name)
	if output, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w: %s", name, err, output)
	}
	return path, nil
}

// lookForReady is short, because the time until a server answers is measured with it.
const lookForReady = 5 * time.Millisecond

// Server is a running ecoseller that is ready.
type Server struct {
	// Address is host:port.
	Address string
	command *exec.Cmd
	ended   chan error
}

// Start runs the program as a server on a free port of the loopback, with nothing in its environment but what is given,
// and waits until it is ready, for a minute at most. The end of the context ends it too.
func Start(ctx context.Context, path string, environment []string) (*Server, error) {
	address, err := FreeAddress(ctx)
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	s := &Server{Address: address, command: exec.CommandContext(ctx, path), ended: make(chan error, 1)}
	s.command.Cancel = func() error { return s.command.Process.Signal(syscall.SIGTERM) }
	s.command.Env = slices.Concat(environment, []string{"PORT=" + port})
	s.command.Stderr = os.Stderr
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	go func() { s.ended <- s.command.Wait() }()
	for started := time.Now(); time.Since(started) < time.Minute; {
		select {
		case err := <-s.ended:
			return nil, fmt.Errorf("the server has ended: %w", err)
		case <-time.After(lookForReady):
		}
		if s.ready(ctx) {
			return s, nil
		}
	}
	s.Stop()
	return nil, errors.New("the server does not get ready within a minute")
}

// Process is the id of the server's process.
func (s *Server) Process() int { return s.command.Process.Pid }

// Stop ends the server and waits for its end.
func (s *Server) Stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	<-s.ended //nolint:errcheck // it was told to end
}

func (s *Server) ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Address+"/readyz", nil)
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

// FreeAddress is host:port on the loopback that nobody listens on.
func FreeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}
