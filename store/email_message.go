package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// AcceptEmailMessage writes a new mail and the job that sends it, in one transaction. With an idempotency
// key that the token has used before it writes nothing and returns the mail of that time; whether it is
// the same mail is for the caller to see, by its RequestHash.
func (s *Store) AcceptEmailMessage(ctx context.Context, m *models.EmailMessage) (*models.EmailMessage, error) {
	accepted := m
	err := s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		inserted, err := tx.insertEmailMessage(ctx, m)
		if err != nil {
			return err
		}
		if !inserted {
			accepted, err = tx.emailMessageByKey(ctx, m.AccessTokenID, *m.IdempotencyKey)
			return err
		}
		_, err = tx.Enqueue(ctx, models.SendEmail{EmailMessageID: m.ID})
		return err
	})
	return accepted, err
}

// insertEmailMessage writes a new mail. With an idempotency key the caller has used before it writes
// nothing and returns false.
func (s *Store) insertEmailMessage(ctx context.Context, m *models.EmailMessage) (inserted bool, err error) {
	m.ID = newID()
	result, err := s.db.NewInsert().Model(m).
		ExcludeColumn("created_at", "sent_at", "attempts", "last_error").
		On("CONFLICT (access_token_id, idempotency_key) DO NOTHING").
		Returning("created_at").
		Exec(ctx)
	if err != nil {
		return false, wrap(ctx, err, "insert e-mail message")
	}
	n, err := result.RowsAffected()
	return n == 1, wrap(ctx, err, "insert e-mail message")
}

// emailMessageByKey returns the mail that a token asked for under an idempotency key.
func (s *Store) emailMessageByKey(ctx context.Context, token uuid.UUID, key string) (*models.EmailMessage, error) {
	m := new(models.EmailMessage)
	err := s.db.NewSelect().Model(m).Where("access_token_id = ? AND idempotency_key = ?", token, key).Scan(ctx)
	if err != nil {
		return nil, wrap(ctx, err, "load e-mail message by key")
	}
	return m, nil
}

// EmailMessagesByIDs returns the mails that exist among the ids, in no particular order.
func (s *Store) EmailMessagesByIDs(ctx context.Context, ids []uuid.UUID) ([]*models.EmailMessage, error) {
	var messages []*models.EmailMessage
	err := s.db.NewSelect().Model(&messages).Where("em.id = ANY(?)", pgdialect.Array(ids)).Scan(ctx)
	return messages, wrap(ctx, err, "load e-mail messages")
}

// ClaimEmailMessage marks a mail as being sent, before SMTP is spoken, and returns it. It returns
// ErrNotFound when the mail is already sent or given up: then there is nothing to do.
func (s *Store) ClaimEmailMessage(ctx context.Context, id uuid.UUID) (*models.EmailMessage, error) {
	m := new(models.EmailMessage)
	err := s.db.NewRaw(`
		UPDATE email_messages SET state = 'SENDING', attempts = attempts + 1
		WHERE id = ? AND state IN ('QUEUED', 'SENDING')
		RETURNING *`, id).Scan(ctx, m)
	if err != nil {
		return nil, wrap(ctx, err, "claim e-mail message")
	}
	return m, nil
}

// MarkEmailSent records that the mail server has taken the mail.
func (s *Store) MarkEmailSent(ctx context.Context, id uuid.UUID) error {
	_, err := s.db.NewRaw("UPDATE email_messages SET state = 'SENT', sent_at = now(), last_error = '' WHERE id = ? AND state <> 'SENT'", id).Exec(ctx)
	return wrap(ctx, err, "mark e-mail as sent")
}

// MarkEmailQueued records a failed attempt that will be repeated.
func (s *Store) MarkEmailQueued(ctx context.Context, id uuid.UUID, reason string) error {
	return s.markUnsent(ctx, id, models.EmailQueued, reason)
}

// MarkEmailFailed records that the mail was given up.
func (s *Store) MarkEmailFailed(ctx context.Context, id uuid.UUID, reason string) error {
	return s.markUnsent(ctx, id, models.EmailFailed, reason)
}

// markUnsent leaves final states alone: a worker that was given up for dead may come late.
func (s *Store) markUnsent(ctx context.Context, id uuid.UUID, state models.EmailState, reason string) error {
	_, err := s.db.NewRaw("UPDATE email_messages SET state = ?, last_error = ? WHERE id = ? AND state IN ('QUEUED', 'SENDING')",
		string(state), storable(reason), id).Exec(ctx)
	return wrap(ctx, err, "mark e-mail as unsent")
}
