// Package postgres is the search engine that needs nothing but the database. It serves small shops and
// development, and stands in when Elasticsearch is away.
package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
	"ecoseller/store"
)

// The marks tell stems and codes from words, so that a stem does not match another word's whole form.
// No word contains them.
const (
	stemMark = "~"
	codeMark = "#"
)

// maxQueryWords bounds the work for one query; the words after it are left out.
const maxQueryWords = 32

// shortestTypo is how long a word must be to be searched with typing errors.
const shortestTypo = 4

// Engine searches in the table product_search.
type Engine struct {
	store     *store.Store
	languages []models.LanguageCode
	analyzers map[models.LanguageCode]*analysis.Analyzer
}

// New returns the engine for a shop that speaks the languages.
func New(s *store.Store, languages []models.LanguageCode) *Engine {
	analyzers := map[models.LanguageCode]*analysis.Analyzer{"": analysis.New("")}
	for _, language := range languages {
		analyzers[language] = analysis.New(language)
	}
	return &Engine{store: s, languages: languages, analyzers: analyzers}
}

// Name is Postgres.
func (e *Engine) Name() search.EngineName { return search.Postgres }

// Search finds the products that contain words of the query; when there are none, those that contain
// similar words.
func (e *Engine) Search(ctx context.Context, r search.Request) (*search.Result, error) {
	q := e.query(r)
	hits, total, err := e.store.MatchingProducts(ctx, q)
	if err == nil && total == 0 {
		hits, total, err = e.store.SimilarProducts(ctx, q)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", search.ErrUnavailable, err)
	}
	result := &search.Result{Total: total, Engine: search.Postgres}
	if len(hits) > r.First {
		hits, result.HasNext = hits[:r.First], true
	}
	rank := 0
	if r.After != nil {
		rank = r.After.Rank
	}
	for i, hit := range hits {
		result.Hits = append(result.Hits, search.Hit{
			ProductID: hit.ProductID, Score: hit.Score, Engine: search.Postgres, Rank: rank + i + 1,
		})
	}
	return result, nil
}

// Index writes the documents' rows.
func (e *Engine) Index(ctx context.Context, documents []*search.Document) error {
	var rows []store.ProductSearchRow
	for _, d := range documents {
		rows = append(rows, e.rows(d)...)
	}
	if len(rows) == 0 {
		return nil
	}
	return e.store.PutProductSearchRows(ctx, rows)
}

// Delete removes the products' rows.
func (e *Engine) Delete(ctx context.Context, deleted []models.IndexVersion) error {
	return e.store.DeleteProductSearchRows(ctx, deleted)
}

// Ready asks the database.
func (e *Engine) Ready(ctx context.Context) error {
	if err := e.store.Ping(ctx); err != nil {
		return fmt.Errorf("%w: %w", search.ErrUnavailable, err)
	}
	return nil
}

func (e *Engine) query(r search.Request) store.ProductSearch {
	q := store.ProductSearch{Code: lexeme(codeMark + analysis.Code(r.Text)), Limit: r.First + 1}
	for _, language := range append(append([]models.LanguageCode{}, r.Chain...), "") {
		if analyzer := e.analyzers[language]; analyzer != nil {
			q.Languages = append(q.Languages, queryIn(language, analyzer, r.Text, q.Code))
		}
	}
	switch after := r.After; {
	case after == nil:
	case after.Engine == search.Postgres:
		q.AfterScore, q.AfterID = after.Score, &after.ProductID
	default:
		q.Offset = after.Rank
	}
	return q
}

func queryIn(language models.LanguageCode, analyzer *analysis.Analyzer, text, code string) store.ProductSearchLanguage {
	l := store.ProductSearchLanguage{Language: language, Any: code}
	tokens := analyzer.QueryTokens(text)
	for _, token := range tokens[:min(len(tokens), maxQueryWords)] {
		word := "(" + lexeme(token.Word) + " | " + lexeme(stemMark+token.Stem) + ")"
		l.Words = append(l.Words, word)
		l.Any += " | " + word
		if len([]rune(token.Word)) >= shortestTypo && !strings.ContainsAny(token.Word, "0123456789") {
			l.Typed = append(l.Typed, token.Word)
		}
	}
	return l
}

func (e *Engine) rows(d *search.Document) []store.ProductSearchRow {
	if len(d.Texts) == 0 {
		return []store.ProductSearchRow{e.row(d, "", search.Text{})}
	}
	var rows []store.ProductSearchRow
	for language, text := range d.Texts {
		rows = append(rows, e.row(d, language, text))
	}
	return rows
}

func (e *Engine) row(d *search.Document, language models.LanguageCode, text search.Text) store.ProductSearchRow {
	analyzer := e.analyzers[language]
	if analyzer == nil {
		analyzer = e.analyzers[""]
	}
	v := newVector()
	for _, code := range d.Codes {
		v.add(codeMark+analysis.Code(code), 'A')
	}
	v.addTokens(analyzer.Tokens(strings.Join(d.Codes, " ")), 'A')
	title := analyzer.Tokens(text.Title + " " + d.Brand)
	v.addTokens(title, 'B')
	v.addTokens(analyzer.Tokens(text.ShortDescription), 'C')
	v.addTokens(analyzer.Tokens(strings.Join(text.Attributes, " ")), 'D')

	words := make([]string, len(title))
	for i, token := range title {
		words[i] = token.Word
	}
	return store.ProductSearchRow{
		ProductID: d.ProductID, Language: language, Published: d.Published, Version: d.Version,
		Document: v.String(), Words: strings.Join(words, " "),
	}
}

// maxLexeme is the limit of PostgreSQL in bytes, less the mark.
const maxLexeme = 2000

// vector writes a tsvector: each lexeme with the places it stands at and the weights of these.
type vector struct {
	places map[string]*strings.Builder
	count  map[string]int
	next   int
}

func newVector() *vector {
	return &vector{places: map[string]*strings.Builder{}, count: map[string]int{}}
}

func (v *vector) addTokens(tokens []analysis.Token, weight byte) {
	for _, token := range tokens {
		v.add(token.Word, weight)
		v.next--
		v.add(stemMark+token.Stem, weight)
	}
}

func (v *vector) add(word string, weight byte) {
	// PostgreSQL keeps at most 255 places of a lexeme, and places up to 16383.
	v.next = min(v.next+1, 16383)
	if len(word) > maxLexeme || v.count[word] >= 255 {
		return
	}
	v.count[word]++
	places := v.places[word]
	if places == nil {
		places = new(strings.Builder)
		v.places[word] = places
	} else {
		places.WriteByte(',')
	}
	places.WriteString(strconv.Itoa(v.next))
	places.WriteByte(weight)
}

// String returns the text that PostgreSQL reads as a tsvector.
func (v *vector) String() string {
	var out strings.Builder
	for word, places := range v.places {
		out.WriteString(lexeme(word) + ":" + places.String() + " ")
	}
	return out.String()
}

// lexeme quotes a word; analysed words contain letters, digits and marks only.
func lexeme(word string) string { return "'" + word + "'" }
