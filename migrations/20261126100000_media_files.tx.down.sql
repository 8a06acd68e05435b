DROP INDEX IF EXISTS deleted_rows_media_url, product_media_url;

--bun:split

-- Without its file a name shows nothing.
DELETE FROM product_media WHERE url IN (SELECT name FROM media_files);

--bun:split

DROP TABLE IF EXISTS media_files;
