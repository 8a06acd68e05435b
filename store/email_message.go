package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// quickCommit makes a statement's commit not wait for the disk, for what a crash of PostgreSQL may take back.
const quickCommit = "set_config('synchronous_commit', 'off', true) = 'off'"

// AcceptEmailMessage writes a new mail and the job that sends it, in one transaction; inside of InTx, in that
// one. With an idempotency key that the caller has used before it writes nothing and returns the mail of that
// time; whether it is the same mail is for the caller to see, by its RequestHash.
func (s *Store) AcceptEmailMessage(ctx context.Context, m *models.EmailMessage) (*models.EmailMessage, error) {
	accepted := m
	err := s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		inserted, err := tx.insertEmailMessage(ctx, m)
		if err != nil {
			return err
		}
		if !inserted {
			accepted, err = tx.EmailMessageByKey(ctx, m.AccessTokenID, *m.IdempotencyKey)
			return err
		}
		return tx.enqueueEmail(ctx, m)
	})
	return accepted, err
}

func (s *Store) enqueueEmail(ctx context.Context, m *models.EmailMessage) error {
	var options []EnqueueOption
	if m.SendAt != nil {
		options = append(options, RunAt(*m.SendAt))
	}
	_, err := s.Enqueue(ctx, models.SendEmail{EmailMessageID: m.ID}, options...)
	return err
}

// insertEmailMessage writes a new mail with its attachments. With an idempotency key the caller has used
// before it writes nothing and returns false.
func (s *Store) insertEmailMessage(ctx context.Context, m *models.EmailMessage) (inserted bool, err error) {
	if m.ID == uuid.Nil {
		m.ID = newID()
	}
	result, err := s.db.NewInsert().Model(m).
		ExcludeColumn("created_at", "sent_at", "attempts", "last_error", "delivered_to").
		On("CONFLICT DO NOTHING").
		Returning("created_at").
		Exec(ctx)
	if err != nil {
		return false, wrap(ctx, err, "insert e-mail message")
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return false, wrap(ctx, err, "insert e-mail message")
	}
	if len(m.Attachments) == 0 {
		return true, nil
	}
	for _, file := range m.Attachments {
		file.EmailMessageID = m.ID
	}
	_, err = s.db.NewInsert().Model(&m.Attachments).Exec(ctx)
	return true, wrap(ctx, err, "insert e-mail attachments")
}

