package search_test

import (
	"testing"

	"ecoseller/models"
	"ecoseller/search"
)

// indexText gives one product a title, and no other text.
func (b *bench) indexText(sku string, version int64, language models.LanguageCode, title string) {
	b.Helper()
	err := b.engine.Index(b.Context(), []*search.Document{{
		ProductID: b.productID(sku), Version: version, Published: true, Texts: map[models.LanguageCode]search.Text{language: {Title: title}},
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.settle()
}

// finds says whether a query finds the product.
func (b *bench) finds(sku, text string, language models.LanguageCode) bool {
	b.Helper()
	id := b.productID(sku)
	for _, hit := range b.search(search.Request{Text: text, Chain: []models.LanguageCode{language}, First: 100}).Hits {
		if hit.ProductID == id {
			return true
		}
	}
	return false
}

func TestCompoundsAndTheirPartsFindEachOther(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(b *bench) {
		version := int64(1000)
		for _, pair := range [][2]string{
			{"2TB", "2 TB"},
			{`15.6"`, "15,6"},
			{"iphone15", "iphone 15"},
			{"wi-fi", "wifi"},
			{"wi-fi", "wi fi"},
			{"USB-C", "usbc"},
			{"WH-1000XM4", "wh1000xm4"},
			{"1,000", "1000"},
			{"65W", "65 w"},
			{"Apple's", "apple"},
		} {
			for _, texts := range [][2]string{{pair[0], pair[1]}, {pair[1], pair[0]}} {
				version++
				b.indexText("HAL-SWAY", version, "en", texts[0])
				if !b.finds("HAL-SWAY", texts[1], "en") {
					b.Errorf("%q does not find %q", texts[1], texts[0])
				}
			}
		}
		b.indexText("HAL-SWAY", version+1, "en", "memory 2 GB")
		if b.finds("HAL-SWAY", "xm4", "en") || b.finds("HAL-SWAY", "wifi", "en") {
			b.Error("finds what is not there")
		}
	})
}
