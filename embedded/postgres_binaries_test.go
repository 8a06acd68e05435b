//go:build darwin || linux

package embedded

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestInstalledBinaries(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	install(t, base, "15", "postgres (PostgreSQL) 15.19 (Debian 15.19-0+deb12u1)", "initdb", "share/postgresql/extension/pg_trgm.control")
	install(t, base, "9.6", "postgres (PostgreSQL) 9.6.24", "initdb", "share/postgresql/extension/pg_trgm.control")
	install(t, base, "17", "postgres (PostgreSQL) 17.2", "initdb", "share/extension/pg_trgm.control")
	install(t, base, "18", "postgres (PostgreSQL) 18beta1", "initdb", "share/postgresql@18/extension/pg_trgm.control")
	install(t, base, "no-contrib", "postgres (PostgreSQL) 18.1", "initdb", "")
	install(t, base, "no-initdb", "postgres (PostgreSQL) 18.1", "", "share/extension/pg_trgm.control")
	install(t, base, "other-program", "hello", "initdb", "share/extension/pg_trgm.control")
	install(t, base, "chosen", "postgres (PostgreSQL) 16.1", "initdb", "share/extension/pg_trgm.control")

	tests := map[string]struct {
		chosen   string
		patterns []string
		want     []int
	}{
		"new before old":          {"", []string{"*/bin"}, []int{18, 17, 16, 15}},
		"chosen first":            {"chosen", []string{"1?/bin"}, []int{16, 18, 17, 15}},
		"over several patterns":   {"", []string{"15/bin", "1[78]/bin"}, []int{18, 17, 15}},
		"chosen one does not fit": {"9.6", []string{"15/bin"}, []int{15}},
		"none":                    {"", []string{"no-*/bin", "absent/bin"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chosen := ""
			if test.chosen != "" {
				chosen = filepath.Join(base, test.chosen, "bin")
			}
			var patterns []string
			for _, pattern := range test.patterns {
				patterns = append(patterns, filepath.Join(base, pattern))
			}
			var got []int
			for _, found := range installedBinaries(t.Context(), chosen, patterns, account{}, slog.New(slog.DiscardHandler)) {
				got = append(got, found.version)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// A server in a folder that its user cannot enter would fail only when it is started.
func TestInstalledBinariesOutOfReach(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	install(t, base, "15", "postgres (PostgreSQL) 15.19", "initdb", "share/extension/pg_trgm.control")
	makeMode(t, base, 0o700)
	found := installedBinaries(t.Context(), "", []string{filepath.Join(base, "*/bin")}, anybody(), slog.New(slog.DiscardHandler))
	if len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

// install lays out a PostgreSQL that can tell its version.
func install(t *testing.T, base, name, version, initdb, control string) {
	t.Helper()
	folder := filepath.Join(base, name)
	makeMode(t, filepath.Join(folder, "bin"), 0o755)
	writeScript(t, filepath.Join(folder, "bin", "postgres"), "echo '"+version+"'")
	if initdb != "" {
		writeScript(t, filepath.Join(folder, "bin", initdb), "exit 1")
	}
	if control == "" {
		return
	}
	path := filepath.Join(folder, control)
	makeMode(t, filepath.Dir(path), 0o755)
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

func writeScript(t *testing.T, path, command string) {
	t.Helper()
	if err := os.WriteFile(path, fmt.Appendf(nil, "#!/bin/sh\n%s\n", command), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestFindBinariesExplainsMissingVersion(t *testing.T) {
	t.Parallel()
	_, err := findBinaries(t.Context(), cluster{folder: t.TempDir()}, 9, PostgresOptions{}.withDefaults())
	if err == nil || !strings.Contains(err.Error(), "install PostgreSQL 9") {
		t.Errorf("got %v", err)
	}
}
