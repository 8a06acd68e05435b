package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/google/uuid"
)

// Folder keeps files in a folder of this machine.
type Folder struct{ root *os.Root }

// OpenFolder returns the storage in the folder, which is made when it is missing.
func OpenFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("make folder of pictures: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open folder of pictures: %w", err)
	}
	return &Folder{root: root}, nil
}

// Close ends the use of the folder.
func (f *Folder) Close() error { return f.root.Close() } //nolint:wrapcheck // closing says what is closed

// placeOf spreads files over folders: the content's hash decides.
func placeOf(name string) (folder, path string, err error) {
	if _, err := contentTypeOf(name); err != nil {
		return "", "", err
	}
	return name[:2], name[:2] + "/" + name, nil
}

// Put stores a file.
func (f *Folder) Put(_ context.Context, name string, content io.Reader, size int64) error {
	folder, path, err := placeOf(name)
	if err != nil {
		return err
	}
	if err := f.root.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make folder of picture: %w", err)
	}
	// Another process may store the same file: each writes one of its own, and the last name counts.
	unfinished := path + "." + uuid.NewString()
	defer func() { _ = f.root.Remove(unfinished) }()
	if err := f.write(unfinished, content, size); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	if err := f.root.Rename(unfinished, path); err != nil {
		return fmt.Errorf("name picture: %w", err)
	}
	return nil
}

func (f *Folder) write(path string, content io.Reader, size int64) error {
	file, err := f.root.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err //nolint:wrapcheck // Put wraps it
	}
	defer func() { _ = file.Close() }()
	if written, err := io.Copy(file, content); err != nil || written != size {
		return errors.Join(err, fmt.Errorf("%d of %d bytes", written, size))
	}
	if err := file.Sync(); err != nil {
		return err //nolint:wrapcheck // Put wraps it
	}
	return file.Close() //nolint:wrapcheck // Put wraps it
}

// Open returns the file.
func (f *Folder) Open(_ context.Context, name string) (io.ReadSeekCloser, error) {
	_, path, err := placeOf(name)
	if err != nil {
		return nil, err
	}
	file, err := f.root.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("open picture: %w", err)
	}
	return file, nil
}

// Exists says whether the file is there.
func (f *Folder) Exists(_ context.Context, name string) (bool, error) {
	_, path, err := placeOf(name)
	if err != nil {
		return false, err
	}
	_, err = f.root.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for picture: %w", err)
	}
	return true, nil
}

// Delete removes the file.
func (f *Folder) Delete(_ context.Context, name string) error {
	_, path, err := placeOf(name)
	if err != nil {
		return err
	}
	if err := f.root.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete picture: %w", err)
	}
	return nil
}
