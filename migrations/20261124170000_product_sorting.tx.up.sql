-- What product lists are sorted by: prices and titles, each in a table with an index in the order of the list.

-- The lowest and the highest price of each product in each price list, without VAT and after the discount; null
-- where no variant has a price. There is a row for each product and list, so that a list sorted by price is read
-- from one index and still has every product. Triggers keep it: no writer can forget it.
CREATE TABLE IF NOT EXISTS product_price_ranges (
    product_id uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    price_list text NOT NULL REFERENCES price_lists (code) ON DELETE CASCADE,
    lowest     numeric,
    highest    numeric,
    PRIMARY KEY (product_id, price_list)
);

--bun:split

-- Products without a price come last in both directions, hence two indexes.
CREATE INDEX IF NOT EXISTS product_price_ranges_cheapest
    ON product_price_ranges (price_list, (coalesce(lowest, 'Infinity')), product_id);

--bun:split

CREATE INDEX IF NOT EXISTS product_price_ranges_dearest
    ON product_price_ranges (price_list, (coalesce(lowest, -1)), product_id);

--bun:split

CREATE OR REPLACE FUNCTION refresh_product_price_ranges(ids uuid[]) RETURNS void LANGUAGE sql AS $$
    WITH present AS (
        SELECT v.product_id, pp.price_list,
            min(pp.amount * (100 - pp.discount_percent) / 100) AS lowest,
            max(pp.amount * (100 - pp.discount_percent) / 100) AS highest
        FROM product_variants AS v
        JOIN product_prices AS pp ON pp.sku = v.sku
        WHERE v.product_id = ANY(ids)
        GROUP BY v.product_id, pp.price_list
    ), changed AS (
        SELECT r.product_id, r.price_list, present.lowest, present.highest
        FROM product_price_ranges AS r
        LEFT JOIN present ON present.product_id = r.product_id AND present.price_list = r.price_list
        WHERE r.product_id = ANY(ids) AND (r.lowest, r.highest) IS DISTINCT FROM (present.lowest, present.highest)
        ORDER BY r.product_id, r.price_list
    )
    UPDATE product_price_ranges AS r SET lowest = changed.lowest, highest = changed.highest
    FROM changed
    WHERE r.product_id = changed.product_id AND r.price_list = changed.price_list
$$;

--bun:split

CREATE OR REPLACE FUNCTION product_prices_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_product_price_ranges(ARRAY(
        SELECT DISTINCT v.product_id FROM changed JOIN product_variants AS v ON v.sku = changed.sku
    ));
    RETURN NULL;
END
$$;

--bun:split

CREATE OR REPLACE FUNCTION product_variants_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refresh_product_price_ranges(ARRAY(SELECT DISTINCT product_id FROM changed));
    RETURN NULL;
END
$$;

--bun:split

CREATE OR REPLACE FUNCTION products_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO product_price_ranges (product_id, price_list)
    SELECT changed.id, pl.code FROM changed CROSS JOIN price_lists AS pl
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

--bun:split

CREATE OR REPLACE FUNCTION price_lists_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO product_price_ranges (product_id, price_list)
    SELECT p.id, changed.code FROM changed CROSS JOIN products AS p
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

--bun:split

CREATE OR REPLACE TRIGGER product_prices_inserted AFTER INSERT ON product_prices
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION product_prices_changed();

--bun:split

CREATE OR REPLACE TRIGGER product_prices_updated AFTER UPDATE ON product_prices
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION product_prices_changed();

--bun:split

CREATE OR REPLACE TRIGGER product_prices_deleted AFTER DELETE ON product_prices
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION product_prices_changed();

--bun:split

-- A variant takes its prices with it, after which they no longer lead to the product.
CREATE OR REPLACE TRIGGER product_variants_deleted AFTER DELETE ON product_variants
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION product_variants_deleted();

--bun:split

CREATE OR REPLACE TRIGGER products_inserted AFTER INSERT ON products
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION products_inserted();

--bun:split

CREATE OR REPLACE TRIGGER price_lists_inserted AFTER INSERT ON price_lists
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION price_lists_inserted();

--bun:split

INSERT INTO product_price_ranges (product_id, price_list)
SELECT p.id, pl.code FROM products AS p CROSS JOIN price_lists AS pl
ON CONFLICT DO NOTHING;

--bun:split

SELECT refresh_product_price_ranges(ARRAY(SELECT id FROM products));

--bun:split

-- The place of each product in the alphabet of each language of the shop: the collation key (UTS #10) of its
-- title there, or of the one that stands in for it along the fallback chain; empty without any. The program
-- computes the keys, so one index serves all languages, and the server needs no ICU.
CREATE TABLE IF NOT EXISTS product_sort_titles (
    product_id uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    language   text NOT NULL,
    sort_key   bytea NOT NULL,
    PRIMARY KEY (product_id, language)
);

--bun:split

CREATE INDEX IF NOT EXISTS product_sort_titles_alphabet ON product_sort_titles (language, sort_key, product_id);

--bun:split

-- What derived rows were made for; when that has changed, they are made anew.
CREATE TABLE IF NOT EXISTS derivations (
    name     text PRIMARY KEY,
    made_for text NOT NULL
);
