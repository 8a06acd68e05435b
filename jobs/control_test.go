package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"ecoseller/jobs"
	"ecoseller/models"
	"ecoseller/store"
)

func TestScheduledJob(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		b.handle(func(context.Context, *models.Job) error { return nil })
		b.work()
		due := time.Now().Add(700 * time.Millisecond)
		job := b.enqueueAs(testJob{}, store.RunAt(due))
		if got := b.job(job.ID); got.State != models.JobScheduled || !got.RunAt.Equal(due.Truncate(time.Microsecond)) {
			t.Errorf("the job is %s and due at %s, want it scheduled for %s", got.State, got.RunAt, due)
		}
		if done := b.awaitState(job.ID, models.JobSucceeded); done.StartedAt.Before(due.Truncate(time.Microsecond)) {
			t.Errorf("begun %s too early", due.Sub(*done.StartedAt))
		}
	})
}

// TestUniqueJobs enqueues from many sides at once: one job for each key until that one has finished.
func TestUniqueJobs(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	var runs atomic.Int64
	b.handle(func(context.Context, *models.Job) error { runs.Add(1); return nil })
	var mu sync.Mutex
	ids := map[uuid.UUID]int{}
	var enqueueing sync.WaitGroup
	for range 10 {
		enqueueing.Go(func() {
			job := b.enqueueAs(testJob{}, store.UniqueKey("k"))
			mu.Lock()
			defer mu.Unlock()
			if !job.Duplicate {
				ids[job.ID]++
			}
		})
	}
	enqueueing.Wait()
	if len(ids) != 1 {
		t.Fatalf("%d jobs were written for one key", len(ids))
	}
	if other := b.enqueueAs(testJob{}, store.UniqueKey("other")); other.Duplicate {
		t.Error("another key is taken as well")
	}
	b.work()
	for id := range ids {
		b.awaitState(id, models.JobSucceeded)
		again := b.enqueueAs(testJob{}, store.UniqueKey("k"))
		if again.Duplicate || again.ID == id {
			t.Error("the key is not free after the job has finished")
		}
		b.awaitState(again.ID, models.JobSucceeded)
	}
	if runs.Load() != 3 {
		t.Errorf("%d runs, want 3", runs.Load())
	}
}

// TestCancelByKeyFreesTheKey plans a job anew in one transaction, as a mail that is put off.
func TestCancelByKeyFreesTheKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	first := b.enqueueAs(testJob{}, store.UniqueKey("k"), store.RunAt(time.Now().Add(time.Hour)))
	var second *models.Job
	err := b.store.InTx(t.Context(), func(ctx context.Context, tx *store.Store) (err error) {
		if _, err = tx.CancelJobByKey(ctx, "k"); err != nil {
			return err
		}
		second, err = tx.Enqueue(ctx, testJob{}, store.UniqueKey("k"))
		return err
	})
	if err != nil || second.Duplicate {
		t.Fatalf("enqueue after cancel: %+v, %v", second, err)
	}
	if state := b.job(first.ID).State; state != models.JobCancelled {
		t.Errorf("the first job is %s", state)
	}
	if _, err := b.store.CancelJobByKey(t.Context(), "unknown"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("cancelling an unknown key: %v", err)
	}
}

func TestCancelWaitingJob(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		var runs atomic.Int64
		b.handle(func(context.Context, *models.Job) error { runs.Add(1); return nil })
		waiting, scheduled := b.enqueueAs(testJob{}), b.enqueueAs(testJob{}, store.RunAt(time.Now().Add(300*time.Millisecond)))
		for _, job := range []*models.Job{waiting, scheduled} {
			if got, err := b.store.CancelJob(t.Context(), job.ID); err != nil || got.State != models.JobCancelled || got.FinishedAt == nil {
				t.Fatalf("cancel: %+v, %v", got, err)
			}
		}
		b.work()
		b.awaitState(b.enqueue(1)[0], models.JobSucceeded)
		time.Sleep(500 * time.Millisecond)
		if runs.Load() != 1 {
			t.Errorf("%d runs, want only that of the third job", runs.Load())
		}
		if _, err := b.store.CancelJob(t.Context(), waiting.ID); !errors.Is(err, store.ErrWrongState) {
			t.Errorf("cancelling twice: %v", err)
		}
	})
}

