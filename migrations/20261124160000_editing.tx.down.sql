DROP TABLE IF EXISTS deleted_rows, deletions;

--bun:split

ALTER TABLE products DROP COLUMN IF EXISTS index_version;

--bun:split

ALTER TABLE product_variants DROP COLUMN IF EXISTS version;

--bun:split

ALTER TABLE product_types DROP COLUMN IF EXISTS version;

--bun:split

ALTER TABLE categories DROP COLUMN IF EXISTS version;

--bun:split

ALTER TABLE attribute_types DROP COLUMN IF EXISTS version;

--bun:split

ALTER TABLE attributes DROP COLUMN IF EXISTS version;

--bun:split

ALTER TABLE price_lists DROP COLUMN IF EXISTS version;

--bun:split

ALTER TABLE countries DROP COLUMN IF EXISTS version;

--bun:split

ALTER TABLE vat_groups DROP COLUMN IF EXISTS version;
