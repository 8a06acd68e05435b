DROP TRIGGER copy_to_categories ON products;
DROP FUNCTION copy_product_to_categories();
DROP TRIGGER copy_product ON product_categories;
DROP FUNCTION copy_product_to_category();
ALTER TABLE product_categories DROP COLUMN created_at, DROP COLUMN published;
