package search_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search/analysis"
	"ecoseller/search/elastic"
	"ecoseller/store/storetest"
)

// analyze gives each text its tokens.
type analyze func(texts []string) [][]string

// TestMorphology measures on pairs of a word's form and its lemma how many have a token in common, as they
// are written and without accents, and how many pairs of different lemmas have one: the price.
func TestMorphology(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		language models.LanguageCode
		engine   models.SearchEngine
		// floor is what is reached at least, merged what is merged at most.
		floor  float64
		merged int
	}{
		{"cs", "POSTGRES", 0.89, 45},
		{"sk", "POSTGRES", 0.90, 70},
		{"cs", "ELASTICSEARCH", 0.96, 90},
		{"sk", "ELASTICSEARCH", 0.98, 70},
	} {
		t.Run(string(test.engine)+" "+string(test.language), func(t *testing.T) {
			t.Parallel()
			forms, lemmas := readMorphology(t, test.language)
			analyze := inGo(test.language)
			if test.engine == "ELASTICSEARCH" {
				analyze = newElasticAnalyzer(t, test.language)
			}
			folded := make([]string, len(forms))
			for i, form := range forms {
				folded[i] = analysis.Fold(form)
			}
			ofLemmas := analyze(lemmas)
			written, without := shareInCommon(analyze(forms), ofLemmas), shareInCommon(analyze(folded), ofLemmas)
			merged := mergedLemmas(lemmas, ofLemmas)
			t.Logf("as written %.3f, without accents %.3f of %d forms; %d pairs of lemmas merged", written, without, len(forms), merged)
			if written < test.floor || without < test.floor {
				t.Errorf("want %.2f", test.floor)
			}
			if merged > test.merged {
				t.Errorf("want at most %d merged pairs", test.merged)
			}
		})
	}
}

// TestEnginesStemAlike compares the stems of all words of the data.
func TestEnginesStemAlike(t *testing.T) {
	t.Parallel()
	for _, language := range []models.LanguageCode{"cs", "sk", "en", "de"} {
		t.Run(string(language), func(t *testing.T) {
			t.Parallel()
			var words []string
			switch language {
			case "cs", "sk":
				forms, lemmas := readMorphology(t, language)
				words = slices.Concat(forms, lemmas)
			case "en":
				words = strings.Fields(`headphones batteries watches boxes glasses shoes bus gas toes trees dies days keys yes axes
					movies sleeves dresses chess lens series species caches toothbrushes as kiss radios potatoes`)
			default:
				words = strings.Fields(`Häuser Haeuser Hauses Hause Kabel Kabeln Kabels Kopfhörer Kopfhoerern kabellosen schnelleren
					schönste Größe Groesse neue neuen Quellen Straßen Autos Stühle Stuehlen blauem teuer teuren es`)
			}
			slices.Sort(words)
			words = slices.Compact(words)
			analyzer := analysis.New(language)
			for i, tokens := range newElasticAnalyzer(t, language)(words) {
				stem := analyzer.Stem(analysis.Fold(words[i]))
				if analyzer.Dictionary != "" {
					stem = "~" + stem
				}
				if len(tokens) > 0 && !slices.Contains(tokens, stem) {
					t.Errorf("%s has the stem %s here, %q there", words[i], stem, tokens)
				}
			}
		})
	}
}

// TestProtectedWordsKeepTheirEndings on both engines; other words do not.
func TestProtectedWordsKeepTheirEndings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		language        models.LanguageCode
		protected, text string
		stem            string
		inElastic       []string
	}{
		{"cs", "Makita", "MAKITA kabelku", "kabelk", []string{"~makita", "~kabelk"}},
		{"en", "Bosses", "bosses tables", "table", []string{"bosses", "table"}},
	} {
		tokens := slices.Concat(newElasticAnalyzer(t, test.language, test.protected, "Ikea")([]string{test.text})...)
		for _, stem := range test.inElastic {
			if !slices.Contains(tokens, stem) {
				t.Errorf("%s: Elasticsearch has %q, not %s", test.language, tokens, stem)
			}
		}
		here := analysis.New(test.language, test.protected, "Ikea").Tokens(test.text)
		if here[0].Stem != here[0].Word || here[1].Stem != test.stem {
			t.Errorf("%s: got %v", test.language, here)
		}
	}
}

