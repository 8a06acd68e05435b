package search_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
	"ecoseller/search/suggest"
)

// completer is what is tested: suggestions of one engine.
func (b *bench) completer() *suggest.Completer {
	return suggest.New(b.engine.(search.Suggester), b.store, suggest.NewNames(b.store))
}

func (b *bench) suggest(c *suggest.Completer, text string, language models.LanguageCode, first int) []suggest.Suggestion {
	b.Helper()
	result, err := c.Suggest(b.Context(), suggest.Request{Text: text, Chain: cataloguetest.Languages().Chain(language), First: first})
	if err != nil {
		b.Fatalf("%s %q: %v", language, text, err)
	}
	if len(result.Suggestions) > first || result.Engine != b.engine.Name() || result.Degraded {
		b.Errorf("%s %q: %d of %d suggestions of %s, degraded: %t", language, text, len(result.Suggestions), first, result.Engine, result.Degraded)
	}
	return result.Suggestions
}

// lines writes suggestions as "TYPE highlighted text".
func lines(suggestions []suggest.Suggestion) []string {
	texts := make([]string, len(suggestions))
	for i, s := range suggestions {
		texts[i] = string(s.Type) + " " + s.Highlighted
	}
	return texts
}

func TestSuggestsWhatIsBeingTyped(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		c := b.completer()
		for _, test := range []struct {
			language models.LanguageCode
			text     string
			// begins is how the list begins, has what is in it somewhere.
			begins []string
			has    []string
		}{
			{language: "cs", text: "sluch", begins: []string{"CATEGORY <mark>Sluch</mark>átka", "PRODUCT Dětská <mark>sluch</mark>átka Lumora Junior"}},
			{language: "sk", text: "slúch", begins: []string{"CATEGORY <mark>Slúch</mark>adlá", "PRODUCT Detské <mark>slúch</mark>adlá Lumora Junior"}},
			{language: "sk", text: "SLUCH", begins: []string{"CATEGORY <mark>Slúch</mark>adlá"}},
			{language: "cs", text: "bezdrát", begins: []string{"PRODUCT <mark>Bezdrát</mark>ová myš Korvanta Glide", "PRODUCT <mark>Bezdrát</mark>ová sluchátka Lumora Air 2"}},
			{language: "sk", text: "bezdrot sluch", begins: []string{"PRODUCT <mark>Bezdrôt</mark>ové <mark>slúch</mark>adlá Lumora Air 2"}},
			{language: "cs", text: "kuchar", begins: []string{"PRODUCT <mark>Kuchař</mark>ský nůž Brenvala Edge 20"}},
			// It has no Slovak text.
			{language: "sk", text: "kuchar", begins: []string{"PRODUCT <mark>Kuchař</mark>ský nůž Brenvala Edge 20"}},
			{language: "en", text: "head", has: []string{"CATEGORY <mark>Head</mark>phones", "PRODUCT <mark>Head</mark>lamp Haldrik Owl"}},
			// Typing errors: one letter wrong, missing, too many; two exchanged.
			{language: "cs", text: "sluchdtka", begins: []string{"CATEGORY <mark>Sluchátka</mark>"}, has: []string{"PRODUCT Dětská <mark>sluchátka</mark> Lumora Junior"}},
			{language: "cs", text: "slchat", has: []string{"CATEGORY <mark>Sluchát</mark>ka"}},
			{language: "cs", text: "kuhcar", begins: []string{"PRODUCT <mark>Kuchař</mark>ský nůž Brenvala Edge 20"}},
			{language: "en", text: "hamock", begins: []string{"PRODUCT <mark>Hammock</mark> Haldrik Sway"}},
			{language: "en", text: "haldirk", begins: []string{"BRAND <mark>Haldrik</mark>"}},
			{language: "en", text: "lumora jnior", begins: []string{"PRODUCT Children&#39;s headphones <mark>Lumora</mark> <mark>Junior</mark>"}},
			// No typing errors before the fourth letter, nor in the first one.
			{language: "en", text: "hmm", begins: []string{}},
			{language: "en", text: "rammock", begins: []string{}},
			// The middle of a name, words in any order, parts of compounds.
			{language: "en", text: "lumora pul", begins: []string{"PRODUCT Wireless sports headphones <mark>Lumora</mark> <mark>Pul</mark>se"}},
			{language: "en", text: "pulse lum", begins: []string{"PRODUCT Wireless sports headphones <mark>Lum</mark>ora <mark>Pulse</mark>"}},
			{language: "en", text: "one pro", begins: []string{"PRODUCT Mobile phone Zephrin <mark>One</mark> <mark>Pro</mark>"}},
			{language: "cs", text: "usb-c kab", begins: []string{"PRODUCT <mark>Kab</mark>el <mark>USB</mark>-<mark>C</mark> Dalvero Braid"}},
			{language: "en", text: "echo 7.1", begins: []string{"PRODUCT Gaming headset Mirovex <mark>Echo</mark> <mark>7</mark>.<mark>1</mark>"}},
			{language: "en", text: "wi-fi", begins: []string{"PRODUCT <mark>Wi</mark>-<mark>Fi</mark> router Dalvero Mesh"}},
			// A name that begins with the text comes before one that has it inside, a brand before its products.
			{language: "en", text: "lumora", begins: []string{"BRAND <mark>Lumora</mark>"}},
			{language: "en", text: "tab", begins: []string{"PRODUCT <mark>Tab</mark>let Zephrin Tab 11", "PRODUCT <mark>Tab</mark>le lamp Ostrelle Luna"}, has: []string{"CATEGORY Phones and <mark>tab</mark>lets"}},
			{language: "en", text: "mobile ph", begins: []string{"PRODUCT <mark>Mobile</mark> <mark>ph</mark>one Zephrin One"}},
			// Unpublished ones.
			{language: "en", text: "hip bag", begins: []string{}},
			{language: "cs", text: "ledvink", begins: []string{}},
			{language: "en", text: "xyzzy", begins: []string{}},
		} {
			got := lines(b.suggest(c, test.text, test.language, 20))
			if len(got) < len(test.begins) || !slices.Equal(got[:len(test.begins)], test.begins) || test.begins != nil && len(test.begins) == 0 && len(got) > 0 {
				b.Errorf("%s %q: got %q, want %q first", test.language, test.text, got, test.begins)
			}
			for _, want := range test.has {
				if !slices.Contains(got, want) {
					b.Errorf("%s %q: got %q, want %q among them", test.language, test.text, got, want)
				}
			}
		}
	})
}