// TestCancelRunningJob asks from elsewhere, as another host does. It ends the handler's context, and nothing else.
func TestCancelRunningJob(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		began := make(chan struct{}, 2)
		var told atomic.Value
		jobs.Register(b.handlers, func(ctx context.Context, _ testJob) error {
			began <- struct{}{}
			<-ctx.Done()
			return context.Cause(ctx)
		}, func(_ context.Context, _ testJob, reason error) error { told.Store(reason); return nil })
		ids := b.enqueue(2)
		b.options.Sweep = 100 * time.Millisecond
		b.options.Grace = time.Millisecond
		b.work()
		<-began
		<-began
		asked := time.Now()
		if job, err := b.store.CancelJob(t.Context(), ids[0]); err != nil || job.State != models.JobRunning {
			t.Fatalf("cancel: %+v, %v", job, err)
		}
		job := b.awaitState(ids[0], models.JobCancelled)
		if took := time.Since(asked); took > 3*time.Second {
			t.Errorf("cancelled after %s", took)
		}
		if reason, _ := told.Load().(error); !errors.Is(reason, jobs.ErrCancelled) {
			t.Errorf("the handler was told %v", reason)
		}
		if job.LeaseUntil != nil || job.FinishedAt == nil {
			t.Errorf("cancelled job: %+v", job)
		}
		if other := b.job(ids[1]); other.State != models.JobRunning {
			t.Errorf("the other job is %s", other.State)
		}
	})
}

// TestCancelDeadWorkersJob asks for the end of a job whose worker is dead: it is not run again.
func TestCancelDeadWorkersJob(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	var runs atomic.Int64
	b.handle(func(context.Context, *models.Job) error { runs.Add(1); return nil })
	id := b.enqueue(1)[0]
	b.claimAs("dead", 1, 300*time.Millisecond)
	if _, err := b.store.CancelJob(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	b.work()
	b.awaitState(id, models.JobCancelled)
	if runs.Load() != 0 {
		t.Error("a cancelled job was run again")
	}
}

func TestReplay(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		var broken atomic.Bool
		broken.Store(true)
		b.handle(func(context.Context, *models.Job) error {
			if broken.Load() {
				return jobs.Permanent(errors.New("boom"))
			}
			return nil
		})
		b.work()
		id := b.enqueue(1)[0]
		b.awaitState(id, models.JobFailed)
		broken.Store(false)
		if job, err := b.store.RetryJob(t.Context(), id); err != nil || job.State != models.JobQueued || job.Attempts != 0 {
			t.Fatalf("retry: %+v, %v", job, err)
		}
		job := b.awaitState(id, models.JobSucceeded)
		if job.Attempts != 1 || job.Claim != 2 || len(job.Errors) != 1 || job.Errors[0].Error != "boom" || job.Errors[0].Worker == "" {
			t.Errorf("replayed job: %d attempts, claim %d, errors %+v", job.Attempts, job.Claim, job.Errors)
		}
		if _, err := b.store.RetryJob(t.Context(), id); !errors.Is(err, store.ErrWrongState) {
			t.Errorf("retrying what has succeeded: %v", err)
		}
		later := b.enqueueAs(testJob{}, store.RunAt(time.Now().Add(time.Hour)))
		if _, err := b.store.RetryJob(t.Context(), later.ID); err != nil {
			t.Fatal(err)
		}
		b.awaitState(later.ID, models.JobSucceeded)
	})
}

// TestReplayMeetsUniqueKey replays a job while another one has its key.
func TestReplayMeetsUniqueKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	first := b.enqueueAs(testJob{}, store.UniqueKey("k"))
	if _, err := b.store.CancelJob(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	b.enqueueAs(testJob{}, store.UniqueKey("k"))
	if _, err := b.store.RetryJob(t.Context(), first.ID); !errors.Is(err, store.ErrAlreadyExists) {
		t.Errorf("two unfinished jobs with one key: %v", err)
	}
}

