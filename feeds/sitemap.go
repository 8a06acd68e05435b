package feeds

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/store"
)

// sitemapURLs is how many URLs a sitemap has at most (sitemaps.org, "Sitemap index files").
const sitemapURLs = 50_000

const (
	sitemapBegin = `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">`
	sitemapDate  = "2006-01-02T15:04:05Z07:00"
)

// sitemapURL is a page in one language, with the same page in the others; see https://www.sitemaps.org/protocol.html
// and "Localized versions of your pages" of Google Search Central.
type sitemapURL struct {
	XMLName    xml.Name      `xml:"url"`
	Location   string        `xml:"loc"`
	Modified   string        `xml:"lastmod"`
	Alternates []sitemapLink `xml:"xhtml:link"`
}

type sitemapLink struct {
	Rel      string `xml:"rel,attr"`
	Language string `xml:"hreflang,attr"`
	Href     string `xml:"href,attr"`
}

// sitemapPart is a sitemap in the index of sitemaps.
type sitemapPart struct {
	XMLName  xml.Name `xml:"sitemap"`
	Location string   `xml:"loc"`
}

// productsPerSitemap leaves room for every product in every language.
func (f *Feeds) productsPerSitemap() int { return sitemapURLs / len(f.o.Languages.Supported) }

// WriteSitemapIndex writes the list of the shop's sitemaps: the categories, and the products in parts. A part
// begins at a product, so that it stays the same while products are added behind it.
func (f *Feeds) WriteSitemapIndex(ctx context.Context, w io.Writer) error {
	starts, err := f.o.Store.EveryNthProductID(ctx, f.productsPerSitemap())
	if err != nil {
		return err
	}
	d, err := newDocument(w, `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
	if err != nil {
		return err
	}
	if err := d.add(sitemapPart{Location: f.o.ServerURL + "/feeds/sitemap-categories.xml"}); err != nil {
		return err
	}
	for _, start := range starts {
		location := f.o.ServerURL + "/feeds/sitemap-products.xml?from=" + url.QueryEscape(start.String())
		if err := d.add(sitemapPart{Location: location}); err != nil {
			return err
		}
	}
	return d.end("</sitemapindex>")
}

// errFull ends a part of the sitemap.
var errFull = errors.New("the part has all its products")

// WriteProductSitemap writes the pages of the published products from the given one on, as many as fit.
func (f *Feeds) WriteProductSitemap(ctx context.Context, w io.Writer, from uuid.UUID) error {
	d, err := newDocument(w, sitemapBegin)
	if err != nil {
		return err
	}
	left := f.productsPerSitemap()
	err = f.o.Store.InSnapshot(ctx, func(ctx context.Context, tx *store.Store) error {
		return eachBatch(ctx, tx, before(from), func(ids []uuid.UUID) error {
			ids = ids[:min(len(ids), left)]
			left -= len(ids)
			if err := f.addProductPages(ctx, tx, d, ids); err != nil {
				return err
			}
			if left == 0 {
				return errFull
			}
			return nil
		})
	})
	if err != nil && !errors.Is(err, errFull) {
		return err
	}
	return d.end("</urlset>")
}

// before is the id next to the given one.
func before(id uuid.UUID) uuid.UUID {
	for i, b := range slices.Backward(id[:]) {
		id[i]--
		if b > 0 {
			return id
		}
	}
	return uuid.Nil
}

func (f *Feeds) addProductPages(ctx context.Context, tx *store.Store, d *document, ids []uuid.UUID) error {
	products, err := tx.ProductsByIDs(ctx, ids, nil)
	if err != nil {
		return err
	}
	texts, err := tx.ProductTranslationsByProductIDs(ctx, ids)
	if err != nil {
		return err
	}
	for _, p := range products {
		if !p.Published {
			continue
		}
		slugs := map[models.LanguageCode]string{}
		for _, t := range texts[p.ID] {
			slugs[t.Language] = t.Slug
		}
		if err := f.addPages(d, slugs, p.UpdatedAt.UTC().Format(sitemapDate), f.productLink); err != nil {
			return err
		}
	}
	return nil
}

// WriteCategorySitemap writes the pages of all categories that customers see.
func (f *Feeds) WriteCategorySitemap(ctx context.Context, w io.Writer) error {
	categories, err := f.o.Store.PublishedCategoryPages(ctx)
	if err != nil {
		return err
	}
	d, err := newDocument(w, sitemapBegin)
	if err != nil {
		return err
	}
	for _, c := range categories {
		if err := f.addPages(d, c.Slugs, c.UpdatedAt.UTC().Format(sitemapDate), f.categoryLink); err != nil {
			return err
		}
	}
	return d.end("</urlset>")
}

// addPages adds a page in each language that has it.
func (f *Feeds) addPages(d *document, slugs map[models.LanguageCode]string, modified string, link func(models.LanguageCode, string) string) error {
	var alternates []sitemapLink
	for _, language := range f.o.Languages.Supported {
		if slug, found := slugs[language]; found {
			alternates = append(alternates, sitemapLink{"alternate", string(language), link(language, slug)})
		}
	}
	for _, page := range alternates {
		if err := d.add(sitemapURL{Location: page.Href, Modified: modified, Alternates: alternates}); err != nil {
			return err
		}
	}
	return nil
}
