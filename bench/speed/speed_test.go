package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ecoseller/catalogue/cataloguetest"
)

// TestShortestPass measures for a moment in the demo shop, so that the benchmark goes on working: the
// yardstick says what the server says, nothing fails, and the results have every work that was asked for.
func TestShortestPass(t *testing.T) {
	database := cataloguetest.CreateIndexedDemo(t).Database
	t.Chdir(filepath.Join("..", "..")) // programs are built in the folder of the module
	ctx, folder := t.Context(), t.TempDir()
	s, err := openServices()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.admin.Close()
		if err := s.dropIndices(context.WithoutCancel(ctx), database); err != nil {
			t.Error(err)
		}
	})
	p, err := buildPrograms(ctx, folder)
	if err != nil {
		t.Fatal(err)
	}
	o := options{rounds: 1, seconds: 0.05, idle: time.Millisecond, texts: 5, sample: 10, works: []string{workDetail, workList, workFullList, workSearch, workSuggestions, workEmail, workDetail + cachedSuffix, workImport}}
	b, err := s.open(ctx, p, database, o, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	r := newResults(o)
	if err := b.measureAll(ctx, folder, r); err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	if err := r.write(folder, &printed); err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		if !o.wants(k.name) || b.elastic == "" && k.against == againstElastic {
			continue
		}
		if !strings.Contains(printed.String(), "| "+k.title+" | 32 | server |") {
			t.Errorf("the results have no %q", k.title)
		}
	}
	checkMeasurements(t, r)
	checkFiles(t, folder, b.products)
}

func checkMeasurements(t *testing.T, r *results) {
	t.Helper()
	for _, m := range r.Measurements {
		if m.Requests == 0 || m.Rate <= 0 || m.P50 <= 0 || m.P99 < m.P50 {
			t.Errorf("a measurement without a meaning: %+v", m)
		}
		// With one client there are so few requests that reading the counters may have made as much.
		if m.Side == sideServer && (m.Mode == busiest && m.Allocations <= 0 || m.PeakMemory <= 0) {
			t.Errorf("nothing is known of the server's memory: %+v", m)
		}
	}
	for _, w := range r.Writings {
		if w.StartUp <= 0 || w.Idle <= 0 || w.Import <= 0 || w.Copy <= 0 {
			t.Errorf("a time is missing: %+v", w)
		}
	}
}

// checkFiles reads what was written.
func checkFiles(t *testing.T, folder string, products int) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var read results
	if err := json.Unmarshal(raw, &read); err != nil || len(read.Measurements) == 0 {
		t.Errorf("the raw numbers cannot be read: %v", err)
	}
	for _, name := range []string{"rate", "latency"} {
		file, err := os.Open(filepath.Join(folder, fmt.Sprintf("%s-%d.svg", name, products)))
		if err != nil {
			t.Fatal(err)
		}
		decoder := xml.NewDecoder(file)
		for err == nil {
			_, err = decoder.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("the plot %s is not well-formed: %v", name, err)
		}
		_ = file.Close()
	}
}

// TestComparisonSeesDifferences: without it a yardstick that says less would be a faster one.
func TestComparisonSeesDifferences(t *testing.T) {
	t.Parallel()
	const server = `{"data":{"product":{"id":"UHJvZHVjdDo5YTFjMWRiZi0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDE","slug":"a","variants":[{"sku":"A","price":{"gross":{"amount":"12.00","currency":"CZK"}}}]}}}`
	const yardstick = `{"data":{"product":{"id":"9a1c1dbf-0000-4000-8000-000000000001","slug":"a","variants":[{"sku":"A","price":{"gross":{"amount":"12","currency":"CZK"}}}]}}}`
	for _, scenario := range []struct {
		name, theirs string
		same         bool
	}{
		{"the same in another form", yardstick, true},
		{"another sku", strings.Replace(yardstick, `"A"`, `"B"`, 1), false},
		{"another price", strings.Replace(yardstick, `"12"`, `"13"`, 1), false},
		{"a variant less", strings.Replace(yardstick, `[{"sku":"A","price":{"gross":{"amount":"12","currency":"CZK"}}}]`, `[]`, 1), false},
		{"another product", strings.Replace(yardstick, `000001"`, `000002"`, 1), false},
	} {
		t.Run(scenario.name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := serving(t, server), serving(t, scenario.theirs)
			err := compare(t.Context(), &work{yardstick: []string{"/"}}, 1, ours, theirs)
			if (err == nil) != scenario.same {
				t.Errorf("the comparison says %v", err)
			}
		})
	}
}
