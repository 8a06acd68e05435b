//go:build darwin || linux

package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	minPostgresVersion = 15
	versionTimeout     = 5 * time.Second
)

// binaries are the programs of one installed PostgreSQL.
type binaries struct {
	folder  string
	version int
}

// findBinaries returns the folder of a server's programs that can serve data of a version; 0 takes any. It
// downloads a server when none is installed.
func findBinaries(ctx context.Context, c cluster, version int, options PostgresOptions) (string, error) {
	installed := installedBinaries(ctx, folderOnPath(), packagePatterns(), c.account, options.Logger)
	for _, found := range installed {
		if version == 0 || found.version == version {
			return found.folder, nil
		}
	}
	if version == 0 || version == downloadMajor {
		return download(ctx, c.folder, options)
	}
	return "", fmt.Errorf("the data in %s were made by PostgreSQL %d, and %s: install PostgreSQL %d, or remove the folder to begin anew",
		c.data(), version, describe(installed), version)
}

func describe(installed []binaries) string {
	if len(installed) == 0 {
		return "no PostgreSQL is installed"
	}
	versions := make([]string, len(installed))
	for i, found := range installed {
		versions[i] = strconv.Itoa(found.version)
	}
	return "what is installed is " + strings.Join(versions, " and ")
}

// installedBinaries finds the servers that can serve us: first the one on the PATH, which a person has
// chosen, then those in the folders that match the patterns, the newest first.
func installedBinaries(ctx context.Context, chosen string, patterns []string, server account, logger *slog.Logger) []binaries {
	var folders []string
	for _, pattern := range patterns {
		matches, _ := filepath.Glob(pattern)
		folders = append(folders, matches...)
	}
	others := inspectAll(ctx, folders, server, logger)
	slices.SortStableFunc(others, func(a, b binaries) int { return cmp.Compare(b.version, a.version) })
	if chosen == "" {
		return others
	}
	return slices.Concat(inspectAll(ctx, []string{chosen}, server, logger), others)
}

func inspectAll(ctx context.Context, folders []string, server account, logger *slog.Logger) []binaries {
	var usable []binaries
	for _, folder := range folders {
		version, err := inspect(ctx, folder, server)
		if err != nil {
			logger.Debug("an installed PostgreSQL is not used", "folder", folder, "reason", err)
			continue
		}
		usable = append(usable, binaries{folder, version})
	}
	return usable
}

// folderOnPath is where the postgres on the PATH really lies; empty when there is none.
func folderOnPath() string {
	found, err := exec.LookPath("postgres")
	if err != nil {
		return ""
	}
	if found, err = filepath.EvalSymlinks(found); err != nil {
		return ""
	}
	return filepath.Dir(found)
}

// packagePatterns are the places where packages put the programs, which are rarely on the PATH.
func packagePatterns() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",                          // Debian
		"/usr/pgsql-*/bin",                                   // Fedora, from PostgreSQL's own packages
		"/usr/libexec/postgresql*",                           // Alpine
		"/opt/homebrew/opt/postgresql*/bin",                  // Homebrew
		"/usr/local/opt/postgresql*/bin",                     // Homebrew on Intel
		"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	}
}

// inspect returns the version of the server in a folder, or why it cannot serve us.
func inspect(ctx context.Context, folder string, server account) (int, error) {
	for _, name := range []string{"postgres", "initdb"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Mode().Perm()&0o111 == 0 {
			return 0, errors.New("it has no program " + name)
		}
	}
	if !server.own() && !canEnter(server, folder) {
		return 0, fmt.Errorf("the user %s cannot enter its folder", server.name)
	}
	version, err := versionOf(ctx, folder)
	if err != nil {
		return 0, err
	}
	if version < minPostgresVersion {
		return 0, fmt.Errorf("version %d is older than %d", version, minPostgresVersion)
	}
	if !hasTrigrams(ctx, folder, version) {
		return 0, errors.New("the extension pg_trgm is not installed; packages call it contrib")
	}
	return version, nil
}

// versionOf asks a server for its major version.
func versionOf(ctx context.Context, folder string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	output, err := askVersion(ctx, folder)
	// A program that we have just written counts as open for writing while another of our goroutines forks.
	for errors.Is(err, syscall.ETXTBSY) && ctx.Err() == nil {
		time.Sleep(pollInterval)
		output, err = askVersion(ctx, folder)
	}
	if err != nil {
		return 0, fmt.Errorf("ask for the version: %w: %s", err, output)
	}
	match := regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`).FindSubmatch(output)
	if match == nil {
		return 0, fmt.Errorf("ask for the version: it answers %q", output)
	}
	return strconv.Atoi(string(match[1]))
}

func askVersion(ctx context.Context, folder string) ([]byte, error) {
	return exec.CommandContext(ctx, filepath.Join(folder, "postgres"), "--version").CombinedOutput()
}

// hasTrigrams says whether the extension our search needs comes with a server.
func hasTrigrams(ctx context.Context, folder string, version int) bool {
	return slices.ContainsFunc(shareFolders(ctx, folder, version), func(share string) bool {
		_, err := os.Stat(filepath.Join(share, "extension", "pg_trgm.control"))
		return err == nil
	})
}

// shareFolders are where a server's extensions may lie: as its own tool says, or else as packages do it.
func shareFolders(ctx context.Context, folder string, version int) []string {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	output, err := exec.CommandContext(ctx, filepath.Join(folder, "pg_config"), "--sharedir").Output()
	if err == nil {
		return []string{strings.TrimSpace(string(output))}
	}
	number := strconv.Itoa(version)
	return []string{
		"/usr/share/postgresql/" + number,
		filepath.Join(folder, "../share"),
		filepath.Join(folder, "../share/pgsql"),
		filepath.Join(folder, "../share/postgresql"),
		filepath.Join(folder, "../share/postgresql@"+number),
		filepath.Join(folder, "../../share/postgresql"+number),
	}
}
