package postgres

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
	"ecoseller/store"
)

const (
	// rankScale brings the ranks of PostgreSQL, which are below 1, to the scale of the boosts.
	rankScale = 10
	// synonymWeight is what a synonym counts, compared with the word that was typed.
	synonymWeight = 0.9
)

// query writes what is looked for, in each language of the chain and in products without any text.
func (e *Engine) query(ctx context.Context, r search.Request) (store.ProductSearch, error) {
	q := store.ProductSearch{Code: lexeme(analysis.CodeMark + analysis.Code(r.Text)), FieldWeights: fieldWeights(e.boosts)}
	var texts []*text
	for _, language := range append(append([]models.LanguageCode{}, r.Chain...), "") {
		if analyzer := e.analyzers[language]; analyzer != nil {
			texts = append(texts, read(r, language, analyzer))
		}
	}
	rarities, err := e.rarities(ctx, texts)
	if err != nil {
		return q, err
	}
	for _, t := range texts {
		q.Languages = append(q.Languages, e.queryIn(t, r.Match, q.Code, rarities[t.language]))
	}
	q.ProductSearchPage, err = pageOf(r)
	return q, err
}

// fieldWeights are the boosts of attributes, short description, title and brand as PostgreSQL takes them: none is
// above 1.
func fieldWeights(b search.Boosts) string {
	relative := func(boost float64) string {
		return strconv.FormatFloat(min(1, boost/max(b.Title, 0.01)), 'f', 3, 64)
	}
	return "{" + relative(b.AttributeList) + "," + relative(b.ShortDescription) + ",1," + relative(b.Brand) + "}"
}

// text is the text of a request as the analyzer of one language reads it.
type text struct {
	language models.LanguageCode
	// words are those that were typed, rewritten those of each way to say it with synonyms.
	words     []analysis.Token
	rewritten [][]analysis.Token
	// without are tsqueries for what says the same as a negation in the text.
	without []string
}

func read(r search.Request, language models.LanguageCode, analyzer *analysis.Analyzer) *text {
	t := &text{language: language, words: firstWords(analyzer.QueryTokens(r.Text))}
	for _, other := range search.Rewrite(r.Text, r.Synonyms) {
		t.rewritten = append(t.rewritten, firstWords(analyzer.QueryTokens(other)))
	}
	_, negations := analyzer.SplitNegations(r.Text)
	for _, negation := range negations {
		for _, phrase := range negation.Phrases {
			t.without = append(t.without, phraseQuery(analyzer.Tokens(phrase)))
		}
	}
	return t
}

func firstWords(tokens []analysis.Token) []analysis.Token {
	return tokens[:min(len(tokens), maxQueryWords)]
}

// rarities tell for each language how rare a word's stem is among its products: the inverse document frequency as in
// BM25 (S. Robertson, H. Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009).
func (e *Engine) rarities(ctx context.Context, texts []*text) (map[models.LanguageCode]func(stem string) float64, error) {
	var languages []models.LanguageCode
	stems := []string{""}
	for _, t := range texts {
		languages = append(languages, t.language)
		for _, words := range append(t.rewritten, t.words) {
			for _, word := range words {
				stems = append(stems, analysis.StemMark+word.Stem)
			}
		}
	}
	known, err := e.store.SearchWords(ctx, languages, stems)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", search.ErrUnavailable, err)
	}
	documents := map[models.LanguageCode]map[string]float64{}
	for _, word := range known {
		if documents[word.Language] == nil {
			documents[word.Language] = map[string]float64{}
		}
		documents[word.Language][word.Word] = float64(word.Documents)
	}
	rarities := map[models.LanguageCode]func(string) float64{}
	for _, language := range languages {
		have := documents[language]
		rarities[language] = func(stem string) float64 {
			n := have[analysis.StemMark+stem]
			all := max(have[""], n, 1)
			return math.Log(1 + (all-n+0.5)/(n+0.5))
		}
	}
	return rarities, nil
}

func (e *Engine) queryIn(t *text, match search.Match, code string, rarity func(string) float64) store.ProductSearchLanguage {
	l := store.ProductSearchLanguage{Language: t.language, PreferredScore: e.boosts.AllWords}
	some, all := []string{code}, []string{code}
	scored := map[string]bool{}
	add := func(words []analysis.Token, weight float64) {
		for _, word := range words {
			if query := either(word); !scored[query] {
				scored[query] = true
				some = append(some, query)
				l.Words = append(l.Words, store.ProductSearchWord{
					Query: lexeme(analysis.StemMark + word.Stem), Weight: weight * rankScale * rarity(word.Stem),
				})
			}
		}
		if len(words) > 0 {
			all = append(all, allOf(words))
		}
	}
	add(t.words, 1)
	for _, words := range t.rewritten {
		add(words, synonymWeight)
	}
	for _, query := range t.without {
		l.Words = append(l.Words, store.ProductSearchWord{Query: query, Weight: e.boosts.Without * rankScale})
	}
	l.Preferred = strings.Join(all, " | ")
	l.Match = strings.Join(some, " | ")
	if match == search.MatchAll {
		l.Match = l.Preferred
	}
	return l
}

// allOf is met by products with all words; of a compound, with its parts or with the whole.
func allOf(words []analysis.Token) string {
	byPosition := map[int]string{}
	for _, word := range words {
		if word.Parts == 0 {
			byPosition[word.Position] = conjunction(byPosition[word.Position], either(word))
		}
	}
	for _, word := range words {
		if word.Parts == 0 {
			continue
		}
		parts := ""
		for position := word.Position; position < word.Position+word.Parts; position++ {
			parts = conjunction(parts, byPosition[position])
			delete(byPosition, position)
		}
		byPosition[word.Position] = either(word)
		if parts != "" {
			byPosition[word.Position] = "(" + parts + " | " + either(word) + ")"
		}
	}
	return "(" + strings.Join(slices.Sorted(maps.Values(byPosition)), " & ") + ")"
}

func conjunction(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return "(" + a + " & " + b + ")"
}

// either is met by the word or by another form of it.
func either(word analysis.Token) string {
	return "(" + lexeme(word.Word) + " | " + lexeme(analysis.StemMark+word.Stem) + ")"
}

// phraseQuery is met by words that follow each other.
func phraseQuery(words []analysis.Token) string {
	stems := make([]string, len(words))
	for i, word := range words {
		stems[i] = lexeme(analysis.StemMark + word.Stem)
	}
	return strings.Join(stems, " <-> ")
}
