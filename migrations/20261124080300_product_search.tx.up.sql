-- The index of the postgres search engine. Derived: `search-index --rebuild` makes it anew.
-- Tokens come analysed (folded, stemmed) from Go, so the server needs no dictionary files.

CREATE TABLE IF NOT EXISTS product_search (
    product_id uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    language   text NOT NULL,
    published  boolean NOT NULL,
    version    bigint NOT NULL,
    -- Weights: A = id, sku and codes, B = title, C = short description, D = attributes.
    document   tsvector NOT NULL,
    -- The folded words of the title, for typing errors.
    words      text NOT NULL,
    PRIMARY KEY (product_id, language)
);

--bun:split

CREATE INDEX IF NOT EXISTS product_search_document ON product_search USING gin (document);

--bun:split

CREATE INDEX IF NOT EXISTS product_search_words ON product_search USING gin (words gin_trgm_ops);
