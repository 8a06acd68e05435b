//go:build darwin || linux

package embedded

import (
	"archive/tar"
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/ulikunitz/xz"
)

// The PostgreSQL that is downloaded: the builds that the project zonky publishes for Java, with all of
// PostgreSQL's own extensions.
const (
	downloadVersion  = "18.3.0"
	downloadMajor    = 18
	downloadFolder   = "postgres-" + downloadVersion
	downloadTimeout  = 15 * time.Minute
	maxDownloadBytes = 200 << 20
)

// build is one file to download.
type build struct {
	platform string
	sha256   string
}

// builds are the known builds. Their sums are kept here so that it does not matter who serves the file.
func builds() []build {
	return []build{
		{"darwin-amd64", "cb68c57232945f5e74db946e6077d70cec56bfed35959b21acc750cc80ca0977"},
		{"darwin-arm64v8", "a18ec9ec6a905e04f5a08a8f7870bddadd635feb54dee332a3daf80fada3cb1a"},
		{"linux-amd64", "1974c3a59c3ae010e9818e81637e425aad94eaac26e4ef533b42e081fe7ca345"},
		{"linux-amd64-alpine", "510fd314da39f1eeccef774a92428474168fedf55403342548e2adeaed66b483"},
		{"linux-arm64v8", "1fb555a6602c13a113ab1f0cc9224d599948e85e51ac5f001393605505eaf78e"},
	}
}

// download returns the programs of the PostgreSQL that lies in a folder, after fetching it there once.
func download(ctx context.Context, folder string, options PostgresOptions) (string, error) {
	target := filepath.Join(folder, downloadFolder)
	bin := filepath.Join(target, "bin")
	if _, err := os.Stat(target); err == nil {
		return bin, nil
	}
	platform := platformOf(runtime.GOOS, runtime.GOARCH, isAlpine())
	for _, b := range builds() {
		if b.platform != platform {
			continue
		}
		if err := fetch(ctx, b, target, options); err != nil {
			return "", fmt.Errorf("no PostgreSQL is installed, and downloading it failed: %w", err)
		}
		return bin, nil
	}
	return "", fmt.Errorf("no PostgreSQL of version %d or newer is installed, and there is none to download for %s: install it, or set POSTGRES_HOST",
		minPostgresVersion, platform)
}

// platformOf is a platform's name among the builds, or one that is not there.
func platformOf(system, processor string, alpine bool) string {
	if processor == "arm64" {
		processor = "arm64v8"
	}
	if alpine {
		processor += "-alpine"
	}
	return system + "-" + processor
}

// isAlpine says whether the C library is another one than most builds are for.
func isAlpine() bool {
	_, err := os.Stat("/etc/alpine-release")
	return err == nil
}

// fetch downloads, checks and unpacks a build. The target gets its name when it is complete.
func fetch(ctx context.Context, b build, target string, options PostgresOptions) error {
	if err := removeAll(target + ".new-*"); err != nil {
		return fmt.Errorf("remove unfinished download: %w", err)
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(target), filepath.Base(target)+".new-*")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(unfinished) }()

	archive := filepath.Join(unfinished, "build.jar")
	if err := fetchFile(ctx, addressOf(b, options.Repository), b.sha256, archive, options.Progress); err != nil {
		return err
	}
	options.Progress("unpacking PostgreSQL " + downloadVersion)
	unpacked := filepath.Join(unfinished, "unpacked")
	if err := unpack(ctx, archive, unpacked); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	if _, err := versionOf(ctx, filepath.Join(unpacked, "bin")); err != nil {
		return fmt.Errorf("the downloaded PostgreSQL does not run here: %w", err)
	}
	return os.Rename(unpacked, target)
}

func addressOf(b build, repository string) string {
	name := "embedded-postgres-binaries-" + b.platform
	return strings.TrimSuffix(repository, "/") + "/io/zonky/test/postgres/" + name + "/" + downloadVersion + "/" +
		name + "-" + downloadVersion + ".jar"
}

