package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// results are all that was measured.
type results struct {
	Machine string
	// MeasuredAt is when the run began.
	MeasuredAt   time.Time
	Rounds       int
	Seconds      float64
	Measurements []*measurement
	Writings     []*writing
}

func newResults(o options) *results {
	return &results{Machine: machine(), MeasuredAt: time.Now().UTC().Truncate(time.Second), Rounds: o.rounds, Seconds: o.seconds}
}

// write prints the tables and writes them with the plots and the raw numbers into a folder.
func (r *results) write(folder string, out io.Writer) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make folder for results: %w", err)
	}
	markdown := r.markdown()
	raw, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	files := map[string]string{"results.md": markdown, "results.json": string(raw) + "\n"}
	for _, products := range r.sizes() {
		if len(r.Measurements) == 0 {
			break
		}
		files[fmt.Sprintf("rate-%d.svg", products)] = r.ratePlot(products)
		files[fmt.Sprintf("latency-%d.svg", products)] = r.latencyPlot(products)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("write results: %w", err)
		}
	}
	_, err = io.WriteString(out, markdown)
	return err //nolint:wrapcheck // standard output
}

func (r *results) sizes() (sizes []int) {
	for _, m := range r.Measurements {
		if !slices.Contains(sizes, m.Products) {
			sizes = append(sizes, m.Products)
		}
	}
	for _, w := range r.Writings {
		if !slices.Contains(sizes, w.Products) {
			sizes = append(sizes, w.Products)
		}
	}
	return sizes
}

// pick returns the measurements of one cell, in the order of rounds.
func (r *results) pick(products int, work, mode string, server bool) (cell []*measurement) {
	for _, m := range r.Measurements {
		if m.Products == products && m.Work == work && m.Mode == mode && (m.Side == sideServer) == server {
			cell = append(cell, m)
		}
	}
	slices.SortStableFunc(cell, func(a, b *measurement) int { return cmp.Compare(a.Round, b.Round) })
	return cell
}

// spread is the median of rounds, and the least and the most.
type spread struct{ median, least, most float64 }

func (s spread) known() bool { return !math.IsNaN(s.median) }

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{math.NaN(), math.NaN(), math.NaN()}
	}
	sorted := slices.Sorted(slices.Values(values))
	return spread{sorted[len(sorted)/2], sorted[0], sorted[len(sorted)-1]}
}

func over(cell []*measurement, value func(*measurement) float64) spread {
	values := make([]float64, len(cell))
	for i, m := range cell {
		values[i] = value(m)
	}
	return spreadOf(values)
}

func rateOf(m *measurement) float64 { return m.Rate }
func p50Of(m *measurement) float64  { return m.P50 }
func p99Of(m *measurement) float64  { return m.P99 }

// compared relates the sides within each round.
func (r *results) compared(products int, work, mode string, relate func(ours, other *measurement) float64) spread {
	ours, others := r.pick(products, work, mode, true), r.pick(products, work, mode, false)
	var values []float64
	for i := range min(len(ours), len(others)) {
		values = append(values, relate(ours[i], others[i]))
	}
	return spreadOf(values)
}

func (r *results) rateRatio(products int, work, mode string) spread {
	return r.compared(products, work, mode, func(ours, other *measurement) float64 { return ours.Rate / other.Rate })
}

func (r *results) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Speed\n\n%s; measured %s; %d rounds, %g s a measurement; medians of rounds, least and most in brackets.\n", r.Machine, r.MeasuredAt.Format(time.RFC3339), r.Rounds, r.Seconds)
	if share := over(r.Measurements, func(m *measurement) float64 { return m.LoadShare }); share.known() {
		fmt.Fprintf(&b, "PostgreSQL, Elasticsearch, the server and the generator of the load share the machine; the generator took %.0f %% of it (median of all measurements, %.0f %% at most).\n", 100*share.median, 100*share.most)
	}
	b.WriteString("\n")
	r.writeAims(&b)
	for _, products := range r.sizes() {
		if len(r.Measurements) > 0 {
			r.writeTable(&b, products)
		}
	}
	r.writeWritings(&b)
	return b.String()
}

