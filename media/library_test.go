package media_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"ecoseller/media"
	"ecoseller/models"
)

const maxBytes = 300_000

func newLibrary(t *testing.T, storage media.Storage) *media.Library {
	t.Helper()
	return media.NewLibrary(storage, maxBytes, discard())
}

// drawn is a picture whose left half is red and whose right half is blue; the lower half is darker.
func drawn(width, height int) *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.NRGBA{R: 240, A: 255}
			if x >= width/2 {
				c = color.NRGBA{B: 240, A: 255}
			}
			if y >= height/2 {
				c.R, c.B = c.R/2, c.B/2
			}
			picture.SetNRGBA(x, y, c)
		}
	}
	return picture
}

func jpegOf(picture image.Image) []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, picture, &jpeg.Options{Quality: 90})
	return b.Bytes()
}

func pngOf(picture image.Image) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, picture)
	return b.Bytes()
}

func gifOf(picture image.Image) []byte {
	var b bytes.Buffer
	_ = gif.Encode(&b, picture, nil)
	return b.Bytes()
}

// oriented puts EXIF with an orientation into a JPEG.
func oriented(file []byte, orientation uint16) []byte {
	tiff := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
	tiff = binary.BigEndian.AppendUint16(tiff, orientation)
	tiff = append(tiff, 0, 0, 0, 0, 0, 0)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	app1 := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(segment)+2))
	return bytes.Join([][]byte{file[:2], app1, segment, file[2:]}, nil)
}

// tinyWebP is a WebP of one pixel: there is no encoder for it among our libraries.
const tinyWebP = "UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA="

