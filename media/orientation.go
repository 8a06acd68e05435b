package media

import (
	"bytes"
	"image"

	"github.com/bep/imagemeta"
)

// orientation is how a picture wants to be turned, as EXIF numbers it: cameras store pixels as the sensor has them.
type orientation int

const (
	upright     orientation = 1
	mirrored    orientation = 2
	upsideDown  orientation = 3
	flipped     orientation = 4
	transposed  orientation = 5
	turnedRight orientation = 6
	transversed orientation = 7
	turnedLeft  orientation = 8
)

// swapsSides says whether width and height change places.
func (o orientation) swapsSides() bool { return o >= transposed }

// orientationOf reads what the file says; without a word it is upright.
func orientationOf(f format, content []byte) orientation {
	found := upright
	if f.metadata == imagemeta.ImageFormatAuto {
		return found
	}
	_, _ = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(content), ImageFormat: f.metadata, Sources: imagemeta.EXIF,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool { return tag.Tag == "Orientation" && tag.Namespace == "IFD0" },
		HandleTag: func(tag imagemeta.TagInfo) error {
			if number, ok := tag.Value.(uint16); ok && number >= 1 && number <= 8 {
				found = orientation(number)
			}
			return nil
		},
		Warnf: func(string, ...any) {},
	})
	return found
}

// apply turns the picture.
func (o orientation) apply(picture *image.RGBA) *image.RGBA {
	if o == upright {
		return picture
	}
	size := picture.Bounds().Size()
	if o.swapsSides() {
		size.X, size.Y = size.Y, size.X
	}
	turned := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			from := o.source(x, y, size)
			copy(turned.Pix[turned.PixOffset(x, y):][:4], picture.Pix[picture.PixOffset(from.X, from.Y):][:4])
		}
	}
	return turned
}

// source is where the pixel at x, y of the turned picture comes from.
func (o orientation) source(x, y int, size image.Point) image.Point {
	right, bottom := size.X-1-x, size.Y-1-y
	switch o {
	case mirrored:
		return image.Pt(right, y)
	case upsideDown:
		return image.Pt(right, bottom)
	case flipped:
		return image.Pt(x, bottom)
	case transposed:
		return image.Pt(y, x)
	case turnedRight:
		return image.Pt(y, right)
	case transversed:
		return image.Pt(bottom, right)
	case turnedLeft:
		return image.Pt(bottom, x)
	case upright:
	}
	return image.Pt(x, y)
}
