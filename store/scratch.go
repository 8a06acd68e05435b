package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// CreateScratchDatabase makes an empty database on the server of db, under a name that begins with the prefix, and
// returns the name. The user of db has to be allowed to make databases.
func CreateScratchDatabase(ctx context.Context, db *bun.DB, prefix string) (string, error) {
	name := prefix + "_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	_, err := db.NewRaw("CREATE DATABASE ? TEMPLATE template0 ENCODING 'UTF8'", bun.Ident(name)).Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("make scratch database: %w", err)
	}
	return name, nil
}

// DropScratchDatabase removes what CreateScratchDatabase has made, also when somebody is still connected.
func DropScratchDatabase(ctx context.Context, db *bun.DB, name string) error {
	_, err := db.NewRaw("DROP DATABASE IF EXISTS ? WITH (FORCE)", bun.Ident(name)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("drop scratch database: %w", err)
	}
	return nil
}
