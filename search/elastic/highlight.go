package elastic

import (
	"slices"

	"ecoseller/models"
	"ecoseller/search"
)

// addHighlights lets a request mark where texts match. They come escaped, with nothing but the marks as HTML.
func (e *Engine) addHighlights(request object, r search.Request) {
	fields := object{}
	for _, language := range r.Chain {
		if e.analyzers[language] == nil {
			continue
		}
		query := e.matchIn(r, language)
		fields["title."+string(language)] = object{"number_of_fragments": 0, "highlight_query": query}
		fields["short_description."+string(language)] = object{
			"number_of_fragments": search.MaxFragments, "fragment_size": search.FragmentSize, "highlight_query": query,
		}
	}
	request["_source"] = false
	request["docvalue_fields"] = []string{"product_id", "languages"}
	request["highlight"] = object{
		"type": "unified", "encoder": "html", "pre_tags": []string{search.MarkStart}, "post_tags": []string{search.MarkEnd},
		"require_field_match": false, "fields": fields,
	}
}

// highlightOf takes the marks in the language in which the product was looked for: the first that it has.
func highlightOf(h hit, chain []models.LanguageCode) models.ProductSearchHighlight {
	for _, language := range chain {
		if !slices.Contains(h.Fields["languages"], string(language)) {
			continue
		}
		highlight := models.ProductSearchHighlight{ShortDescription: h.Highlight["short_description."+string(language)]}
		if title := h.Highlight["title."+string(language)]; len(title) > 0 {
			highlight.Title = &title[0]
		}
		return highlight
	}
	return models.ProductSearchHighlight{}
}