// fetchFile downloads a file and checks its sum.
func fetchFile(ctx context.Context, address, sum, target string, progress func(string)) error {
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	request.Close = true // there is nothing more to ask
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err // names the address, without a password in it
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", request.URL.Redacted(), response.Status)
	}
	got, err := save(io.LimitReader(response.Body, maxDownloadBytes), target, newMeter(response.ContentLength, progress))
	if err != nil {
		return fmt.Errorf("download %s: %w", request.URL.Redacted(), err)
	}
	if got != sum {
		return fmt.Errorf("%s is not the expected file: its SHA-256 is %s instead of %s", request.URL.Redacted(), got, sum)
	}
	return nil
}

// save writes a file and returns its SHA-256.
func save(content io.Reader, target string, m *meter) (string, error) {
	file, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(file, hash, m), content); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), file.Close()
}

// meter tells how far a download is, at each quarter.
type meter struct {
	total, done, told int64
	progress          func(string)
}

func newMeter(total int64, progress func(string)) *meter {
	size := ""
	if total > 0 {
		size = fmt.Sprintf(" (%d MB, once)", total>>20)
	}
	progress("downloading PostgreSQL " + downloadVersion + size)
	return &meter{total: total, progress: progress}
}

func (m *meter) Write(p []byte) (int, error) {
	m.done += int64(len(p))
	if m.total <= 0 {
		return len(p), nil
	}
	if quarter := m.done * 4 / m.total; quarter > m.told {
		m.told = quarter
		m.progress(fmt.Sprintf("downloading PostgreSQL %s: %d %%", downloadVersion, quarter*25))
	}
	return len(p), nil
}

// unpack unpacks the one tar archive inside a build into a new folder.
func unpack(ctx context.Context, archive, target string) error {
	jar, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer func() { _ = jar.Close() }()
	for _, file := range jar.File {
		if !strings.HasSuffix(file.Name, ".txz") {
			continue
		}
		packed, err := file.Open()
		if err != nil {
			return err
		}
		defer func() { _ = packed.Close() }()
		return unpackTar(ctx, packed, target)
	}
	return errors.New("there is no .txz in it")
}

func unpackTar(ctx context.Context, packed io.Reader, target string) error {
	plain, err := xz.NewReader(packed)
	if err != nil {
		return err
	}
	if err := makeFolders(target); err != nil {
		return err
	}
	// Nothing in the archive can leave a root, neither by its name nor through a link.
	root, err := os.OpenRoot(target)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	entries := tar.NewReader(plain)
	for ctx.Err() == nil {
		header, err := entries.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unpackEntry(root, header, entries); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
	return ctx.Err()
}

// unpackEntry makes a folder, file or link that every user can read, whatever our umask is.
func unpackEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	name := path.Clean(header.Name)
	mode := fs.FileMode(0o644)
	if header.Mode&0o100 != 0 {
		mode = 0o755
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return makeOpen(root, name)
	case tar.TypeSymlink:
		if err := makeOpen(root, path.Dir(name)); err != nil {
			return err
		}
		return root.Symlink(header.Linkname, name)
	case tar.TypeReg:
		if err := makeOpen(root, path.Dir(name)); err != nil {
			return err
		}
		return writeFile(root, name, mode, content)
	default:
		return fmt.Errorf("entries of type %q are not expected", header.Typeflag)
	}
}

// makeOpen makes a folder and its parents so that every user can enter them.
func makeOpen(root *os.Root, name string) error {
	if name == "." {
		return nil
	}
	if _, err := root.Stat(name); err == nil {
		return nil
	}
	if err := makeOpen(root, path.Dir(name)); err != nil {
		return err
	}
	if err := root.Mkdir(name, 0o755); err != nil {
		return err
	}
	return root.Chmod(name, 0o755)
}

func writeFile(root *os.Root, name string, mode fs.FileMode, content io.Reader) error {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if _, err := io.Copy(file, content); err != nil {
		return err
	}
	if err := file.Chmod(mode); err != nil {
		return err
	}
	return file.Close()
}
