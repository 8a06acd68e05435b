package postgres

import (
	"testing"

	"ecoseller/models"
	"ecoseller/search"
)

// BenchmarkRows makes the rows of one product in three languages, as a rebuild does.
func BenchmarkRows(b *testing.B) {
	languages := []models.LanguageCode{"en", "cs", "sk"}
	engine := New(nil, Options{Languages: languages})
	document := &search.Document{
		Codes: []string{"SKU-226-0", "8590000000904", "SKU-226-1", "8590000000905"}, Brand: "Urban Factory",
		Texts: map[models.LanguageCode]search.Text{
			"en": {
				Title: `Urban Factory Slim Laptop Backpack 15.6" black`, ShortDescription: "The slim backpack protects your notebook and carries what you need for a day's work.",
				Attributes: []string{"black", "15.6 inch", "polyester", "0.6 kg", "notebooks", "water resistant"},
			},
			"cs": {
				Title: `Tenký batoh na notebook Urban Factory 15,6" černý`, ShortDescription: "Tenký batoh chrání váš notebook a unese všechno, co potřebujete na celý den v práci.",
				Attributes: []string{"černá", "15,6 cm", "polyester", "0,6 kg", "notebooky", "voděodolný"},
			},
			"sk": {
				Title: `Tenký batoh na notebook Urban Factory 15,6" čierny`, ShortDescription: "Tenký batoh chráni váš notebook a unesie všetko, čo potrebujete na celý deň v práci.",
				Attributes: []string{"čierna", "15,6 cm", "polyester", "0,6 kg", "notebooky", "vodeodolný"},
			},
		},
	}
	known := newVocabulary()
	for b.Loop() {
		engine.rows(document, known)
	}
}
