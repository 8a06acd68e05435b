//go:build darwin || linux

package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	socketName = ".s.PGSQL.5432"
	// maxSocketPath is the system's limit, with room for the zero byte at the end.
	maxSocketPath = len(syscall.RawSockaddrUnix{}.Path) - 1
	// orphanTimeout is how long a server of a killed process may take to write its data.
	orphanTimeout = 30 * time.Second
	maxLogBytes   = 10 << 20
	logTailBytes  = 2 << 10
)

// cluster is the data of one server, everything of it in one folder.
type cluster struct {
	folder  string
	account account
}

func (c cluster) home() string { return filepath.Join(c.folder, "postgres") }

func (c cluster) data() string { return filepath.Join(c.home(), "data") }

func (c cluster) logPath() string { return filepath.Join(c.folder, "postgres.log") }

// version is the major version that made the data; 0 when there are none yet.
func (c cluster) version() (int, error) {
	if _, err := os.Lstat(c.data()); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	content, err := os.ReadFile(filepath.Join(c.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrPermission) {
		return 0, fmt.Errorf("the data belong to another user: %w", err)
	}
	if err != nil {
		return 0, fmt.Errorf("read version of the data: %w", err)
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0, fmt.Errorf("read version of the data: %w", err)
	}
	return version, nil
}

// create makes the data. They get their name when they are complete, so that data always are.
func (c cluster) create(ctx context.Context, bin string) error {
	if err := makeFolders(c.home()); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	// A name of its own for each try: an initdb that outlived a killed try must not write into ours.
	if err := removeAll(filepath.Join(c.home(), "data.new-*")); err != nil {
		return fmt.Errorf("remove unfinished data: %w", err)
	}
	unfinished, err := os.MkdirTemp(c.home(), "data.new-*")
	if err != nil {
		return fmt.Errorf("make folder of the data: %w", err)
	}
	if err := c.account.give(unfinished); err != nil {
		return fmt.Errorf("give data to the user %s: %w", c.account.name, err)
	}
	if err := c.initialise(ctx, bin, unfinished); err != nil {
		_ = os.RemoveAll(unfinished)
		return fmt.Errorf("create data: %w; initdb says:\n%s", err, c.logTail())
	}
	if err := os.Rename(unfinished, c.data()); err != nil {
		return fmt.Errorf("name data: %w", err)
	}
	return nil
}

func (c cluster) initialise(ctx context.Context, bin, data string) error {
	log, err := c.openLog()
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	// Trust is safe because only our own user can enter the folder of the socket. The C locale exists
	// everywhere and does not change with an update of the system.
	initdb, err := startProcess(c.command(log, filepath.Join(bin, "initdb"), "-D", data, "-U", PostgresUser,
		"-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"), c.account)
	if err != nil {
		return err
	}
	return initdb.wait(ctx)
}

func (c cluster) serverCommand(bin, sockets string, log *os.File) *exec.Cmd {
	return c.command(log, filepath.Join(bin, "postgres"),
		"-D", c.data(), "-p", "5432",
		"-k", `"`+strings.ReplaceAll(sockets, `"`, `""`)+`"`, // a list, in which commas separate
		"-c", "listen_addresses=", "-c", "unix_socket_permissions=0700",
		"-c", "jit=off", // compiling takes longer than any query over the little data of development
	)
}

// command prepares a program of PostgreSQL. It must not stand in our folder, which its user may be unable
// to enter, nor see our settings for clients, such as PGPORT.
func (c cluster) command(log *os.File, name string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(name, arguments...) //nolint:noctx // it is stopped by PostgreSQL's signals, not killed
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "PG") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C")
	return cmd
}

// endOrphan ends a server that a killed process of ours has left behind, and lets the data be used after
// one that was killed itself. The folder is locked by us, so no living process of ours uses the data.
func (c cluster) endOrphan(ctx context.Context, logger *slog.Logger) error {
	pid, err := c.notedPID()
	if err != nil || pid == 0 {
		return err
	}
	if isServerOf(pid, c.data()) {
		logger.Warn("ending the PostgreSQL that a killed process has left behind", "pid", pid)
		_ = syscall.Kill(pid, syscall.SIGINT)
	}
	deadline := time.Now().Add(orphanTimeout)
	for isServerOf(pid, c.data()) {
		if time.Now().After(deadline) {
			return fmt.Errorf("the server that an earlier process has left behind does not end: process %d", pid)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollInterval):
		}
	}
	return c.forgetPID(pid)
}

