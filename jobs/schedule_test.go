package jobs_test

import (
	"context"
	"testing"
	"time"

	"ecoseller/jobs"
	"ecoseller/models"
)

// TestScheduleRunsOncePerTick has three workers and a tick every second.
func TestScheduleRunsOncePerTick(t *testing.T) {
	eachTransport(t, func(t *testing.T, b *bench) {
		b.handle(func(context.Context, *models.Job) error { return nil })
		for range 3 {
			b.work()
		}
		if _, err := jobs.PutSchedule(t.Context(), b.store, "test", "* * * * * *", "Europe/Prague", testJob{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4500 * time.Millisecond)
		if err := b.store.DeleteJobSchedule(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
		ticks := b.runTimes()
		if len(ticks) < 3 || len(ticks) > 5 {
			t.Errorf("%d runs in 4.5 s", len(ticks))
		}
		for i := 1; i < len(ticks); i++ {
			if gap := ticks[i].Sub(ticks[i-1]); gap != time.Second {
				t.Errorf("%s between two runs", gap)
			}
		}
	})
}

func (b *bench) runTimes() (times []time.Time) {
	b.t.Helper()
	if err := b.pool.NewRaw("SELECT run_at FROM jobs ORDER BY run_at").Scan(context.Background(), &times); err != nil {
		b.t.Fatal(err)
	}
	return times
}

// TestMissedTicks starts a worker after several ticks have gone by: they are made up by one run.
func TestMissedTicks(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	b.handle(func(context.Context, *models.Job) error { return nil })
	if _, err := jobs.PutSchedule(t.Context(), b.store, "nightly", "0 2 * * *", "Europe/Prague", testJob{}); err != nil {
		t.Fatal(err)
	}
	b.exec("UPDATE job_schedules SET next_run_at = now() - interval '3 days'")
	b.work()
	time.Sleep(500 * time.Millisecond)
	if ticks := b.runTimes(); len(ticks) != 1 {
		t.Errorf("%d runs for the ticks that were missed", len(ticks))
	}
	schedules, err := b.store.JobSchedules(t.Context())
	if err != nil || len(schedules) != 1 || schedules[0].LastRunAt == nil || !schedules[0].NextRunAt.After(time.Now()) {
		t.Errorf("schedules %+v, %v", schedules, err)
	}
}

// TestTickIsSkippedWhileTheLastJobRuns has ticks that come faster than the job ends.
func TestTickIsSkippedWhileTheLastJobRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	release := make(chan struct{})
	b.handle(func(context.Context, *models.Job) error { <-release; return nil })
	if _, err := jobs.PutSchedule(t.Context(), b.store, "slow", "* * * * * *", "UTC", testJob{}); err != nil {
		t.Fatal(err)
	}
	b.work()
	time.Sleep(3200 * time.Millisecond)
	if ticks := b.runTimes(); len(ticks) != 1 {
		t.Errorf("%d jobs of one schedule at once", len(ticks))
	}
	close(release)
}

func TestPutScheduleRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	for _, wrong := range [][2]string{{"0 2 * *", "UTC"}, {"0 25 * * *", "UTC"}, {"0 2 * * *", "Europe/Praha"}, {"0 0 30 2 *", "UTC"}} {
		if _, err := jobs.PutSchedule(t.Context(), b.store, "wrong", wrong[0], wrong[1], testJob{}); err == nil {
			t.Errorf("%q in %q is accepted", wrong[0], wrong[1])
		}
	}
}
