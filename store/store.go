package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"ecoseller/models"
)

// Errors that callers decide by. All others are faults of the system.
var (
	ErrNotFound      = errors.New("not found")
	ErrAlreadyExists = errors.New("already exists")
)

// JobNotifier is told of jobs after the transaction that wrote them has been committed. It only makes
// work start sooner: what it loses, the worker's sweep finds in the table.
type JobNotifier interface {
	JobsCommitted(ctx context.Context, jobs []*models.Job)
}

// Store gives access to all aggregates over one database or one transaction.
type Store struct {
	db        bun.IDB
	languages models.Languages
	notifier  JobNotifier
	prepared  *preparedStatements
	reads     *productReads
	// enqueued collects the jobs of a transaction; nil outside of one.
	enqueued *[]*models.Job
}

// New returns a store over the pool for a shop with the languages. The notifier may be nil.
func New(db *bun.DB, languages models.Languages, notifier JobNotifier) *Store {
	return &Store{db: db, languages: languages, notifier: notifier, prepared: newPreparedStatements(), reads: &productReads{}}
}

// InTx runs do in a transaction: committed when it returns nil, rolled back otherwise. Jobs it enqueued
// are announced after the commit. Inside a transaction it is a savepoint.
func (s *Store) InTx(ctx context.Context, do func(ctx context.Context, tx *Store) error) error {
	return s.inTx(ctx, nil, do)
}

// InSnapshot runs do in a read-only transaction in which all statements see the same moment.
func (s *Store) InSnapshot(ctx context.Context, do func(ctx context.Context, tx *Store) error) error {
	return s.inTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, do)
}

func (s *Store) inTx(ctx context.Context, o *sql.TxOptions, do func(ctx context.Context, tx *Store) error) error {
	outermost, enqueued := s.enqueued == nil, s.enqueued
	if outermost {
		enqueued = new([]*models.Job)
	}
	err := s.db.RunInTx(ctx, o, func(ctx context.Context, tx bun.Tx) error {
		return do(ctx, &Store{db: tx, languages: s.languages, notifier: s.notifier, prepared: s.prepared, reads: s.reads, enqueued: enqueued})
	})
	if err != nil {
		return err
	}
	if outermost && s.notifier != nil && len(*enqueued) > 0 {
		s.notifier.JobsCommitted(ctx, *enqueued)
	}
	return nil
}

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return wrap(ctx, s.db.NewRaw("SELECT 1").Scan(ctx, &one), "ping PostgreSQL")
}

// wrap says what was being done, and turns driver errors into ours. pgdriver reports the end of a
// context as an i/o timeout, hence the look at the context.
func wrap(ctx context.Context, err error, doing string) error {
	if err == nil {
		return nil
	}
	if ctxErr := ctx.Err(); ctxErr != nil {
		return fmt.Errorf("%s: %w", doing, ctxErr)
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return fmt.Errorf("%s: %w", doing, context.DeadlineExceeded) // the driver was quicker than the context's timer
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", doing, ErrNotFound)
	}
	if pgErr, ok := errors.AsType[pgdriver.Error](err); ok && pgErr.Field('C') == "23505" {
		return fmt.Errorf("%s: %w: %w", doing, ErrAlreadyExists, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

type counterKey struct{}

// CountStatements returns a context under which every statement adds one to the counter.
func CountStatements(ctx context.Context) (context.Context, *atomic.Int64) {
	counter := new(atomic.Int64)
	return context.WithValue(ctx, counterKey{}, counter), counter
}

func counterFrom(ctx context.Context) *atomic.Int64 {
	counter, _ := ctx.Value(counterKey{}).(*atomic.Int64)
	return counter
}
