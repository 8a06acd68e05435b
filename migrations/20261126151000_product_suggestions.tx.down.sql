DROP TABLE IF EXISTS product_suggestion_words;

--bun:split

DROP TABLE IF EXISTS product_suggestions;
