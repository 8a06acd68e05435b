-- What the postgres engine completes titles by. Derived: `search-index --rebuild` makes it anew.

CREATE TABLE IF NOT EXISTS product_suggestions (
    product_id uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    language   text NOT NULL,
    version    bigint NOT NULL,
    title      text NOT NULL,
    -- The folded words of the title with marks before them; empty when the product is not published.
    words      tsvector NOT NULL,
    PRIMARY KEY (product_id, language)
);

--bun:split

-- Without fastupdate: every search would read the list of pending entries.
CREATE INDEX IF NOT EXISTS product_suggestions_words ON product_suggestions USING gin (words) WITH (fastupdate = off);

--bun:split

-- The words of all titles, to mend typing errors with. Words that no title has any more do no harm.
CREATE TABLE IF NOT EXISTS product_suggestion_words (
    language text COLLATE "C" NOT NULL,
    word     text COLLATE "C" NOT NULL,
    PRIMARY KEY (language, word)
);
