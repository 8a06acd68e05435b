DROP INDEX IF EXISTS products_product_type;

--bun:split

DROP INDEX IF EXISTS product_prices_discounted;

--bun:split

DROP INDEX IF EXISTS attributes_number;
