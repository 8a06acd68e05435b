//go:build darwin || linux

package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

const (
	// startTimeout leaves time to recover after a crash.
	startTimeout = 60 * time.Second
	pollInterval = 20 * time.Millisecond
	// quitTimeout is how long a server may take for an end without a checkpoint.
	quitTimeout = 5 * time.Second
)

// Postgres is a PostgreSQL server that runs as a child of this process. It listens on a Unix socket only,
// which other users of the machine cannot reach.
//
// The supervisor is our own because the libraries that embed PostgreSQL cannot run as root, as one does in
// containers, unpack the server at every start, and leave it behind when their process is killed.
type Postgres struct {
	process *process
	socket  string
	lock    *os.File
	logger  *slog.Logger

	stopping chan struct{}
	stop     sync.Once
	stopErr  error
}

// StartPostgres runs a PostgreSQL on the data in a folder and returns when the database answers. It takes
// an installed server, or else downloads one; it makes the data at the first start. It fails when another
// program uses the folder, or when the data were made by a version that is not to be had; ctx bounds the
// start only. The caller stops the server. Should this process die before, the server ends as well: at once
// on Linux, elsewhere when the folder is used again.
func StartPostgres(ctx context.Context, options PostgresOptions) (*Postgres, error) {
	options = options.withDefaults()
	folder, account, err := placePostgres(options)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	lock, err := lockFolder(folder)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	p, err := startInFolder(ctx, cluster{folder: folder, account: account}, options)
	if err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	p.lock = lock
	return p, nil
}

// startInFolder does the work of StartPostgres once the folder is ours.
func startInFolder(ctx context.Context, c cluster, options PostgresOptions) (*Postgres, error) {
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	bin, err := findBinaries(ctx, c, version, options)
	if err != nil {
		return nil, err
	}
	if version == 0 {
		options.Progress("creating the database")
		if err := c.create(ctx, bin); err != nil {
			return nil, err
		}
	}
	if err := c.endOrphan(ctx, options.Logger); err != nil {
		return nil, err
	}
	sockets, err := c.makeSocketFolder()
	if err != nil {
		return nil, err
	}
	return launch(ctx, c, bin, sockets, options.Logger)
}

// launch starts the server and waits until the database answers.
func launch(ctx context.Context, c cluster, bin, sockets string, logger *slog.Logger) (*Postgres, error) {
	log, err := c.openLog()
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the server has its own
	started, err := startProcess(c.serverCommand(bin, sockets, log), c.account)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Join(bin, "postgres"), err)
	}
	p := &Postgres{
		process:  started,
		socket:   filepath.Join(sockets, socketName),
		logger:   logger,
		stopping: make(chan struct{}),
	}
	if err := p.prepare(ctx); err != nil {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), quitTimeout)
		defer cancel()
		_ = p.Stop(ending)
		return nil, fmt.Errorf("%w; the log is %s, which ends with:\n%s", err, log.Name(), c.logTail())
	}
	go p.watch()
	return p, nil
}

// prepare waits for the server, and makes the database at the first start.
func (p *Postgres) prepare(ctx context.Context) error {
	db := sql.OpenDB(pgdriver.NewConnector(
		pgdriver.WithNetwork("unix"), pgdriver.WithAddr(p.socket), pgdriver.WithInsecure(true),
		pgdriver.WithUser(PostgresUser), pgdriver.WithDatabase("postgres"),
	))
	defer func() { _ = db.Close() }()
	if err := p.awaitAnswer(ctx, db); err != nil {
		return err
	}
	if err := createDatabase(ctx, db); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}

// awaitAnswer waits for the answer to a query: the socket accepts connections long before.
func (p *Postgres) awaitAnswer(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		_, err := db.ExecContext(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-p.process.done:
			return fmt.Errorf("the server ended at its start: %w", p.process.err)
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w (%w)", ctx.Err(), err)
		case <-time.After(pollInterval):
		}
	}
}

func createDatabase(ctx context.Context, db *sql.DB) error {
	var exists bool
	err := db.QueryRowContext(ctx, "SELECT count(*) > 0 FROM pg_database WHERE datname = $1", PostgresDatabase).Scan(&exists)
	if err != nil || exists {
		return err
	}
	_, err = db.ExecContext(ctx, "CREATE DATABASE "+PostgresDatabase)
	return err
}

// watch reports a server that ends although nobody has stopped it.
func (p *Postgres) watch() {
	select {
	case <-p.stopping:
	case <-p.process.done:
		p.logger.Error("embedded PostgreSQL has ended by itself", "error", p.process.err)
	}
}

// SocketPath is the path of the server's Unix socket, as a driver takes it for the network "unix".
func (p *Postgres) SocketPath() string { return p.socket }

// Done is closed when the server has ended, by Stop or by itself.
func (p *Postgres) Done() <-chan struct{} { return p.process.done }

// Stop ends the server: its connections are closed, all data are written. When ctx ends before, the server
// is ended at once, and recovers at its next start; that is an error. Stop may be called more than once.
func (p *Postgres) Stop(ctx context.Context) error {
	p.stop.Do(func() {
		close(p.stopping)
		p.stopErr = p.end(ctx)
		_ = os.Remove(filepath.Dir(p.socket)) // keeps it unless it is empty
		if p.lock != nil {
			_ = p.lock.Close()
		}
	})
	return p.stopErr
}

func (p *Postgres) end(ctx context.Context) error {
	p.process.signal(syscall.SIGINT)
	select {
	case <-p.process.done:
		return nil
	case <-ctx.Done():
	}
	p.process.signal(syscall.SIGQUIT)
	select {
	case <-p.process.done:
	case <-time.After(quitTimeout):
		p.process.signal(syscall.SIGKILL)
		<-p.process.done
	}
	return errors.Join(errors.New("embedded PostgreSQL had to be ended at once"), ctx.Err())
}
