package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ownedLibraries may be imported by their rooms only: there one looks for what is wrong with them.
var ownedLibraries = map[string][]string{
	"github.com/uptrace/bun/driver/pgdriver":     {"store", "embedded", "bench/speed"},
	"github.com/elastic/elastic-transport-go":    {"search/elastic"},
	"github.com/elastic/go-elasticsearch":        {"search/elastic"},
	"github.com/gocraft/work":                    {"jobs", "bench/jobs"},
	"github.com/gomodule/redigo":                 {"jobs", "bench/jobs", "bench/speed"},
	"github.com/wneessen/go-mail":                {"mail"},
	"github.com/fergusstrange/embedded-postgres": {"embedded"},
}

// TestRoomsImportWhatTheyMay compares the imports with the table of the rooms in ARCHITECTURE.md.
func TestRoomsImportWhatTheyMay(t *testing.T) {
	t.Parallel()
	rooms := readRooms(t)
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		folder := path.Dir(filepath.ToSlash(file))
		room := roomOf(rooms, folder)
		if room == "" {
			t.Errorf("%s is in no room of ARCHITECTURE.md", file)
			return nil
		}
		seen[room] = true
		for _, imported := range importsOf(t, file) {
			checkImport(t, rooms, room, folder, file, imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range rooms {
		if _, err := os.Stat(room); err != nil {
			t.Errorf("ARCHITECTURE.md names a room %s that is not there", room)
		}
	}
	if len(seen) < 10 {
		t.Errorf("only the rooms %v were looked at", seen)
	}
}

func checkImport(t *testing.T, rooms map[string][]string, room, folder, file, imported string) {
	t.Helper()
	for library, owners := range ownedLibraries {
		if strings.HasPrefix(imported, library) && !slices.Contains(owners, folder) {
			t.Errorf("%s imports %s, which belongs to %v", file, library, owners)
		}
	}
	inner, ours := strings.CutPrefix(imported, "ecoseller/")
	if !ours || roomOf(rooms, inner) == room {
		return
	}
	allowed := rooms[room]
	if !slices.Contains(allowed, "everything") && !slices.Contains(allowed, roomOf(rooms, inner)) {
		t.Errorf("%s imports %s; ARCHITECTURE.md lets %s import %v", file, inner, room, allowed)
	}
}

// roomLine is a line of the table: | `room/` | what lives there | imports |.
var roomLine = regexp.MustCompile("^\\| `([a-z./]+)` \\|.*\\| ([^|]*) \\|$")

func readRooms(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	rooms := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if m := roomLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			rooms[path.Clean(m[1])] = strings.Split(m[2], ", ")
		}
	}
	return rooms
}

// roomOf is the innermost room a folder is in; the program's own folder is the room ".".
func roomOf(rooms map[string][]string, folder string) string {
	for f := folder; f != "."; f = path.Dir(f) {
		if _, ok := rooms[f]; ok {
			return f
		}
	}
	if folder == "." {
		return "."
	}
	return ""
}

func importsOf(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var imports []string
	for _, spec := range parsed.Imports {
		imports = append(imports, strings.Trim(spec.Path.Value, `"`))
	}
	return imports
}
