package store

import (
	"context"
	"errors"
	"time"

	"ecoseller/models"
)

// maxSchedules is how many schedules one round runs.
const maxSchedules = 100

// PutJobSchedule writes a schedule, in place of one with the same name.
func (s *Store) PutJobSchedule(ctx context.Context, schedule *models.JobSchedule) error {
	_, err := s.db.NewInsert().Model(schedule).
		Column("name", "cron", "time_zone", "kind", "queue", "payload", "max_attempts", "next_run_at").
		On("CONFLICT (name) DO UPDATE").
		Set(`cron = EXCLUDED.cron, time_zone = EXCLUDED.time_zone, kind = EXCLUDED.kind, queue = EXCLUDED.queue,
			payload = EXCLUDED.payload, max_attempts = EXCLUDED.max_attempts, next_run_at = EXCLUDED.next_run_at`).
		Exec(ctx)
	return wrap(ctx, err, "write schedule")
}

// DeleteJobSchedule ends a schedule. It returns ErrNotFound when there is none of that name.
func (s *Store) DeleteJobSchedule(ctx context.Context, name string) error {
	var deleted string
	err := s.db.NewRaw("DELETE FROM job_schedules WHERE name = ? RETURNING name", name).Scan(ctx, &deleted)
	return wrap(ctx, err, "delete schedule")
}

// JobSchedules returns all schedules by name.
func (s *Store) JobSchedules(ctx context.Context) ([]*models.JobSchedule, error) {
	var schedules []*models.JobSchedule
	err := s.db.NewSelect().Model(&schedules).
		Column("name", "cron", "time_zone", "kind", "queue", "payload", "max_attempts", "next_run_at", "last_run_at", "last_job_id").
		Order("name").Scan(ctx)
	return schedules, wrap(ctx, err, "load schedules")
}

// RunDueSchedules enqueues a job for each schedule whose tick has come, and moves it to the tick that next returns.
// A schedule whose last job has not finished skips the tick. Schedules that another worker runs just now are left out.
// One whose next tick cannot be told is left alone, and the others run.
func (s *Store) RunDueSchedules(ctx context.Context, next func(*models.JobSchedule, time.Time) (time.Time, error)) error {
	var broken []error
	err := s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		var due []*dueSchedule
		err := tx.db.NewRaw(`
			SELECT name, cron, time_zone, kind, queue, payload, max_attempts, next_run_at, now() AS now
			FROM job_schedules WHERE next_run_at <= now()
			ORDER BY next_run_at LIMIT ? FOR UPDATE SKIP LOCKED`, maxSchedules).Scan(ctx, &due)
		if err != nil {
			return wrap(ctx, err, "find due schedules")
		}
		for _, schedule := range due {
			tick, err := next(&schedule.JobSchedule, schedule.Now)
			if err != nil {
				broken = append(broken, err)
				continue
			}
			if err := tx.runSchedule(ctx, schedule, tick); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(append(broken, err)...)
}

// dueSchedule is a schedule with the time at which it was found to be due.
type dueSchedule struct {
	models.JobSchedule
	Now time.Time
}

func (s *Store) runSchedule(ctx context.Context, schedule *dueSchedule, next time.Time) error {
	key := "schedule:" + schedule.Name
	job, err := s.insertUniqueJob(ctx, &models.Job{
		ID: newID(), Kind: schedule.Kind, Queue: schedule.Queue, Payload: schedule.Payload, State: models.JobQueued,
		UniqueKey: &key, MaxAttempts: schedule.MaxAttempts, RunAt: schedule.NextRunAt,
	})
	if err != nil {
		return err
	}
	_, err = s.db.NewRaw("UPDATE job_schedules SET next_run_at = ?, last_run_at = now(), last_job_id = ? WHERE name = ?",
		next, job.ID, schedule.Name).Exec(ctx)
	return wrap(ctx, err, "move schedule on")
}
