//go:build darwin || linux

package embedded

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

const serveVariable = "ECOSELLER_TEST_SERVE"

// One life of a folder: the steps share it because making data takes seconds.
func TestPostgresLife(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	// A comma separates folders in the server's settings, and quotes end its strings.
	folder := filepath.Join(openFolder(t), `a folder, with "names'`)

	cancelled, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	if p, err := StartPostgres(cancelled, PostgresOptions{Folder: folder}); err == nil {
		stop(t, p)
		t.Log("the first start was too quick to be cancelled")
	} else if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("cancelled start: %v", err)
	}
	cancel()
	unfinished := filepath.Join(folder, "postgres", "data.new-killed")
	if err := os.MkdirAll(unfinished, 0o755); err != nil {
		t.Fatal(err)
	}

	var steps []string
	first, err := StartPostgres(t.Context(), PostgresOptions{Folder: folder, Progress: func(s string) { steps = append(steps, s) }})
	if err != nil {
		t.Fatalf("first start: %v", err)
	}
	t.Cleanup(func() { stop(t, first) })
	if !slices.Contains(steps, "creating the database") {
		t.Errorf("progress: %q", steps)
	}
	if _, err := os.Stat(unfinished); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("unfinished data are still there: %v", err)
	}
	run(t, first.SocketPath(), "CREATE EXTENSION pg_trgm")
	run(t, first.SocketPath(), "CREATE TABLE product (title text)")
	run(t, first.SocketPath(), "INSERT INTO product VALUES ('židle')")
	checkClosedToOthers(t, first)

	if second, err := StartPostgres(t.Context(), PostgresOptions{Folder: folder}); !errors.Is(err, ErrFolderInUse) {
		if err == nil {
			stop(t, second)
		}
		t.Fatalf("second server on the folder: %v", err)
	}
	if got := ask(t, first.SocketPath(), "SELECT title FROM product"); got != "židle" {
		t.Errorf("after the refusal the first server answers %q", got)
	}
	stop(t, first)
	stop(t, first)
	if _, err := os.Stat(filepath.Join(folder, "postgres", "data", "postmaster.pid")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the server was not ended in order: %v", err)
	}

	// The data can move; so long a path does not fit a socket.
	moved := filepath.Join(filepath.Dir(folder), strings.Repeat("long", 30))
	if err := os.Rename(folder, moved); err != nil {
		t.Fatal(err)
	}
	logged := new(records)
	third, err := StartPostgres(t.Context(), PostgresOptions{Folder: moved, Logger: slog.New(slog.NewTextHandler(logged, nil))})
	if err != nil {
		t.Fatalf("start in a long folder: %v", err)
	}
	t.Cleanup(func() { stop(t, third) })
	if len(third.SocketPath()) > maxSocketPath {
		t.Errorf("the socket's path has %d bytes", len(third.SocketPath()))
	}
	checkClosedToOthers(t, third)
	run(t, third.SocketPath(), "INSERT INTO product VALUES ('stůl')")

	// The server is killed, and its number passes to another process of the same user.
	data := filepath.Join(moved, "postgres", "data")
	third.process.signal(syscall.SIGKILL)
	select {
	case <-third.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the end of the server goes unnoticed")
	}
	eventually(t, "the end of the server is logged", func() bool { return logged.contain("ended by itself") })
	stop(t, third)
	stranger := startStranger(t, third)
	for _, file := range []string{filepath.Join(data, "postmaster.pid"), third.SocketPath() + ".lock"} {
		renumber(t, file, stranger)
	}
	fourth, err := StartPostgres(t.Context(), PostgresOptions{Folder: moved})
	if err != nil {
		t.Fatalf("start after a kill: %v", err)
	}
	t.Cleanup(func() { stop(t, fourth) })
	if got := ask(t, fourth.SocketPath(), "SELECT string_agg(title, ' ' ORDER BY title) FROM product"); got != "stůl židle" {
		t.Errorf("after a kill the data are %q", got)
	}
	if err := syscall.Kill(stranger, 0); err != nil {
		t.Errorf("the stranger was ended: %v", err)
	}
	stop(t, fourth)
	if _, err := os.Stat(filepath.Dir(fourth.SocketPath())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of the socket was left behind: %v", err)
	}
}

