package store

import (
	"context"
	"errors"
	"net"
	"syscall"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"
)

// Trouble is why a connection to PostgreSQL cannot be made.
type Trouble string

// The troubles that an operator can mend.
const (
	TroubleNobodyListens   Trouble = "nobody listens there"
	TroubleUnknownHost     Trouble = "the name of the host is not known"
	TroubleLate            Trouble = "it does not answer in time"
	TroublePassword        Trouble = "it refuses user and password"
	TroubleNoDatabase      Trouble = "there is no such database"
	TroubleFull            Trouble = "it has no connections left"
	TroubleStarting        Trouble = "it is starting or stopping"
	TroubleNotPermitted    Trouble = "its pg_hba.conf lets this user not in from here"
	TroubleOtherConnection Trouble = "it cannot be reached"
)

// troublesByCode are those that the server itself tells, by SQLSTATE.
var troublesByCode = map[string]Trouble{
	"28P01": TroublePassword, "28000": TroubleNotPermitted, "3D000": TroubleNoDatabase, "53300": TroubleFull, "57P03": TroubleStarting,
}

// TroubleOf tells from an error what keeps a connection from being made.
func TroubleOf(err error) Trouble {
	if answer, ok := errors.AsType[pgdriver.Error](err); ok {
		if t, known := troublesByCode[answer.Field('C')]; known {
			return t
		}
		return TroubleOtherConnection
	}
	if _, unknown := errors.AsType[*net.DNSError](err); unknown {
		return TroubleUnknownHost
	}
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT) {
		return TroubleNobodyListens
	}
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return TroubleLate
	}
	return TroubleOtherConnection
}

// ServerFacts are what an operator should know of a PostgreSQL.
type ServerFacts struct {
	Version string
	// VersionNumber is such as 170002.
	VersionNumber int
	// MaxConnections are for all processes, ours and others.
	MaxConnections int
	// MissingExtensions are needed and not installed on the server's machine.
	MissingExtensions []string `bun:",array"`
	// ReadOnly is true of a replica.
	ReadOnly bool
}

// FactsOf asks a server about itself.
func FactsOf(ctx context.Context, db *bun.DB) (*ServerFacts, error) {
	facts := new(ServerFacts)
	err := db.NewRaw(`
		SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS version_number,
		       current_setting('max_connections')::int AS max_connections, pg_is_in_recovery() AS read_only,
		       ARRAY(SELECT name FROM unnest(ARRAY['pg_trgm']) AS name
		             WHERE name NOT IN (SELECT name FROM pg_available_extensions)) AS missing_extensions`).Scan(ctx, facts)
	if err != nil {
		return nil, wrap(ctx, err, "ask PostgreSQL about itself")
	}
	return facts, nil
}
