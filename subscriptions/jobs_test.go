package subscriptions_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/store"
	"ecoseller/store/storetest"
	"ecoseller/subscriptions"
)

// counter counts the statements that look for changes.
type counter struct{ looks atomic.Int64 }

func (c *counter) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (c *counter) AfterQuery(_ context.Context, event *bun.QueryEvent) {
	if strings.Contains(event.Query, "AS known (id, version)") {
		c.looks.Add(1)
	}
}

// followed is a shop whose jobs are followed.
type followed struct {
	*counter
	db    *bun.DB
	store *store.Store
	jobs  *subscriptions.Jobs
}

func newFollowed(t *testing.T) *followed {
	t.Helper()
	f := &followed{counter: new(counter)}
	f.db = storetest.NewDB(t)
	f.store = store.New(f.db.WithQueryHook(f.counter), cataloguetest.Languages(), nil)
	f.jobs = subscriptions.NewJobs(f.store, slog.New(slog.DiscardHandler))
	return f
}

func (f *followed) enqueue(t *testing.T) uuid.UUID {
	t.Helper()
	var id uuid.UUID
	err := f.store.InTx(t.Context(), func(ctx context.Context, tx *store.Store) error {
		job, err := tx.Enqueue(ctx, models.SendEmail{EmailMessageID: uuid.New()})
		if err == nil {
			id = job.ID
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (f *followed) set(t *testing.T, id uuid.UUID, set string) {
	t.Helper()
	if _, err := f.db.ExecContext(t.Context(), "UPDATE jobs SET "+set+" WHERE id = ?", id); err != nil {
		t.Fatal(err)
	}
}

func (f *followed) follow(t *testing.T, ctx context.Context, id uuid.UUID) <-chan *models.Job { //nolint:revive // t is first everywhere
	t.Helper()
	changes, err := f.jobs.Follow(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// next is the next state; empty at the end.
func next(t *testing.T, changes <-chan *models.Job) models.JobState {
	t.Helper()
	select {
	case job, more := <-changes:
		if !more || job == nil {
			return ""
		}
		return job.State
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is told")
	}
	return ""
}

func TestAllFollowersCostOneStatement(t *testing.T) {
	t.Parallel()
	f := newFollowed(t)
	time.Sleep(600 * time.Millisecond)
	if n := f.looks.Load(); n != 0 {
		t.Errorf("%d looks without followers", n)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all []<-chan *models.Job
	for range 10 {
		id := f.enqueue(t)
		for range 10 {
			all = append(all, f.follow(t, ctx, id))
		}
	}
	before := f.looks.Load()
	time.Sleep(1100 * time.Millisecond)
	if n := f.looks.Load() - before; n < 1 || n > 6 {
		t.Errorf("%d looks in a second for 100 followers", n)
	}
	stop()
	for _, changes := range all {
		if state := next(t, changes); state != models.JobQueued {
			t.Fatalf("first state %q", state)
		}
		if state := next(t, changes); state != "" {
			t.Fatalf("%q after the end of the context", state)
		}
	}
	time.Sleep(300 * time.Millisecond)
	before = f.looks.Load()
	time.Sleep(600 * time.Millisecond)
	if n := f.looks.Load() - before; n != 0 {
		t.Errorf("%d looks after the last follower", n)
	}
	// The next one is told as the first was.
	id := f.enqueue(t)
	changes := f.follow(t, t.Context(), id)
	f.set(t, id, "state = 'running'")
	if a, b := next(t, changes), next(t, changes); a != models.JobQueued || b != models.JobRunning {
		t.Errorf("then %q, %q", a, b)
	}
}

func TestWhoReadsSlowlyGetsTheNewest(t *testing.T) {
	t.Parallel()
	f := newFollowed(t)
	id := f.enqueue(t)
	slow, quick := f.follow(t, t.Context(), id), f.follow(t, t.Context(), id)
	for _, state := range []models.JobState{models.JobQueued, models.JobRunning, models.JobRetrying, models.JobFailed} {
		f.set(t, id, "state = '"+string(state)+"'")
		if got := next(t, quick); got != state {
			t.Fatalf("got %q, want %q", got, state)
		}
	}
	if got := next(t, slow); got != models.JobFailed {
		t.Errorf("got %q", got)
	}
	if a, b := next(t, slow), next(t, quick); a != "" || b != "" {
		t.Errorf("%q, %q after the last state", a, b)
	}
}

func TestTheLastStateSurvivesLostConnections(t *testing.T) {
	t.Parallel()
	f := newFollowed(t)
	id := f.enqueue(t)
	changes := f.follow(t, t.Context(), id)
	if got := next(t, changes); got != models.JobQueued {
		t.Fatal(got)
	}
	const cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
	for range 5 {
		_, _ = f.db.ExecContext(t.Context(), cut)
		time.Sleep(100 * time.Millisecond)
	}
	for {
		if _, err := f.db.ExecContext(t.Context(), "UPDATE jobs SET state = 'succeeded' WHERE id = ?", id); err == nil {
			break
		}
	}
	if got := next(t, changes); got != models.JobSucceeded {
		t.Errorf("got %q", got)
	}
}
