// Package feeds writes the catalogue in the forms that price comparison sites and search engines read. Feeds are
// written as they are read, in batches, so that a catalogue of any size takes the same memory.
package feeds

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/store"
)

// batchSize is how many products are read at once.
const batchSize = 500

// Options say where the shop's pages are, and what it speaks.
type Options struct {
	Store     *store.Store
	Languages models.Languages
	// StorefrontURL is where the storefront is, without a slash at the end.
	StorefrontURL string
	// ProductPath and CategoryPath are where in the storefront a product and a category are; {language} and
	// {slug} stand for theirs.
	ProductPath  string
	CategoryPath string
	// Media knows where pictures are.
	Media models.MediaAddresses
	// ServerURL is where this server is reached, for the parts of a sitemap.
	ServerURL string
}

// Feeds writes feeds.
type Feeds struct{ o Options }

// New returns what writes feeds.
func New(o Options) *Feeds {
	o.StorefrontURL, o.ServerURL = strings.TrimRight(o.StorefrontURL, "/"), strings.TrimRight(o.ServerURL, "/")
	return &Feeds{o: o}
}

// Audience is for whom a feed is written: the language of its texts, and what decides on its prices.
type Audience struct {
	Language models.LanguageCode
	Country  models.CountryCode
	// PriceList is a code; empty for the country's list.
	PriceList string
}

// offer is a variant in a feed, with what it takes from its product.
type offer struct {
	product    *models.Product
	variant    *models.ProductVariant
	price      *models.Price
	attributes []*models.Attribute
	// pictures are the addresses of the product's pictures.
	pictures []string
	// category are the titles from the root down to the product's first category; empty without one.
	category []string
	link     string
}

// finalPrice is what the customer pays: with VAT where there is any.
func (o *offer) finalPrice() models.Money { return orNet(o.price.Gross(), o.price.Net()) }

func (o *offer) priceBeforeDiscount() models.Money {
	return orNet(o.price.GrossBeforeDiscount(), o.price.NetBeforeDiscount())
}

func orNet(gross *models.Money, net models.Money) models.Money {
	if gross != nil {
		return *gross
	}
	return net
}

// document writes the elements of an XML document one by one.
type document struct {
	w       io.Writer
	encoder *xml.Encoder
}

