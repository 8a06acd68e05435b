-- What customers search for and what they click, in counts: no row says who searched.

-- A text that was searched, however it was written: the sums over all days that are kept.
CREATE TABLE IF NOT EXISTS search_queries (
    language text NOT NULL,
    -- Folded, with single spaces.
    query    text NOT NULL,
    -- The same as people see it: as it was typed last with accents.
    text     text NOT NULL,
    searches bigint NOT NULL,
    -- Whether the last search of it found products as asked.
    found    boolean NOT NULL,
    PRIMARY KEY (language, query)
);

--bun:split

-- For suggestions; store/search_statistics.go knows the same number.
CREATE INDEX IF NOT EXISTS search_queries_prefix ON search_queries (language, query text_pattern_ops)
    INCLUDE (searches, text) WHERE found AND searches >= 5;

--bun:split

CREATE INDEX IF NOT EXISTS search_queries_popular ON search_queries (language, searches DESC, query)
    WHERE found AND searches >= 5;

--bun:split

CREATE TABLE IF NOT EXISTS search_statistics (
    -- In UTC.
    day             date NOT NULL,
    language        text NOT NULL,
    query           text NOT NULL,
    searches        bigint NOT NULL,
    without_results bigint NOT NULL,
    -- The sum over the searches.
    results         bigint NOT NULL,
    clicks          bigint NOT NULL,
    -- The sum over the clicks; the first hit is 1.
    positions       bigint NOT NULL,
    PRIMARY KEY (day, language, query)
);

--bun:split

-- No reference to products: clicks are counted without looking, and outlive what was deleted.
CREATE TABLE IF NOT EXISTS search_clicks (
    day        date NOT NULL,
    language   text NOT NULL,
    query      text NOT NULL,
    product_id uuid NOT NULL,
    clicks     bigint NOT NULL,
    PRIMARY KEY (day, language, query, product_id)
);
