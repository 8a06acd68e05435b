package feeds

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"ecoseller/models"
)

// The limits of Google's product data specification, in characters.
const (
	googleTitle       = 150
	googleDescription = 5000
	googleBrand       = 70
	googleCategory    = 750
	googleImages      = 10
)

// googleItem is an item of RSS 2.0 with Google's attributes; see "Product data specification",
// https://support.google.com/merchants/answer/7052112.
type googleItem struct {
	XMLName          xml.Name `xml:"item"`
	ID               string   `xml:"g:id"`
	Title            string   `xml:"g:title"`
	Description      string   `xml:"g:description"`
	Link             string   `xml:"g:link"`
	ImageLink        string   `xml:"g:image_link,omitempty"`
	MoreImages       []string `xml:"g:additional_image_link"`
	Availability     string   `xml:"g:availability"`
	Price            string   `xml:"g:price"`
	SalePrice        string   `xml:"g:sale_price,omitempty"`
	Brand            string   `xml:"g:brand,omitempty"`
	GTIN             string   `xml:"g:gtin,omitempty"`
	MPN              string   `xml:"g:mpn,omitempty"`
	IdentifierExists string   `xml:"g:identifier_exists,omitempty"`
	Condition        string   `xml:"g:condition"`
	ItemGroupID      string   `xml:"g:item_group_id"`
	ProductType      string   `xml:"g:product_type,omitempty"`
	ShippingWeight   string   `xml:"g:shipping_weight,omitempty"`
}

// WriteGoogle writes what the audience can buy as a feed for Google Merchant Center.
func (f *Feeds) WriteGoogle(ctx context.Context, w io.Writer, a Audience) error {
	d, err := newDocument(w, `<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>`)
	if err != nil {
		return err
	}
	type channel struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
	}
	for _, name := range []string{"title", "link", "description"} {
		if err := d.add(channel{xml.Name{Local: name}, f.o.StorefrontURL}); err != nil {
			return err
		}
	}
	if err := f.eachOffer(ctx, a, func(o *offer) error { return d.add(googleItemOf(o)) }); err != nil {
		return err
	}
	return d.end("</channel></rss>")
}

func googleItemOf(o *offer) *googleItem {
	item := &googleItem{
		ID:           o.variant.SKU,
		Title:        plainText(o.product.Translation.Title, googleTitle),
		Description:  plainText(descriptionOf(o.product), googleDescription),
		Link:         o.link,
		Availability: "out_of_stock",
		Price:        googlePrice(o.priceBeforeDiscount()),
		Brand:        plainText(o.product.Brand, googleBrand),
		MPN:          plainText(o.variant.ManufacturerPartNumber, googleBrand),
		Condition:    "new",
		ItemGroupID:  o.product.ID.String(),
		ProductType:  plainText(strings.Join(o.category, " > "), googleCategory),
	}
	if o.variant.StockQuantity > 0 {
		item.Availability = "in_stock"
	}
	if o.price.DiscountPercent.IsPositive() {
		item.SalePrice = googlePrice(o.finalPrice())
	}
	for i, address := range o.pictures {
		switch {
		case i == 0:
			item.ImageLink = address
		case i <= googleImages:
			item.MoreImages = append(item.MoreImages, address)
		}
	}
	if len(o.variant.EAN) > 0 {
		item.GTIN = o.variant.EAN[0]
	}
	if item.GTIN == "" && item.MPN == "" {
		item.IdentifierExists = "no"
	}
	if grams := o.variant.WeightGrams; grams != nil {
		item.ShippingWeight = fmt.Sprintf("%d g", *grams)
	}
	return item
}

func googlePrice(m models.Money) string { return m.Amount.StringFixed(2) + " " + m.Currency }

func descriptionOf(p *models.Product) string {
	for _, text := range []string{p.Translation.Description, p.Translation.ShortDescription} {
		if text != "" {
			return text
		}
	}
	return p.Translation.Title
}
