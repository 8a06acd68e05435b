package search_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"ecoseller/catalogue"
	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/indexer"
	"ecoseller/search/suggest"
	"ecoseller/store"
	"ecoseller/store/storetest"
)

// TestSpeedOfSuggestions measures every keystroke of realistic queries on a real catalogue. It asserts nothing
// and takes minutes: ECOSELLER_BENCH=1 go test ./search -run SpeedOfSuggestions -v.
func TestSpeedOfSuggestions(t *testing.T) {
	folder := os.Getenv("ECOSELLER_DATA")
	if os.Getenv("ECOSELLER_BENCH") == "" || folder == "" {
		t.Skip("ECOSELLER_BENCH is not set, or ECOSELLER_DATA is not")
	}
	b := &bench{T: t, db: storetest.NewDB(t)}
	b.store = store.New(b.db, cataloguetest.Languages(), nil)
	importCatalogue(t, b.store, filepath.Join(folder, "icecat-products.ndjson.gz"))
	b.openElastic()
	engines := []search.Engine{newPostgres(b.store), b.engine}
	report, err := indexer.New(b.store, cataloguetest.Languages(), engines...).Rebuild(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	b.exec("VACUUM ANALYZE")
	t.Logf("%d products, indexed in %s", report.Products, report.Took.Round(time.Second))
	names := suggest.NewNames(b.store)
	for _, engine := range engines {
		b.engine = engine
		c := suggest.New(engine.(search.Suggester), b.store, names)
		for range 2 { // the first round warms up
			b.measure(c)
		}
	}
}

func importCatalogue(t *testing.T, s *store.Store, file string) {
	t.Helper()
	packed, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	lines, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := catalogue.NewImporter(s, models.MediaAddresses{}).Import(t.Context(), io.Reader(lines), func(catalogue.Refusal) {}); err != nil {
		t.Fatal(err)
	}
}

// measure types queries as people do, with and without typing errors, and logs how long the answers take: the
// whole of it, and the engine's part.
func (b *bench) measure(c *suggest.Completer) {
	b.Helper()
	chain := cataloguetest.Languages().Chain("en")
	kinds := map[string][]string{
		"right": {
			"notebook 15 inch", "hp laserjet", "samsung galaxy", "wireless mouse", "lenovo thinkpad", "canon ink", "usb cable 2m", "hdmi adapter",
			"ssd 1tb", "monitor 27", "printer toner black", "keyboard german", "server rack", "headphones", "tv wall mount", "asus rog strix",
		},
		"wrong": {"notebbok", "samsnug", "lasrjet", "keybord", "wireles moues", "headphnoes", "thinkpda", "montior", "zzzzzzz", "qwertzuiop"},
	}
	for _, kind := range []string{"right", "wrong"} {
		var whole, engine, least []time.Duration
		slowest := map[time.Duration]string{}
		for _, query := range kinds[kind] {
			for n := 1; n <= len(query); n++ {
				if kind == "wrong" && n < 4 {
					continue
				}
				whole = append(whole, timed(func() { b.ask(c, query[:n], chain) }))
				best := time.Hour
				for range repetitions {
					took := timed(func() { b.askEngine(query[:n], chain) })
					engine, best = append(engine, took), min(best, took)
				}
				least = append(least, best)
				slowest[best] = query[:n]
			}
		}
		b.Logf("%s, %d keystrokes typed %s: whole %s; engine %s; engine, best of %d, %s, slowest %q", b.engine.Name(), len(whole), kind,
			percentiles(whole), percentiles(engine), repetitions, percentiles(least), slowest[least[len(least)-1]])
	}
}

// repetitions of a keystroke tell the work that it is from the waiting for other programs on the machine.
const repetitions = 5

func timed(do func()) time.Duration {
	started := time.Now()
	do()
	return time.Since(started)
}

func (b *bench) askEngine(text string, chain []models.LanguageCode) {
	b.Helper()
	if _, err := b.engine.(search.Suggester).Suggest(b.Context(), search.SuggestRequest{Text: text, Chain: chain, First: 10}); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) ask(c *suggest.Completer, text string, chain []models.LanguageCode) {
	b.Helper()
	if _, err := c.Suggest(b.Context(), suggest.Request{Text: text, Chain: chain, First: 10}); err != nil {
		b.Fatal(err)
	}
}

func percentiles(took []time.Duration) string {
	slices.Sort(took)
	at := func(percent int) string {
		return took[min(len(took)*percent/100, len(took)-1)].Round(10 * time.Microsecond).String()
	}
	return "p50 " + at(50) + ", p95 " + at(95) + ", p99 " + at(99)
}
