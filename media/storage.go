// Package media keeps the pictures of products: it checks what is uploaded, stores it in a folder or in an
// S3-compatible bucket, and serves it in several widths.
package media

import (
	"context"
	"errors"
	"fmt"
	"io"

	"ecoseller/models"
)

// ErrNotFound says that there is no file of the name.
var ErrNotFound = errors.New("no such file")

// Storage keeps files. What is under a name never changes: names are made from the content.
type Storage interface {
	// Put stores a file of size bytes. It is there as a whole or not at all.
	Put(ctx context.Context, name string, content io.Reader, size int64) error
	// Open returns the file, or ErrNotFound. The context must live until the file is closed.
	Open(ctx context.Context, name string) (io.ReadSeekCloser, error)
	// Exists says whether the file is there.
	Exists(ctx context.Context, name string) (bool, error)
	// Delete removes the file; one that is not there is no mistake.
	Delete(ctx context.Context, name string) error
}

// contentTypes are the types of files by their extensions.
var contentTypes = map[string]string{"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}

// contentTypeOf returns the type of the file with the name. Storages take no other names, so that no name leads out of
// a folder.
func contentTypeOf(name string) (string, error) {
	_, _, extension, ok := models.ParseMediaFileName(name)
	if !ok {
		return "", fmt.Errorf("%q is not a name of a picture", name)
	}
	return contentTypes[extension], nil
}
