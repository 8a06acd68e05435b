-- The words of the catalogue: how many products have each, and how it is written. Derived like product_search, which
-- it describes: indexing adds words, `search-index --rebuild` counts anew and takes out what no product has.

CREATE TABLE IF NOT EXISTS search_words (
    language  text NOT NULL,
    -- As in product_search.document: a folded word, or a stem or code with its mark.
    word      text NOT NULL,
    -- The word with its accents, as some product has it.
    written   text NOT NULL,
    documents integer NOT NULL,
    PRIMARY KEY (language, word)
);

--bun:split

-- For typing errors, which are looked for among words only.
CREATE INDEX IF NOT EXISTS search_words_similar ON search_words USING gin (word gin_trgm_ops) WHERE word ~ '^[a-z]';
