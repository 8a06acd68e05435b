DROP TABLE IF EXISTS email_messages, access_tokens;
