package jobs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"ecoseller/jobs"
	"ecoseller/models"
	"ecoseller/store"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	b := newBench(t, withoutRedis)
	b.handle(func(_ context.Context, job *models.Job) error {
		if job.Queue == models.QueueHigh {
			return jobs.Permanent(errors.New("boom"))
		}
		return nil
	})
	b.options.Metrics = jobs.NewMetrics(b.store)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(b.options.Metrics)
	good, bad := b.enqueueAs(testJob{}), b.enqueueAs(testJob{}, store.OnQueue(models.QueueHigh))
	b.enqueueAs(testJob{}, store.RunAt(time.Now().Add(time.Hour)))
	stop := b.work()
	b.awaitState(good.ID, models.JobSucceeded)
	b.awaitState(bad.ID, models.JobFailed)
	stop()
	b.enqueueAs(testJob{}, store.OnQueue(models.QueueLow))
	err := testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP ecoseller_job_attempts_total Attempts by what became of them: succeeded, retried, postponed, failed, cancelled, released, lost.
# TYPE ecoseller_job_attempts_total counter
ecoseller_job_attempts_total{kind="test",outcome="failed"} 1
ecoseller_job_attempts_total{kind="test",outcome="succeeded"} 1
# HELP ecoseller_job_queue_depth Jobs that are due and wait for a worker.
# TYPE ecoseller_job_queue_depth gauge
ecoseller_job_queue_depth{queue="default"} 0
ecoseller_job_queue_depth{queue="high"} 0
ecoseller_job_queue_depth{queue="low"} 1
# HELP ecoseller_job_queue_scheduled Jobs that wait for their time or their next attempt.
# TYPE ecoseller_job_queue_scheduled gauge
ecoseller_job_queue_scheduled{queue="default"} 1
ecoseller_job_queue_scheduled{queue="high"} 0
ecoseller_job_queue_scheduled{queue="low"} 0
# HELP ecoseller_jobs_running Jobs that run in this process.
# TYPE ecoseller_jobs_running gauge
ecoseller_jobs_running{kind="test"} 0
`), "ecoseller_job_attempts_total", "ecoseller_job_queue_depth", "ecoseller_job_queue_scheduled", "ecoseller_jobs_running")
	if err != nil {
		t.Error(err)
	}
	for _, name := range []string{"ecoseller_job_duration_seconds", "ecoseller_job_pickup_seconds", "ecoseller_job_queue_oldest_seconds"} {
		if n, err := testutil.GatherAndCount(registry, name); err != nil || n == 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}
