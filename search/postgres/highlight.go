package postgres

import (
	"context"
	"html"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
)

// highlights marks where the texts of hits match, in the language in which each was looked for.
func (e *Engine) highlights(ctx context.Context, r search.Request, hits []search.Hit) (map[uuid.UUID]models.ProductSearchHighlight, error) {
	ids := make([]uuid.UUID, len(hits))
	for i, h := range hits {
		ids[i] = h.ProductID
	}
	translations, err := e.store.ProductTranslationsByProductIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	markers := map[models.LanguageCode]*marker{}
	for _, language := range r.Chain {
		if analyzer := e.analyzers[language]; analyzer != nil {
			markers[language] = newMarker(analyzer, append(search.Rewrite(r.Text, r.Synonyms), r.Text))
		}
	}
	highlights := make(map[uuid.UUID]models.ProductSearchHighlight, len(ids))
	for id, texts := range translations {
		for _, language := range r.Chain {
			i := slices.IndexFunc(texts, func(t *models.ProductTranslation) bool { return t.Language == language })
			if i >= 0 && markers[language] != nil {
				highlights[id] = markers[language].highlight(texts[i])
				break
			}
		}
	}
	return highlights, nil
}

// marker finds the words of queries in texts.
type marker struct {
	analyzer *analysis.Analyzer
	words    map[string]bool
	stems    map[string]bool
}

func newMarker(analyzer *analysis.Analyzer, queries []string) *marker {
	m := &marker{analyzer: analyzer, words: map[string]bool{}, stems: map[string]bool{}}
	for _, query := range queries {
		for _, token := range analyzer.QueryTokens(query) {
			m.words[token.Word], m.stems[token.Stem] = true, true
		}
	}
	return m
}

func (m *marker) highlight(t *models.ProductTranslation) models.ProductSearchHighlight {
	highlight := models.ProductSearchHighlight{}
	if title, marks := m.mark(t.Title); marks > 0 {
		highlight.Title = &title
	}
	for _, fragment := range fragments(t.ShortDescription) {
		if text, marks := m.mark(fragment); marks > 0 && len(highlight.ShortDescription) < search.MaxFragments {
			highlight.ShortDescription = append(highlight.ShortDescription, text)
		}
	}
	return highlight
}

// mark escapes a text and puts the words that match into marks; it says how many these are.
func (m *marker) mark(text string) (marked string, marks int) {
	var out strings.Builder
	for len(text) > 0 {
		word, rest := cut(text, isWord)
		if word != "" && m.matches(word) {
			out.WriteString(search.MarkStart + html.EscapeString(word) + search.MarkEnd)
			marks++
		} else {
			out.WriteString(html.EscapeString(word))
		}
		var between string
		between, text = cut(rest, func(r rune) bool { return !isWord(r) })
		out.WriteString(html.EscapeString(between))
	}
	return out.String(), marks
}

func (m *marker) matches(word string) bool {
	return slices.ContainsFunc(m.analyzer.Tokens(word), func(t analysis.Token) bool { return m.words[t.Word] || m.stems[t.Stem] })
}

// cut splits a text behind the letters at its beginning that belong together.
func cut(text string, belongs func(rune) bool) (head, tail string) {
	end := strings.IndexFunc(text, func(r rune) bool { return !belongs(r) })
	if end < 0 {
		return text, ""
	}
	return text[:end], text[end:]
}

// isWord also takes accents that are letters of their own.
func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

// fragments cuts a text at spaces into parts of about the same size.
func fragments(text string) []string {
	var parts []string
	var part strings.Builder
	for word := range strings.FieldsSeq(text) {
		if part.Len() > 0 && part.Len()+len(word) >= search.FragmentSize {
			parts = append(parts, part.String())
			part.Reset()
		}
		if part.Len() > 0 {
			part.WriteByte(' ')
		}
		part.WriteString(word)
	}
	return append(parts, part.String())
}
