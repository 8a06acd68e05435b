package main

import (
	"fmt"
	"math"
	"strings"
)

// The aims. Ratios of rates are judged by the worst of the closed loops.
const (
	aimDetail        = 0.6
	aimFullList      = 0.5
	aimCached        = 0.5
	aimCachedTail    = 3
	aimSearchAbove   = 1 // ms
	aimGrowth        = 1.2
	aimWriting       = 0.7
	aimMemory        = 150 // MB
	aimStart         = 200 // ms
	aimIdle          = 60  // MB
	busiest          = "32"
	alone            = "1"
	smaller, larger  = 10_000, 100_000
	notMeasured      = "not measured"
	reached, missed  = "reached", "missed"
	aimTableHeadings = "## Aims\n\n| work | aim | measured | |\n| --- | --- | --- | --- |\n"
)

// writeAims says for each aim whether it was reached, in the largest catalogue that was measured.
func (r *results) writeAims(b *strings.Builder) {
	sizes := r.sizes()
	if len(sizes) == 0 {
		return
	}
	products := sizes[len(sizes)-1]
	b.WriteString(aimTableHeadings)
	r.writeLeast(b, products, "product detail, uncached", aimDetail, workDetail)
	r.writeLeast(b, products, "page of 24, all variants and prices, uncached", aimFullList, workFullList)
	cached := []string{workDetail + cachedSuffix, workList + cachedSuffix, workFullList + cachedSuffix}
	r.writeLeast(b, products, "any cached catalogue query, rate", aimCached, cached...)
	r.writeMost(b, "any cached catalogue query, p99 against its p99", aimCachedTail, "%.2f", r.worst(cached, true, func(work, mode string) spread {
		return r.compared(products, work, mode, func(ours, other *measurement) float64 { return ours.P99 / other.P99 })
	}))
	r.writeMost(b, "search of 24, ms at the median above Elasticsearch's own", aimSearchAbove, "%.2f",
		r.compared(products, workSearch, alone, func(ours, other *measurement) float64 { return ours.P50 - other.P50 }))
	r.writeMost(b, "100,000 products against 10,000, p50 of lists and detail", aimGrowth, "%.2f", r.growth())
	r.writeWriting(b, products, "import against COPY", importRatio)
	r.writeWriting(b, products, "rebuild against a bare bulk load", rebuildRatio)
	r.writeMost(b, "MB at concurrency 32", aimMemory, "%.0f", r.peak(products))
	r.writeMost(b, "ms from start to first answer", aimStart, "%.0f", r.written(products, func(w *writing) float64 { return w.StartUp }))
	r.writeMost(b, "MB of an idle server", aimIdle, "%.0f", r.written(products, func(w *writing) float64 { return w.Idle }))
	b.WriteString("\n")
}

func (r *results) writeLeast(b *strings.Builder, products int, title string, aim float64, works ...string) {
	s := r.worst(works, false, func(work, mode string) spread { return r.rateRatio(products, work, mode) })
	writeAim(b, title, fmt.Sprintf("≥ %g", aim), numbers(s, "%.2f"), s, s.median >= aim)
}

func (r *results) writeMost(b *strings.Builder, title string, aim float64, format string, s spread) {
	writeAim(b, title, fmt.Sprintf("≤ %g", aim), numbers(s, format), s, s.median <= aim)
}

func (r *results) writeWriting(b *strings.Builder, products int, title string, ratio func(*writing) float64) {
	s := r.written(products, ratio)
	writeAim(b, title, fmt.Sprintf("≥ %g", aimWriting), numbers(s, "%.2f"), s, s.median >= aimWriting)
}

func writeAim(b *strings.Builder, title, aim, measured string, s spread, isReached bool) {
	verdict := missed
	if isReached {
		verdict = reached
	}
	if !s.known() {
		measured, verdict = notMeasured, ""
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n", title, aim, measured, verdict)
}

// worst is the least, or the greatest, of the closed loops of some works.
func (r *results) worst(works []string, greatest bool, of func(work, mode string) spread) spread {
	worst := spread{math.NaN(), math.NaN(), math.NaN()}
	for _, work := range works {
		for _, clients := range modes {
			s := of(work, fmt.Sprint(clients))
			if s.known() && (!worst.known() || (s.median > worst.median) == greatest) {
				worst = s
			}
		}
	}
	return worst
}

// growth is how much longer an answer takes from the larger catalogue; the worst of lists and detail.
func (r *results) growth() spread {
	worst := spread{math.NaN(), math.NaN(), math.NaN()}
	for _, work := range []string{workDetail, workList, workFullList} {
		few, many := r.pick(smaller, work, alone, true), r.pick(larger, work, alone, true)
		var ratios []float64
		for i := range min(len(few), len(many)) {
			ratios = append(ratios, many[i].P50/few[i].P50)
		}
		if s := spreadOf(ratios); s.known() && (!worst.known() || s.median > worst.median) {
			worst = s
		}
	}
	return worst
}

// peak is the most memory that the server had in any work.
func (r *results) peak(products int) spread {
	var peaks []float64
	for _, m := range r.Measurements {
		if m.Products == products && m.Side == sideServer && m.Mode == busiest && m.PeakMemory > 0 {
			peaks = append(peaks, m.PeakMemory)
		}
	}
	s := spreadOf(peaks)
	s.median, s.least = s.most, s.most
	return s
}
