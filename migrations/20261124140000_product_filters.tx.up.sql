-- Indexes for the filters of product lists: numeric attributes and prices by range, product types.

CREATE INDEX IF NOT EXISTS attributes_number ON attributes (attribute_type_id, number) WHERE number IS NOT NULL;

--bun:split

CREATE INDEX IF NOT EXISTS product_prices_discounted ON product_prices (price_list, (amount * (100 - discount_percent) / 100), sku);

--bun:split

CREATE INDEX IF NOT EXISTS products_product_type ON products (product_type_id, created_at DESC, id DESC);