func webpOf(t *testing.T) []byte {
	t.Helper()
	content, err := base64.StdEncoding.DecodeString(tinyWebP)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// bomb is a small PNG that says it has very many pixels.
func bomb() []byte {
	file := pngOf(image.NewGray(image.Rect(0, 0, 1, 1)))
	binary.BigEndian.PutUint32(file[16:], 60_000)
	binary.BigEndian.PutUint32(file[20:], 60_000)
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

func TestUploadsAreChecked(t *testing.T) {
	t.Parallel()
	good := jpegOf(drawn(400, 300))
	transparent := drawn(40, 30)
	transparent.SetNRGBA(0, 0, color.NRGBA{})
	tests := []struct {
		name    string
		content []byte
		// want is the extension, the size and whether something is transparent; or the code of the refusal.
		want string
	}{
		{"JPEG", good, "jpg 400×300 false"},
		{"PNG", pngOf(drawn(40, 30)), "png 40×30 false"},
		{"PNG with transparency", pngOf(transparent), "png 40×30 true"},
		{"GIF", gifOf(drawn(40, 30)), "gif 40×30 false"},
		{"WebP", webpOf(t), "webp 1×1 false"},
		{"JPEG on its side", oriented(good, 6), "jpg 300×400 false"},
		{"JPEG upside down", oriented(good, 3), "jpg 400×300 false"},
		{"JPEG with an orientation that is none", oriented(good, 77), "jpg 400×300 false"},
		{"empty", nil, "INVALID"},
		{"text", []byte("this is no picture"), "INVALID"},
		{"HTML", []byte("<!DOCTYPE html><script>alert(1)</script>"), "INVALID"},
		{"SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "INVALID"},
		{"SVG with an XML declaration", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), "INVALID"},
		{"BMP", append([]byte("BM"), make([]byte, 200)...), "INVALID"},
		{"PDF", []byte("%PDF-1.7"), "INVALID"},
		{"head of a JPEG and nothing else", good[:20], "INVALID"},
		{"JPEG cut short", good[:len(good)/2], "INVALID"},
		{"PNG cut short", pngOf(drawn(40, 30))[:60], "INVALID"},
		{"GIF cut short", gifOf(drawn(40, 30))[:900], "INVALID"},
		{"script behind the first bytes of a GIF", []byte("GIF89a\x10\x00\x10\x00\x00\x00\x00<script>alert(1)</script>"), "INVALID"},
		{"PNG of 3,600,000,000 pixels", bomb(), "TOO_LARGE"},
		{"long and thin", pngOf(image.NewGray(image.Rect(0, 0, 10_001, 1))), "TOO_LARGE"},
		{"too many bytes", append(bytes.Clone(good), make([]byte, maxBytes)...), "TOO_LARGE"},
	}
	library := newLibrary(t, newFolder(t))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			picture, err := library.Check(t.Context(), bytes.NewReader(test.content))
			got := ""
			if refused, ok := errors.AsType[*media.RefusedError](err); ok {
				got = string(refused.Code)
			} else if err != nil {
				t.Fatal(err)
			} else {
				_, _, extension, _ := models.ParseMediaFileName(picture.File.Name)
				got = fmt.Sprintf("%s %d×%d %t", extension, picture.File.Width, picture.File.Height, picture.File.Transparent)
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// keep checks and stores a file, and returns its name without the extension.
func keep(t *testing.T, library *media.Library, content []byte) (hash string) {
	t.Helper()
	picture, err := library.Check(t.Context(), bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if err := library.Keep(t.Context(), picture); err != nil {
		t.Fatal(err)
	}
	hash, _, _, _ = models.ParseMediaFileName(picture.File.Name)
	return hash
}

func get(t *testing.T, handler http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

func TestPicturesAreServedInWidths(t *testing.T) {
	t.Parallel()
	transparent := drawn(400, 250)
	transparent.SetNRGBA(300, 200, color.NRGBA{})
	files := map[string][]byte{
		"photo":       jpegOf(drawn(1000, 750)),
		"on its side": oriented(jpegOf(drawn(450, 600)), 6),
		"drawing":     pngOf(transparent),
		"animation":   gifOf(drawn(250, 200)),
	}
	tests := []struct {
		file, suffix string
		status       int
		want         string // type and size
	}{
		{"photo", ".jpg", 200, "image/jpeg 1000×750"},
		{"photo", "-160.jpg", 200, "image/jpeg 160×120"},
		{"photo", "-640.jpg", 200, "image/jpeg 640×480"},
		{"photo", "-960.jpg", 200, "image/jpeg 960×720"},
		{"on its side", "-480.jpg", 200, "image/jpeg 480×360"},
		{"drawing", "-320.png", 200, "image/png 320×200"},
		{"animation", ".gif", 200, "image/gif 250×200"},
		{"animation", "-160.png", 200, "image/png 160×128"},
		// Not one of the widths, not below its own width, not of its type.
		{"photo", "-641.jpg", 404, ""},
		{"photo", "-1280.jpg", 404, ""},
		{"photo", "-99999.jpg", 404, ""},
		{"photo", "-0640.jpg", 404, ""},
		{"photo", "-640.png", 404, ""},
		{"photo", ".png", 404, ""},
		{"photo", "", 404, ""},
		{"photo", ".jpg.html", 404, ""},
		{"drawing", "-480.png", 404, ""},
		{"animation", "-160.gif", 404, ""},
	}
	for kind, storage := range storages(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			library := newLibrary(t, storage)
			hashes := map[string]string{}
			for name, content := range files {
				hashes[name] = keep(t, library, content)
			}
			// Made in the first round, found in the second.
			for range 2 {
				for _, test := range tests {
					response := get(t, library.Handler(), "/media/"+hashes[test.file]+test.suffix)
					if response.Code != test.status {
						t.Errorf("%s%s: status %d, want %d", test.file, test.suffix, response.Code, test.status)
						continue
					}
					if test.status != 200 {
						continue
					}
					config, _, err := image.DecodeConfig(response.Body)
					if got := fmt.Sprintf("%s %d×%d", response.Header().Get("Content-Type"), config.Width, config.Height); err != nil || got != test.want {
						t.Errorf("%s%s: got %s, want %s; %v", test.file, test.suffix, got, test.want, err)
					}
				}
			}
			exists, err := storage.Exists(t.Context(), hashes["photo"]+"-640.jpg")
			if err != nil || !exists {
				t.Errorf("what was made is kept: %t, %v", exists, err)
			}
		})
	}
}

func TestPicturesAreCached(t *testing.T) {
	t.Parallel()
	library := newLibrary(t, newFolder(t))
	hash := keep(t, library, jpegOf(drawn(400, 300)))
	for _, name := range []string{hash + ".jpg", hash + "-160.jpg"} {
		first := get(t, library.Handler(), "/media/"+name)
		tag := first.Header().Get("ETag")
		if tag == "" || !strings.Contains(first.Header().Get("Cache-Control"), "immutable") || first.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%v", first.Header())
		}
		if again := get(t, library.Handler(), "/media/"+name, "If-None-Match", tag); again.Code != http.StatusNotModified || len(again.Body.Bytes()) > 0 {
			t.Errorf("%s again: status %d", name, again.Code)
		}
		whole := first.Body.Bytes()
		part := get(t, library.Handler(), "/media/"+name, "Range", "bytes=10-19")
		if content := part.Body.Bytes(); part.Code != http.StatusPartialContent || !bytes.Equal(content, whole[10:20]) {
			t.Errorf("part of %s: status %d, %d bytes", name, part.Code, len(content))
		}
	}
	if missing := get(t, library.Handler(), "/media/"+nameOf("0", ".jpg")); missing.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("a missing picture is cached: %v", missing.Header())
	}
	if post := httptest.NewRecorder(); true {
		library.Handler().ServeHTTP(post, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/media/"+hash+".jpg", nil))
		if post.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST: status %d", post.Code)
		}
	}
}

// TestPicturesAreTurned looks at the corners of a picture in each of the eight orientations: however the pixels are
// stored, the shown picture is the same.
func TestPicturesAreTurned(t *testing.T) {
	t.Parallel()
	shown := drawn(320, 240)
	// How a camera stores the picture so that it is shown upright after being turned.
	stored := map[uint16]func(x, y int) (int, int){
		1: func(x, y int) (int, int) { return x, y },
		2: func(x, y int) (int, int) { return 319 - x, y },
		3: func(x, y int) (int, int) { return 319 - x, 239 - y },
		4: func(x, y int) (int, int) { return x, 239 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return y, 319 - x },
		7: func(x, y int) (int, int) { return 239 - y, 319 - x },
		8: func(x, y int) (int, int) { return 239 - y, x },
	}
	library := newLibrary(t, newFolder(t))
	for number, place := range stored {
		pixels := image.NewNRGBA(image.Rect(0, 0, 320, 240))
		if number >= 5 {
			pixels = image.NewNRGBA(image.Rect(0, 0, 240, 320))
		}
		for y := range 240 {
			for x := range 320 {
				px, py := place(x, y)
				pixels.SetNRGBA(px, py, shown.NRGBAAt(x, y))
			}
		}
		hash := keep(t, library, oriented(jpegOf(pixels), number))
		picture, err := jpeg.Decode(get(t, library.Handler(), "/media/"+hash+"-160.jpg").Body)
		if err != nil {
			t.Fatal(err)
		}
		if size := picture.Bounds().Size(); size != image.Pt(160, 120) {
			t.Errorf("orientation %d: %v", number, size)
			continue
		}
		for _, corner := range []image.Point{{10, 10}, {150, 10}, {10, 110}, {150, 110}} {
			if got, want := picture.At(corner.X, corner.Y), shown.At(corner.X*2, corner.Y*2); !alike(got, want) {
				t.Errorf("orientation %d at %v: got %v, want %v", number, corner, got, want)
			}
		}
	}
}

func alike(a, b color.Color) bool {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	near := func(x, y uint32) bool { return max(x, y)-min(x, y) < 0x1000 }
	return near(ar, br) && near(ag, bg) && near(ab, bb)
}

// counted counts what is asked of a storage.
type counted struct {
	media.Storage

	puts, originals atomic.Int32
}

func (c *counted) Put(ctx context.Context, name string, content io.Reader, size int64) error {
	c.puts.Add(1)
	return c.Storage.Put(ctx, name, content, size)
}

func (c *counted) Open(ctx context.Context, name string) (io.ReadSeekCloser, error) {
	if _, width, _, _ := models.ParseMediaFileName(name); width == 0 {
		c.originals.Add(1)
	}
	return c.Storage.Open(ctx, name)
}

func TestSameBytesAreStoredOnce(t *testing.T) {
	t.Parallel()
	storage := &counted{Storage: newFolder(t)}
	library := newLibrary(t, storage)
	content := jpegOf(drawn(400, 300))
	first := keep(t, library, content)
	if again := keep(t, library, content); again != first || storage.puts.Load() != 1 {
		t.Errorf("stored %d times", storage.puts.Load())
	}
}

func TestAWidthIsMadeOnceForAll(t *testing.T) {
	t.Parallel()
	storage := &counted{Storage: newFolder(t)}
	library := newLibrary(t, storage)
	hash := keep(t, library, jpegOf(drawn(1000, 750)))
	handler := library.Handler()
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			if response := get(t, handler, "/media/"+hash+"-960.jpg"); response.Code != http.StatusOK {
				t.Errorf("status %d", response.Code)
			}
		})
	}
	asking.Wait()
	if made := storage.originals.Load(); made != 1 {
		t.Errorf("made %d times", made)
	}
}

