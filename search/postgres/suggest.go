package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
	"ecoseller/store"
)

const (
	// suggestCandidates is how many titles are fetched at least: one letter begins thousands.
	suggestCandidates = 100
	// fewSuggestions is how many exact ones make looking for typing errors superfluous.
	fewSuggestions = 3
	// maxCorrections is how many words a mistyped word is taken for.
	maxCorrections = 6
)

// lengthClasses are marks for titles by their length, the shortest first. They stand in the lexemes, so that the
// best candidates are read first and the others not at all.
const (
	lengthClasses = "abcdefgh"
	classWidth    = 12
)

func lengthClass(title string) string {
	class := min(utf8.RuneCountInString(title)/classWidth, len(lengthClasses)-1)
	return lengthClasses[class : class+1]
}

// The marks before a title's words say what they are: any word, the first one, or a language that the product
// does not speak.
const (
	anyWord     = ":"
	firstWord   = "^"
	withoutMark = "!"
)

// Suggest looks for titles in which each typed word begins a word, then for those in which it nearly does.
func (e *Engine) Suggest(ctx context.Context, r search.SuggestRequest) (*search.SuggestedProducts, error) {
	typed := analysis.TypedWords(r.Text)
	beginnings := make([][]string, len(typed))
	for i, word := range typed {
		beginnings[i] = []string{word.Folded}
	}
	found, err := e.titles(ctx, beginnings, r)
	if err == nil && len(found) < min(fewSuggestions, r.First) && analysis.MayHoldTypos(typed) {
		var mended []store.ProductTitle
		if mended, err = e.titlesMended(ctx, typed, beginnings, r); err == nil {
			found = append(found, mended...)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", search.ErrUnavailable, err)
	}
	suggested := &search.SuggestedProducts{Engine: search.Postgres}
	seen := map[uuid.UUID]bool{}
	for _, title := range found {
		if !seen[title.ProductID] {
			seen[title.ProductID] = true
			suggested.Products = append(suggested.Products, search.SuggestedProduct{ProductID: title.ProductID, Title: title.Title})
		}
	}
	return suggested, nil
}

func (e *Engine) titles(ctx context.Context, beginnings [][]string, r search.SuggestRequest) ([]store.ProductTitle, error) {
	return e.store.TitlesMatching(ctx, e.suggestQueries(beginnings, r.Chain), max(suggestCandidates, 2*r.First))
}

// titlesMended takes words for similar ones of the vocabulary.
func (e *Engine) titlesMended(ctx context.Context, typed []analysis.TypedWord, beginnings [][]string, r search.SuggestRequest) ([]store.ProductTitle, error) {
	mended := false
	for i, word := range typed {
		allowed := word.Typos()
		if allowed == 0 {
			continue
		}
		_, size := utf8.DecodeRuneInString(word.Folded)
		letters := utf8.RuneCountInString(word.Folded)
		vocabulary, err := e.store.TitleWords(ctx, r.Chain, word.Folded[:size], letters-allowed)
		if err != nil {
			return nil, err
		}
		corrections := corrections(word.Folded, vocabulary, allowed)
		beginnings[i] = append(beginnings[i], corrections...)
		mended = mended || len(corrections) > 0
	}
	if !mended {
		return nil, nil
	}
	return e.titles(ctx, beginnings, r)
}

// corrections are the beginnings of words that the typed one is like, those with the fewest errors first.
func corrections(typed string, vocabulary []string, allowed int) []string {
	typos := map[string]int{}
	for _, word := range vocabulary {
		if n, length, ok := analysis.BeginsLike(typed, word, allowed); ok && n > 0 {
			typos[word[:length]] = n
		}
	}
	beginnings := make([]string, 0, len(typos))
	for beginning := range typos {
		beginnings = append(beginnings, beginning)
	}
	slices.SortFunc(beginnings, func(a, b string) int {
		return cmp.Or(cmp.Compare(typos[a], typos[b]), cmp.Compare(a, b))
	})
	return beginnings[:min(len(beginnings), maxCorrections)]
}

// suggestQueries are the tsqueries in the order of what they find: in each language of the chain the short titles
// first. One word begins many, so titles that begin with it come before others.
func (e *Engine) suggestQueries(beginnings [][]string, chain []models.LanguageCode) []string {
	marks := []string{anyWord}
	if len(beginnings) == 1 {
		marks = []string{firstWord, anyWord}
	}
	var queries []string
	var spoken string
	for _, language := range chain {
		if e.analyzers[language] == nil {
			continue
		}
		for _, mark := range marks {
			for _, class := range lengthClasses {
				queries = append(queries, spoken+beginningsQuery(beginnings, string(language)+mark+string(class)))
			}
		}
		spoken += lexeme(withoutMark+string(language)) + " & "
	}
	return queries
}

// beginningsQuery is the tsquery for titles in which each typed word, or one of its alternatives, begins a word
// with the marks.
func beginningsQuery(beginnings [][]string, marks string) string {
	words := make([]string, len(beginnings))
	for i, alternatives := range beginnings {
		lexemes := make([]string, len(alternatives))
		for j, word := range alternatives {
			lexemes[j] = lexeme(marks+word) + ":*"
		}
		words[i] = "(" + strings.Join(lexemes, " | ") + ")"
	}
	return strings.Join(words, " & ")
}

// putSuggestions writes the rows that titles are completed by.
func (e *Engine) putSuggestions(ctx context.Context, documents []*search.Document) error {
	versions := make(map[uuid.UUID]int64, len(documents))
	var rows []store.ProductSuggestionRow
	for _, d := range documents {
		versions[d.ProductID] = d.Version
		for language, text := range d.Texts {
			rows = append(rows, e.suggestionRow(d, language, text.Title))
		}
	}
	if len(versions) == 0 {
		return nil
	}
	return e.store.PutProductSuggestions(ctx, versions, rows)
}

func (e *Engine) suggestionRow(d *search.Document, language models.LanguageCode, title string) store.ProductSuggestionRow {
	row := store.ProductSuggestionRow{ProductID: d.ProductID, Language: language, Version: d.Version, Title: title, Vocabulary: []string{}}
	if !d.Published {
		return row
	}
	var lexemes []string
	class := lengthClass(title)
	for i, word := range analysis.NameWords(title) {
		lexemes = append(lexemes, lexeme(string(language)+anyWord+class+word.Folded))
		if i == 0 {
			lexemes = append(lexemes, lexeme(string(language)+firstWord+class+word.Folded))
		}
		if !strings.ContainsFunc(word.Folded, unicode.IsDigit) {
			row.Vocabulary = append(row.Vocabulary, word.Folded)
		}
	}
	for other := range e.analyzers {
		if _, speaks := d.Texts[other]; other != "" && !speaks {
			lexemes = append(lexemes, lexeme(withoutMark+string(other)))
		}
	}
	row.Words = strings.Join(lexemes, " ")
	return row
}