// EmailMessageByKey returns the mail that a caller asked for under an idempotency key, or ErrNotFound. The
// zero id stands for the shop itself.
func (s *Store) EmailMessageByKey(ctx context.Context, caller uuid.UUID, key string) (*models.EmailMessage, error) {
	m := new(models.EmailMessage)
	query := s.db.NewSelect().Model(m).Where("idempotency_key = ?", key)
	if caller == uuid.Nil {
		query.Where("access_token_id IS NULL")
	} else {
		query.Where("access_token_id = ?", caller)
	}
	if err := query.Scan(ctx); err != nil {
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

// EmailMessages returns a page of mails, the newest first, and whether more follow.
func (s *Store) EmailMessages(ctx context.Context, f models.EmailFilter, after *models.EmailCursor, limit int) ([]*models.EmailMessage, bool, error) {
	var messages []*models.EmailMessage
	query := filterEmails(s.db.NewSelect().Model(&messages), f)
	if after != nil {
		query.Where("em.id < ?", after.ID)
	}
	if err := query.OrderExpr("em.id DESC").Limit(int64(limit + 1)).Scan(ctx); err != nil {
		return nil, false, wrap(ctx, err, "list e-mail messages")
	}
	more := len(messages) > limit
	return messages[:min(len(messages), limit)], more, nil
}

// CountEmailMessages says how many mails a filter finds.
func (s *Store) CountEmailMessages(ctx context.Context, f models.EmailFilter) (int, error) {
	n, err := filterEmails(s.db.NewSelect().Model((*models.EmailMessage)(nil)), f).Count(ctx)
	return int(n), wrap(ctx, err, "count e-mail messages")
}

func filterEmails(query *bun.SelectQuery, f models.EmailFilter) *bun.SelectQuery {
	if f.AccessTokenID != uuid.Nil {
		query.Where("em.access_token_id = ?", f.AccessTokenID)
	}
	if f.State != "" {
		query.Where("em.state = ?", string(f.State))
	}
	if f.Kind != "" {
		query.Where("em.kind = ?", string(f.Kind))
	}
	if f.Recipient != "" {
		query.Where("em.recipients @> ?", pgdialect.Array([]string{f.Recipient}))
	}
	if f.CancellationKey != "" {
		query.Where("em.cancellation_key = ?", f.CancellationKey)
	}
	return query
}

// EmailEvents returns the histories of mails, oldest first.
func (s *Store) EmailEvents(ctx context.Context, emails []uuid.UUID) (map[uuid.UUID][]*models.EmailEvent, error) {
	var events []*models.EmailEvent
	err := s.db.NewSelect().Model(&events).Where("email_message_id = ANY(?)", pgdialect.Array(emails)).Order("email_message_id", "id").Scan(ctx)
	if err != nil {
		return nil, wrap(ctx, err, "load e-mail events")
	}
	byEmail := map[uuid.UUID][]*models.EmailEvent{}
	for _, e := range events {
		byEmail[e.EmailMessageID] = append(byEmail[e.EmailMessageID], e)
	}
	return byEmail, nil
}

// EmailAttachmentNames returns the attachments of mails without their contents.
func (s *Store) EmailAttachmentNames(ctx context.Context, emails []uuid.UUID) (map[uuid.UUID][]*models.EmailAttachment, error) {
	var files []*models.EmailAttachment
	err := s.db.NewSelect().Model(&files).ExcludeColumn("content").
		Where("email_message_id = ANY(?)", pgdialect.Array(emails)).Order("email_message_id", "position").Scan(ctx)
	if err != nil {
		return nil, wrap(ctx, err, "load names of e-mail attachments")
	}
	byEmail := map[uuid.UUID][]*models.EmailAttachment{}
	for _, file := range files {
		byEmail[file.EmailMessageID] = append(byEmail[file.EmailMessageID], file)
	}
	return byEmail, nil
}

// sendingHold is for how long a mail that is being sent is nobody else's. Its job's lease keeps others away, but a
// crash of PostgreSQL may take a claim on a job back while its worker waits for PostgreSQL to return.
const sendingHold = "interval '20 seconds'"

// ErrBeingSent says that a worker is speaking to the mail server about the mail, or was a moment ago.
var ErrBeingSent = errors.New("the mail is being sent")

// ClaimEmailMessage marks a mail as being sent, before SMTP is spoken, and returns it with its attachments
// and with those of its recipients that get no mail of its kind. It returns ErrNotFound when the mail is
// already sent, given up or cancelled: then there is nothing to do. The commit waits for the disk: what the
// mail server hears of must not be forgotten.
func (s *Store) ClaimEmailMessage(ctx context.Context, id uuid.UUID) (*models.EmailMessage, error) {
	m := new(models.EmailMessage)
	err := s.db.NewRaw(`
		UPDATE email_messages AS em SET state = 'SENDING', attempts = attempts + 1, sending_since = now()
		WHERE id = ? AND (state IN ('QUEUED', 'RETRYING') OR state = 'SENDING' AND sending_since < now() - `+sendingHold+`)
		RETURNING em.*, ARRAY(
			SELECT es.address FROM email_suppressions AS es
			WHERE es.address = ANY(ARRAY(SELECT lower(r) FROM unnest(em.recipients) AS r))
			  AND (es.reason <> 'UNSUBSCRIBED' OR em.unsubscribe_url <> '')
		) AS suppressed`, id).Scan(ctx, m)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, s.whyNotClaimed(ctx, id)
	}
	if err != nil || m.AttachmentCount == 0 {
		return m, wrap(ctx, err, "claim e-mail message")
	}
	err = s.db.NewSelect().Model(&m.Attachments).Where("email_message_id = ?", id).Order("position").Scan(ctx)
	return m, wrap(ctx, err, "load e-mail attachments")
}

func (s *Store) whyNotClaimed(ctx context.Context, id uuid.UUID) error {
	var sending bool
	err := s.db.NewRaw("SELECT state = 'SENDING' FROM email_messages WHERE id = ?", id).Scan(ctx, &sending)
	if err == nil && sending {
		return fmt.Errorf("claim e-mail message: %w", ErrBeingSent)
	}
	if err == nil {
		err = sql.ErrNoRows
	}
	return wrap(ctx, err, "claim e-mail message")
}

// MarkEmailSent records that the mail server has taken the mail. The note says which recipients it did not
// take; it is empty when it took it for all.
func (s *Store) MarkEmailSent(ctx context.Context, id uuid.UUID, note string) error {
	_, err := s.db.NewRaw("UPDATE email_messages SET state = 'SENT', sent_at = now(), last_error = ? WHERE id = ? AND state <> 'SENT'",
		storable(note), id).Exec(ctx)
	return wrap(ctx, err, "mark e-mail as sent")
}

// MarkEmailRetrying records a failed attempt that will be repeated, and for whom the mail server has taken
// the mail nevertheless.
func (s *Store) MarkEmailRetrying(ctx context.Context, id uuid.UUID, taken []string, reason string) error {
	_, err := s.db.NewRaw(`
		UPDATE email_messages SET state = 'RETRYING', last_error = ?, delivered_to = delivered_to || ?
		WHERE id = ? AND state IN ('QUEUED', 'RETRYING', 'SENDING')`,
		storable(reason), pgdialect.Array(taken), id).Exec(ctx)
	return wrap(ctx, err, "mark e-mail for another attempt")
}

// MarkEmailFailed records that the mail was given up. It leaves final states alone: a worker that was given
// up for dead may come late.
func (s *Store) MarkEmailFailed(ctx context.Context, id uuid.UUID, reason string) error {
	_, err := s.db.NewRaw("UPDATE email_messages SET state = 'FAILED', last_error = ? WHERE id = ? AND state IN ('QUEUED', 'RETRYING', 'SENDING')",
		storable(reason), id).Exec(ctx)
	return wrap(ctx, err, "mark e-mail as failed")
}

// CancelEmailMessages cancels those of the mails that wait, and returns them. One that is being sent, or was
// sent, stays as it is. The job finds nothing to do when its time comes.
func (s *Store) CancelEmailMessages(ctx context.Context, f models.EmailFilter, ids []uuid.UUID) ([]*models.EmailMessage, error) {
	if f.CancellationKey == "" && ids == nil {
		return nil, errors.New("cancel e-mails: neither ids nor a key")
	}
	var cancelled []*models.EmailMessage
	query := s.db.NewUpdate().Model(&cancelled).Set("state = 'CANCELLED'").Set("last_error = ''").
		Where("em.state IN ('QUEUED', 'RETRYING')").Returning("*")
	if f.AccessTokenID != uuid.Nil {
		query.Where("em.access_token_id = ?", f.AccessTokenID)
	}
	if f.CancellationKey != "" {
		query.Where("em.cancellation_key = ?", f.CancellationKey)
	}
	if ids != nil {
		query.Where("em.id = ANY(?)", pgdialect.Array(ids))
	}
	_, err := query.Exec(ctx)
	return cancelled, wrap(ctx, err, "cancel e-mails")
}

// CancelEmails cancels waiting mail by the key that it was accepted with, whoever asked for it: the way for
// an order that is cancelled to take its review request along, in its own transaction.
func (s *Store) CancelEmails(ctx context.Context, key string) error {
	_, err := s.CancelEmailMessages(ctx, models.EmailFilter{CancellationKey: key}, nil)
	return err
}

// ResendEmailMessage accepts a copy of a mail that was sent or given up, to be sent at once. It is a mail of
// its own, with a Message-ID of its own. It returns ErrWrongState for a mail that may still be sent itself.
func (s *Store) ResendEmailMessage(ctx context.Context, id, caller uuid.UUID, messageIDDomain string) (*models.EmailMessage, error) {
	var resent *models.EmailMessage
	err := s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		m := new(models.EmailMessage)
		if err := tx.db.NewSelect().Model(m).Where("id = ?", id).For("SHARE").Scan(ctx); err != nil {
			return wrap(ctx, err, "load e-mail message")
		}
		if m.State != models.EmailSent && m.State != models.EmailFailed && m.State != models.EmailCancelled {
			return fmt.Errorf("resend e-mail: %w", ErrWrongState)
		}
		if err := tx.db.NewSelect().Model(&m.Attachments).Where("email_message_id = ?", id).Order("position").Scan(ctx); err != nil {
			return wrap(ctx, err, "load e-mail attachments")
		}
		resent = copyOf(m, caller, messageIDDomain)
		if _, err := tx.insertEmailMessage(ctx, resent); err != nil {
			return err
		}
		return tx.enqueueEmail(ctx, resent)
	})
	return resent, err
}

