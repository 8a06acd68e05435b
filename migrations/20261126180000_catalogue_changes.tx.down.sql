DROP FUNCTION tell_changed_products() CASCADE;
DROP FUNCTION tell_changed_reference() CASCADE;
