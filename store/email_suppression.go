package store

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// SuppressEmails writes down addresses that get no mail. One that is there already for the same reason stays
// as it was.
func (s *Store) SuppressEmails(ctx context.Context, suppressions ...*models.EmailSuppression) error {
	if len(suppressions) == 0 {
		return nil
	}
	for _, one := range suppressions {
		one.Address, one.Detail = strings.ToLower(one.Address), storable(one.Detail)
	}
	_, err := s.db.NewInsert().Model(&suppressions).ExcludeColumn("created_at").On("CONFLICT (address, reason) DO NOTHING").Exec(ctx)
	return wrap(ctx, err, "suppress e-mail addresses")
}

// Unsubscribe suppresses what the recipient of a mail can do without, and returns the mail's language: an
// empty one where there is no such mail, or none that one can unsubscribe from.
func (s *Store) Unsubscribe(ctx context.Context, email uuid.UUID) (models.LanguageCode, error) {
	var language models.LanguageCode
	err := s.db.NewRaw(`
		WITH mail AS (SELECT id, language, recipients FROM email_messages WHERE id = ? AND unsubscribe_url <> ''),
		suppressed AS (
			INSERT INTO email_suppressions (address, reason, email_message_id)
			SELECT lower(r), 'UNSUBSCRIBED', mail.id FROM mail, unnest(mail.recipients) AS r
			ON CONFLICT (address, reason) DO NOTHING
		)
		SELECT language FROM mail`, email).Scan(ctx, &language)
	return languageOrNone(ctx, language, err)
}

// EmailLanguage returns the language of a mail that one can unsubscribe from, or an empty one.
func (s *Store) EmailLanguage(ctx context.Context, email uuid.UUID) (models.LanguageCode, error) {
	var language models.LanguageCode
	err := s.db.NewRaw("SELECT language FROM email_messages WHERE id = ? AND unsubscribe_url <> ''", email).Scan(ctx, &language)
	return languageOrNone(ctx, language, err)
}

func languageOrNone(ctx context.Context, language models.LanguageCode, err error) (models.LanguageCode, error) {
	if err = wrap(ctx, err, "unsubscribe"); errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return language, err
}

// SuppressedAmong returns those of the addresses, in lower case, that get no mail; optional says that it is
// mail which one can unsubscribe from.
func (s *Store) SuppressedAmong(ctx context.Context, addresses []string, optional bool) ([]*models.EmailSuppression, error) {
	lower := make([]string, len(addresses))
	for i, a := range addresses {
		lower[i] = strings.ToLower(a)
	}
	var found []*models.EmailSuppression
	err := s.db.NewSelect().Model(&found).Where("address = ANY(?)", pgdialect.Array(lower)).Where("reason <> 'UNSUBSCRIBED' OR ?", optional).Scan(ctx)
	return found, wrap(ctx, err, "look for suppressed e-mail addresses")
}

// EmailSuppressions returns a page of the suppressed addresses in alphabetical order, and whether more follow.
func (s *Store) EmailSuppressions(ctx context.Context, address string, after *models.SuppressionCursor, limit int) ([]*models.EmailSuppression, bool, error) {
	var found []*models.EmailSuppression
	query := s.db.NewSelect().Model(&found).Order("address", "reason").Limit(int64(limit + 1))
	if address != "" {
		query.Where("address = ?", strings.ToLower(address))
	}
	if after != nil {
		query.Where("(address, reason) > (?, ?)", after.Address, string(after.Reason))
	}
	if err := query.Scan(ctx); err != nil {
		return nil, false, wrap(ctx, err, "list suppressed e-mail addresses")
	}
	return found[:min(len(found), limit)], len(found) > limit, nil
}

// RemoveEmailSuppression lets an address get mail again, and says whether it was suppressed.
func (s *Store) RemoveEmailSuppression(ctx context.Context, address string) (bool, error) {
	result, err := s.db.NewRaw("DELETE FROM email_suppressions WHERE address = ?", strings.ToLower(address)).Exec(ctx)
	if err != nil {
		return false, wrap(ctx, err, "remove e-mail suppression")
	}
	n, err := result.RowsAffected()
	return n > 0, wrap(ctx, err, "remove e-mail suppression")
}