func TestSuggestsForStrangeTexts(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		c := b.completer()
		for _, text := range []string{
			"s", "1", "", " ", "%", "'", `\`, `"`, "' OR 1=1 --", "a & | ! ( ) <-> :*", "~", "日本語", "🎧", "\u0000", "a\u0301", "\xff\xfe",
			"ß", "ǅ", "İ", "½", "ﬁ", "cs:", "!sk", strings.Repeat("x ", 250), strings.Repeat("y", 500), strings.Repeat("s ", 250), strings.Repeat("ab", 250),
			"+-=&&||><!(){}[]^\"~*?:\\/",
		} {
			for _, language := range cataloguetest.Languages().Supported {
				if got := b.suggest(c, text, language, 10); text == "s" && len(got) != 10 {
					b.Errorf("%s %q: %q", language, text, lines(got))
				}
			}
		}
	})
}

func TestSuggestionsAreEscaped(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		id := b.productID("HAL-SWAY")
		title := `<b onclick="x">Zebra & 'co'</b> <script>`
		b.exec("UPDATE product_translations SET title = ? WHERE product_id = ?", title, id)
		b.exec("UPDATE products SET index_version = index_version + 1, brand = '<i>Zebra</i>', updated_at = clock_timestamp() WHERE id = ?", id)
		b.index(id)
		want := []string{
			"BRAND &lt;i&gt;<mark>Zebra</mark>&lt;/i&gt;",
			"PRODUCT &lt;b onclick=&#34;x&#34;&gt;<mark>Zebra</mark> &amp; &#39;co&#39;&lt;/b&gt; &lt;script&gt;",
		}
		got := b.suggest(b.completer(), "zebra", "en", 10)
		if !slices.Equal(lines(got), want) {
			b.Errorf("got %q, want %q", lines(got), want)
		}
		if len(got) == 2 && got[1].Text != title {
			b.Errorf("the text is %q", got[1].Text)
		}
	})
}

