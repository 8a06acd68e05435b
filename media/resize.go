package media

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
)

// jpegQuality is where smaller files begin to look worse.
const jpegQuality = 82

// resize returns the picture, turned upright, in the width.
func resize(picture decodedPicture, width int) *image.RGBA {
	shown := picture.shownSize()
	target := image.Pt(width, max(1, (shown.Y*width+shown.X/2)/shown.X))
	if picture.orientation.swapsSides() {
		target.X, target.Y = target.Y, target.X
	}
	// Averages first: the better filter keeps 32 bytes for each pixel of its way.
	source := picture.pixels
	if factor := source.Bounds().Dx() * 2 / (3 * target.X); factor > 1 {
		source = shrink(source, factor)
	}
	scaled := image.NewRGBA(image.Rectangle{Max: target})
	draw.CatmullRom.Scale(scaled, scaled.Bounds(), source, source.Bounds(), draw.Src, nil)
	return picture.orientation.apply(scaled)
}

// shrink makes each square of factor × factor pixels one pixel, their average. It reads the picture in strips of that
// height, so that the whole is not copied.
func shrink(source image.Image, factor int) *image.RGBA {
	from := source.Bounds()
	width, height := from.Dx()/factor, max(1, from.Dy()/factor)
	small := image.NewRGBA(image.Rect(0, 0, width, height))
	strip := image.NewRGBA(image.Rect(0, 0, from.Dx(), factor))
	for y := range height {
		rows := min(factor, from.Dy()-y*factor)
		draw.Draw(strip, image.Rect(0, 0, from.Dx(), rows), source, image.Pt(from.Min.X, from.Min.Y+y*factor), draw.Src)
		for x := range width {
			average(small.Pix[small.PixOffset(x, y):][:4], strip, image.Rect(x*factor, 0, (x+1)*factor, rows))
		}
	}
	return small
}

func average(pixel []uint8, strip *image.RGBA, square image.Rectangle) {
	var sum [4]int
	for y := square.Min.Y; y < square.Max.Y; y++ {
		row := strip.Pix[strip.PixOffset(square.Min.X, y) : strip.PixOffset(square.Max.X-1, y)+4]
		for i, value := range row {
			sum[i%4] += int(value)
		}
	}
	count := square.Dx() * square.Dy()
	for i := range sum {
		pixel[i] = uint8((sum[i] + count/2) / count)
	}
}

// encode writes the picture as the type of the extension.
func encode(picture *image.RGBA, extension string) ([]byte, error) {
	var content bytes.Buffer
	var err error
	if extension == "jpg" {
		err = jpeg.Encode(&content, onWhite(picture), &jpeg.Options{Quality: jpegQuality})
	} else {
		err = png.Encode(&content, picture)
	}
	if err != nil {
		return nil, fmt.Errorf("write picture: %w", err)
	}
	return content.Bytes(), nil
}

// onWhite puts white behind what is transparent: JPEG would make it black.
func onWhite(picture *image.RGBA) *image.RGBA {
	if picture.Opaque() {
		return picture
	}
	opaque := image.NewRGBA(picture.Bounds())
	draw.Draw(opaque, opaque.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(opaque, opaque.Bounds(), picture, picture.Bounds().Min, draw.Over)
	return opaque
}
