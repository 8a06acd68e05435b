-- The newest products of a category are what storefronts ask for most. Each membership has a copy of what such a list is
-- sorted and filtered by, so that a page costs as much as it is long, however many products a category has.

ALTER TABLE product_categories ADD COLUMN created_at timestamptz, ADD COLUMN published boolean;

UPDATE product_categories AS pc SET created_at = p.created_at, published = p.published FROM products AS p WHERE p.id = pc.product_id;

ALTER TABLE product_categories ALTER COLUMN created_at SET NOT NULL, ALTER COLUMN published SET NOT NULL;

-- FOR SHARE: who publishes the product at the same time waits, or is waited for.
CREATE FUNCTION copy_product_to_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	SELECT created_at, published INTO NEW.created_at, NEW.published FROM products WHERE id = NEW.product_id FOR SHARE;
	IF NOT FOUND THEN
		NEW.created_at := now();
		NEW.published := false; -- the foreign key refuses it with a better message
	END IF;
	RETURN NEW;
END $$;

CREATE TRIGGER copy_product BEFORE INSERT ON product_categories
	FOR EACH ROW EXECUTE FUNCTION copy_product_to_category();

CREATE FUNCTION copy_product_to_categories() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE product_categories SET created_at = NEW.created_at, published = NEW.published WHERE product_id = NEW.id;
	RETURN NULL;
END $$;

CREATE TRIGGER copy_to_categories AFTER UPDATE OF created_at, published ON products
	FOR EACH ROW WHEN (OLD.created_at <> NEW.created_at OR OLD.published <> NEW.published)
	EXECUTE FUNCTION copy_product_to_categories();

CREATE INDEX product_categories_newest ON product_categories (category_id, created_at DESC, product_id DESC) WHERE published;
