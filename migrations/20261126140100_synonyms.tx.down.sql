DROP TABLE IF EXISTS synonyms;

--bun:split

DROP FUNCTION IF EXISTS advance_query_plan_version();

--bun:split

DROP TABLE IF EXISTS query_plan_version;
