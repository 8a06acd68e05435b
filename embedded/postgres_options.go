package embedded

import (
	"errors"
	"log/slog"
)

// User and Database are what the embedded PostgreSQL is made with; there is no password.
const (
	PostgresUser     = "ecoseller"
	PostgresDatabase = "ecoseller"
)

// MavenCentral is where PostgreSQL is downloaded from when none is installed.
const MavenCentral = "https://repo1.maven.org/maven2"

// PostgresOptions say where an embedded PostgreSQL lives and who hears about it.
type PostgresOptions struct {
	// Folder keeps the data, the log and a downloaded server. It is made when missing.
	Folder string
	// Repository is the base address of a Maven repository to download from; MavenCentral when empty.
	Repository string
	// Logger gets what happens later, such as a server that ends by itself; nil drops it.
	Logger *slog.Logger
	// Progress is called with each step that takes a person's time; it may be nil.
	Progress func(string)
}

func (o PostgresOptions) withDefaults() PostgresOptions {
	if o.Repository == "" {
		o.Repository = MavenCentral
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

// ErrFolderInUse is what StartPostgres fails with when another server runs on the folder.
var ErrFolderInUse = errors.New("another program runs its PostgreSQL on the folder")
