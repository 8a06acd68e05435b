DROP TABLE IF EXISTS search_clicks;

--bun:split

DROP TABLE IF EXISTS search_statistics;

--bun:split

DROP TABLE IF EXISTS search_queries;
