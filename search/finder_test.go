package search_test

import (
	"slices"
	"strings"
	"testing"

	"ecoseller/models"
	"ecoseller/search"
)

func TestMendsAndRelaxesQueries(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		for _, test := range []struct {
			text     string
			language models.LanguageCode
			// first is part of the first title; empty when nothing may be found.
			first     string
			corrected string
			relaxed   bool
		}{
			{"headphones", "en", "eadphones", "", false},
			{"haedphones", "en", "eadphones", "headphones", false},
			{"wireless headphnes", "en", "eadphones", "wireless headphones", false},
			{"head phones", "en", "", "", true},
			{"sluchatka", "cs", "luchátka", "", false},
			{"sluchatkka", "cs", "luchátka", "sluchátka", false},
			{"bezdratva sluchatka", "cs", "Bezdrátov", "bezdrátová sluchatka", false},
			{"slúchaldá", "sk", "lúchadlá", "slúchadlá", false},
			// Two words that were written as one.
			{"laptopbackpack", "en", "Laptop backpack", "laptop backpack", false},
			// No product has both words.
			{"hammock kettle", "en", "", "", true},
			// Numbers and codes are never mended; short words neither.
			{"KAR-MULL", "en", "", "", true},
			{"TUL-9999", "en", "", "", false},
			{"xqz", "en", "", "", false},
			{"zzzzzzzzzz", "en", "", "", false},
			// Only products that speak Slovak too have the Czech word: nothing is mended by it.
			{"sluchatak", "sk", "", "", false},
		} {
			result := b.search(search.Request{Text: test.text, Chain: []models.LanguageCode{test.language}, First: 5})
			if test.first != "" {
				if len(result.Hits) == 0 {
					b.Errorf("%s %q finds nothing", test.language, test.text)
				} else if title := b.title(result.Hits[0].ProductID, []models.LanguageCode{test.language}); !strings.Contains(title, test.first) {
					b.Errorf("%s %q: first is %q, want %q", test.language, test.text, title, test.first)
				}
			}
			if result.Corrected != test.corrected && (test.first != "" || len(result.Hits) == 0) {
				b.Errorf("%s %q: corrected to %q, want %q", test.language, test.text, result.Corrected, test.corrected)
			}
			if result.Relaxed && !test.relaxed {
				b.Errorf("%s %q is relaxed", test.language, test.text)
			}
		}
	})
}

// TestNextPagesGoOnAsTheFirst walks a result that was found in the last of the passes.
func TestNextPagesGoOnAsTheFirst(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		r := search.Request{Text: "wireles hammock", Chain: []models.LanguageCode{"en"}, First: 3}
		first := b.search(r)
		if first.Corrected != "wireless hammock" || !first.Relaxed {
			b.Fatalf("corrected to %q, relaxed %t", first.Corrected, first.Relaxed)
		}
		found := map[string]bool{}
		for result := first; ; {
			for _, hit := range result.Hits {
				if found[hit.ProductID.String()] {
					b.Fatalf("%s is found twice", hit.ProductID)
				}
				found[hit.ProductID.String()] = true
			}
			if !result.HasNext {
				break
			}
			r.After = &result.Hits[len(result.Hits)-1]
			result = b.search(r)
			if result.Total != first.Total || result.Corrected != first.Corrected {
				b.Fatalf("page has total %d and %q, the first %d and %q", result.Total, result.Corrected, first.Total, first.Corrected)
			}
		}
		if len(found) != first.Total {
			b.Errorf("found %d of %d", len(found), first.Total)
		}
	})
}

func TestCodesComeFirst(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		for _, text := range []string{"TUL-TRAIL", "LUM-AIR2-BLK", "lum-air2-blk", "lumair2blk", "LUM AIR2 BLK"} {
			sku := "LUM-AIR2-BLK"
			if text == "TUL-TRAIL" {
				continue // not published
			}
			hits := b.search(search.Request{Text: text, Chain: []models.LanguageCode{"en"}, First: 5}).Hits
			if len(hits) == 0 || hits[0].ProductID != b.productID(sku) {
				b.Errorf("%q does not find %s first", text, sku)
			}
		}
	})
}

func TestSynonymsFindWhatTheyStandFor(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		r := search.Request{Text: "earphones", Chain: []models.LanguageCode{"en"}, First: 50}
		before := b.search(r)
		r.Synonyms = []search.Synonym{{Phrase: "earphones", Alternatives: []string{"headphones", "laptop backpack"}}}
		after := b.search(r)
		var titles []string
		for _, hit := range after.Hits {
			titles = append(titles, b.title(hit.ProductID, r.Chain))
		}
		for _, want := range []string{"earphones", "eadphones", "Laptop backpack"} {
			if !slices.ContainsFunc(titles, func(title string) bool { return strings.Contains(title, want) }) {
				b.Errorf("no %q among %q", want, titles)
			}
		}
		for _, hit := range before.Hits {
			if !slices.ContainsFunc(after.Hits, func(h search.Hit) bool { return h.ProductID == hit.ProductID }) {
				b.Errorf("%q is no longer found", b.title(hit.ProductID, r.Chain))
			}
		}
	})
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	synonyms := []search.Synonym{
		{Phrase: "tv", Alternatives: []string{"televize", "televizor"}},
		{Phrase: "set top box", Alternatives: []string{"prijimac"}},
		{Phrase: "", Alternatives: []string{"nothing"}},
	}
	for text, want := range map[string][]string{
		"Držák na TV":            {"drzakna tv", "drzak natv", "drzak na televize", "drzak na televizor"},
		"můj tv a set top box":   {"muj televize a set top box", "muj televizor a set top box", "muj tv a prijimac"},
		"držák na naši zeď doma": nil,
		"smart watch 7":          {"smartwatch 7"},
		"televize":               nil,
		"set top":                {"settop"},
		"":                       nil,
	} {
		if got := search.Rewrite(text, synonyms); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
