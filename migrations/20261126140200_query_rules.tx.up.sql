-- What merchandisers lay down for queries: products to pin, to hide and to boost.

CREATE TABLE IF NOT EXISTS query_rules (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    -- EXACT: the query is one of the texts. PHRASE: one of them is in the query.
    match        text NOT NULL CHECK (match IN ('EXACT', 'PHRASE')),
    queries      text[] NOT NULL,
    -- NULL for all languages.
    language     text,
    enabled      boolean NOT NULL DEFAULT true,
    active_from  timestamptz,
    active_until timestamptz,
    -- The rule with the higher one wins.
    priority     integer NOT NULL DEFAULT 0,
    -- No references: a product that is deleted is ignored, and counts again when it is restored.
    pinned       uuid[] NOT NULL DEFAULT '{}',
    hidden       uuid[] NOT NULL DEFAULT '{}',
    -- {"<product id>": factor}
    boosts       jsonb NOT NULL DEFAULT '{}',
    version      bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now()
);

--bun:split

CREATE INDEX IF NOT EXISTS query_rules_newest ON query_rules (created_at DESC, id DESC);

--bun:split

DROP TRIGGER IF EXISTS query_rules_query_plan ON query_rules;

--bun:split

CREATE TRIGGER query_rules_query_plan AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON query_rules
    FOR EACH STATEMENT EXECUTE FUNCTION advance_query_plan_version();
