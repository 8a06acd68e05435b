package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"

	"github.com/bep/imagemeta"
	"golang.org/x/image/webp"

	"ecoseller/models"
)

// What a picture may have: a few kilobytes can stand for gigabytes of pixels.
const (
	maxPixels = 25_000_000
	maxSide   = 10_000
)

// RefusedError says why a file is not taken, in words for whoever uploads it.
type RefusedError struct {
	Code    models.UserErrorCode
	Message string
}

// Error returns the message.
func (r *RefusedError) Error() string { return r.Message }

func refuse(code models.UserErrorCode, format string, args ...any) error {
	return &RefusedError{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Picture is an uploaded file that has been checked.
type Picture struct {
	File   models.MediaFile
	source io.ReadSeeker
}

// format is a type of pictures.
type format struct {
	extension string
	config    func(io.Reader) (image.Config, error)
	decode    func(io.Reader) (image.Image, error)
	metadata  imagemeta.ImageFormat
}

// formats are the types that are taken, by what the first bytes say. SVG is none of them: it is a program.
var formats = map[string]format{
	"image/jpeg": {"jpg", jpeg.DecodeConfig, jpeg.Decode, imagemeta.JPEG},
	"image/png":  {"png", png.DecodeConfig, png.Decode, imagemeta.PNG},
	"image/webp": {"webp", webp.DecodeConfig, webp.Decode, imagemeta.WebP},
	"image/gif":  {"gif", gif.DecodeConfig, gif.Decode, imagemeta.ImageFormatAuto},
}

// formatOf looks at the content: names and types that clients give count for nothing.
func formatOf(content []byte) (format, bool) {
	f, ok := formats[http.DetectContentType(content)]
	return f, ok
}

// Check reads an uploaded file, and returns a RefusedError when it is not a picture that a shop can show. Keep reads it again:
// many files need not be in memory at once.
func (l *Library) Check(ctx context.Context, file io.ReadSeeker) (*Picture, error) {
	content, err := io.ReadAll(io.LimitReader(file, l.maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read uploaded file: %w", err)
	}
	if int64(len(content)) > l.maxBytes {
		return nil, refuse(models.UserErrorTooLarge, "a picture has at most %d bytes", l.maxBytes)
	}
	f, known := formatOf(content)
	if !known {
		return nil, refuse(models.UserErrorInvalid, "a picture is a JPEG, PNG, GIF or WebP file")
	}
	config, err := f.config(bytes.NewReader(content))
	if err != nil {
		return nil, refuse(models.UserErrorInvalid, "the picture is damaged: %s", err)
	}
	if config.Width > maxSide || config.Height > maxSide || config.Width*config.Height > maxPixels {
		return nil, refuse(models.UserErrorTooLarge, "the picture has %d × %d pixels; a side has at most %d, all of it %d",
			config.Width, config.Height, maxSide, maxPixels)
	}
	decoded, err := l.decode(ctx, f, content)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(content)
	size := decoded.shownSize()
	return &Picture{source: file, File: models.MediaFile{
		Name:  models.MediaFileName(hex.EncodeToString(hash[:]), f.extension),
		Width: size.X, Height: size.Y, Transparent: !isOpaque(decoded.pixels), Size: int64(len(content)),
	}}, nil
}

// decodedPicture are the pixels as they are stored, and how they want to be turned.
type decodedPicture struct {
	pixels      image.Image
	orientation orientation
}

// shownSize is how large the picture is when it has been turned.
func (d decodedPicture) shownSize() image.Point {
	size := d.pixels.Bounds().Size()
	if d.orientation.swapsSides() {
		return image.Pt(size.Y, size.X)
	}
	return size
}

// decode reads the pixels, of few pictures at once: they take a lot of memory.
func (l *Library) decode(ctx context.Context, f format, content []byte) (decoded decodedPicture, err error) {
	if err := l.takePlace(ctx); err != nil {
		return decoded, err
	}
	defer l.leavePlace()
	return decodePicture(f, content)
}

func decodePicture(f format, content []byte) (decoded decodedPicture, err error) {
	defer func() {
		// A decoder that fails on a cunning file must not take the server with it.
		if panicked := recover(); panicked != nil {
			err = refuse(models.UserErrorInvalid, "the picture cannot be read")
		}
	}()
	if decoded.pixels, err = f.decode(bytes.NewReader(content)); err != nil {
		return decoded, refuse(models.UserErrorInvalid, "the picture is damaged: %s", err)
	}
	decoded.orientation = orientationOf(f, content)
	return decoded, nil
}

func isOpaque(picture image.Image) bool {
	asked, ok := picture.(interface{ Opaque() bool })
	return ok && asked.Opaque()
}
