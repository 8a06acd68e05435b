package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
)

// tokenPrefix makes a leaked token recognisable to scanners of code and logs.
const tokenPrefix = "eco_"

// CreateAccessToken makes a token with the permissions, stores its hash and returns the secret, which
// nobody can read again later.
func (s *Store) CreateAccessToken(ctx context.Context, name string, permissions []models.Permission) (secret string, err error) {
	return s.insertAccessToken(ctx, &models.AccessToken{Name: name, Permissions: permissions})
}

// AdminToken says what token an administrator gets.
type AdminToken struct {
	Name string
	// Lifetime is how long the token is valid; 0 means for ever.
	Lifetime time.Duration
	// Replace revokes the tokens of this name.
	Replace bool
}

// CreateAdminToken makes a token with all permissions. While a token of the name is valid, and is not to be replaced,
// it returns ErrAlreadyExists.
func (s *Store) CreateAdminToken(ctx context.Context, admin AdminToken) (secret string, err error) {
	token := &models.AccessToken{Name: admin.Name, Permissions: models.AllPermissions()}
	if admin.Lifetime > 0 {
		token.ExpiresAt = new(time.Now().Add(admin.Lifetime))
	}
	err = s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		// Of two callers at once the second finds the token of the first.
		if _, err := tx.db.NewRaw("SELECT pg_advisory_xact_lock(hashtext('admin token'), hashtext(?))", admin.Name).Exec(ctx); err != nil {
			return wrap(ctx, err, "lock access tokens")
		}
		if err := tx.clearTokenName(ctx, admin); err != nil {
			return err
		}
		secret, err = tx.insertAccessToken(ctx, token)
		return err
	})
	return secret, err
}

func (s *Store) clearTokenName(ctx context.Context, admin AdminToken) error {
	if admin.Replace {
		_, err := s.db.NewRaw("UPDATE access_tokens SET revoked_at = now() WHERE name = ? AND revoked_at IS NULL", admin.Name).Exec(ctx)
		return wrap(ctx, err, "revoke access tokens")
	}
	taken, err := s.db.NewSelect().Model((*models.AccessToken)(nil)).Where("name = ?", admin.Name).Where(validToken).Exists(ctx)
	if err != nil {
		return wrap(ctx, err, "look for access token")
	}
	if taken {
		return fmt.Errorf("make access token: %w", ErrAlreadyExists)
	}
	return nil
}

func (s *Store) insertAccessToken(ctx context.Context, token *models.AccessToken) (secret string, err error) {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return "", wrap(ctx, err, "make access token")
	}
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(random)
	token.ID, token.TokenHash = newID(), hashToken(secret)
	_, err = s.db.NewInsert().Model(token).Column("id", "name", "token_hash", "permissions", "expires_at").Exec(ctx)
	return secret, wrap(ctx, err, "insert access token")
}

// validToken is true of tokens that open something.
const validToken = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())" //nolint:gosec // it is a condition

// AccessTokenBySecret returns the valid token with this secret, or ErrNotFound.
func (s *Store) AccessTokenBySecret(ctx context.Context, secret string) (*models.AccessToken, error) {
	token := new(models.AccessToken)
	err := s.db.NewSelect().Model(token).
		Where("token_hash = ?", hashToken(secret)).
		Where(validToken).
		Scan(ctx)
	if err != nil {
		return nil, wrap(ctx, err, "load access token")
	}
	return token, nil
}

// ValidAccessTokens returns which of the tokens open something now.
func (s *Store) ValidAccessTokens(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	var found []uuid.UUID
	err := s.db.NewSelect().Model((*models.AccessToken)(nil)).Column("id").Where("id = ANY (?)", uuidArray(ids)).Where(validToken).Scan(ctx, &found)
	valid := make(map[uuid.UUID]bool, len(found))
	for _, id := range found {
		valid[id] = true
	}
	return valid, wrap(ctx, err, "check access tokens")
}

func hashToken(secret string) []byte {
	hash := sha256.Sum256([]byte(secret))
	return hash[:]
}
