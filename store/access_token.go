package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"ecoseller/models"
)

// tokenPrefix makes a leaked token recognisable to scanners of code and logs.
const tokenPrefix = "eco_"

// CreateAccessToken makes a token with the permissions, stores its hash and returns the secret, which
// nobody can read again later.
func (s *Store) CreateAccessToken(ctx context.Context, name string, permissions []models.Permission) (secret string, err error) {
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return "", wrap(ctx, err, "make access token")
	}
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(random)
	token := &models.AccessToken{ID: newID(), Name: name, TokenHash: hashToken(secret), Permissions: permissions}
	_, err = s.db.NewInsert().Model(token).Column("id", "name", "token_hash", "permissions").Exec(ctx)
	return secret, wrap(ctx, err, "insert access token")
}

// AccessTokenBySecret returns the valid token with this secret, or ErrNotFound.
func (s *Store) AccessTokenBySecret(ctx context.Context, secret string) (*models.AccessToken, error) {
	token := new(models.AccessToken)
	err := s.db.NewSelect().Model(token).
		Where("token_hash = ?", hashToken(secret)).
		Where("revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())").
		Scan(ctx)
	if err != nil {
		return nil, wrap(ctx, err, "load access token")
	}
	return token, nil
}

func hashToken(secret string) []byte {
	hash := sha256.Sum256([]byte(secret))
	return hash[:]
}
