DROP INDEX IF EXISTS product_variants_sku_product;
