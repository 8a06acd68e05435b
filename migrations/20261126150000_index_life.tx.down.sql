DROP INDEX IF EXISTS jobs_indexing;

--bun:split

DROP TRIGGER IF EXISTS bury_products ON products;

--bun:split

DROP FUNCTION IF EXISTS bury_products();

--bun:split

DROP TABLE IF EXISTS product_tombstones;

--bun:split

ALTER TABLE products ALTER COLUMN index_version SET DEFAULT 1;

--bun:split

DROP SEQUENCE IF EXISTS product_index_versions;
