TRUNCATE search_words;

--bun:split

ALTER TABLE search_words DROP COLUMN IF EXISTS added_at;
