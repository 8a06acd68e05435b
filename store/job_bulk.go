package store

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"ecoseller/models"
)

// EnqueueAlone enqueues jobs that no change causes, outside of a transaction: all or none, and announced at once.
func (s *Store) EnqueueAlone(ctx context.Context, args ...models.JobArgs) error {
	pool, ok := s.db.(*bun.DB)
	if !ok {
		return errors.New("inside a transaction jobs are enqueued by EnqueueAll")
	}
	jobs := make([]*models.Job, len(args))
	for i := range args {
		job, err := newJob(ctx, args[i], nil)
		if err != nil {
			return err
		}
		jobs[i] = job
	}
	var err error
	if len(jobs) > maxEnqueueBatch {
		err = copyJobs(ctx, pool, jobs)
	} else if len(jobs) > 0 {
		err = s.insertJobBatch(ctx, jobs)
	}
	if err == nil && s.notifier != nil {
		s.notifier.JobsCommitted(ctx, jobs)
	}
	return err
}

// copyJobs writes jobs by COPY, the fastest way for tens of thousands of them.
func copyJobs(ctx context.Context, pool *bun.DB, jobs []*models.Job) error {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return wrap(ctx, err, "connect to enqueue jobs")
	}
	defer func() { _ = conn.Close() }()
	var rows bytes.Buffer
	for _, job := range jobs {
		for _, value := range []string{job.ID.String(), string(job.Kind), string(job.Queue), strconv.Itoa(job.MaxAttempts), job.TraceParent} {
			rows.WriteString(value)
			rows.WriteByte('\t')
		}
		// JSON has neither tabs nor ends of lines in its texts; backslashes are COPY's own.
		rows.Write(bytes.ReplaceAll(job.Payload, []byte(`\`), []byte(`\\`)))
		rows.WriteByte('\n')
	}
	_, err = pgdriver.CopyFrom(ctx, conn, &rows, "COPY jobs (id, kind, queue, max_attempts, trace_parent, payload) FROM STDIN")
	return wrap(ctx, err, "enqueue jobs")
}
