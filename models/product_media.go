package models

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

// ProductMedia is a picture of a product: a file of ours, or one that lies elsewhere.
type ProductMedia struct {
	bun.BaseModel `bun:"table:product_media,alias:pm"`

	ID        uuid.UUID `bun:",pk"`
	ProductID uuid.UUID
	// Address is the name of a file of ours, or where else the picture lies; see MediaAddresses.
	Address  string `bun:"url"`
	Position int

	// Width and Height are how large a file of ours is shown, in pixels; nil for what lies elsewhere.
	Width  *int `bun:",scanonly"`
	Height *int `bun:",scanonly"`
	// Transparent says that a file of ours is not opaque everywhere.
	Transparent bool `bun:",scanonly"`
}

// MediaFile is a picture that was uploaded. Files are known by what is in them: the same bytes are one file.
type MediaFile struct {
	bun.BaseModel `bun:"table:media_files,alias:f"`

	// Name is the hash of the content and the extension of its type.
	Name string `bun:",pk"`
	// Width and Height are how large the picture is shown, in pixels.
	Width, Height int
	// Transparent says that the picture is not opaque everywhere.
	Transparent bool
	// Size is in bytes.
	Size int64
	// UploadedAt is when the bytes were uploaded last.
	UploadedAt time.Time `bun:",nullzero"`
}

// mediaFileName is how files of ours are called.
var mediaFileName = regexp.MustCompile(`^([0-9a-f]{64})(?:-([1-9][0-9]{0,4}))?\.(jpg|png|gif|webp)$`)

// MediaFileName names the file with the hash of the content and the extension of its type.
func MediaFileName(hash, extension string) string { return hash + "." + extension }

// ParseMediaFileName reads the name of a file, or of one that was made from it in a width; 0 means the file as it
// was uploaded.
func ParseMediaFileName(name string) (hash string, width int, extension string, ok bool) {
	match := mediaFileName.FindStringSubmatch(name)
	if match == nil {
		return "", 0, "", false
	}
	width, _ = strconv.Atoi(match[2])
	return match[1], width, match[3], true
}

// mediaWidths are the widths in which pictures are served besides their own.
var mediaWidths = []int{160, 320, 480, 640, 960, 1280, 1920}

// IsMediaWidth says whether pictures are served in the width.
func IsMediaWidth(width int) bool { return slices.Contains(mediaWidths, width) }

// MediaAddresses knows where clients find pictures.
type MediaAddresses struct {
	// Base is where the files of ours are, such as https://api.shop.example/media; it ends without a slash.
	Base string
}

// Of is the address of a picture as it was uploaded, or where else it lies.
func (a MediaAddresses) Of(m *ProductMedia) string {
	if m.Width == nil {
		return m.Address
	}
	return a.Base + "/" + m.Address
}

// InWidth is the address of the picture in the smallest width that is not below the given one: as it was uploaded
// when that is no wider. What lies elsewhere has one width.
func (a MediaAddresses) InWidth(m *ProductMedia, width int) string {
	for _, w := range mediaWidths {
		if w >= width && m.Width != nil && w < *m.Width {
			return a.Base + "/" + resizedName(m, w)
		}
	}
	return a.Of(m)
}

// Srcset lists the addresses in all widths as HTML does; empty for what lies elsewhere.
func (a MediaAddresses) Srcset(m *ProductMedia) string {
	if m.Width == nil {
		return ""
	}
	var sources []string
	for _, w := range mediaWidths {
		if w < *m.Width {
			sources = append(sources, fmt.Sprintf("%s/%s %dw", a.Base, resizedName(m, w), w))
		}
	}
	return strings.Join(append(sources, fmt.Sprintf("%s %dw", a.Of(m), *m.Width)), ", ")
}

// FileName is the name of the file of ours that has the address; empty when it cannot be one.
func (a MediaAddresses) FileName(address string) string {
	name, found := strings.CutPrefix(address, a.Base+"/")
	if _, width, _, ok := ParseMediaFileName(name); !found || !ok || width > 0 {
		return ""
	}
	return name
}

// ResizedMediaNames are the names of all files that may have been made from the file with the name.
func ResizedMediaNames(name string) []string {
	hash, _, _, _ := ParseMediaFileName(name)
	var names []string
	for _, width := range mediaWidths {
		for _, extension := range []string{"jpg", "png"} {
			names = append(names, fmt.Sprintf("%s-%d.%s", hash, width, extension))
		}
	}
	return names
}

// resizedName names the file that is made from a file of ours. JPEG has no transparency, and PNG makes photos large.
func resizedName(m *ProductMedia, width int) string {
	extension := path.Ext(m.Address)
	hash := strings.TrimSuffix(m.Address, extension)
	resized := "jpg"
	if m.Transparent || extension == ".png" || extension == ".gif" {
		resized = "png"
	}
	return fmt.Sprintf("%s-%d.%s", hash, width, resized)
}

// maxURL is how long an address may be, in characters.
const maxURL = 2000

// CheckMediaURL returns UserErrors when the address is not one that a browser loads pictures from.
func CheckMediaURL(address string) error {
	var problems UserErrors
	problems.checkText("url", address, maxURL)
	if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		problems.Addf(UserErrorInvalid, "url", "an address begins with http:// or https:// and has a host")
	}
	return problems.OrNil()
}
