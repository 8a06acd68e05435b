package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"weak"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"
)

// staleConnections is how many connections that the server has closed meanwhile a statement may meet before it gives up.
const staleConnections = 10

// preparedStatements are those that each connection has had PostgreSQL parse and plan already. Planning takes longer
// than running for a statement with many small parts.
//
// database/sql could keep them as well, but pgdriver does not tell it when a prepared statement has broken its
// connection, and the next statement on it would be given the answer that was left there.
type preparedStatements struct {
	mu     sync.Mutex
	byConn map[weak.Pointer[pgdriver.Conn]]map[string]driver.Stmt
}

func newPreparedStatements() *preparedStatements {
	return &preparedStatements{byConn: map[weak.Pointer[pgdriver.Conn]]map[string]driver.Stmt{}}
}

// queryJSON runs a statement that only reads and has one column of JSON, and returns the rows. Its parameters are $1,
// $2 and so on; arrays are given as text. In a transaction it is run like any other statement.
func (s *Store) queryJSON(ctx context.Context, statement string, args ...any) ([]string, error) {
	call := &preparedCall{statements: s.prepared, conn: s.db, text: statement, args: args}
	// By way of bun, so that its hooks see the statement.
	if _, err := s.db.NewRaw("?", bun.Safe(statement)).Conn(call).Exec(ctx); err != nil {
		return nil, err
	}
	return call.rows, nil
}

// preparedCall runs one statement in the place of a connection of bun's.
type preparedCall struct {
	statements *preparedStatements
	conn       bun.IDB
	text       string
	args       []any
	rows       []string
}

// ExecContext runs the statement and keeps its rows.
func (c *preparedCall) ExecContext(ctx context.Context, _ string, _ ...any) (sql.Result, error) {
	pool, ok := c.conn.(*bun.DB)
	if !ok {
		return driver.RowsAffected(0), c.runPlain(ctx)
	}
	var err error
	for range staleConnections {
		err = c.runPrepared(ctx, pool.DB)
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || !errors.Is(err, driver.ErrBadConn) || ctx.Err() != nil {
			break
		}
	}
	return driver.RowsAffected(len(c.rows)), err
}

// QueryContext is not used.
func (c *preparedCall) QueryContext(context.Context, string, ...any) (*sql.Rows, error) {
	return nil, errors.ErrUnsupported
}

// QueryRowContext is not used.
func (c *preparedCall) QueryRowContext(context.Context, string, ...any) *sql.Row { return nil }

func (c *preparedCall) runPlain(ctx context.Context) error {
	tx, ok := c.conn.(bun.Tx)
	if !ok {
		return fmt.Errorf("statement on a %T: %w", c.conn, errors.ErrUnsupported)
	}
	rows, err := tx.Tx.QueryContext(ctx, c.text, c.args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var row string
		if err := rows.Scan(&row); err != nil {
			return err
		}
		c.rows = append(c.rows, row)
	}
	return rows.Err()
}

func (c *preparedCall) runPrepared(ctx context.Context, pool *sql.DB) error {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return conn.Raw(func(driverConn any) error {
		pg, ok := driverConn.(*pgdriver.Conn)
		if !ok {
			return fmt.Errorf("statement on a %T: %w", driverConn, errors.ErrUnsupported)
		}
		err := c.runOn(ctx, pg)
		if err == nil {
			return nil
		}
		if refusal, ok := errors.AsType[pgdriver.Error](err); ok && refusal.Field('V') == "ERROR" {
			c.statements.forget(pg, c.text)
			return err
		}
		// What the connection would say next belongs to this statement.
		c.statements.forgetAll(pg)
		return errors.Join(err, driver.ErrBadConn)
	})
}

func (c *preparedCall) runOn(ctx context.Context, conn *pgdriver.Conn) error {
	statement, err := c.statements.of(ctx, conn, c.text)
	if err != nil {
		return err
	}
	args := make([]driver.NamedValue, len(c.args))
	for i, arg := range c.args {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	querier, ok := statement.(driver.StmtQueryContext)
	if !ok {
		return fmt.Errorf("query by a %T: %w", statement, errors.ErrUnsupported)
	}
	rows, err := querier.QueryContext(ctx, args)
	if err != nil {
		return err
	}
	c.rows = c.rows[:0]
	row := make([]driver.Value, 1)
	for {
		err := rows.Next(row)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch value := row[0].(type) {
		case []byte:
			c.rows = append(c.rows, string(value))
		case string:
			c.rows = append(c.rows, value)
		default:
			return fmt.Errorf("a row is a %T and no JSON", value)
		}
	}
}

// of returns the statement as the connection knows it.
func (p *preparedStatements) of(ctx context.Context, conn *pgdriver.Conn, text string) (driver.Stmt, error) {
	if statement := p.known(conn)[text]; statement != nil {
		return statement, nil
	}
	statement, err := conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	p.known(conn)[text] = statement
	return statement, nil
}

// known returns the connection's statements. Only who holds the connection uses them.
func (p *preparedStatements) known(conn *pgdriver.Conn) map[string]driver.Stmt {
	key := weak.Make(conn)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byConn[key] == nil {
		p.dropClosed()
		p.byConn[key] = map[string]driver.Stmt{}
	}
	return p.byConn[key]
}

// dropClosed forgets connections that are no more.
func (p *preparedStatements) dropClosed() {
	for key := range p.byConn {
		if key.Value() == nil {
			delete(p.byConn, key)
		}
	}
}

// forget has the connection prepare the statement anew the next time.
func (p *preparedStatements) forget(conn *pgdriver.Conn, text string) {
	known := p.known(conn)
	if statement := known[text]; statement != nil {
		delete(known, text)
		_ = statement.Close()
	}
}

func (p *preparedStatements) forgetAll(conn *pgdriver.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byConn, weak.Make(conn))
}

// arrayText writes an array as PostgreSQL reads it.
func arrayText[S ~string](values []S) string {
	text := []byte{'{'}
	for i, value := range values {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, '"')
		for _, letter := range []byte(value) {
			if letter == '"' || letter == '\\' {
				text = append(text, '\\')
			}
			text = append(text, letter)
		}
		text = append(text, '"')
	}
	return string(append(text, '}'))
}
