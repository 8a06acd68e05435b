package elastic

import "ecoseller/models"

// object is a piece of JSON.
type object = map[string]any

// indexDefinition returns settings and mappings for a shop that speaks the languages.
func indexDefinition(languages []models.LanguageCode, protected []string) object {
	return object{
		"settings": object{
			"number_of_shards":   1,
			"number_of_replicas": 0,
			// Set, because an unset interval lets an idle index go without refreshes.
			"refresh_interval": "1s",
			"analysis":         analysisSettings(languages, protected),
		},
		"mappings": mappings(languages),
	}
}

func mappings(languages []models.LanguageCode) object {
	inLanguages := func(field func(models.LanguageCode) object) object {
		fields := object{}
		for _, language := range languages {
			fields[string(language)] = field(language)
		}
		return object{"properties": fields}
	}
	text := func(language models.LanguageCode) object {
		return object{"type": "text", "analyzer": analyzerOf(language), "search_analyzer": searchAnalyzerOf(language)}
	}
	// What a field says is part of the product's whole text.
	partOfText := func(language models.LanguageCode) object {
		field := text(language)
		field["copy_to"] = "text." + string(language)
		return field
	}
	// Phrases that say what a product is without are looked for with their stop words.
	withPhrases := func(language models.LanguageCode) object {
		field := partOfText(language)
		field["fields"] = object{"folded": object{"type": "text", "analyzer": foldedAnalyzer}}
		return field
	}
	titles := func(language models.LanguageCode) object {
		field := partOfText(language)
		field["fields"] = object{
			"folded":       object{"type": "text", "analyzer": foldedAnalyzer},
			"accented":     object{"type": "text", "analyzer": accentedAnalyzer},
			"autocomplete": autocompleteField(),
			// What suggestions show. A longer title is none that anybody would want completed.
			"whole": object{"type": "keyword", "index": false, "ignore_above": 1000},
		}
		return field
	}
	var brandNames, wholeTexts []string
	for _, language := range languages {
		brandNames = append(brandNames, "brand_name."+string(language))
		wholeTexts = append(wholeTexts, "text."+string(language))
	}
	// What is only sorted and counted by is kept by product, what is only looked for by term.
	byProduct := func(kind string) object { return object{"type": kind, "index": false} }
	byTerm := object{"type": "keyword", "doc_values": false}
	return object{
		"dynamic": "strict",
		// A field for each price list: there are few.
		"dynamic_templates": []any{
			object{"variant_price": object{"path_match": "variants.price.*", "mapping": object{"type": "long", "doc_values": false}}},
			object{"price": object{"path_match": "price*.*", "mapping": byProduct("long")}},
		},
		"properties": object{
			"product_id": object{"type": "keyword"},
			// Everything that names the product exactly: skus, EANs, manufacturer part numbers.
			"id": object{"type": "text", "analyzer": "code_analyzer"},
			// The same as letters and digits only.
			"codes": object{"type": "keyword", "doc_values": false, "ignore_above": 256},
			"brand": object{"type": "text", "analyzer": foldedAnalyzer, "copy_to": append(brandNames, wholeTexts...), "fields": object{
				"exact": object{"type": "keyword", "ignore_above": 8000},
			}},
			"brand_name":         inLanguages(text),
			"text":               inLanguages(text),
			"product_type":       object{"type": "keyword"},
			"published":          object{"type": "boolean"},
			"in_stock":           object{"type": "boolean"},
			"languages":          object{"type": "keyword"},
			"category_ids":       object{"type": "keyword"},
			"staff_category_ids": byTerm,
			"created_at":         object{"type": "long"},
			"updated_at":         object{"type": "long"},
			"new_since":          byProduct("long"),
			"title":              inLanguages(titles),
			"short_description":  inLanguages(withPhrases),
			"attribute_list":     inLanguages(partOfText),
			"sort_title":         inLanguages(func(models.LanguageCode) object { return byProduct("keyword") }),
			"attribute_codes":    byProduct("keyword"),
			"attributes":         byProduct("keyword"),
			"numbers":            byProduct("keyword"),
			"price":              object{"type": "object", "dynamic": true},
			"price_step":         object{"type": "object", "dynamic": true},
			"variants": object{"type": "nested", "properties": object{
				"sku":        byTerm,
				"in_stock":   object{"type": "boolean"},
				"attributes": byTerm,
				"numbers":    byTerm,
				"price":      object{"type": "object", "dynamic": true},
			}},
		},
	}
}