// TestErrorsAreRemembered checks that a job remembers its last ten errors, and where a handler panicked.
func TestErrorsAreRemembered(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	b.handle(func(_ context.Context, job *models.Job) error {
		if job.Attempts == 12 {
			panic("out of cheese")
		}
		return errors.New("boom")
	})
	id := b.enqueue(1)[0]
	b.exec("UPDATE jobs SET max_attempts = 12")
	b.work()
	for i := range 11 {
		b.await(id, "tried", func(j *models.Job) bool { return j.Attempts == i+1 && j.State == models.JobRetrying })
		if _, err := b.store.RetryJob(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	job := b.awaitState(id, models.JobFailed)
	if len(job.Errors) != 10 || job.Errors[0].Attempt != 3 {
		t.Fatalf("%d errors are remembered, the first of attempt %d", len(job.Errors), job.Errors[0].Attempt)
	}
	last := job.Errors[9]
	if last.Error != "panic: out of cheese" || !strings.Contains(last.Stack, "TestErrorsAreRemembered") || last.At.IsZero() {
		t.Errorf("the last error is %+v", last)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	release := make(chan struct{})
	b.handle(func(ctx context.Context, _ *models.Job) error {
		for i := range 1000 {
			jobs.ReportProgress(ctx, i, 2000) // only the first is written
		}
		<-release
		jobs.ReportProgress(ctx, 2000, 2000)
		return nil
	})
	id := b.enqueue(1)[0]
	b.work()
	job := b.await(id, "under way", func(j *models.Job) bool { return j.ProgressTotal != nil })
	if *job.ProgressTotal != 2000 || *job.ProgressDone >= 2000 {
		t.Errorf("progress %d of %d", *job.ProgressDone, *job.ProgressTotal)
	}
	close(release)
	if job := b.awaitState(id, models.JobSucceeded); *job.ProgressDone != 2000 {
		t.Errorf("progress %d after the end", *job.ProgressDone)
	}
}

// TestWorkersQueues has two workers, each for some of the queues.
func TestWorkersQueues(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		b.handle(func(context.Context, *models.Job) error { return nil })
		b.options.Queues = []models.JobQueue{models.QueueHigh, models.QueueLow}
		b.options.Name = "some"
		b.work()
		high, low := b.enqueueAs(testJob{}, store.OnQueue(models.QueueHigh)), b.enqueueAs(testJob{}, store.OnQueue(models.QueueLow))
		other := b.enqueueAs(testJob{})
		b.awaitState(high.ID, models.JobSucceeded)
		b.awaitState(low.ID, models.JobSucceeded)
		time.Sleep(300 * time.Millisecond)
		if state := b.job(other.ID).State; state != models.JobQueued {
			t.Errorf("a job of a queue without a worker is %s", state)
		}
		b.options.Queues, b.options.Name = []models.JobQueue{models.QueueDefault}, "rest"
		b.work()
		if job := b.awaitState(other.ID, models.JobSucceeded); job.Worker != "rest" {
			t.Errorf("done by %q", job.Worker)
		}
	})
}

// textJob has an argument that has to come through unharmed.
type textJob struct {
	Text string `json:"text"`
}

func (textJob) JobPolicy() models.JobPolicy { return models.JobPolicy{Kind: "text"} }

// TestArgumentsComeThrough enqueues in all ways, in batches that are written differently.
func TestArgumentsComeThrough(t *testing.T) {
	t.Parallel()
	const text = "tab\t, line\n, backslash \\ \\N \\., quotes ' \" {,} žluťoučký 😀 ?0 ?"
	ways := map[string]func(*bench, []models.JobArgs) error{
		"in a transaction": func(b *bench, args []models.JobArgs) error {
			return b.store.InTx(t.Context(), func(ctx context.Context, tx *store.Store) error {
				_, err := tx.EnqueueAll(ctx, args)
				return err
			})
		},
		"alone": func(b *bench, args []models.JobArgs) error { return b.store.EnqueueAlone(t.Context(), args...) },
	}
	for name, enqueue := range ways {
		for _, count := range []int{0, 1, 1001} {
			t.Run(fmt.Sprintf("%d %s", count, name), func(t *testing.T) {
				t.Parallel()
				b := newBench(t, withoutRedis)
				var runs atomic.Int64
				jobs.Register(b.handlers, func(_ context.Context, args textJob) error {
					if runs.Add(1); args.Text != text {
						t.Errorf("got %q, want %q", args.Text, text)
					}
					return nil
				}, nil)
				b.work()
				if err := enqueue(b, slices.Repeat([]models.JobArgs{textJob{text}}, count)); err != nil {
					t.Fatal(err)
				}
				deadline := time.Now().Add(15 * time.Second)
				for runs.Load() != int64(count) && time.Now().Before(deadline) {
					time.Sleep(5 * time.Millisecond)
				}
				if runs.Load() != int64(count) {
					t.Errorf("%d of %d jobs were run", runs.Load(), count)
				}
			})
		}
	}
}

// TestUrgentFirst has more jobs than a worker can begin: the urgent ones come first, and the others come.
func TestUrgentFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	var mu sync.Mutex
	var order []models.JobQueue
	b.handle(func(_ context.Context, job *models.Job) error {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, job.Queue)
		return nil
	})
	b.options.Concurrency = 1
	var last *models.Job
	for range 5 {
		last = b.enqueueAs(testJob{}, store.OnQueue(models.QueueLow))
	}
	for range 5 {
		b.enqueueAs(testJob{}, store.OnQueue(models.QueueHigh))
	}
	b.work()
	b.awaitState(last.ID, models.JobSucceeded)
	mu.Lock()
	defer mu.Unlock()
	if first := order[:4]; slices.Contains(first, models.QueueLow) {
		t.Errorf("order %v", order)
	}
}

