-- Words are those of texts only; the next rebuild of the search index, which is due by itself, counts them anew.
TRUNCATE search_words;

--bun:split

-- What a rebuild did not meet has vanished, unless it came in meanwhile.
ALTER TABLE search_words ADD COLUMN IF NOT EXISTS added_at timestamptz NOT NULL DEFAULT clock_timestamp();
