-- Words are those of texts only; the next rebuild of the search index, which is due by itself, counts them anew.
TRUNCATE search_words;