// TestShortJobsDoNotWaitBehindLongOnes fills a worker with short jobs, so that it claims ahead, then with long ones:
// what waits in it is given back to the worker that is free.
func TestShortJobsDoNotWaitBehindLongOnes(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	long := make(chan struct{})
	b.handle(func(_ context.Context, job *models.Job) error {
		if job.Queue == models.QueueLow && job.Worker == "busy" {
			<-long
		}
		return nil
	})
	defer close(long)
	b.options.Concurrency, b.options.Sweep = 2, 200*time.Millisecond
	b.options.Name = "busy"
	b.work()
	for _, id := range b.enqueue(300) {
		b.awaitState(id, models.JobSucceeded)
	}
	err := b.store.InTx(t.Context(), func(ctx context.Context, tx *store.Store) error {
		_, err := tx.EnqueueAll(ctx, slices.Repeat([]models.JobArgs{testJob{}}, 30), store.OnQueue(models.QueueLow))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b.options.Name = "free"
	b.work()
	deadline := time.Now().Add(15 * time.Second)
	for {
		left, err := b.pool.NewSelect().Table("jobs").Where("state <> 'succeeded'").Count(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if left <= 2 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d jobs wait behind the long ones", left)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestLostAnswer claims jobs under a worker's name without its knowing, as when the answer to a claim is lost. The
// worker gives them back when it has reason to look, and does not touch those of others.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	b.enqueue(3)
	b.claimAs("me", 2, time.Hour)
	b.claimAs("other", 1, time.Hour)
	known := b.byWorker("me")[:1]
	if err := b.store.ReleaseOtherJobs(t.Context(), "me", known); err != nil {
		t.Fatal(err)
	}
	if mine, others := b.byWorker("me"), b.byWorker("other"); !slices.Equal(mine, known) || len(others) != 1 {
		t.Errorf("left are %v and %v, want %v and one", mine, others, known)
	}
}

func (b *bench) byWorker(name string) (ids []uuid.UUID) {
	b.t.Helper()
	err := b.pool.NewRaw("SELECT id FROM jobs WHERE worker = ? AND state = 'running' ORDER BY id", name).Scan(context.Background(), &ids)
	if err != nil {
		b.t.Fatal(err)
	}
	return ids
}

func TestFinishedJobsAreDeleted(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	b.handle(func(context.Context, *models.Job) error { return nil })
	old, waiting := b.enqueue(1)[0], b.enqueueAs(testJob{}, store.RunAt(time.Now().Add(time.Hour)))
	stop := b.work()
	b.awaitState(old, models.JobSucceeded)
	stop()
	b.exec("UPDATE jobs SET finished_at = finished_at - interval '8 days', created_at = created_at - interval '8 days'")
	b.work()
	b.awaitState(b.enqueue(1)[0], models.JobSucceeded)
	time.Sleep(500 * time.Millisecond) // deleting goes on beside the work
	left, err := b.store.JobsByIDs(t.Context(), []uuid.UUID{old, waiting.ID})
	if err != nil || len(left) != 1 || left[0].ID != waiting.ID {
		t.Errorf("left are %v, %v; want the one that waits", left, err)
	}
}
