package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"golang.org/x/sync/singleflight"

	"ecoseller/models"
)

const (
	// MaxFiles is how many files one request brings at most.
	MaxFiles = 10
	// aroundFiles is what a request has besides its files, in bytes.
	aroundFiles = 1 << 20
	// atOnce is how many pictures are decoded at once.
	atOnce = 2
	// patience is how long a picture waits to be decoded.
	patience = 10 * time.Second
	// makingTime bounds the making of a picture in a width, waiting included.
	makingTime = 45 * time.Second
)

// ErrBusy says that too many pictures are being decoded.
var ErrBusy = errors.New("too many pictures at once")

// Library keeps pictures in a storage, and makes them in other widths when they are first asked for.
type Library struct {
	storage  Storage
	maxBytes int64
	logger   *slog.Logger

	places chan struct{}
	making singleflight.Group
}

// NewLibrary returns a library that takes pictures of up to maxBytes.
func NewLibrary(storage Storage, maxBytes int64, logger *slog.Logger) *Library {
	return &Library{storage: storage, maxBytes: maxBytes, logger: logger, places: make(chan struct{}, atOnce)}
}

// MaxUpload is how large a request with as many files as are taken at once may be, in bytes.
func (l *Library) MaxUpload() int64 { return MaxFiles*l.maxBytes + aroundFiles }

// Keep stores the picture unless it is there already.
func (l *Library) Keep(ctx context.Context, p *Picture) error {
	err := l.keep(ctx, p)
	if err != nil {
		l.logger.ErrorContext(ctx, "store picture", "name", p.File.Name, "error", err)
	}
	return err
}

func (l *Library) keep(ctx context.Context, p *Picture) error {
	exists, err := l.storage.Exists(ctx, p.File.Name)
	if err != nil || exists {
		return err //nolint:wrapcheck // storages say what they were doing
	}
	if _, err := p.source.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read uploaded file again: %w", err)
	}
	return l.storage.Put(ctx, p.File.Name, p.source, p.File.Size) //nolint:wrapcheck // storages say what they were doing
}

// Delete removes the picture with the name, in all widths.
func (l *Library) Delete(ctx context.Context, name string) error {
	for _, one := range append(models.ResizedMediaNames(name), name) {
		if err := l.storage.Delete(ctx, one); err != nil {
			return err //nolint:wrapcheck // storages say what they were doing
		}
	}
	return nil
}

// open returns the picture with the name; one in another width is made when it is not there yet.
func (l *Library) open(ctx context.Context, name string) (io.ReadSeekCloser, error) {
	hash, width, extension, ok := models.ParseMediaFileName(name)
	if !ok || width > 0 && !models.IsMediaWidth(width) {
		return nil, ErrNotFound
	}
	file, err := l.storage.Open(ctx, name)
	if width == 0 || !errors.Is(err, ErrNotFound) {
		return file, err //nolint:wrapcheck // storages say what they were doing
	}
	content, err := l.makeOnce(ctx, name, hash, width, extension)
	if err != nil {
		return nil, err
	}
	return inMemory{bytes.NewReader(content)}, nil
}

// inMemory is a file that was made just now.
type inMemory struct{ *bytes.Reader }

// Close does nothing.
func (inMemory) Close() error { return nil }

// makeOnce makes a picture once for all who ask for it at the same time. It goes on when they have gone: they will ask
// again.
func (l *Library) makeOnce(ctx context.Context, name, hash string, width int, extension string) ([]byte, error) {
	made := l.making.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makingTime)
		defer cancel()
		return l.makeResized(ctx, name, hash, width, extension)
	})
	select {
	case result := <-made:
		content, _ := result.Val.([]byte)
		return content, result.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for picture: %w", ctx.Err())
	}
}

func (l *Library) makeResized(ctx context.Context, name, hash string, width int, extension string) ([]byte, error) {
	original, err := l.original(ctx, hash, extension)
	if err != nil {
		return nil, err
	}
	content, err := l.resized(ctx, original, width, extension)
	if err != nil {
		return nil, err
	}
	if err := l.storage.Put(ctx, name, bytes.NewReader(content), int64(len(content))); err != nil {
		// It can be made again.
		l.logger.WarnContext(ctx, "keep picture in a width", "name", name, "error", err)
	}
	return content, nil
}

// madeFrom are the types that become a file with the extension.
var madeFrom = map[string][]string{"jpg": {"jpg", "webp"}, "png": {"png", "webp", "gif"}}

// original reads the file from which one with the hash and the extension is made.
func (l *Library) original(ctx context.Context, hash, extension string) ([]byte, error) {
	for _, from := range madeFrom[extension] {
		file, err := l.storage.Open(ctx, models.MediaFileName(hash, from))
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err //nolint:wrapcheck // storages say what they were doing
		}
		content, err := io.ReadAll(file)
		_ = file.Close()
		if err != nil {
			return nil, fmt.Errorf("read picture: %w", err)
		}
		return content, nil
	}
	return nil, ErrNotFound
}

// resized returns the picture in a width below its own; a wider one would only be larger.
func (l *Library) resized(ctx context.Context, original []byte, width int, extension string) ([]byte, error) {
	if err := l.takePlace(ctx); err != nil {
		return nil, err
	}
	defer l.leavePlace()
	f, _ := formatOf(original)
	if f.decode == nil {
		return nil, errors.New("a stored picture is none")
	}
	picture, err := decodePicture(f, original)
	if err != nil {
		return nil, fmt.Errorf("read stored picture: %w", err)
	}
	if width >= picture.shownSize().X {
		return nil, ErrNotFound
	}
	return encode(resize(picture, width), extension)
}

// takePlace waits until few enough pictures are in memory.
func (l *Library) takePlace(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case l.places <- struct{}{}:
		return nil
	case <-waiting.Done():
		return ErrBusy
	}
}

func (l *Library) leavePlace() { <-l.places }
