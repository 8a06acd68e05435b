-- Synonyms, and the counter by which servers see that what they keep of queries in memory is out of date.

CREATE TABLE IF NOT EXISTS synonyms (
    id           uuid PRIMARY KEY,
    language     text NOT NULL,
    -- ONE_WAY: the phrases find the alternatives as well. TWO_WAY: each of them all finds the others.
    direction    text NOT NULL CHECK (direction IN ('ONE_WAY', 'TWO_WAY')),
    phrases      text[] NOT NULL,
    alternatives text[] NOT NULL,
    version      bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now()
);

--bun:split

-- For the list of all and for that of a language, the newest first.
CREATE INDEX IF NOT EXISTS synonyms_newest ON synonyms (created_at DESC, id DESC);

--bun:split

CREATE INDEX IF NOT EXISTS synonyms_language ON synonyms (language, created_at DESC, id DESC);

--bun:split

-- One row. Whoever changes synonyms or query rules holds it until the commit, so that a reader who sees a
-- version sees everything that belongs to it.
CREATE TABLE IF NOT EXISTS query_plan_version (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL
);

--bun:split

INSERT INTO query_plan_version (version) VALUES (1) ON CONFLICT DO NOTHING;

--bun:split

-- By a trigger, so that a restored row and one changed by hand count as well.
CREATE OR REPLACE FUNCTION advance_query_plan_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE query_plan_version SET version = version + 1;
    RETURN NULL;
END
$$;

--bun:split

DROP TRIGGER IF EXISTS synonyms_query_plan ON synonyms;

--bun:split

CREATE TRIGGER synonyms_query_plan AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON synonyms
    FOR EACH STATEMENT EXECUTE FUNCTION advance_query_plan_version();