// TestHiddenProductsAreNotSuggested also when the index is behind.
func TestHiddenProductsAreNotSuggested(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		c := b.completer()
		id := b.productID("HAL-SWAY")
		b.exec("UPDATE products SET published = false, index_version = index_version + 1, updated_at = clock_timestamp() WHERE id = ?", id)
		if got := b.suggest(c, "hammock", "en", 10); len(got) > 0 {
			b.Errorf("before it is indexed: %q", lines(got))
		}
		b.index(id)
		b.exec("UPDATE products SET published = true WHERE id = ?", id)
		if got := b.suggest(c, "hammock", "en", 10); len(got) > 0 {
			b.Errorf("a hidden product is in the index: %q", lines(got))
		}
		b.exec("UPDATE products SET index_version = index_version + 1 WHERE id = ?", id)
		b.index(id)
		if got := b.suggest(c, "hammock", "en", 10); len(got) != 1 || got[0].ID != id {
			b.Errorf("after publishing: %q", lines(got))
		}
		b.exec("DELETE FROM products WHERE id = ?", id)
		b.index(id)
		if got := b.suggest(c, "hammock", "en", 10); len(got) > 0 {
			b.Errorf("a deleted product: %q", lines(got))
		}
	})
}

// TestNewTitlesReplaceOldOnes also where a language falls away.
func TestNewTitlesReplaceOldOnes(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		c := b.completer()
		id := b.productID("LUM-DROP-WHT")
		b.exec("DELETE FROM product_translations WHERE product_id = ? AND language = 'cs'", id)
		b.exec("UPDATE product_translations SET title = 'Quagga' WHERE product_id = ? AND language = 'en'", id)
		b.exec("UPDATE products SET index_version = index_version + 1 WHERE id = ?", id)
		b.index(id)
		for _, language := range []models.LanguageCode{"cs", "en"} {
			if got := lines(b.suggest(c, "quag", language, 10)); !slices.Equal(got, []string{"PRODUCT <mark>Quag</mark>ga"}) {
				b.Errorf("%s: %q", language, got)
			}
		}
		for _, s := range b.suggest(c, "sluchatka do usi lumora", "cs", 50) {
			if s.ID == id {
				b.Errorf("by its old title: %q", s.Text)
			}
		}
	})
}

// TestKeystrokes types every title, each in one of the languages: some letter by letter, the others word by word.
// From some letter on, and at its end in any case, the product stays among the first suggestions.
func TestKeystrokes(t *testing.T) {
	t.Parallel()
	const wanted, everyLetter = 5, 6
	onEachEngine(t, func(b *bench) {
		c := b.completer()
		typed, needed := 0, 0
		for i, id := range b.publishedIDs() {
			language := cataloguetest.Languages().Supported[i%3]
			title := b.title(id, cataloguetest.Languages().Chain(language))
			from := len(title) + 1
			for _, n := range keystrokes(title, i%everyLetter == 0) {
				if !slices.ContainsFunc(b.suggest(c, title[:n], language, wanted), func(s suggest.Suggestion) bool { return s.ID == id }) {
					break
				}
				from = n
			}
			if from > len(title) {
				b.Errorf("%s %q is not found by its whole title", language, title)
			}
			typed, needed = typed+len(title), needed+from
		}
		if share := float64(needed) / float64(typed); typed < 2000 || share > 0.5 {
			b.Errorf("%.2f of %d letters must be typed", share, typed)
		} else {
			b.Logf("%.2f of the letters must be typed", share)
		}
	})
}

// keystrokes are the lengths of a title's beginnings, the longest first: those that end with a letter, or with a
// word.
func keystrokes(title string, everyLetter bool) []int {
	lengths := []int{len(title)}
	for i, r := range title {
		if i > 0 && (everyLetter || r == ' ') {
			lengths = append(lengths, i)
		}
	}
	slices.Sort(lengths)
	slices.Reverse(lengths)
	return lengths
}

func (b *bench) publishedIDs() []uuid.UUID {
	b.Helper()
	var products []struct{ ID uuid.UUID }
	if err := b.db.NewRaw("SELECT id FROM products WHERE published ORDER BY id").Scan(b.Context(), &products); err != nil {
		b.Fatal(err)
	}
	ids := make([]uuid.UUID, len(products))
	for i, p := range products {
		ids[i] = p.ID
	}
	return ids
}

