package models

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// Permission is a right that an access token carries.
type Permission string

// The permissions known to the API.
const (
	// PermissionSendEmail allows to send mail and to see its state.
	PermissionSendEmail Permission = "email:send"
	// PermissionManageEmail allows to see mail of other callers and to keep mail from addresses.
	PermissionManageEmail Permission = "email:manage"
	// PermissionReadUnpublished allows to see products and categories that are not published.
	PermissionReadUnpublished Permission = "catalogue:read_unpublished"
	// PermissionWriteCatalogue allows to change the catalogue and everything it refers to.
	PermissionWriteCatalogue Permission = "catalogue:write"
	// PermissionReadSearch allows to see what customers search for.
	PermissionReadSearch Permission = "search:read"
	// PermissionWriteSearch allows to see and to change synonyms and query rules.
	PermissionWriteSearch Permission = "search:write"
	// PermissionReadJobs allows to see background jobs.
	PermissionReadJobs Permission = "jobs:read"
	// PermissionWriteJobs allows to retry and cancel them.
	PermissionWriteJobs Permission = "jobs:write"
)

// AllPermissions lists every permission, for commands that check or grant them.
func AllPermissions() []Permission {
	return []Permission{
		PermissionSendEmail, PermissionManageEmail, PermissionReadUnpublished, PermissionWriteCatalogue,
		PermissionReadSearch, PermissionWriteSearch, PermissionReadJobs, PermissionWriteJobs,
	}
}

// AccessToken is a bearer token of an API client; only the hash of its secret is stored.
type AccessToken struct {
	bun.BaseModel `bun:"table:access_tokens,alias:tok"`

	ID          uuid.UUID `bun:",pk"`
	Name        string
	TokenHash   []byte
	Permissions []Permission `bun:",array"`
	CreatedAt   time.Time
	ExpiresAt   *time.Time
	RevokedAt   *time.Time
}

// Can says whether the token carries the permission; nil, the anonymous caller, carries none.
func (t *AccessToken) Can(p Permission) bool {
	return t != nil && slices.Contains(t.Permissions, p)
}
