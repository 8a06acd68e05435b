ALTER TABLE product_search DROP COLUMN IF EXISTS created_at;

--bun:split

ALTER TABLE product_search DROP COLUMN IF EXISTS in_stock;