func newDocument(w io.Writer, begin string) (*document, error) {
	_, err := io.WriteString(w, xml.Header+begin+"\n")
	if err != nil {
		return nil, fmt.Errorf("write feed: %w", err)
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	return &document{w: w, encoder: encoder}, nil
}

func (d *document) add(element any) error {
	if err := d.encoder.Encode(element); err != nil {
		return fmt.Errorf("write feed: %w", err)
	}
	return nil
}

func (d *document) end(end string) error {
	if _, err := io.WriteString(d.w, "\n"+end+"\n"); err != nil {
		return fmt.Errorf("write feed: %w", err)
	}
	return nil
}

// eachOffer passes every variant that the audience can buy to add: of a published product with a text, and with
// a price. All of them are as they were at one moment.
func (f *Feeds) eachOffer(ctx context.Context, a Audience, add func(*offer) error) error {
	return f.o.Store.InSnapshot(ctx, func(ctx context.Context, tx *store.Store) error {
		markets, err := tx.MarketsByCountries(ctx, []models.CountryCode{a.Country})
		if err != nil {
			return err
		}
		r := reader{feeds: f, tx: tx, audience: a, chain: f.o.Languages.Chain(a.Language), market: markets[a.Country]}
		if r.audience.PriceList == "" {
			r.audience.PriceList = r.market.PriceList
		}
		return eachBatch(ctx, tx, uuid.Nil, func(ids []uuid.UUID) error { return r.offers(ctx, ids, add) })
	})
}

// eachBatch passes the ids of all products behind the given one to do, in batches, in their order.
func eachBatch(ctx context.Context, tx *store.Store, after uuid.UUID, do func([]uuid.UUID) error) error {
	for {
		ids, err := tx.ProductIDsAfter(ctx, after, batchSize)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return nil
		}
		if err := do(ids); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// reader reads the offers of a feed.
type reader struct {
	feeds    *Feeds
	tx       *store.Store
	audience Audience
	chain    []models.LanguageCode
	market   *models.Market
}

func (r *reader) offers(ctx context.Context, ids []uuid.UUID, add func(*offer) error) error {
	products, err := r.products(ctx, ids)
	if err != nil {
		return err
	}
	variants, err := r.tx.ProductVariantsByProductIDs(ctx, ids)
	if err != nil {
		return err
	}
	var skus []string
	for _, ofProduct := range variants {
		for _, v := range ofProduct {
			skus = append(skus, v.SKU)
		}
	}
	prices, err := r.prices(ctx, skus)
	if err != nil {
		return err
	}
	attributes, err := r.tx.AttributesBySKUs(ctx, skus)
	if err != nil {
		return err
	}
	media, err := r.tx.ProductMediaByProductIDs(ctx, ids)
	if err != nil {
		return err
	}
	categories, err := r.categories(ctx, ids)
	if err != nil {
		return err
	}
	for _, p := range products {
		link := r.feeds.productLink(p.Translation.Language, p.Translation.Slug)
		o := offer{product: p, pictures: r.feeds.addressesOf(media[p.ID]), category: categories[p.ID], link: link}
		if err := r.variantsOf(o, variants[p.ID], prices, attributes, add); err != nil {
			return err
		}
	}
	return nil
}

func (f *Feeds) addressesOf(media []*models.ProductMedia) []string {
	addresses := make([]string, len(media))
	for i, m := range media {
		addresses[i] = f.o.Media.Of(m)
	}
	return addresses
}

// variantsOf passes the offer once for each variant that has a price.
func (r *reader) variantsOf(o offer, variants []*models.ProductVariant, prices map[string]*models.ProductPrice, attributes map[string][]*models.Attribute, add func(*offer) error) error {
	page := o.link
	for _, v := range variants {
		price := prices[v.SKU]
		if price == nil {
			continue
		}
		if len(variants) > 1 {
			o.link = page + "?sku=" + url.QueryEscape(v.SKU)
		}
		o.variant, o.price, o.attributes = v, models.NewPrice(price, r.market.Vat(v.ProductTypeID)), r.localised(attributes[v.SKU])
		if err := add(&o); err != nil {
			return err
		}
	}
	return nil
}

// products are the published ones with a text, in the order of the ids.
func (r *reader) products(ctx context.Context, ids []uuid.UUID) ([]*models.Product, error) {
	loaded, err := r.tx.ProductsByIDs(ctx, ids, r.chain)
	if err != nil {
		return nil, err
	}
	byID := map[uuid.UUID]*models.Product{}
	for _, p := range loaded {
		if p.Published && p.Translation.Title != "" {
			byID[p.ID] = p
		}
	}
	var products []*models.Product
	for _, id := range ids {
		if p := byID[id]; p != nil {
			products = append(products, p)
		}
	}
	return products, nil
}

func (r *reader) prices(ctx context.Context, skus []string) (map[string]*models.ProductPrice, error) {
	prices, err := r.tx.ProductPrices(ctx, skus, []string{r.audience.PriceList})
	bySKU := make(map[string]*models.ProductPrice, len(prices))
	for _, p := range prices {
		bySKU[p.SKU] = p
	}
	return bySKU, err
}

// categories are the ways down to the products' first categories, by their titles.
func (r *reader) categories(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]string, error) {
	categories, err := r.tx.CategoriesByProductIDs(ctx, ids, r.chain)
	if err != nil {
		return nil, err
	}
	var wanted []uuid.UUID
	for _, ofProduct := range categories {
		for _, c := range ofProduct {
			wanted = append(wanted, c.ID)
		}
	}
	paths, err := r.tx.CategoryPathsByIDs(ctx, wanted, r.chain)
	if err != nil {
		return nil, err
	}
	titles := map[uuid.UUID][]string{}
	for product, ofProduct := range categories {
		for _, c := range ofProduct {
			if path := titlesOf(paths[c.ID]); path != nil {
				titles[product] = path
				break
			}
		}
	}
	return titles, nil
}

// titlesOf is nil when a category of the way is hidden from customers or has no text.
func titlesOf(path []*models.Category) []string {
	var titles []string
	for _, c := range path {
		if !c.Published || c.Translation.Title == "" {
			return nil
		}
		titles = append(titles, c.Translation.Title)
	}
	return titles
}

func (r *reader) localised(attributes []*models.Attribute) []*models.Attribute {
	for _, a := range attributes {
		a.Chain, a.Type.Chain = r.chain, r.chain
	}
	return attributes
}

func (f *Feeds) productLink(language models.LanguageCode, slug string) string {
	return f.o.StorefrontURL + fillPath(f.o.ProductPath, language, slug)
}

func (f *Feeds) categoryLink(language models.LanguageCode, slug string) string {
	return f.o.StorefrontURL + fillPath(f.o.CategoryPath, language, slug)
}

func fillPath(path string, language models.LanguageCode, slug string) string {
	return strings.NewReplacer("{language}", url.PathEscape(string(language)), "{slug}", url.PathEscape(slug)).Replace(path)
}
