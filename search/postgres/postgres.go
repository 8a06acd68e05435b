// Package postgres is the search engine that needs nothing but the database. It serves small shops and
// development, and stands in when Elasticsearch is away.
package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
	"ecoseller/store"
)

// maxQueryWords bounds the work for one query; the words after it are left out.
const maxQueryWords = 32

// Engine searches in the table product_search.
type Engine struct {
	store     *store.Store
	languages []models.LanguageCode
	analyzers map[models.LanguageCode]*analysis.Analyzer
	boosts    search.Boosts
}

// Options say how to search.
type Options struct {
	// Languages are what the shop speaks.
	Languages []models.LanguageCode
	// ProtectedWords are not stemmed.
	ProtectedWords []string
	// Boosts weigh the fields.
	Boosts search.Boosts
}

// New returns the engine.
func New(s *store.Store, o Options) *Engine {
	analyzers := map[models.LanguageCode]*analysis.Analyzer{"": analysis.New("")}
	for _, language := range o.Languages {
		analyzers[language] = analysis.New(language, o.ProtectedWords...)
	}
	return &Engine{store: s, languages: o.Languages, analyzers: analyzers, boosts: o.Boosts}
}

// Name is Postgres.
func (e *Engine) Name() search.EngineName { return search.Postgres }

// Search finds the products that contain words of the query.
func (e *Engine) Search(ctx context.Context, r search.Request) (*search.Result, error) {
	q, err := e.query(ctx, r)
	if err != nil {
		return nil, err
	}
	found, err := e.store.MatchingProducts(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", search.ErrUnavailable, err)
	}
	result := resultOf(r, found)
	if r.Highlight {
		if result.Highlights, err = e.highlights(ctx, r, result.Hits); err != nil {
			return nil, fmt.Errorf("%w: %w", search.ErrUnavailable, err)
		}
	}
	return result, nil
}

// Index writes the documents' rows.
func (e *Engine) Index(ctx context.Context, documents []*search.Document) error {
	if len(documents) == 0 {
		return nil
	}
	words := newVocabulary()
	if err := e.index(ctx, documents, words); err != nil {
		return err
	}
	return e.store.AddSearchWords(ctx, words.all())
}

func (e *Engine) index(ctx context.Context, documents []*search.Document, words *vocabulary) error {
	var rows []store.ProductSearchRow
	for _, d := range documents {
		rows = append(rows, e.rows(d, words)...)
	}
	if err := e.store.PutProductSearchRows(ctx, rows); err != nil {
		return err
	}
	return e.putSuggestions(ctx, documents)
}

// Delete removes the products' rows; their suggestions have gone with the products.
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

func (e *Engine) rows(d *search.Document, vocabulary *vocabulary) []store.ProductSearchRow {
	if len(d.Texts) == 0 {
		return []store.ProductSearchRow{e.row(d, "", search.Text{}, vocabulary)}
	}
	var rows []store.ProductSearchRow
	for language, text := range d.Texts {
		rows = append(rows, e.row(d, language, text, vocabulary))
	}
	return rows
}

func (e *Engine) row(d *search.Document, language models.LanguageCode, text search.Text, vocabulary *vocabulary) store.ProductSearchRow {
	analyzer := e.analyzers[language]
	if analyzer == nil {
		analyzer = e.analyzers[""]
	}
	v := newVector()
	brand, title := analyzer.Tokens(d.Brand), analyzer.Tokens(text.Title)
	v.addTokens(brand, 'A')
	v.addTokens(title, 'B')
	v.addTokens(analyzer.Tokens(text.ShortDescription), 'C')
	attributes := strings.Join(text.Attributes, " ")
	v.addTokens(analyzer.Tokens(attributes), 'D')
	vocabulary.add(language, v, text.Title, d.Brand, text.ShortDescription, attributes)
	for _, code := range d.Codes {
		v.add(analysis.CodeMark+analysis.Code(code), 'A')
	}
	v.addTokens(analyzer.Tokens(strings.Join(d.Codes, " ")), 'A')

	var words []string
	for _, token := range slices.Concat(title, brand) {
		words = append(words, token.Word)
	}
	return store.ProductSearchRow{
		ProductID: d.ProductID, Language: language, Published: d.Published, Version: d.Version,
		InStock: d.InStock(), NewSince: d.NewSince(),
		Document: v.String(), Words: strings.Join(words, " "),
	}
}

// maxLexeme is the limit of PostgreSQL in bytes, less the mark.
const maxLexeme = 2000

// vector writes a tsvector: each lexeme with the places it stands at and the weights of these.
type vector struct {
	lexemes map[string]*places
	last    int
}

// places are where a lexeme stands, as PostgreSQL reads them: 1A,7C.
type places struct {
	written []byte
	count   int
}

func newVector() *vector { return &vector{lexemes: map[string]*places{}} }

func (v *vector) addTokens(tokens []analysis.Token, weight byte) {
	before := v.last
	for _, token := range tokens {
		v.addAt(before+token.Position, token.Word, weight)
		v.addAt(before+token.Position, analysis.StemMark+token.Stem, weight)
	}
}

// add puts a word behind all others.
func (v *vector) add(word string, weight byte) { v.addAt(v.last+1, word, weight) }

func (v *vector) addAt(place int, word string, weight byte) {
	// PostgreSQL keeps at most 255 places of a lexeme, and places up to 16383.
	place = min(place, 16383)
	v.last = max(v.last, place)
	if len(word) > maxLexeme {
		return
	}
	p := v.lexemes[word]
	switch {
	case p == nil:
		p = new(places)
		v.lexemes[word] = p
	case p.count >= 255:
		return
	default:
		p.written = append(p.written, ',')
	}
	p.count++
	p.written = append(strconv.AppendInt(p.written, int64(place), 10), weight)
}

// String returns the text that PostgreSQL reads as a tsvector.
func (v *vector) String() string {
	var out strings.Builder
	for word, places := range v.lexemes {
		out.WriteString(lexeme(word))
		out.WriteByte(':')
		out.Write(places.written)
		out.WriteByte(' ')
	}
	return out.String()
}

// lexeme quotes a word; analysed words contain letters, digits and marks only.
func lexeme(word string) string { return "'" + word + "'" }
