DROP TABLE IF EXISTS derivations, product_sort_titles;

--bun:split

DROP TRIGGER IF EXISTS price_lists_inserted ON price_lists;

--bun:split

DROP TRIGGER IF EXISTS products_inserted ON products;

--bun:split

DROP TRIGGER IF EXISTS product_variants_deleted ON product_variants;

--bun:split

DROP TRIGGER IF EXISTS product_prices_deleted ON product_prices;

--bun:split

DROP TRIGGER IF EXISTS product_prices_updated ON product_prices;

--bun:split

DROP TRIGGER IF EXISTS product_prices_inserted ON product_prices;

--bun:split

DROP FUNCTION IF EXISTS price_lists_inserted(), products_inserted(), product_variants_deleted(), product_prices_changed(),
    refresh_product_price_ranges(uuid[]);

--bun:split

DROP TABLE IF EXISTS product_price_ranges;