func TestPostgresEndsWithItsKilledParent(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	folder := filepath.Join(openFolder(t), "shop")
	socket := filepath.Join(folder, "postgres", "socket", socketName)

	first := startServing(t, folder)
	run(t, socket, "CREATE TABLE number (n int)")
	run(t, socket, "INSERT INTO number VALUES (1)")
	server := noted(t, folder)
	first.kill()
	// At once: the old server may still be writing.
	second := startServing(t, folder)
	if server == noted(t, folder) {
		t.Error("no new server was started")
	}
	if isServerOf(server, filepath.Join(folder, "postgres", "data")) {
		t.Error("two servers on the same data")
	}
	run(t, socket, "INSERT INTO number VALUES (2)")
	if _, err := StartPostgres(t.Context(), PostgresOptions{Folder: folder}); !errors.Is(err, ErrFolderInUse) {
		t.Errorf("another process may use the folder: %v", err)
	}

	server = noted(t, folder)
	second.kill()
	if runtime.GOOS == "linux" {
		eventually(t, "the server of a killed process goes away", func() bool {
			return !isServerOf(server, filepath.Join(folder, "postgres", "data"))
		})
		if _, err := os.Stat(filepath.Join(folder, "postgres", "data", "postmaster.pid")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("it was not ended in order: %v", err)
		}
	}
	third, err := StartPostgres(t.Context(), PostgresOptions{Folder: folder})
	if err != nil {
		t.Fatalf("start after two kills: %v", err)
	}
	t.Cleanup(func() { stop(t, third) })
	if got := ask(t, socket, "SELECT string_agg(n::text, ' ' ORDER BY n) FROM number"); got != "1 2" {
		t.Errorf("after two kills the data are %q", got)
	}

	// A stop that may not take its time still ends the server, and says so.
	hurried, cancel := context.WithCancel(t.Context())
	cancel()
	if err := third.Stop(hurried); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("hurried stop: %v", err)
	}
	select {
	case <-third.Done():
	default:
		t.Error("the server runs after a hurried stop")
	}
}

// Data that cannot be served are refused in words, and stay as they are.
func TestPostgresRefusesForeignData(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ version, want string }{
		"other version": {"9\n", "were made by PostgreSQL 9"},
		"no version":    {"new\n", "read version of the data"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := openFolder(t)
			data := filepath.Join(folder, "postgres", "data")
			if err := os.MkdirAll(data, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(test.version), 0o600); err != nil {
				t.Fatal(err)
			}
			p, err := StartPostgres(t.Context(), PostgresOptions{Folder: folder})
			if err == nil {
				stop(t, p)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
			if content, err := os.ReadFile(filepath.Join(data, "PG_VERSION")); err != nil || string(content) != test.version {
				t.Errorf("the data were changed: %q, %v", content, err)
			}
		})
	}
}

func TestSocketFolderOfSomebodyElse(t *testing.T) {
	t.Parallel()
	c := cluster{folder: openFolder(t)}
	sockets := filepath.Join(c.home(), "socket")
	if err := os.MkdirAll(sockets, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := c.makeSocketFolder(); err == nil {
		t.Error("a folder that is open to others was taken")
	}
	if err := os.Remove(sockets); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), sockets); err != nil {
		t.Fatal(err)
	}
	if _, err := c.makeSocketFolder(); err == nil {
		t.Error("a link was followed")
	}
}

func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	c := cluster{folder: t.TempDir()}
	if err := os.WriteFile(c.logPath(), make([]byte, maxLogBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := c.openLog()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	if info, err := log.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("the log begins with %d bytes, %v", info.Size(), err)
	}
	fmt.Fprintf(log, "%s\nthe end\n", strings.Repeat("x", 2*logTailBytes))
	if tail := c.logTail(); tail != "the end" {
		t.Errorf("the tail is %q", tail)
	}
}

