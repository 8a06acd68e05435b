package main

import (
	"fmt"
	"html"
	"strings"
)

// bar is one value of a plot, and the same of the other side.
type bar struct {
	title       string
	ours, other float64
	otherName   string
}

// ratePlot shows requests a second with 8 clients.
func (r *results) ratePlot(products int) string {
	return plot(fmt.Sprintf("Requests a second with 8 clients, %s products", thousands(products)), "%.0f", r.bars(products, "8", rateOf))
}

// latencyPlot shows the slowest hundredth at a fixed rate.
func (r *results) latencyPlot(products int) string {
	return plot(fmt.Sprintf("p99 in ms at a fixed rate, %s products", thousands(products)), "%.1f", r.bars(products, modeRate, p99Of))
}

func (r *results) bars(products int, mode string, value func(*measurement) float64) (bars []bar) {
	for _, k := range kinds {
		ours := over(r.pick(products, k.name, mode, true), value)
		if !ours.known() {
			continue
		}
		b := bar{title: k.title, ours: ours.median, otherName: k.against}
		if other := over(r.pick(products, k.name, mode, false), value); other.known() {
			b.other = other.median
		}
		bars = append(bars, b)
	}
	return bars
}

// The plot's measures, in pixels, and colours.
const (
	plotWidth, plotLeft, plotRight = 860, 300, 220
	plotTop, barHeight, groupGap   = 40, 14, 10
	ourColour, otherColour         = "#2f6fab", "#b9c4cf"
)

// plot draws a group of bars for each work, longest values to the right; each work has a scale of its own, because
// some are a hundred times as fast as others and what counts is the ratio within one.
func plot(title, format string, bars []bar) string {
	group := 2*barHeight + groupGap
	height := plotTop + len(bars)*group + groupGap
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#fff"/><text x="10" y="22" font-size="15">%s</text>`+"\n", html.EscapeString(title))
	for i, v := range bars {
		y := plotTop + i*group
		longest := max(v.ours, v.other)
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", plotLeft-8, y+barHeight+4, html.EscapeString(v.title))
		writeBar(&b, y, v.ours/longest, ourColour, fmt.Sprintf(format+" server", v.ours))
		if v.other > 0 {
			writeBar(&b, y+barHeight, v.other/longest, otherColour, fmt.Sprintf(format+" %s", v.other, v.otherName))
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func writeBar(b *strings.Builder, y int, part float64, colour, label string) {
	width := part * (plotWidth - plotLeft - plotRight)
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/><text x="%.1f" y="%d">%s</text>`+"\n",
		plotLeft, y+1, width, barHeight-2, colour, plotLeft+width+6, y+barHeight-3, html.EscapeString(label))
}
