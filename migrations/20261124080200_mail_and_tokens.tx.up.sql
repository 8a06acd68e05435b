-- Who may do what, and the mail that was asked for.

CREATE TABLE IF NOT EXISTS access_tokens (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name         text NOT NULL,
    -- SHA-256 of the token: tokens are 256 random bits, so a slow password hash would add nothing.
    token_hash   bytea NOT NULL UNIQUE,
    permissions  text[] NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz
);

--bun:split

CREATE TABLE IF NOT EXISTS email_messages (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    state           text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'SENDING', 'SENT', 'FAILED')),
    recipients      text[] NOT NULL CHECK (cardinality(recipients) > 0),
    subject         text NOT NULL,
    text            text NOT NULL,
    html            text NOT NULL DEFAULT '',
    language        text NOT NULL,
    -- Fixed when the mail is accepted, so that a copy sent after a lost reply can be recognised.
    message_id      text NOT NULL UNIQUE,
    access_token_id uuid NOT NULL REFERENCES access_tokens (id),
    idempotency_key text,
    -- SHA-256 of the whole request: the same key with another request is a mistake of the caller.
    request_hash    bytea NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    last_error      text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    sent_at         timestamptz,
    UNIQUE (access_token_id, idempotency_key)
);
