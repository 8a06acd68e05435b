package elastic

import "ecoseller/models"

// object is a piece of JSON.
type object = map[string]any

// indexDefinition returns settings and mappings for a shop that speaks the languages.
func indexDefinition(languages []models.LanguageCode) object {
	return object{
		"settings": object{
			"number_of_shards":   1,
			"number_of_replicas": 0,
			// Set, because an unset interval lets an idle index go without refreshes.
			"refresh_interval": "1s",
			"analysis":         analysisSettings(languages),
		},
		"mappings": mappings(languages),
	}
}

func mappings(languages []models.LanguageCode) object {
	inLanguages := func() object {
		fields := object{}
		for _, language := range languages {
			fields[string(language)] = object{"type": "text", "analyzer": analyzerOf(language)}
		}
		return object{"properties": fields}
	}
	titles := inLanguages()
	for _, field := range titles["properties"].(object) {
		field.(object)["fields"] = object{"autocomplete": autocompleteField()}
	}
	return object{
		"dynamic": "strict",
		"properties": object{
			"product_id": object{"type": "keyword"},
			// Everything that names the product exactly: skus, EANs, manufacturer part numbers.
			"id": object{"type": "text", "analyzer": "code_analyzer", "fields": object{
				"exact": object{"type": "keyword", "normalizer": "code_normalizer", "ignore_above": 256},
			}},
			"brand":             object{"type": "text", "analyzer": foldedAnalyzer},
			"published":         object{"type": "boolean"},
			"languages":         object{"type": "keyword"},
			"category_ids":      object{"type": "keyword"},
			"created_at":        object{"type": "date"},
			"title":             titles,
			"short_description": inLanguages(),
			"attribute_list":    inLanguages(),
		},
	}
}
