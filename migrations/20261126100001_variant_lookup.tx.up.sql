-- Leads from skus to products without reading the variants themselves.
CREATE INDEX IF NOT EXISTS product_variants_sku_product ON product_variants (sku) INCLUDE (product_id);
