-- Pictures that were uploaded. Their bytes lie in a folder or a bucket, under the same name: the hash of the content.
CREATE TABLE IF NOT EXISTS media_files (
    name        text PRIMARY KEY CHECK (name ~ '^[0-9a-f]{64}\.(jpg|png|gif|webp)$'),
    -- How large the picture is shown, after turning it as it wants to be turned.
    width       integer NOT NULL CHECK (width > 0),
    height      integer NOT NULL CHECK (height > 0),
    transparent boolean NOT NULL,
    size        bigint NOT NULL,
    -- When its bytes were uploaded last; what nobody shows is removed some time after.
    uploaded_at timestamptz NOT NULL DEFAULT now()
);

--bun:split

CREATE INDEX IF NOT EXISTS media_files_uploaded ON media_files (uploaded_at, name);

--bun:split

-- The url of a picture is the name of a file, or where else it lies.
CREATE INDEX IF NOT EXISTS product_media_url ON product_media (url);

--bun:split

CREATE INDEX IF NOT EXISTS deleted_rows_media_url ON deleted_rows ((content ->> 'url')) WHERE table_name = 'product_media';
