package feeds

import (
	"context"
	"encoding/xml"
	"io"
	"strings"

	"ecoseller/models"
)

// The limits of Heureka's specification, in characters.
const (
	heurekaName        = 255
	heurekaDescription = 10_000
)

// heurekaItem is a SHOPITEM; see "Specifikace XML souboru", https://sluzby.heureka.cz/napoveda/xml-feed/.
type heurekaItem struct {
	XMLName      xml.Name       `xml:"SHOPITEM"`
	ItemID       string         `xml:"ITEM_ID"`
	ProductName  string         `xml:"PRODUCTNAME"`
	Product      string         `xml:"PRODUCT"`
	Description  string         `xml:"DESCRIPTION"`
	URL          string         `xml:"URL"`
	Image        string         `xml:"IMGURL,omitempty"`
	MoreImages   []string       `xml:"IMGURL_ALTERNATIVE"`
	PriceVat     string         `xml:"PRICE_VAT"`
	Vat          string         `xml:"VAT,omitempty"`
	Manufacturer string         `xml:"MANUFACTURER,omitempty"`
	CategoryText string         `xml:"CATEGORYTEXT,omitempty"`
	EAN          string         `xml:"EAN,omitempty"`
	ProductNo    string         `xml:"PRODUCTNO,omitempty"`
	Params       []heurekaParam `xml:"PARAM"`
	// DeliveryDate is in days; left out where it is not known.
	DeliveryDate string `xml:"DELIVERY_DATE,omitempty"`
	ItemGroupID  string `xml:"ITEMGROUP_ID"`
}

type heurekaParam struct {
	Name  string `xml:"PARAM_NAME"`
	Value string `xml:"VAL"`
}

// WriteHeureka writes what the audience can buy as a feed for Heureka, which reads prices with VAT: in a country
// without any there is nothing in it.
func (f *Feeds) WriteHeureka(ctx context.Context, w io.Writer, a Audience) error {
	d, err := newDocument(w, "<SHOP>")
	if err != nil {
		return err
	}
	err = f.eachOffer(ctx, a, func(o *offer) error {
		if o.price.Gross() == nil {
			return nil
		}
		return d.add(heurekaItemOf(o))
	})
	if err != nil {
		return err
	}
	return d.end("</SHOP>")
}

func heurekaItemOf(o *offer) *heurekaItem {
	item := &heurekaItem{
		ItemID:       o.variant.SKU,
		ProductName:  plainText(o.product.Translation.Title, heurekaName),
		Product:      plainText(o.product.Translation.Title, heurekaName),
		Description:  plainText(descriptionOf(o.product), heurekaDescription),
		URL:          o.link,
		PriceVat:     o.price.Gross().Amount.String(),
		Vat:          o.price.VatRate().String() + "%",
		Manufacturer: plainText(o.product.Brand, heurekaName),
		CategoryText: plainText(strings.Join(o.category, " | "), heurekaDescription),
		ProductNo:    plainText(o.variant.ManufacturerPartNumber, heurekaName),
		ItemGroupID:  o.product.ID.String(),
	}
	for i, address := range o.pictures {
		if i == 0 {
			item.Image = address
			continue
		}
		item.MoreImages = append(item.MoreImages, address)
	}
	if len(o.variant.EAN) > 0 {
		item.EAN = o.variant.EAN[0]
	}
	for _, a := range o.attributes {
		item.Params = append(item.Params, heurekaParam{plainText(a.Type.LocalName(), heurekaName), plainText(valueWithUnit(a), heurekaName)})
	}
	if o.variant.StockQuantity > 0 {
		item.DeliveryDate = "0"
	}
	return item
}

func valueWithUnit(a *models.Attribute) string {
	if a.Type.Unit == nil {
		return a.LocalName()
	}
	return a.LocalName() + " " + *a.Type.Unit
}
