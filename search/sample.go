package search

import (
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
)

// sampleText has words that analysis treats in every way it knows: accents, endings, stop words, codes, numbers.
const sampleText = `Bezdrátová sluchátka bez drátu s mikrofonem pro děti, židlemi, kancelářských křesel, nejlepších telefonů;
	bezdrôtové slúchadlá na bicykel, stoličkách, ľahších fľaše; the wireless headphones with running shoes, quickly
	charged batteries; die kabellosen Kopfhörer für größere Straßen; WH-1000XM4 15.6" 2 TB iphone15 100% č. 5 a/b x’s`

// SampleDocument is a product with all kinds of words in all the languages. What an engine makes of it tells whether two
// releases of the program index alike.
func SampleDocument(languages []models.LanguageCode) *Document {
	d := &Document{
		ProductID: uuid.NameSpaceOID, Version: 1, Published: true, Codes: []string{"AB-12/c", "8590000000012"}, Brand: "Böhm & Søn",
		CategoryIDs: []uuid.UUID{uuid.NameSpaceURL}, CreatedAt: time.Unix(1_700_000_000, 0), Texts: map[models.LanguageCode]Text{},
	}
	for _, language := range languages {
		d.Texts[language] = Text{Title: sampleText, ShortDescription: sampleText, Attributes: []string{"15.6 cm", "Červená"}}
	}
	return d
}
