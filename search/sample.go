package search

import (
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"ecoseller/models"
)

// sampleText has words that analysis treats in every way it knows: accents, endings, stop words, codes, numbers.
const sampleText = `Bezdrátová sluchátka bez drátu s mikrofonem pro děti, židlemi, kancelářských křesel, nejlepších telefonů;
	bezdrôtové slúchadlá na bicykel, stoličkách, ľahších fľaše; the wireless headphones with running shoes, quickly
	charged batteries; die kabellosen Kopfhörer für größere Straßen; WH-1000XM4 15.6" 2 TB iphone15 100% č. 5 a/b x’s`

var sampleNumber = decimal.RequireFromString("15.6")

// SampleDocument is a product with all kinds of words in all the languages. What an engine makes of it tells whether two
// releases of the program index alike.
func SampleDocument(languages []models.LanguageCode) *Document {
	d := &Document{
		ProductID: uuid.NameSpaceOID, Version: 1, Published: true, Codes: []string{"AB-12/c", "8590000000012"}, Brand: "Böhm & Søn",
		ProductType: "sample", Categories: []DocumentCategory{{ID: uuid.NameSpaceURL, Visible: true}},
		CreatedAt: time.Unix(1_700_000_000, 0), UpdatedAt: time.Unix(1_700_000_000, 0),
		Variants: []DocumentVariant{{
			SKU: "AB-12/c", InStock: true, Attributes: []DocumentAttribute{{Type: "width", Value: "15.6", Number: &sampleNumber}},
			Prices: map[string]decimal.Decimal{"list": sampleNumber},
		}},
		Texts: map[models.LanguageCode]Text{}, SortTitles: map[models.LanguageCode]string{},
	}
	for _, language := range languages {
		d.Texts[language] = Text{Title: sampleText, ShortDescription: sampleText, Attributes: []string{"15.6 cm", "Červená"}}
	}
	return d
}
