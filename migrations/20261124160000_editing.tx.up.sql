-- What several people who edit a catalogue at once need: versions to tell a stale write by, and what was
-- deleted, so that it can be restored.

-- The version of a product is that of its own fields: a sale, which changes the stock of a variant, must not
-- make the page that an editor has open stale. The search document has its own, which grows with anything indexed.
ALTER TABLE products ADD COLUMN IF NOT EXISTS index_version bigint NOT NULL DEFAULT 1;

--bun:split

UPDATE products SET index_version = version WHERE index_version < version;

--bun:split

ALTER TABLE product_variants ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 1;

--bun:split

ALTER TABLE product_types ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 1;

--bun:split

ALTER TABLE categories ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 1;

--bun:split

ALTER TABLE attribute_types ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 1;

--bun:split

ALTER TABLE attributes ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 1;

--bun:split

ALTER TABLE price_lists ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 1;

--bun:split

ALTER TABLE countries ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 1;

--bun:split

ALTER TABLE vat_groups ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 1;

--bun:split

-- An object that was deleted, with everything that hung on it. Its rows leave their tables, so that no reader
-- has to know of deleted ones, and the database keeps checking what is left.
CREATE TABLE IF NOT EXISTS deletions (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- The kind and key of the object's global id.
    kind       text NOT NULL,
    key        text NOT NULL,
    -- What people know the object by.
    title      text NOT NULL DEFAULT '',
    deleted_at timestamptz NOT NULL DEFAULT now(),
    -- The object as it was deleted last can be restored; deleting it again replaces this.
    UNIQUE (kind, key)
);

--bun:split

CREATE INDEX IF NOT EXISTS deletions_newest ON deletions (deleted_at DESC, id DESC);

--bun:split

CREATE TABLE IF NOT EXISTS deleted_rows (
    deletion_id uuid NOT NULL REFERENCES deletions (id) ON DELETE CASCADE,
    table_name  text NOT NULL,
    content     jsonb NOT NULL
);

--bun:split

CREATE INDEX IF NOT EXISTS deleted_rows_deletion ON deleted_rows (deletion_id, table_name);
