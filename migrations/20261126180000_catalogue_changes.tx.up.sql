-- Every change of the catalogue is told to those who keep copies of it, when its transaction commits. Every change of a
-- product, whatever table it is in, gives the product a new index_version in the same transaction, so that this one
-- table tells them all.

CREATE OR REPLACE FUNCTION tell_changed_products() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	ids text;
	number int;
BEGIN
	SELECT string_agg(id::text, ' '), count(*) INTO ids, number FROM (SELECT id FROM changed LIMIT 101) AS listed;
	IF number > 100 THEN
		ids := '*'; -- a notification has room for 8,000 bytes
	END IF;
	IF number > 0 THEN
		PERFORM pg_notify('catalogue_changes', 'products ' || ids);
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER tell_inserted AFTER INSERT ON products
	REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_products();
CREATE OR REPLACE TRIGGER tell_updated AFTER UPDATE ON products
	REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_products();
CREATE OR REPLACE TRIGGER tell_deleted AFTER DELETE ON products
	REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_products();

-- What products refer to changes seldom: that anything has changed is enough to know.
CREATE OR REPLACE FUNCTION tell_changed_reference() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM changed) THEN
		PERFORM pg_notify('catalogue_changes', 'reference');
	END IF;
	RETURN NULL;
END $$;

DO $$
DECLARE
	of_table text;
BEGIN
	FOREACH of_table IN ARRAY ARRAY[
		'categories', 'category_translations', 'attributes', 'attribute_types', 'product_types', 'product_type_attribute_types',
		'product_type_vat_groups', 'price_lists', 'countries', 'vat_groups'
	] LOOP
		EXECUTE format('CREATE OR REPLACE TRIGGER tell_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS changed
			FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_reference()', of_table);
		EXECUTE format('CREATE OR REPLACE TRIGGER tell_updated AFTER UPDATE ON %I REFERENCING NEW TABLE AS changed
			FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_reference()', of_table);
		EXECUTE format('CREATE OR REPLACE TRIGGER tell_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS changed
			FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_reference()', of_table);
	END LOOP;
END $$;
