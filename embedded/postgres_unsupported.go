//go:build !darwin && !linux

package embedded

import (
	"context"
	"errors"
	"runtime"
)

// Postgres is a PostgreSQL server that runs as a child of this process. There is none on this system.
type Postgres struct{}

// StartPostgres fails: this system has no users and signals of the kind the embedded server needs.
func StartPostgres(context.Context, PostgresOptions) (*Postgres, error) {
	return nil, errors.New("an embedded PostgreSQL is not supported on " + runtime.GOOS +
		": run a PostgreSQL server and set POSTGRES_HOST")
}

// SocketPath is the path of the server's Unix socket.
func (*Postgres) SocketPath() string { return "" }

// Done is closed when the server has ended.
func (*Postgres) Done() <-chan struct{} { return nil }

// Stop ends the server.
func (*Postgres) Stop(context.Context) error { return nil }