func readMorphology(t *testing.T, language models.LanguageCode) (forms, lemmas []string) {
	t.Helper()
	folder := os.Getenv("ECOSELLER_DATA")
	if folder == "" {
		t.Skip("ECOSELLER_DATA does not name a folder with morphology-<language>.tsv")
	}
	raw, err := os.ReadFile(filepath.Join(folder, "morphology-"+string(language)+".tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(strings.NewReader(string(raw))); lines.Scan(); {
		if form, lemma, ok := strings.Cut(lines.Text(), "\t"); ok && form != "form" {
			forms, lemmas = append(forms, form), append(lemmas, lemma)
		}
	}
	return forms, lemmas
}

func inGo(language models.LanguageCode) analyze {
	analyzer := analysis.New(language)
	return func(texts []string) [][]string {
		all := make([][]string, len(texts))
		for i, text := range texts {
			for _, token := range analyzer.QueryTokens(text) {
				all[i] = append(all[i], token.Word, "~"+token.Stem)
			}
		}
		return all
	}
}

// newElasticAnalyzer makes an index to ask for what its analyzer of the language does.
func newElasticAnalyzer(t *testing.T, language models.LanguageCode, protected ...string) analyze {
	t.Helper()
	address, alias := os.Getenv("ELASTIC_HOST"), "test-"+uuid.NewString()
	if address == "" {
		storetest.Unavailable(t, "ELASTIC_HOST is not set: run `make test`, or `eval \"$(scripts/services env)\"` after `scripts/services start`")
	}
	engine, err := elastic.New(elastic.Options{Addresses: []string{address}, Index: alias, Languages: []models.LanguageCode{language}, ProtectedWords: protected})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { deleteIndices(t, address, alias) })
	return func(texts []string) [][]string {
		var all [][]string
		for batch := range slices.Chunk(texts, 1000) {
			all = append(all, analyzeInElastic(t, address+"/"+alias+"-building", language, batch)...)
		}
		return all
	}
}

func analyzeInElastic(t *testing.T, url string, language models.LanguageCode, texts []string) [][]string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"field": "title." + string(language), "text": texts})
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Tokens []struct {
			Token string
			Start int `json:"start_offset"`
		}
	}
	if err := json.Unmarshal([]byte(request(t, http.MethodPost, url+"/_analyze", string(body))), &answer); err != nil {
		t.Fatal(err)
	}
	// Offsets go on from text to text, with one between them.
	all, i, end := make([][]string, len(texts)), 0, len(utf16.Encode([]rune(texts[0])))
	for _, token := range answer.Tokens {
		for token.Start > end {
			i++
			end += 1 + len(utf16.Encode([]rune(texts[i])))
		}
		all[i] = append(all[i], token.Token)
	}
	return all
}

func shareInCommon(forms, lemmas [][]string) float64 {
	found := 0
	for i := range forms {
		if slices.ContainsFunc(forms[i], func(token string) bool { return slices.Contains(lemmas[i], token) }) {
			found++
		}
	}
	return float64(found) / float64(len(forms))
}

// mergedLemmas counts the pairs of different lemmas that have a token in common. Lemmas that differ in
// accents only count as one.
func mergedLemmas(lemmas []string, tokens [][]string) int {
	byToken := map[string][]string{}
	for i, lemma := range lemmas {
		lemma = analysis.Fold(lemma)
		for _, token := range tokens[i] {
			if !slices.Contains(byToken[token], lemma) {
				byToken[token] = append(byToken[token], lemma)
			}
		}
	}
	pairs := map[[2]string]bool{}
	for _, together := range byToken {
		slices.Sort(together)
		for i, one := range together {
			for _, other := range together[i+1:] {
				pairs[[2]string{one, other}] = true
			}
		}
	}
	return len(pairs)
}
