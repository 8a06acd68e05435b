package analysis_test

import (
	"bufio"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ecoseller/models"
	"ecoseller/search/analysis"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	tests := []struct {
		language models.LanguageCode
		text     string
		words    []string
	}{
		{"cs", "Bezdrátová sluchátka s mikrofonem", []string{"bezdratova", "sluchatka", "mikrofonem"}},
		{"en", "The WH-1000XM4 headphones", []string{"wh", "1000xm4", "wh1000xm4", "headphones"}},
		{"en", `15.6" laptop`, []string{"15", "6", "156", "laptop"}},
		{"en", "USB-C", []string{"usb", "c"}},
		{"de", "Größe für Füße", []string{"grosse", "fusse"}},
		{"en", "… !", nil},
	}
	for _, test := range tests {
		var words []string
		for _, token := range analysis.New(test.language).Tokens(test.text) {
			words = append(words, token.Word)
		}
		if !slices.Equal(words, test.words) {
			t.Errorf("%s: got %q, want %q", test.text, words, test.words)
		}
	}
}

func TestQueryTokensKeepLoneStopWords(t *testing.T) {
	t.Parallel()
	if got := analysis.New("en").QueryTokens("the The"); len(got) != 1 || got[0].Word != "the" {
		t.Errorf("got %v", got)
	}
}

func TestNegationFindsTheAdjective(t *testing.T) {
	t.Parallel()
	for language, texts := range map[models.LanguageCode][2]string{
		"cs": {"sluchátka bez drátu", "Bezdrátová"}, "sk": {"sluchadla bez drotu", "Bezdrôtové"},
	} {
		analyzer := analysis.New(language)
		query := analyzer.QueryTokens(texts[0])
		if len(query) != 2 || query[1].Stem != analyzer.Tokens(texts[1])[0].Stem {
			t.Errorf("%s: %v does not find %v", language, query, analyzer.Tokens(texts[1]))
		}
		if indexed := analyzer.Tokens("čaj bez cukru"); len(indexed) != 4 {
			t.Errorf("%s: got %v, want all words and the compound", language, indexed)
		}
	}
}

func TestSplitNegations(t *testing.T) {
	t.Parallel()
	type negation = analysis.Negation
	for _, test := range []struct {
		language   models.LanguageCode
		text, rest string
		negation   negation
	}{
		{"cs", "sluchátka bez drátu černá", "sluchatka cerna", negation{"dratu", "bezdrat", []string{"bez dratu"}}},
		{"cs", "notebook bez pevného disku,", "notebook", negation{"pevneho disku", "", []string{"bez pevneho disku"}}},
		{"sk", "čaj bez cukru", "caj", negation{"cukru", "bezcukr", []string{"bez cukru"}}},
		{
			"en", "Headphones without wires for running", "headphones for running",
			negation{"wires", "", []string{"without wires", "no wires", "wires free", "non wires", "wireless"}},
		},
		{
			"en", "laptop w/o a DVD-drive.", "laptop",
			negation{"dvd drive", "", []string{"without dvd drive", "no dvd drive", "dvd drive free", "non dvd drive"}},
		},
		{
			"de", "Kopfhörer ohne Kabel mit Mikrofon", "kopfhorer mit mikrofon",
			negation{"kabel", "", []string{"ohne kabel", "kein kabel", "keine kabel", "kabellos", "kabelfrei"}},
		},
	} {
		rest, got := analysis.New(test.language).SplitNegations(test.text)
		if rest != test.rest || !reflect.DeepEqual(got, []negation{test.negation}) {
			t.Errorf("%s %q: got %q and %q", test.language, test.text, rest, got)
		}
	}
	for language, text := range map[models.LanguageCode]string{"cs": "kabelka bez", "en": "Travel without", "de": "ohne mit", "fr": "sans fil"} {
		if rest, got := analysis.New(language).SplitNegations(text); rest != text || len(got) > 0 {
			t.Errorf("%s %q: got %q and %q", language, text, rest, got)
		}
	}
}

func TestFormsShareTheirStem(t *testing.T) {
	t.Parallel()
	for language, groups := range map[models.LanguageCode][][]string{
		"cs": {{"židle", "židlí", "židlemi", "zidlich"}, {"stůl", "stolu", "stoly", "stul"}, {"sluchátka", "sluchátek", "sluchatkum"}, {"bezdrátová", "bezdrátové", "bezdratovych"}},
		"sk": {{"stolička", "stoličky", "stoličiek"}, {"kniha", "kníh", "knihami"}, {"slúchadlá", "sluchadla", "slúchadiel"}},
		"en": {{"headphones", "headphone"}, {"batteries", "battery"}, {"watches", "watch"}},
	} {
		analyzer := analysis.New(language)
		for _, forms := range groups {
			want := analyzer.Tokens(forms[0])[0].Stem
			for _, form := range forms[1:] {
				if got := analyzer.Tokens(form)[0].Stem; got != want {
					t.Errorf("%s: %s has stem %s, %s has %s", language, form, got, forms[0], want)
				}
			}
		}
	}
}

// TestMorphology measures on word forms how many find their lemma; the floors are what was
// reached. Half of the Slovak pairs are verbs, whose endings the stemmer leaves alone.
func TestMorphology(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("ECOSELLER_DATA")
	if folder == "" {
		t.Skip("ECOSELLER_DATA does not name a folder with morphology-<language>.tsv")
	}
	for language, floor := range map[models.LanguageCode]float64{"cs": 0.76, "sk": 0.45} {
		analyzer := analysis.New(language)
		stemOf := func(word string) string {
			if tokens := analyzer.Tokens(word); len(tokens) > 0 {
				return tokens[0].Stem
			}
			return analysis.Fold(word)
		}
		file, err := os.Open(filepath.Join(folder, "morphology-"+string(language)+".tsv"))
		if err != nil {
			t.Fatal(err)
		}
		found, all := 0, 0
		for lines := bufio.NewScanner(file); lines.Scan(); {
			form, lemma, ok := strings.Cut(lines.Text(), "\t")
			if !ok || form == "form" {
				continue
			}
			all++
			if stemOf(form) == stemOf(lemma) {
				found++
			}
		}
		_ = file.Close()
		share := float64(found) / float64(all)
		t.Logf("%s: %d of %d forms find their lemma (%.3f), with and without accents alike", language, found, all, share)
		if share < floor {
			t.Errorf("%s: %.3f is less than %.3f", language, share, floor)
		}
	}
}
