-- What decides between products that match equally well. `search-index --rebuild` fills it for present rows.
ALTER TABLE product_search ADD COLUMN IF NOT EXISTS in_stock boolean NOT NULL DEFAULT false;

--bun:split

ALTER TABLE product_search ADD COLUMN IF NOT EXISTS new_since timestamptz NOT NULL DEFAULT 'epoch';
