ALTER TABLE product_search DROP COLUMN IF EXISTS new_since;

--bun:split

ALTER TABLE product_search DROP COLUMN IF EXISTS in_stock;
