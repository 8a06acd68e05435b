DROP TABLE IF EXISTS job_schedules;

--bun:split

DROP INDEX IF EXISTS jobs_due, jobs_unique_key, jobs_finished, jobs_given_up, jobs_kind;

--bun:split

-- The states of before: what waits for its time is queued with a time, what was cancelled has failed.
UPDATE jobs SET state = CASE state WHEN 'scheduled' THEN 'queued' ELSE 'failed' END WHERE state IN ('scheduled', 'cancelled');

--bun:split

ALTER TABLE jobs DROP CONSTRAINT IF EXISTS jobs_state_check;

--bun:split

ALTER TABLE jobs ADD CONSTRAINT jobs_state_check CHECK (state IN ('queued', 'running', 'retrying', 'succeeded', 'failed'));

--bun:split

ALTER TABLE jobs
    DROP COLUMN IF EXISTS unique_key, DROP COLUMN IF EXISTS claim, DROP COLUMN IF EXISTS worker, DROP COLUMN IF EXISTS errors,
    DROP COLUMN IF EXISTS progress_done, DROP COLUMN IF EXISTS progress_total, DROP COLUMN IF EXISTS cancel_requested_at;

--bun:split

ALTER TABLE jobs RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay);

--bun:split

CREATE INDEX IF NOT EXISTS jobs_due ON jobs (run_at, id) WHERE state IN ('queued', 'retrying');

--bun:split

CREATE INDEX IF NOT EXISTS jobs_finished ON jobs (finished_at) WHERE state IN ('succeeded', 'failed');