func TestDeletedPicturesAreGoneInAllWidths(t *testing.T) {
	t.Parallel()
	library := newLibrary(t, newFolder(t))
	hash := keep(t, library, jpegOf(drawn(1000, 750)))
	names := []string{hash + ".jpg", hash + "-160.jpg", hash + "-960.jpg"}
	for _, name := range names {
		if status := get(t, library.Handler(), "/media/"+name).Code; status != http.StatusOK {
			t.Errorf("%s: status %d", name, status)
		}
	}
	if err := library.Delete(t.Context(), names[0]); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if status := get(t, library.Handler(), "/media/"+name).Code; status != http.StatusNotFound {
			t.Errorf("%s: status %d", name, status)
		}
	}
}

// away is a storage that does not answer.
type away struct{ media.Storage }

func (away) Open(context.Context, string) (io.ReadSeekCloser, error) {
	return nil, errors.New("the storage is away")
}

func TestAStorageThatIsAwayIsNoMissingPicture(t *testing.T) {
	t.Parallel()
	library := newLibrary(t, away{})
	for _, name := range []string{nameOf("a", ".jpg"), nameOf("a", "-160.jpg")} {
		response := get(t, library.Handler(), "/media/"+name)
		if response.Code != http.StatusServiceUnavailable || response.Header().Get("Retry-After") == "" || response.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d, %v", name, response.Code, response.Header())
		}
	}
}