// needPostgres skips a test on machines without a server; downloading one is not for tests.
func needPostgres(t *testing.T) {
	t.Helper()
	var server account
	if os.Geteuid() == 0 {
		var err error
		if server, err = lookUpAccount(); err != nil {
			t.Skip(err)
		}
	}
	if len(installedBinaries(t.Context(), folderOnPath(), packagePatterns(), server, slog.New(slog.DiscardHandler))) == 0 {
		t.Skipf("no PostgreSQL of version %d or newer with its contrib extensions is installed", minPostgresVersion)
	}
}

// openFolder is a temporary folder that the server's user can enter also when root runs the test.
func openFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, path := range []string{folder, filepath.Dir(folder)} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 && !canEnter(account{name: "anybody", uid: 1<<31 - 1, gid: 1<<31 - 1}, folder) {
		t.Skipf("root runs the test, and only root can enter %s", folder)
	}
	return folder
}

func stop(t *testing.T, p *Postgres) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := p.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("stop: %v", err)
	}
}

func connect(socket string) *sql.DB {
	return sql.OpenDB(pgdriver.NewConnector(
		pgdriver.WithNetwork("unix"), pgdriver.WithAddr(socket), pgdriver.WithInsecure(true),
		pgdriver.WithUser(PostgresUser), pgdriver.WithDatabase(PostgresDatabase),
	))
}

func run(t *testing.T, socket, statement string) {
	t.Helper()
	db := connect(socket)
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func ask(t *testing.T, socket, query string) string {
	t.Helper()
	db := connect(socket)
	defer func() { _ = db.Close() }()
	var answer string
	if err := db.QueryRowContext(t.Context(), query).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

func checkClosedToOthers(t *testing.T, p *Postgres) {
	t.Helper()
	if got := ask(t, p.SocketPath(), "SHOW listen_addresses"); got != "" {
		t.Errorf("listens on %q", got)
	}
	data := ask(t, p.SocketPath(), "SHOW data_directory")
	for _, folder := range []string{data, filepath.Dir(p.SocketPath())} {
		info, err := os.Stat(folder)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", folder, info.Mode(), err)
		}
	}
}

// startStranger starts a process of the server's user that is no server.
func startStranger(t *testing.T, p *Postgres) int {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.process.cmd.SysProcAttr.Credential}
	cmd.Dir = "/"
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// renumber replaces the process in a server's lock file.
func renumber(t *testing.T, file string, pid int) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(content), "\n")
	if err := os.WriteFile(file, []byte(strconv.Itoa(pid)+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
}

// noted is the process that serves a folder.
func noted(t *testing.T, folder string) int {
	t.Helper()
	pid, err := cluster{folder: folder}.notedPID()
	if err != nil || pid == 0 {
		t.Fatalf("no server is noted: %v", err)
	}
	return pid
}

// serving is another process that runs a server.
type serving struct {
	cmd  *exec.Cmd
	dead sync.Once
}

// startServing runs this test program once more as a server, and returns when the database answers.
func startServing(t *testing.T, folder string) *serving {
	t.Helper()
	s := &serving{cmd: exec.Command(os.Args[0])}
	s.cmd.Env = append(os.Environ(), serveVariable+"="+folder)
	s.cmd.Stderr = os.Stderr
	output, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	if line, err := bufio.NewReader(output).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	return s
}

// kill ends the process so that it can do nothing more, and waits until it has ended.
func (s *serving) kill() {
	s.dead.Do(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	})
}

// serveUntilKilled is what the other process does.
func serveUntilKilled(folder string) int {
	p, err := StartPostgres(context.Background(), PostgresOptions{Folder: folder})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_, _ = io.WriteString(os.Stdout, "ready\n")
	<-p.Done()
	return 1
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

// records is a log in memory.
type records struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *records) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *records) contain(s string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(r.text.String(), s)
}
