-- Mail: its kind, time, history, attachments; who does not want any; how much is too much.

ALTER TABLE email_messages
    ADD COLUMN IF NOT EXISTS kind text NOT NULL DEFAULT 'CUSTOM',
    ADD COLUMN IF NOT EXISTS reply_to text NOT NULL DEFAULT '',
    -- Not before this time; NULL means at once.
    ADD COLUMN IF NOT EXISTS send_at timestamptz,
    -- What the caller knows waiting mail by, to cancel it: order:123.
    ADD COLUMN IF NOT EXISTS cancellation_key text,
    ADD COLUMN IF NOT EXISTS unsubscribe_url text NOT NULL DEFAULT '',
    -- The recipients whose copy the mail server has taken, while others wait for another attempt.
    ADD COLUMN IF NOT EXISTS delivered_to text[] NOT NULL DEFAULT '{}',
    -- When a worker last began to speak to the mail server about it.
    ADD COLUMN IF NOT EXISTS sending_since timestamptz,
    ADD COLUMN IF NOT EXISTS attachment_count integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS resend_of uuid REFERENCES email_messages (id) ON DELETE SET NULL,
    -- NULL: the shop itself.
    ALTER COLUMN access_token_id DROP NOT NULL;

--bun:split

ALTER TABLE email_messages DROP CONSTRAINT IF EXISTS email_messages_state_check;

--bun:split

ALTER TABLE email_messages ADD CONSTRAINT email_messages_state_check
    CHECK (state IN ('QUEUED', 'SENDING', 'RETRYING', 'SENT', 'FAILED', 'CANCELLED'));

--bun:split

-- The keys of the shop's own mail; those of tokens have a constraint of their own.
CREATE UNIQUE INDEX IF NOT EXISTS email_messages_own_key ON email_messages (idempotency_key)
    WHERE access_token_id IS NULL AND idempotency_key IS NOT NULL;

--bun:split

-- Lists of mail: of one caller, in one state, of one kind, to one recipient. A list of everything goes by id, which is time.
CREATE INDEX IF NOT EXISTS email_messages_caller ON email_messages (access_token_id, id);

--bun:split

CREATE INDEX IF NOT EXISTS email_messages_state ON email_messages (state, id);

--bun:split

CREATE INDEX IF NOT EXISTS email_messages_kind ON email_messages (kind, id);

--bun:split

CREATE INDEX IF NOT EXISTS email_messages_recipients ON email_messages USING gin (recipients) WITH (fastupdate = on);

--bun:split

CREATE INDEX IF NOT EXISTS email_messages_cancellation_key ON email_messages (cancellation_key) WHERE cancellation_key IS NOT NULL;

--bun:split

CREATE INDEX IF NOT EXISTS email_messages_resend_of ON email_messages (resend_of) WHERE resend_of IS NOT NULL;

--bun:split

CREATE TABLE IF NOT EXISTS email_attachments (
    email_message_id uuid NOT NULL REFERENCES email_messages (id) ON DELETE CASCADE,
    position         integer NOT NULL,
    filename         text NOT NULL,
    content_type     text NOT NULL,
    content          bytea NOT NULL,
    PRIMARY KEY (email_message_id, position)
);

--bun:split

-- What has become of each mail, written by a trigger so that no change of state is left out.
CREATE TABLE IF NOT EXISTS email_events (
    id               bigint GENERATED ALWAYS AS IDENTITY,
    email_message_id uuid NOT NULL REFERENCES email_messages (id) ON DELETE CASCADE,
    state            text NOT NULL,
    attempt          integer NOT NULL,
    reason           text NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (email_message_id, id)
);

--bun:split

CREATE OR REPLACE FUNCTION note_email_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO email_events (email_message_id, state, attempt, reason)
    VALUES (NEW.id, NEW.state, NEW.attempts, CASE WHEN NEW.state = 'SENDING' THEN '' ELSE NEW.last_error END);
    RETURN NULL;
END $$;

--bun:split

DROP TRIGGER IF EXISTS email_messages_note_event ON email_messages;

--bun:split

CREATE TRIGGER email_messages_note_event AFTER INSERT OR UPDATE OF state ON email_messages
    FOR EACH ROW EXECUTE FUNCTION note_email_event();

--bun:split

-- Addresses that get no mail. Whoever has unsubscribed still gets what belongs to an order or an account.
CREATE TABLE IF NOT EXISTS email_suppressions (
    -- In lower case: mail servers do not tell Jana@ from jana@.
    address          text NOT NULL,
    reason           text NOT NULL CHECK (reason IN ('BOUNCED', 'UNSUBSCRIBED', 'MANUAL')),
    detail           text NOT NULL DEFAULT '',
    email_message_id uuid REFERENCES email_messages (id) ON DELETE SET NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (address, reason)
);

--bun:split

CREATE INDEX IF NOT EXISTS email_suppressions_message ON email_suppressions (email_message_id) WHERE email_message_id IS NOT NULL;

--bun:split

-- One leaky bucket for each caller and each recipient: when it will be empty again. Recipients are hashes.
CREATE TABLE IF NOT EXISTS email_rates (
    scope    text NOT NULL CHECK (scope IN ('CALLER', 'RECIPIENT')),
    key      bytea NOT NULL,
    empty_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
) WITH (fillfactor = 50);

--bun:split

CREATE INDEX IF NOT EXISTS email_rates_empty_at ON email_rates (empty_at);

--bun:split

-- Keys that all processes of the shop share, made at their first use.
CREATE TABLE IF NOT EXISTS secrets (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);
