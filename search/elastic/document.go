package elastic

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
)

// document is a product as Elasticsearch stores it.
type document struct {
	ProductID        uuid.UUID                        `json:"product_id"`
	ID               []string                         `json:"id"`
	Brand            string                           `json:"brand"`
	Published        bool                             `json:"published"`
	Languages        []models.LanguageCode            `json:"languages"`
	CategoryIDs      []uuid.UUID                      `json:"category_ids"`
	CreatedAt        string                           `json:"created_at"`
	Title            map[models.LanguageCode]string   `json:"title"`
	ShortDescription map[models.LanguageCode]string   `json:"short_description"`
	AttributeList    map[models.LanguageCode][]string `json:"attribute_list"`
}

func (e *Engine) source(d *search.Document) ([]byte, error) {
	doc := document{
		ProductID: d.ProductID, ID: d.Codes, Brand: d.Brand, Published: d.Published, CategoryIDs: d.CategoryIDs,
		CreatedAt: d.CreatedAt.UTC().Format("2006-01-02T15:04:05.000Z"),
		Title:     map[models.LanguageCode]string{}, ShortDescription: map[models.LanguageCode]string{},
		AttributeList: map[models.LanguageCode][]string{},
	}
	for _, language := range e.languages {
		text, ok := d.Texts[language]
		if !ok {
			continue
		}
		doc.Languages = append(doc.Languages, language)
		doc.Title[language] = text.Title
		doc.ShortDescription[language] = text.ShortDescription
		doc.AttributeList[language] = text.Attributes
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return raw, nil
}
