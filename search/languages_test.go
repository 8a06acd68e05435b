package search_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/elastic"
	"ecoseller/search/indexer"
	"ecoseller/search/postgres"
	"ecoseller/search/spelling"
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

// TestFourthLanguage searches a shop that was told to speak German as well, and nothing else.
func TestFourthLanguage(t *testing.T) {
	t.Parallel()
	languages := models.Languages{
		Supported: []models.LanguageCode{"en", "cs", "sk", "de"}, Fallback: []models.LanguageCode{"de", "en"},
	}
	onEachEngine(t, func(b *bench) {
		if b.engine.Name() == search.Postgres {
			b.engine = postgres.New(b.store, postgres.Options{Languages: languages.Supported, Boosts: boosts()})
		} else {
			b.speak(languages)
		}
		b.finder = search.NewFinder(b.engine, spelling.New(b.store, languages.Supported))
		b.indexer = indexer.New(b.store, languages, b.engine)
		for sku, title := range map[string]string{
			"HAL-SWAY": "Hängematte für große Gärten", "TUL-CITY-BLK": "Rucksäcke für Städte, kabellos", "KAR-MILL": "Kaffeemühle ohne Kabel",
		} {
			b.exec("INSERT INTO product_translations (product_id, language, title, slug) SELECT product_id, 'de', ?, lower(sku) FROM product_variants WHERE sku = ?", title, sku)
		}
		b.rebuild()
		for text, title := range map[string]string{
			"haengematten": "Hängematte", "HÄNGEMATTE": "Hängematte", "grosser garten": "Hängematte", "Gaerten": "Hängematte",
			"rucksack": "Rucksäcke", "rucksaecken": "Rucksäcke", "kaffeemuehlen": "Kaffeemühle",
		} {
			if titles := b.titles(text, "de", "en"); len(titles) == 0 || !strings.HasPrefix(titles[0], title) {
				b.Errorf("%q: got %q", text, titles)
			}
		}
		if titles := b.titles("für", "de"); len(titles) > 2 {
			b.Errorf("a stop word finds %q", titles)
		}
		if titles := b.titles("hammock", "de", "en"); len(titles) > 0 {
			b.Errorf("found %q by an English text that is not shown", titles)
		}
	})
}

// speak gives the test an Elasticsearch index in other languages.
func (b *bench) speak(languages models.Languages) {
	b.Helper()
	address, alias := os.Getenv("ELASTIC_HOST"), "test-"+uuid.NewString()
	engine, err := elastic.New(elastic.Options{Addresses: []string{address}, Index: alias, Languages: languages.Supported, Boosts: boosts()})
	if err != nil {
		b.Fatal(err)
	}
	b.engine = engine
	b.settle = func() { request(b, "POST", address+"/"+alias+"/_refresh", "") }
	b.Cleanup(func() { deleteIndices(b.T, address, alias) })
}
