-- The catalogue: PostgreSQL is its only truth, everything else is derived from these tables.
-- Idempotent on purpose: the mark "applied" is a statement of its own after this transaction.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

--bun:split

CREATE TABLE IF NOT EXISTS price_lists (
    code       text PRIMARY KEY CHECK (code ~ '^[a-z0-9_-]{1,40}$'),
    name       text NOT NULL,
    currency   char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- The step customer prices are rounded to: 0.01 for cents, 1 for whole crowns.
    rounding   numeric(6, 2) NOT NULL DEFAULT 0.01 CHECK (rounding > 0),
    is_default boolean NOT NULL DEFAULT false
);

--bun:split

CREATE UNIQUE INDEX IF NOT EXISTS price_lists_one_default ON price_lists (is_default) WHERE is_default;

--bun:split

CREATE TABLE IF NOT EXISTS countries (
    code               char(2) PRIMARY KEY CHECK (code ~ '^[A-Z]{2}$'),
    name               jsonb NOT NULL DEFAULT '{}',
    locale             text NOT NULL,
    default_price_list text NOT NULL REFERENCES price_lists (code)
);

--bun:split

CREATE TABLE IF NOT EXISTS vat_groups (
    code       text PRIMARY KEY,
    name       text NOT NULL,
    country    char(2) NOT NULL REFERENCES countries (code),
    -- Percent: 21 means 21 %.
    rate       numeric(5, 2) NOT NULL CHECK (rate >= 0 AND rate <= 100),
    is_default boolean NOT NULL DEFAULT false
);

--bun:split

CREATE UNIQUE INDEX IF NOT EXISTS vat_groups_one_default ON vat_groups (country) WHERE is_default;

--bun:split

CREATE TABLE IF NOT EXISTS attribute_types (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    code       text NOT NULL UNIQUE,
    value_type text NOT NULL CHECK (value_type IN ('TEXT', 'INTEGER', 'DECIMAL', 'BOOLEAN')),
    unit       text,
    name       jsonb NOT NULL DEFAULT '{}'
);

--bun:split

CREATE TABLE IF NOT EXISTS attributes (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    attribute_type_id uuid NOT NULL REFERENCES attribute_types (id) ON DELETE CASCADE,
    -- The value in its canonical text form; numeric types carry it in number as well.
    value             text NOT NULL,
    number            numeric,
    name              jsonb NOT NULL DEFAULT '{}',
    position          integer NOT NULL DEFAULT 0,
    -- A btree entry is limited to a third of a page, and supplier texts are longer: hence the digest.
    value_digest      uuid GENERATED ALWAYS AS (md5(value)::uuid) STORED,
    UNIQUE (attribute_type_id, value_digest)
);

--bun:split

CREATE TABLE IF NOT EXISTS product_types (
    id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    code text NOT NULL UNIQUE,
    name jsonb NOT NULL DEFAULT '{}'
);

--bun:split

CREATE TABLE IF NOT EXISTS product_type_attribute_types (
    product_type_id   uuid NOT NULL REFERENCES product_types (id) ON DELETE CASCADE,
    attribute_type_id uuid NOT NULL REFERENCES attribute_types (id) ON DELETE CASCADE,
    PRIMARY KEY (product_type_id, attribute_type_id)
);

--bun:split

CREATE TABLE IF NOT EXISTS product_type_vat_groups (
    product_type_id uuid NOT NULL REFERENCES product_types (id) ON DELETE CASCADE,
    vat_group       text NOT NULL REFERENCES vat_groups (code) ON DELETE CASCADE,
    PRIMARY KEY (product_type_id, vat_group)
);

--bun:split

CREATE TABLE IF NOT EXISTS categories (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    code       text NOT NULL UNIQUE,
    parent_id  uuid REFERENCES categories (id),
    published  boolean NOT NULL DEFAULT true,
    position   integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (parent_id <> id)
);

--bun:split

CREATE INDEX IF NOT EXISTS categories_parent ON categories (parent_id, position, id);

--bun:split

