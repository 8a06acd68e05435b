DROP TRIGGER IF EXISTS email_messages_note_event ON email_messages;

--bun:split

DROP FUNCTION IF EXISTS note_email_event();

--bun:split

DROP TABLE IF EXISTS email_events, email_attachments, email_suppressions, email_rates, secrets;

--bun:split

-- What the schema before has no place for.
DELETE FROM email_messages WHERE access_token_id IS NULL;

--bun:split

UPDATE email_messages SET state = CASE state WHEN 'RETRYING' THEN 'QUEUED' ELSE 'FAILED' END WHERE state IN ('RETRYING', 'CANCELLED');

--bun:split

ALTER TABLE email_messages DROP CONSTRAINT IF EXISTS email_messages_state_check;

--bun:split

ALTER TABLE email_messages ADD CONSTRAINT email_messages_state_check CHECK (state IN ('QUEUED', 'SENDING', 'SENT', 'FAILED'));

--bun:split

DROP INDEX IF EXISTS email_messages_own_key, email_messages_caller, email_messages_state, email_messages_kind,
    email_messages_recipients, email_messages_cancellation_key, email_messages_resend_of;

--bun:split

ALTER TABLE email_messages
    DROP COLUMN IF EXISTS kind,
    DROP COLUMN IF EXISTS reply_to,
    DROP COLUMN IF EXISTS send_at,
    DROP COLUMN IF EXISTS cancellation_key,
    DROP COLUMN IF EXISTS unsubscribe_url,
    DROP COLUMN IF EXISTS delivered_to,
    DROP COLUMN IF EXISTS sending_since,
    DROP COLUMN IF EXISTS attachment_count,
    DROP COLUMN IF EXISTS resend_of,
    ALTER COLUMN access_token_id SET NOT NULL;
