-- Jobs with a time, a key, a history, progress and an end by cancellation; schedules that enqueue jobs.

ALTER TABLE jobs
    -- No two unfinished jobs have the same.
    ADD COLUMN IF NOT EXISTS unique_key text,
    -- Grows with every claim; a worker writes only under the claim it has.
    ADD COLUMN IF NOT EXISTS claim integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS worker text NOT NULL DEFAULT '',
    -- The errors of the last attempts: [{attempt, at, worker, error, stack}].
    ADD COLUMN IF NOT EXISTS errors jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN IF NOT EXISTS progress_done integer,
    ADD COLUMN IF NOT EXISTS progress_total integer,
    -- A running job is to be stopped by its worker.
    ADD COLUMN IF NOT EXISTS cancel_requested_at timestamptz;

--bun:split

ALTER TABLE jobs DROP CONSTRAINT IF EXISTS jobs_state_check;

--bun:split

ALTER TABLE jobs ADD CONSTRAINT jobs_state_check
    CHECK (state IN ('scheduled', 'queued', 'running', 'retrying', 'succeeded', 'failed', 'cancelled'));

--bun:split

-- Claimed rows leave jobs_due at once; their dead entries must not be in the way of the next claims for long.
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

--bun:split

DROP INDEX IF EXISTS jobs_due, jobs_finished;

--bun:split

-- What a claim looks for, queue by queue, and the depth of the queues.
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (queue, run_at, id) WHERE state IN ('scheduled', 'queued', 'retrying');

--bun:split

CREATE UNIQUE INDEX IF NOT EXISTS jobs_unique_key ON jobs (unique_key)
    WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'queued', 'running', 'retrying');

--bun:split

-- What is too old to be kept, and how many were done lately.
CREATE INDEX IF NOT EXISTS jobs_finished ON jobs (finished_at) WHERE state IN ('succeeded', 'failed', 'cancelled');

--bun:split

-- The two lists that staff look at: what went wrong, and one kind. A list of everything goes by id, which is time.
CREATE INDEX IF NOT EXISTS jobs_given_up ON jobs (state, id) WHERE state IN ('failed', 'cancelled');

--bun:split

CREATE INDEX IF NOT EXISTS jobs_kind ON jobs (kind, id);

--bun:split

CREATE TABLE IF NOT EXISTS job_schedules (
    name         text PRIMARY KEY,
    cron         text NOT NULL,
    time_zone    text NOT NULL DEFAULT 'UTC',
    kind         text NOT NULL,
    queue        text NOT NULL CHECK (queue IN ('high', 'default', 'low')),
    payload      jsonb NOT NULL DEFAULT '{}',
    max_attempts integer NOT NULL,
    -- The tick that comes next. Whoever moves it on enqueues the job, in the same transaction: one run per tick.
    next_run_at  timestamptz NOT NULL,
    last_run_at  timestamptz,
    last_job_id  uuid,
    created_at   timestamptz NOT NULL DEFAULT now()
);

--bun:split

CREATE INDEX IF NOT EXISTS job_schedules_next ON job_schedules (next_run_at);
