package catalogue

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"ecoseller/store"
)

// The byte order mark tells Excel that a table is UTF-8.
const byteOrderMark = "\ufeff"

// The columns of a table. Some come once for each language, price list or attribute type: text.<language>,
// price.<list>, discount.<list>, attribute.<code>.
const (
	columnProductID   = "product_id"
	columnSKU         = "sku"
	columnPublished   = "published"
	columnProductType = "product_type"
	columnBrand       = "brand"
	columnReleasedAt  = "released_at"
	columnCategories  = "categories"
	columnEAN         = "ean"
	columnPartNumber  = "manufacturer_part_number"
	columnWeight      = "weight_grams"
	columnStock       = "stock"
	columnMedia       = "media"

	prefixPrice     = "price."
	prefixDiscount  = "discount."
	prefixAttribute = "attribute."
)

// textColumns are the texts that a product has in each language.
func textColumns() []string {
	return []string{"title", "slug", "meta_title", "meta_description", "short_description", "description"}
}

// tableWriter writes products as rows of a table.
type tableWriter struct {
	out        *csv.Writer
	languages  []string
	priceLists []string
	attributes []string
}

// newTableWriter writes the header. It has a column for every language, price list and attribute type there is.
func newTableWriter(ctx context.Context, tx *store.Store, target io.Writer) (*tableWriter, error) {
	w := &tableWriter{out: csv.NewWriter(target)}
	languages, err := tx.TranslatedLanguages(ctx)
	if err != nil {
		return nil, err
	}
	for _, language := range languages {
		w.languages = append(w.languages, string(language))
	}
	lists, err := priceListsByCode(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, list := range lists {
		w.priceLists = append(w.priceLists, list.Code)
	}
	types, err := attributeTypesByCode(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, t := range types {
		w.attributes = append(w.attributes, t.Code)
	}
	if _, err := io.WriteString(target, byteOrderMark); err != nil {
		return nil, fmt.Errorf("write table: %w", err)
	}
	return w, w.write(w.header())
}

func (w *tableWriter) write(row []string) error {
	if err := w.out.Write(row); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

func (w *tableWriter) flush() error {
	w.out.Flush()
	if err := w.out.Error(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

func (w *tableWriter) header() []string {
	columns := []string{
		columnProductID, columnSKU, columnPublished, columnProductType, columnBrand, columnReleasedAt, columnCategories,
	}
	for _, language := range w.languages {
		for _, name := range textColumns() {
			columns = append(columns, name+"."+language)
		}
	}
	columns = append(columns, columnEAN, columnPartNumber, columnWeight, columnStock)
	for _, list := range w.priceLists {
		columns = append(columns, prefixPrice+list, prefixDiscount+list)
	}
	for _, code := range w.attributes {
		columns = append(columns, prefixAttribute+code)
	}
	return append(columns, columnMedia)
}

// writeProduct writes a row for each variant; each repeats what the product has, so that the table can be sorted
// and filtered. A product without variants has a row without a sku.
func (w *tableWriter) writeProduct(p *exportedProduct) error {
	if len(p.Variants) == 0 {
		return w.write(w.row(p, &exportedVariant{}))
	}
	for i := range p.Variants {
		if err := w.write(w.row(p, &p.Variants[i])); err != nil {
			return err
		}
	}
	return nil
}

func (w *tableWriter) row(p *exportedProduct, v *exportedVariant) []string {
	row := []string{
		p.ID.String(), v.SKU, strconv.FormatBool(p.Published), protect(orEmpty(p.ProductType)), protect(p.Brand),
		orEmpty(p.ReleasedAt), protect(joinList(p.Categories)),
	}
	texts := []map[string]string{p.Title, p.Slug, p.MetaTitle, p.MetaDescription, p.ShortDescription, p.Description}
	for _, language := range w.languages {
		for _, text := range texts {
			row = append(row, protect(text[language]))
		}
	}
	weight, stock := "", ""
	if v.WeightGrams != nil {
		weight = strconv.Itoa(*v.WeightGrams)
	}
	if v.SKU != "" {
		stock = strconv.Itoa(v.Stock)
	}
	row = append(row, protect(joinList(v.EAN)), protect(v.Name), weight, stock)
	prices := map[string]exportedPrice{}
	for _, price := range v.Prices {
		prices[price.PriceList] = price
	}
	for _, list := range w.priceLists {
		row = append(row, prices[list].Amount, prices[list].DiscountPercent)
	}
	values := map[string][]string{}
	for _, a := range v.Attributes {
		values[a.Code] = append(values[a.Code], a.Value)
	}
	for _, code := range w.attributes {
		row = append(row, protect(joinList(values[code])))
	}
	urls := make([]string, len(p.Media))
	for i, m := range p.Media {
		urls[i] = m.URL
	}
	return append(row, protect(joinList(urls)))
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// protect puts an apostrophe before a text that a spreadsheet would take for a formula, and before one that begins
// with an apostrophe; unprotect takes it away. Plain numbers are harmless.
func protect(text string) string {
	if text == "" || !strings.ContainsRune("=+-@\t\r'", rune(text[0])) || isPlainNumber(text) {
		return text
	}
	return "'" + text
}

func unprotect(cell string) string { return strings.TrimPrefix(cell, "'") }

// isPlainNumber says whether the text is a number that is written as spreadsheets write it.
func isPlainNumber(text string) bool {
	d, err := decimal.NewFromString(text)
	return err == nil && d.String() == text
}

// joinList writes a list into one cell: with | between the elements, \ before a | or \ in them, and \e for an
// element that is empty.
func joinList(list []string) string {
	escape := strings.NewReplacer(`\`, `\\`, `|`, `\|`)
	escaped := make([]string, len(list))
	for i, element := range list {
		if escaped[i] = escape.Replace(element); element == "" {
			escaped[i] = `\e`
		}
	}
	return strings.Join(escaped, "|")
}

// splitList reads what joinList has written; an empty cell is an empty list.
func splitList(cell string) []string {
	list := []string{}
	if cell == "" {
		return list
	}
	var element strings.Builder
	escaped := false
	for _, b := range []byte(cell) {
		switch {
		case escaped:
			if escaped = false; b != 'e' {
				element.WriteByte(b)
			}
		case b == '\\':
			escaped = true
		case b == '|':
			list = append(list, element.String())
			element.Reset()
		default:
			element.WriteByte(b)
		}
	}
	return append(list, element.String())
}

// splitColumn takes the column's name apart: title.en is the title in en.
func splitColumn(column string) (name, key string) {
	name, key, found := strings.Cut(column, ".")
	if !found || !slices.Contains(textColumns(), name) {
		return column, ""
	}
	return name, key
}
