-- The trace that has caused a job, so that what the worker does is found from the request and the other way round.
ALTER TABLE jobs ADD COLUMN IF NOT EXISTS trace_parent text NOT NULL DEFAULT '';
