package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
)

// ErrLocked says that another process is doing the same thing just now.
var ErrLocked = errors.New("already running elsewhere")

// LockKey names something that only one process may do at a time.
type LockKey int64

// LockRebuild is held while the search index is rebuilt.
const LockRebuild LockKey = 7_301_984_114

// Exclusively runs do unless another process holds the lock, which is then ErrLocked. The lock belongs to
// a connection, so it goes with the process that holds it.
func (s *Store) Exclusively(ctx context.Context, key LockKey, do func(ctx context.Context) error) error {
	return s.exclusively(ctx, "SELECT pg_try_advisory_lock(?)", key, do)
}

// ExclusivelyWaiting is Exclusively for who waits until the other process is ready.
func (s *Store) ExclusivelyWaiting(ctx context.Context, key LockKey, do func(ctx context.Context) error) error {
	return s.exclusively(ctx, "SELECT true FROM pg_advisory_lock(?)", key, do)
}

// exclusively runs do when the statement, which takes the lock, returns true.
func (s *Store) exclusively(ctx context.Context, sql string, key LockKey, do func(ctx context.Context) error) error {
	pool, ok := s.db.(*bun.DB)
	if !ok {
		return errors.New("a lock is not taken inside a transaction")
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect for a lock: %w", err)
	}
	defer func() { _ = conn.Close() }()
	var taken bool
	if err := conn.NewRaw(sql, int64(key)).Scan(ctx, &taken); err != nil {
		return wrap(ctx, err, "take lock")
	}
	if !taken {
		return ErrLocked
	}
	defer func() {
		_, _ = conn.NewRaw("SELECT pg_advisory_unlock(?)", int64(key)).Exec(context.WithoutCancel(ctx))
	}()
	return do(ctx)
}