func (r *results) writeTable(b *strings.Builder, products int) {
	fmt.Fprintf(b, "## %s products\n\n![requests a second](rate-%d.svg)\n![latency](latency-%d.svg)\n\n", thousands(products), products, products)
	b.WriteString("“rate” is a fixed rate, half of what the slower side reaches with 8 clients; latencies count from when a request was to be sent. CPU is in ms a request, of the process and of PostgreSQL. Where the other side is Elasticsearch, its own CPU is not counted.\n\n")
	b.WriteString("| work | clients | side | requests/s | p50 ms | p99 ms | CPU | PostgreSQL | allocations | peak MB | of the yardstick |\n| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, k := range kinds {
		for _, mode := range allModes() {
			for _, server := range []bool{true, false} {
				r.writeRow(b, products, k, mode, server)
			}
		}
	}
	for _, k := range kinds {
		r.writeDegraded(b, products, k)
	}
	b.WriteString("\n")
}

// writeDegraded says how many searches PostgreSQL has answered, because Elasticsearch was late.
func (r *results) writeDegraded(b *strings.Builder, products int, k kind) {
	degraded, all := 0, 0
	for _, m := range r.Measurements {
		if m.Products == products && m.Work == k.name && m.Side == sideServer {
			degraded, all = degraded+m.Degraded, all+m.Requests
		}
	}
	if degraded > 0 {
		fmt.Fprintf(b, "\n%s: PostgreSQL stood in for Elasticsearch in %d of %d answers.\n", k.title, degraded, all)
	}
}

func allModes() (all []string) {
	for _, clients := range modes {
		all = append(all, fmt.Sprint(clients))
	}
	return append(all, modeRate)
}

func (r *results) writeRow(b *strings.Builder, products int, k kind, mode string, server bool) {
	cell := r.pick(products, k.name, mode, server)
	if len(cell) == 0 {
		return
	}
	side, ratio := k.against, ""
	if server {
		side = sideServer
		if compared := r.rateRatio(products, k.name, mode); compared.known() && mode != modeRate {
			ratio = numbers(compared, "%.2f")
		}
	}
	column := func(format string, value func(*measurement) float64) string {
		return orDash(over(cell, value).median, format)
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", k.title, mode, side,
		numbers(over(cell, rateOf), "%.0f"), column("%.2f", p50Of), column("%.2f", p99Of),
		column("%.2f", func(m *measurement) float64 { return m.ServerCPU }),
		column("%.2f", func(m *measurement) float64 { return m.PostgresCPU }),
		column("%.0f", func(m *measurement) float64 { return m.Allocations }),
		column("%.0f", func(m *measurement) float64 { return m.PeakMemory }), ratio)
}

func (r *results) writeWritings(b *strings.Builder) {
	if len(r.Writings) == 0 {
		return
	}
	b.WriteString("## Start and writing\n\nImport is of a file that `ecoseller export` wrote; COPY is of the rows that come of it, with indexes, foreign keys and triggers. The bare bulk load sends the very documents of a rebuild.\n\n")
	b.WriteString("| products | start to first answer ms | idle MB (after s) | import/s | COPY/s | ratio | rebuild/s | bare bulk load/s | ratio |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, products := range r.sizes() {
		column := func(format string, value func(*writing) float64) string {
			return numbers(r.written(products, value), format)
		}
		fmt.Fprintf(b, "| %s | %s | %s (%s) | %s | %s | %s | %s | %s | %s |\n", thousands(products),
			column("%.0f", func(w *writing) float64 { return w.StartUp }), column("%.0f", func(w *writing) float64 { return w.Idle }),
			column("%.0f", func(w *writing) float64 { return w.SecondsBeforeIdle }),
			column("%.0f", func(w *writing) float64 { return w.Import }), column("%.0f", func(w *writing) float64 { return w.Copy }), column("%.2f", importRatio),
			column("%.0f", func(w *writing) float64 { return w.Rebuild }), column("%.0f", func(w *writing) float64 { return w.BareBulk }), column("%.2f", rebuildRatio))
	}
}

func importRatio(w *writing) float64 { return w.Import / w.Copy }

func rebuildRatio(w *writing) float64 { return w.Rebuild / w.BareBulk }

// written leaves out what was not measured.
func (r *results) written(products int, value func(*writing) float64) spread {
	var values []float64
	for _, w := range r.Writings {
		if v := value(w); w.Products == products && v > 0 {
			values = append(values, v)
		}
	}
	return spreadOf(values)
}

// numbers writes a median, and its spread where there is one.
func numbers(s spread, format string) string {
	if !s.known() {
		return "–"
	}
	if s.least == s.most {
		return fmt.Sprintf(format, s.median)
	}
	return fmt.Sprintf(format+" ("+format+"–"+format+")", s.median, s.least, s.most)
}

// orDash writes a dash for what was not measured.
func orDash(value float64, format string) string {
	if value == 0 || math.IsNaN(value) {
		return "–"
	}
	return fmt.Sprintf(format, value)
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