func (c cluster) pidPath() string { return filepath.Join(c.data(), "postmaster.pid") }

// notedPID is the process that has used the data last without taking leave; 0 when there is none.
func (c cluster) notedPID() (int, error) {
	content, err := os.ReadFile(c.pidPath())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read process of the data: %w", err)
	}
	line, _, _ := bytes.Cut(content, []byte("\n"))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(line)))
	return max(pid, 0), nil
}

// forgetPID replaces the number of a server that is gone: another process may have got it since, which is
// usual in containers, and the server would take that for itself. The rest of the file stays, by which
// the server makes sure that no part of its predecessor still writes.
func (c cluster) forgetPID(pid int) error {
	content, err := os.ReadFile(c.pidPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read process of the data: %w", err)
	}
	rest, ours := bytes.CutPrefix(content, []byte(strconv.Itoa(pid)))
	if !ours {
		return nil
	}
	content = append([]byte(strconv.Itoa(math.MaxInt32)), rest...)
	if err := os.WriteFile(c.pidPath(), content, 0o600); err != nil {
		return fmt.Errorf("forget process of the data: %w", err)
	}
	return nil
}

// makeSocketFolder makes an empty folder for the socket that no other user can enter. It lies with the
// data unless its path is longer than the system allows for sockets.
func (c cluster) makeSocketFolder() (string, error) {
	sockets := c.socketFolder()
	if err := os.Mkdir(sockets, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("make folder of the socket: %w", err)
	}
	if err := checkPrivate(sockets, c.account); err != nil {
		return "", err
	}
	if err := c.account.give(sockets); err != nil {
		return "", fmt.Errorf("give socket to the user %s: %w", c.account.name, err)
	}
	// Left by a server that was killed; its lock names a process number that may be in use again.
	if err := removeAll(filepath.Join(sockets, socketName+"*")); err != nil {
		return "", fmt.Errorf("remove old socket: %w", err)
	}
	return sockets, nil
}

func (c cluster) socketFolder() string {
	sockets := filepath.Join(c.home(), "socket")
	if len(filepath.Join(sockets, socketName)) <= maxSocketPath {
		return sockets
	}
	return filepath.Join("/tmp", "ecoseller-"+strconv.Itoa(os.Geteuid())+"-"+shortHash(c.folder))
}

// checkPrivate makes sure that a folder was not laid out by somebody else, as anybody can do in /tmp.
func checkPrivate(folder string, server account) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return fmt.Errorf("check folder of the socket: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	ours := ok && (int(stat.Uid) == os.Geteuid() || !server.own() && stat.Uid == server.uid)
	if !info.IsDir() || !ours || info.Mode().Perm() != 0o700 {
		return fmt.Errorf("%s is not a folder of our own that is closed to others: remove it", folder)
	}
	return nil
}

func (c cluster) openLog() (*os.File, error) {
	if info, err := os.Stat(c.logPath()); err == nil && info.Size() > maxLogBytes {
		_ = os.Rename(c.logPath(), c.logPath()+".old")
	}
	log, err := os.OpenFile(c.logPath(), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	// So that the log of a server that root has started once is not closed to its user.
	if err := c.account.give(c.logPath()); err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("give log to the user %s: %w", c.account.name, err)
	}
	return log, nil
}

// logTail is the end of the log, for errors.
func (c cluster) logTail() string {
	content, err := os.ReadFile(c.logPath())
	if err != nil {
		return err.Error()
	}
	if len(content) > logTailBytes {
		content = content[len(content)-logTailBytes:]
		_, content, _ = bytes.Cut(content, []byte("\n"))
	}
	return strings.TrimSpace(string(content))
}

// removeAll removes everything that matches a pattern made of a folder's path and one last name.
func removeAll(pattern string) error {
	folder, name := filepath.Split(pattern)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if matched, _ := filepath.Match(name, entry.Name()); !matched {
			continue
		}
		if err := os.RemoveAll(filepath.Join(folder, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
