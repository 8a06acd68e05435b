-- Index versions come from one sequence for all products. They counted each product's changes before, so a product
-- that was deleted and made again began anew, and its old document was newer than the new one.
CREATE SEQUENCE IF NOT EXISTS product_index_versions;

--bun:split

SELECT setval('product_index_versions', greatest(
    (SELECT last_value FROM product_index_versions), (SELECT coalesce(max(index_version), 1) FROM products)));

--bun:split

ALTER TABLE products ALTER COLUMN index_version SET DEFAULT nextval('product_index_versions');

--bun:split

-- The versions at which products were deleted. A product that is there again has a newer version.
CREATE TABLE IF NOT EXISTS product_tombstones (
    product_id    uuid PRIMARY KEY,
    index_version bigint NOT NULL DEFAULT nextval('product_index_versions'),
    -- The transaction that deleted it: what a snapshot has not seen yet is found by it, however long ago it began.
    deleted_in    xid8 NOT NULL DEFAULT pg_current_xact_id(),
    deleted_at    timestamptz NOT NULL DEFAULT now()
);

--bun:split

CREATE INDEX IF NOT EXISTS product_tombstones_transaction ON product_tombstones (deleted_in);

--bun:split

CREATE INDEX IF NOT EXISTS product_tombstones_age ON product_tombstones (deleted_at);

--bun:split

INSERT INTO product_tombstones (product_id)
SELECT key::uuid FROM deletions
WHERE kind = 'Product' AND NOT EXISTS (SELECT FROM products WHERE products.id = deletions.key::uuid)
ON CONFLICT (product_id) DO NOTHING;

--bun:split

CREATE OR REPLACE FUNCTION bury_products() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO product_tombstones AS t (product_id) SELECT id FROM deleted ORDER BY id
    ON CONFLICT (product_id) DO UPDATE
    SET index_version = excluded.index_version, deleted_in = excluded.deleted_in, deleted_at = excluded.deleted_at;
    RETURN NULL;
END
$$;

--bun:split

CREATE OR REPLACE TRIGGER bury_products AFTER DELETE ON products
    REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION bury_products();

--bun:split

-- Waiting jobs that one of them can take along.
CREATE INDEX IF NOT EXISTS jobs_indexing ON jobs (run_at, id)
    WHERE kind = 'index_products' AND state IN ('queued', 'retrying');
