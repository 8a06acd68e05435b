-- Background work. A row is written in the transaction of the change that causes the work (the outbox);
-- Redis carries only its id, so losing Redis loses nothing.

CREATE TABLE IF NOT EXISTS jobs (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind        text NOT NULL,
    queue       text NOT NULL DEFAULT 'default' CHECK (queue IN ('high', 'default', 'low')),
    payload     jsonb NOT NULL DEFAULT '{}',
    state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'retrying', 'succeeded', 'failed')),
    attempts    integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 10,
    -- Not before this time; a retry moves it into the future.
    run_at      timestamptz NOT NULL DEFAULT now(),
    -- While running: the worker's claim, renewed as long as it lives. A lease in the past is a dead worker.
    lease_until timestamptz,
    last_error  text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz
);

--bun:split

-- What the sweep looks for: work that is due.
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (run_at, id) WHERE state IN ('queued', 'retrying');

--bun:split

-- What the sweep looks for: claims of dead workers.
CREATE INDEX IF NOT EXISTS jobs_leased ON jobs (lease_until) WHERE state = 'running';

--bun:split

CREATE INDEX IF NOT EXISTS jobs_finished ON jobs (finished_at) WHERE state IN ('succeeded', 'failed');