func copyOf(m *models.EmailMessage, caller uuid.UUID, messageIDDomain string) *models.EmailMessage {
	resent := *m
	resent.ID, resent.ResendOf, resent.State = newID(), m.ID, models.EmailQueued
	resent.MessageID = resent.ID.String() + "@" + messageIDDomain
	resent.AccessTokenID, resent.IdempotencyKey, resent.CancellationKey, resent.SendAt = caller, nil, nil, nil
	resent.Attempts, resent.LastError, resent.DeliveredTo, resent.SentAt = 0, "", nil, nil
	return &resent
}

// TakeEmailRate notes a mail of a caller to its recipients, or returns how long to wait when that would be
// more than the rates allow; then nothing is noted. Refused mail counts as well.
func (s *Store) TakeEmailRate(ctx context.Context, caller uuid.UUID, recipients [][]byte, rates models.EmailRates) (wait time.Duration, err error) {
	for _, r := range recipients {
		if wait, err = s.takeRate(ctx, "RECIPIENT", r, rates.PerRecipient); err != nil || wait > 0 {
			return wait, err
		}
	}
	return s.takeRate(ctx, "CALLER", caller[:], rates.PerCaller)
}

// takeRate is a leaky bucket that holds the mails of an hour, in one statement.
func (s *Store) takeRate(ctx context.Context, scope string, key []byte, perHour int) (wait time.Duration, err error) {
	if perHour <= 0 {
		return 0, nil
	}
	var milliseconds float64
	err = s.db.NewRaw(`
		WITH drop AS (SELECT interval '1 hour' / ?2 AS size),
		taken AS (
			INSERT INTO email_rates AS r (scope, key, empty_at)
			SELECT ?0, ?1, now() + size FROM drop WHERE `+quickCommit+`
			ON CONFLICT (scope, key) DO UPDATE SET empty_at = greatest(r.empty_at, now()) + (SELECT size FROM drop)
			WHERE greatest(r.empty_at, now()) + (SELECT size FROM drop) <= now() + interval '1 hour'
			RETURNING 1
		)
		SELECT CASE WHEN EXISTS (SELECT FROM taken) THEN 0 ELSE coalesce(
			(SELECT greatest(1, extract(epoch FROM r.empty_at + size - now() - interval '1 hour') * 1000)
			 FROM email_rates AS r, drop WHERE r.scope = ?0 AND r.key = ?1), 1000) END`,
		scope, key, perHour).Scan(ctx, &milliseconds)
	return time.Duration(milliseconds * float64(time.Millisecond)), wrap(ctx, err, "take e-mail rate")
}

// DeleteEmptyRates forgets the buckets that are empty.
func (s *Store) DeleteEmptyRates(ctx context.Context) error {
	_, err := s.db.NewRaw("DELETE FROM email_rates WHERE empty_at < now()").Exec(ctx)
	return wrap(ctx, err, "delete empty e-mail rates")
}

// Secret returns the shop's secret of that name, made at its first use and the same in all processes.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) ([]byte, error) {
	var value []byte
	err := s.db.NewRaw(`
		WITH made AS (INSERT INTO secrets (name, value) VALUES (?0, ?1) ON CONFLICT (name) DO NOTHING RETURNING value)
		SELECT value FROM made UNION ALL SELECT value FROM secrets WHERE name = ?0 LIMIT 1`, name, fresh).Scan(ctx, &value)
	return value, wrap(ctx, err, "load secret")
}
