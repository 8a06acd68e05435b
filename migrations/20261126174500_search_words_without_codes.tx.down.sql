TRUNCATE search_words;