func TestPopularQueriesAreSuggested(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		var counts []*models.SearchCount
		for text, searches := range map[string]int{"kávovar": 40, "káva do kanceláře": 20, "kabel": 9, "kabáty": 1, "notebook": 90, "Sluchátka": 30} {
			counts = append(counts, &models.SearchCount{
				SearchKey: models.SearchKey{Language: "cs", Query: analysis.Fold(text)},
				Text:      text, Searches: searches, Results: searches, Found: true,
			})
		}
		if err := b.store.CountSearches(b.Context(), counts); err != nil {
			b.Fatal(err)
		}
		c := b.completer()
		if got := lines(b.suggest(c, "ka", "cs", 10)); len(got) != 10 || !slices.Equal(got[:2], []string{"QUERY <mark>ká</mark>vovar", "QUERY <mark>ká</mark>va do kanceláře"}) {
			b.Errorf("ka: %q", got)
		}
		if got := lines(b.suggest(c, "", "cs", 2)); !slices.Equal(got, []string{"QUERY notebook", "QUERY kávovar"}) {
			b.Errorf("nothing typed: %q", got)
		}
		for _, line := range lines(b.suggest(c, "sluchatka", "cs", 10)) {
			if strings.HasPrefix(line, "QUERY") {
				b.Errorf("the query %q is also a category", line)
			}
		}
		if got := lines(b.suggest(c, "kavovar", "en", 10)); slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, "QUERY") }) {
			b.Errorf("in another language: %q", got)
		}
	})
}

func TestNamesFollowChanges(t *testing.T) {
	t.Parallel()
	b := &bench{T: t}
	b.store, b.db = cataloguetest.NewDemo(t)
	names := suggest.NewNames(b.store)
	c := suggest.New(noProducts{}, b.store, names)
	b.engine = noProducts{}
	check := func(text string, want ...string) {
		t.Helper()
		deadline := time.Now().Add(20 * time.Second)
		for {
			got := lines(b.suggest(c, text, "en", 10))
			if slices.Equal(got, want) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%q: got %q, want %q", text, got, want)
			}
			time.Sleep(20 * time.Millisecond)
			if err := names.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	check("headph", "CATEGORY <mark>Headph</mark>ones")
	b.exec("UPDATE category_translations SET title = 'Earwear' WHERE title = 'Headphones'")
	b.exec("UPDATE categories SET updated_at = clock_timestamp() WHERE code = 'headphones'")
	check("headph")
	check("earw", "CATEGORY <mark>Earw</mark>ear")
	b.exec("UPDATE categories SET published = false, updated_at = clock_timestamp() WHERE id = (SELECT parent_id FROM categories WHERE code = 'headphones')")
	check("earw")
	check("brenv", "BRAND <mark>Brenv</mark>ala")
	b.exec("UPDATE products SET published = false, updated_at = clock_timestamp() WHERE brand = 'Brenvala'")
	check("brenv")
}

// noProducts is an engine without products; away is one that does not answer.
type noProducts struct{ search.Engine }

func (noProducts) Name() search.EngineName { return search.Postgres }

func (noProducts) Suggest(context.Context, search.SuggestRequest) (*search.SuggestedProducts, error) {
	return &search.SuggestedProducts{Engine: search.Postgres}, nil
}

type away struct{ back bool }

func (*away) Name() search.EngineName { return search.Elasticsearch }

func (a *away) Suggest(ctx context.Context, r search.SuggestRequest) (*search.SuggestedProducts, error) {
	if a.back {
		return &search.SuggestedProducts{Engine: search.Elasticsearch}, nil
	}
	if r.Text == "slow" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, fmt.Errorf("%w: gone", search.ErrUnavailable)
}

func TestAnotherEngineStandsInForSuggestions(t *testing.T) {
	t.Parallel()
	primary := &away{}
	f := search.NewSuggestFailover(primary, noProducts{}, search.FailoverOptions{Timeout: 50 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	for _, text := range []string{"quick", "slow"} {
		found, err := f.Suggest(t.Context(), search.SuggestRequest{Text: text})
		if err != nil || !found.Degraded || found.Engine != search.Postgres {
			t.Errorf("%s: %+v, %v", text, found, err)
		}
	}
	primary.back = true
	if found, err := f.Suggest(t.Context(), search.SuggestRequest{Text: "x"}); err != nil || found.Degraded {
		t.Errorf("when it is back: %+v, %v", found, err)
	}
}
