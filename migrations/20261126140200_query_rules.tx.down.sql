DROP TABLE IF EXISTS query_rules;