CREATE TABLE IF NOT EXISTS category_translations (
    category_id      uuid NOT NULL REFERENCES categories (id) ON DELETE CASCADE,
    language         text NOT NULL,
    title            text NOT NULL,
    slug             text NOT NULL,
    meta_title       text NOT NULL DEFAULT '',
    meta_description text NOT NULL DEFAULT '',
    description      text NOT NULL DEFAULT '',
    PRIMARY KEY (category_id, language),
    UNIQUE (language, slug)
);

--bun:split

CREATE TABLE IF NOT EXISTS products (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    published       boolean NOT NULL DEFAULT false,
    product_type_id uuid REFERENCES product_types (id),
    brand           text NOT NULL DEFAULT '',
    released_at     date,
    -- Grows with every change to anything indexed; the external version of the search document.
    version         bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);

--bun:split

CREATE INDEX IF NOT EXISTS products_newest ON products (created_at DESC, id DESC);

--bun:split

CREATE INDEX IF NOT EXISTS products_updated ON products (updated_at DESC, id DESC);

--bun:split

CREATE INDEX IF NOT EXISTS products_brand ON products (brand, created_at DESC, id DESC);

--bun:split

CREATE TABLE IF NOT EXISTS product_translations (
    product_id        uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    language          text NOT NULL,
    title             text NOT NULL,
    slug              text NOT NULL,
    meta_title        text NOT NULL DEFAULT '',
    meta_description  text NOT NULL DEFAULT '',
    short_description text NOT NULL DEFAULT '',
    description       text NOT NULL DEFAULT '',
    PRIMARY KEY (product_id, language),
    UNIQUE (language, slug)
);

--bun:split

CREATE TABLE IF NOT EXISTS product_categories (
    product_id  uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    category_id uuid NOT NULL REFERENCES categories (id) ON DELETE CASCADE,
    position    integer NOT NULL DEFAULT 0,
    PRIMARY KEY (product_id, category_id)
);

--bun:split

CREATE INDEX IF NOT EXISTS product_categories_category ON product_categories (category_id, product_id);

--bun:split

CREATE TABLE IF NOT EXISTS product_media (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    product_id uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    url        text NOT NULL,
    position   integer NOT NULL DEFAULT 0,
    UNIQUE (product_id, url)
);

--bun:split

CREATE TABLE IF NOT EXISTS product_variants (
    sku                      text PRIMARY KEY CHECK (sku ~ '^[A-Za-z0-9_.-]+$' AND length(sku) <= 100),
    product_id               uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    ean                      text[] NOT NULL DEFAULT '{}',
    manufacturer_part_number text NOT NULL DEFAULT '',
    weight_grams             integer CHECK (weight_grams >= 0),
    stock_quantity           integer NOT NULL DEFAULT 0,
    position                 integer NOT NULL DEFAULT 0
);

--bun:split

CREATE INDEX IF NOT EXISTS product_variants_product ON product_variants (product_id, position, sku);

--bun:split

CREATE TABLE IF NOT EXISTS product_variant_attributes (
    sku          text NOT NULL REFERENCES product_variants (sku) ON DELETE CASCADE ON UPDATE CASCADE,
    attribute_id uuid NOT NULL REFERENCES attributes (id) ON DELETE CASCADE,
    position     integer NOT NULL DEFAULT 0,
    PRIMARY KEY (sku, attribute_id)
);

--bun:split

CREATE INDEX IF NOT EXISTS product_variant_attributes_attribute ON product_variant_attributes (attribute_id, sku);

--bun:split

CREATE TABLE IF NOT EXISTS product_prices (
    price_list       text NOT NULL REFERENCES price_lists (code),
    sku              text NOT NULL REFERENCES product_variants (sku) ON DELETE CASCADE ON UPDATE CASCADE,
    -- Without VAT, before the discount.
    amount           numeric(14, 4) NOT NULL CHECK (amount >= 0),
    discount_percent numeric(5, 2) NOT NULL DEFAULT 0 CHECK (discount_percent >= 0 AND discount_percent <= 100),
    PRIMARY KEY (sku, price_list)
);
