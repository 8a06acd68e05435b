package media_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"ecoseller/media"
)

// storages are both implementations; the bucket is behind a server that speaks S3.
func storages(t *testing.T) map[string]media.Storage {
	t.Helper()
	return map[string]media.Storage{"folder": newFolder(t), "bucket": newBucket(t, "pictures")}
}

func newFolder(t *testing.T) *media.Folder {
	t.Helper()
	folder, err := media.OpenFolder(t.TempDir() + "/media")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	return folder
}

func newBucket(t *testing.T, name string) *media.Bucket {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("pictures"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	bucket, err := media.NewBucket(media.BucketOptions{
		Endpoint: server.URL, Region: "eu-central-1", Bucket: name, AccessKey: "key", SecretKey: "secret",
	})
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// nameOf makes a name as the library does, from one letter.
func nameOf(letter, rest string) string { return strings.Repeat(letter, 64) + rest }

func TestStoragesKeepFiles(t *testing.T) {
	t.Parallel()
	for kind, storage := range storages(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			name, content := nameOf("a", ".jpg"), bytes.Repeat([]byte("picture "), 100_000)
			wantMissing(t, storage, name)
			put(t, storage, name, content)
			wantContent(t, storage, name, content)
			// Again is the same.
			put(t, storage, name, content)
			wantContent(t, storage, name, content)

			put(t, storage, nameOf("a", "-640.jpg"), []byte("small"))
			wantContent(t, storage, nameOf("a", "-640.jpg"), []byte("small"))
			for range 2 {
				if err := storage.Delete(t.Context(), name); err != nil {
					t.Fatal(err)
				}
				wantMissing(t, storage, name)
			}
			wantContent(t, storage, nameOf("a", "-640.jpg"), []byte("small"))
		})
	}
}

func TestStoragesReadFromTheMiddle(t *testing.T) {
	t.Parallel()
	for kind, storage := range storages(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			put(t, storage, nameOf("b", ".png"), []byte("0123456789"))
			file, err := storage.Open(t.Context(), nameOf("b", ".png"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			if size, err := file.Seek(0, io.SeekEnd); err != nil || size != 10 {
				t.Fatalf("%d, %v", size, err)
			}
			if _, err := file.Seek(4, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			if rest, err := io.ReadAll(file); err != nil || string(rest) != "456789" {
				t.Errorf("%q, %v", rest, err)
			}
		})
	}
}

func TestStoragesKeepNoHalfFiles(t *testing.T) {
	t.Parallel()
	for kind, storage := range storages(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			name := nameOf("c", ".webp")
			if storage.Put(t.Context(), name, strings.NewReader("half"), 8) == nil {
				t.Error("half a file was stored")
			}
			broken := io.MultiReader(strings.NewReader("half"), brokenReader{})
			if storage.Put(t.Context(), name, broken, 8) == nil {
				t.Error("a broken file was stored")
			}
			wantMissing(t, storage, name)
		})
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("the line is broken") }

func TestStoragesTakeTheirOwnNamesOnly(t *testing.T) {
	t.Parallel()
	for kind, storage := range storages(t) {
		for _, name := range []string{"", "../../etc/passwd", "picture.jpg", nameOf("a", ".svg"), nameOf("A", ".jpg"), nameOf("a", "/../x.jpg"), nameOf("a", "-0.jpg")} {
			_, openErr := storage.Open(t.Context(), name)
			_, existsErr := storage.Exists(t.Context(), name)
			putErr := storage.Put(t.Context(), name, strings.NewReader("x"), 1)
			if openErr == nil || existsErr == nil || putErr == nil || storage.Delete(t.Context(), name) == nil {
				t.Errorf("%s takes the name %q", kind, name)
			}
		}
	}
}

func TestStoragesTakeTheSameFileAtOnce(t *testing.T) {
	t.Parallel()
	for kind, storage := range storages(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			content := bytes.Repeat([]byte("same"), 50_000)
			var putting sync.WaitGroup
			for range 8 {
				putting.Go(func() { put(t, storage, nameOf("d", ".gif"), content) })
			}
			putting.Wait()
			wantContent(t, storage, nameOf("d", ".gif"), content)
		})
	}
}

func TestAMissingBucketTakesNothing(t *testing.T) {
	t.Parallel()
	err := newBucket(t, "elsewhere").Put(t.Context(), nameOf("a", ".jpg"), strings.NewReader("x"), 1)
	if err == nil || !strings.Contains(err.Error(), "bucket does not exist") {
		t.Errorf("got %v", err)
	}
}

func put(t *testing.T, storage media.Storage, name string, content []byte) {
	t.Helper()
	if err := storage.Put(t.Context(), name, bytes.NewReader(content), int64(len(content))); err != nil {
		t.Error(err)
	}
}

func wantMissing(t *testing.T, storage media.Storage, name string) {
	t.Helper()
	if exists, err := storage.Exists(t.Context(), name); exists || err != nil {
		t.Errorf("exists: %t, %v", exists, err)
	}
	if _, err := storage.Open(t.Context(), name); !errors.Is(err, media.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
}

func wantContent(t *testing.T, storage media.Storage, name string, want []byte) {
	t.Helper()
	if exists, err := storage.Exists(t.Context(), name); !exists || err != nil {
		t.Errorf("exists: %t, %v", exists, err)
	}
	file, err := storage.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if got, err := io.ReadAll(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d; %v", len(got), len(want), err)
	}
}
