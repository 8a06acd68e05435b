package catalogue

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/store"
)

const (
	// exportBatch is how many products are in memory at once.
	exportBatch = 500
	// attributeBatch and typeBatch are the same for attributes and for the types they are looked up by.
	attributeBatch = 2000
	typeBatch      = 100
)

// Format is a format of catalogue files.
type Format string

// The formats. An import recognises them by the first line.
const (
	// FormatNDJSON holds everything: what products refer to, and the products.
	FormatNDJSON Format = "ndjson"
	// FormatCSV is a table for spreadsheets, a row for each variant; it holds no reference data.
	FormatCSV Format = "csv"
)

// Exporter writes the shop's catalogue into files.
type Exporter struct {
	store *store.Store
	media models.MediaAddresses
}

// NewExporter returns an exporter, which writes where uploaded pictures are.
func NewExporter(s *store.Store, media models.MediaAddresses) *Exporter {
	return &Exporter{store: s, media: media}
}

// Export writes the whole catalogue as it is at one moment, and returns how many products it has. The order
// depends on nothing but the contents. Progress, which may be nil, is told after each batch.
func (e *Exporter) Export(ctx context.Context, format Format, target io.Writer, progress func(done, total int)) (int, error) {
	buffered := bufio.NewWriterSize(target, 1<<16)
	done := 0
	err := e.store.InSnapshot(ctx, func(ctx context.Context, tx *store.Store) error {
		out, err := newProductWriter(ctx, tx, format, buffered)
		if err != nil {
			return err
		}
		total, err := tx.CountAllProducts(ctx)
		if err != nil {
			return err
		}
		done, err = e.exportProducts(ctx, tx, out, func(done int) {
			if progress != nil {
				progress(done, total)
			}
		})
		return err
	})
	if err != nil {
		return done, fmt.Errorf("export catalogue: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return done, fmt.Errorf("write export: %w", err)
	}
	return done, nil
}

// productWriter writes products in a format.
type productWriter interface {
	writeProduct(p *exportedProduct) error
	flush() error
}

// newProductWriter writes what stands before the products.
func newProductWriter(ctx context.Context, tx *store.Store, format Format, target io.Writer) (productWriter, error) {
	switch format {
	case FormatNDJSON:
		encoder := json.NewEncoder(target)
		encoder.SetEscapeHTML(false)
		return lineWriter{encoder}, exportReference(ctx, tx, encoder)
	case FormatCSV:
		return newTableWriter(ctx, tx, target)
	}
	return nil, fmt.Errorf("there is no format %q", format)
}

// lineWriter writes a JSON object a line.
type lineWriter struct{ encoder *json.Encoder }

func (w lineWriter) writeProduct(p *exportedProduct) error {
	if err := w.encoder.Encode(p); err != nil {
		return fmt.Errorf("write product: %w", err)
	}
	return nil
}

func (lineWriter) flush() error { return nil }

// exportedProduct is a product as a line of kind product has it.
type exportedProduct struct {
	Kind             string            `json:"kind"`
	ID               uuid.UUID         `json:"id"`
	Published        bool              `json:"published"`
	ProductType      *string           `json:"product_type"`
	Brand            string            `json:"brand"`
	ReleasedAt       *string           `json:"released_at"`
	Categories       []string          `json:"categories"`
	Title            map[string]string `json:"title,omitempty"`
	Slug             map[string]string `json:"slug,omitempty"`
	MetaTitle        map[string]string `json:"meta_title,omitempty"`
	MetaDescription  map[string]string `json:"meta_description,omitempty"`
	ShortDescription map[string]string `json:"short_description,omitempty"`
	Description      map[string]string `json:"description,omitempty"`
	Media            []media           `json:"media"`
	Variants         []exportedVariant `json:"variants"`
}

type exportedVariant struct {
	SKU         string              `json:"sku"`
	EAN         []string            `json:"ean"`
	Name        string              `json:"name"`
	WeightGrams *int                `json:"weight_grams"`
	Stock       int                 `json:"stock"`
	Attributes  []exportedAttribute `json:"attributes"`
	Prices      []exportedPrice     `json:"prices"`
}

type exportedAttribute struct {
	Code  string `json:"code"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

type exportedPrice struct {
	PriceList       string `json:"price_list"`
	Amount          string `json:"amount"`
	DiscountPercent string `json:"discount_percent"`
}

// exportProducts writes the products batch by batch, in the order of their ids.
func (e *Exporter) exportProducts(ctx context.Context, tx *store.Store, out productWriter, progress func(done int)) (done int, err error) {
	typeCodes, err := productTypeCodes(ctx, tx)
	if err != nil {
		return 0, err
	}
	var last uuid.UUID
	for {
		ids, err := tx.ProductIDsAfter(ctx, last, exportBatch)
		if err != nil {
			return done, err
		}
		if len(ids) == 0 {
			return done, out.flush()
		}
		batch, err := e.loadProducts(ctx, tx, ids, typeCodes)
		if err != nil {
			return done, err
		}
		for _, p := range batch {
			if err := out.writeProduct(p); err != nil {
				return done, err
			}
		}
		last, done = ids[len(ids)-1], done+len(ids)
		progress(done)
	}
}

func productTypeCodes(ctx context.Context, tx *store.Store) (map[uuid.UUID]string, error) {
	types, err := tx.ProductTypes(ctx)
	codes := make(map[uuid.UUID]string, len(types))
	for _, t := range types {
		codes[t.ID] = t.Code
	}
	return codes, err
}

// productParts is what hangs on a batch of products.
type productParts struct {
	translations map[uuid.UUID][]*models.ProductTranslation
	categories   map[uuid.UUID][]string
	media        map[uuid.UUID][]*models.ProductMedia
	variants     map[uuid.UUID][]*models.ProductVariant
	attributes   map[string][]*models.Attribute
	prices       map[string][]*models.ProductPrice
}

func loadParts(ctx context.Context, tx *store.Store, ids []uuid.UUID) (parts productParts, err error) {
	if parts.translations, err = tx.ProductTranslationsByProductIDs(ctx, ids); err != nil {
		return parts, err
	}
	if parts.categories, err = tx.CategoryCodesByProductIDs(ctx, ids); err != nil {
		return parts, err
	}
	if parts.media, err = tx.ProductMediaByProductIDs(ctx, ids); err != nil {
		return parts, err
	}
	if parts.variants, err = tx.ProductVariantsByProductIDs(ctx, ids); err != nil {
		return parts, err
	}
	var skus []string
	for _, variants := range parts.variants {
		for _, v := range variants {
			skus = append(skus, v.SKU)
		}
	}
	if parts.attributes, err = tx.AttributesBySKUs(ctx, skus); err != nil {
		return parts, err
	}
	parts.prices, err = tx.AllPrices(ctx, skus)
	return parts, err
}

// loadProducts returns the products in the order of the ids.
func (e *Exporter) loadProducts(ctx context.Context, tx *store.Store, ids []uuid.UUID, typeCodes map[uuid.UUID]string) ([]*exportedProduct, error) {
	products, err := tx.ProductsByIDs(ctx, ids, nil)
	if err != nil {
		return nil, err
	}
	parts, err := loadParts(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[uuid.UUID]*exportedProduct, len(ids))
	for _, p := range products {
		byID[p.ID] = parts.product(p, typeCodes, e.media)
	}
	batch := make([]*exportedProduct, len(ids))
	for i, id := range ids {
		batch[i] = byID[id]
	}
	return batch, nil
}

func (parts *productParts) product(p *models.Product, typeCodes map[uuid.UUID]string, addresses models.MediaAddresses) *exportedProduct {
	out := &exportedProduct{
		Kind: kindProduct, ID: p.ID, Published: p.Published, Brand: p.Brand,
		Categories: append([]string{}, parts.categories[p.ID]...), Media: []media{}, Variants: []exportedVariant{},
		Title: map[string]string{}, Slug: map[string]string{}, MetaTitle: map[string]string{},
		MetaDescription: map[string]string{}, ShortDescription: map[string]string{}, Description: map[string]string{},
	}
	if p.ProductTypeID != nil {
		code := typeCodes[*p.ProductTypeID]
		out.ProductType = &code
	}
	if p.ReleasedAt != nil {
		date := p.ReleasedAt.Format(time.DateOnly)
		out.ReleasedAt = &date
	}
	for _, t := range parts.translations[p.ID] {
		language := string(t.Language)
		out.Title[language], out.Slug[language] = t.Title, t.Slug
		out.MetaTitle[language], out.MetaDescription[language] = t.MetaTitle, t.MetaDescription
		out.ShortDescription[language], out.Description[language] = t.ShortDescription, t.Description
	}
	for _, m := range parts.media[p.ID] {
		out.Media = append(out.Media, media{URL: addresses.Of(m)})
	}
	for _, v := range parts.variants[p.ID] {
		out.Variants = append(out.Variants, parts.variant(v))
	}
	return out
}

func (parts *productParts) variant(v *models.ProductVariant) exportedVariant {
	out := exportedVariant{
		SKU: v.SKU, EAN: append([]string{}, v.EAN...), Name: v.ManufacturerPartNumber, WeightGrams: v.WeightGrams,
		Stock: v.StockQuantity, Attributes: []exportedAttribute{}, Prices: []exportedPrice{},
	}
	for _, a := range parts.attributes[v.SKU] {
		out.Attributes = append(out.Attributes, exportedAttribute{a.Type.Code, kindOfValue(a.Type.ValueType), a.Value})
	}
	for _, p := range parts.prices[v.SKU] {
		out.Prices = append(out.Prices, exportedPrice{p.PriceListCode, p.Amount.String(), p.DiscountPercent.String()})
	}
	return out
}

// kindOfValue is how files call the kind of a value.
func kindOfValue(t models.AttributeValueType) string {
	switch t {
	case models.AttributeInteger, models.AttributeDecimal:
		return "number"
	case models.AttributeBoolean:
		return "boolean"
	}
	return "text"
}

// exportReference writes what products refer to, each before what refers to it.
func exportReference(ctx context.Context, tx *store.Store, out *json.Encoder) error {
	steps := []func(context.Context, *store.Store, *json.Encoder) error{
		exportPriceLists, exportCountries, exportVatGroups, exportAttributes, exportProductTypes, exportCategories,
	}
	for _, step := range steps {
		if err := step(ctx, tx, out); err != nil {
			return err
		}
	}
	return nil
}

// writeLines writes a line for each row.
func writeLines[R any](out *json.Encoder, rows []R, line func(R) any) error {
	for _, row := range rows {
		if err := out.Encode(line(row)); err != nil {
			return fmt.Errorf("write reference data: %w", err)
		}
	}
	return nil
}

func exportPriceLists(ctx context.Context, tx *store.Store, out *json.Encoder) error {
	lists, err := priceListsByCode(ctx, tx)
	if err != nil {
		return err
	}
	return writeLines(out, lists, func(l *models.PriceList) any {
		return priceListLine{"price_list", l.Code, l.Name, l.Currency, l.Rounding.String(), l.IsDefault}
	})
}

func priceListsByCode(ctx context.Context, tx *store.Store) ([]*models.PriceList, error) {
	lists, err := tx.PriceLists(ctx)
	slices.SortFunc(lists, func(a, b *models.PriceList) int { return compare(a.Code, b.Code) })
	return lists, err
}

func exportCountries(ctx context.Context, tx *store.Store, out *json.Encoder) error {
	countries, err := tx.Countries(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(countries, func(a, b *models.Country) int { return compare(a.Code, b.Code) })
	return writeLines(out, countries, func(c *models.Country) any {
		return countryLine{"country", string(c.Code), c.Name, c.Locale, c.PriceListCode}
	})
}

func exportVatGroups(ctx context.Context, tx *store.Store, out *json.Encoder) error {
	groups, err := tx.VatGroups(ctx)
	if err != nil {
		return err
	}
	return writeLines(out, groups, func(g *models.VatGroup) any {
		return vatGroupLine{"vat_group", g.Code, g.Name, string(g.Country), g.Rate.String(), g.IsDefault}
	})
}

// exportAttributes writes the attribute types, then their values.
func exportAttributes(ctx context.Context, tx *store.Store, out *json.Encoder) error {
	types, err := attributeTypesByCode(ctx, tx)
	if err != nil {
		return err
	}
	err = writeLines(out, types, func(t *models.AttributeType) any {
		return attributeTypeLine{"attribute_type", t.Code, t.ValueType, t.Unit, t.Name}
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(types, typeBatch) {
		ids := make([]uuid.UUID, len(some))
		for i, t := range some {
			ids[i] = t.ID
		}
		if err := exportValues(ctx, tx, out, ids); err != nil {
			return err
		}
	}
	return nil
}

func attributeTypesByCode(ctx context.Context, tx *store.Store) ([]*models.AttributeType, error) {
	types, err := tx.AttributeTypes(ctx)
	slices.SortFunc(types, func(a, b *models.AttributeType) int { return compare(a.Code, b.Code) })
	return types, err
}

func exportValues(ctx context.Context, tx *store.Store, out *json.Encoder, types []uuid.UUID) error {
	var last *models.Attribute
	for {
		attributes, err := tx.AttributesAfter(ctx, types, last, attributeBatch)
		if err != nil {
			return err
		}
		if err := writeLines(out, attributes, attributeLineOf); err != nil {
			return err
		}
		if len(attributes) < attributeBatch {
			return nil
		}
		last = attributes[len(attributes)-1]
	}
}

func attributeLineOf(a *models.Attribute) any {
	line := attributeLine{Kind: "attribute", AttributeType: a.Type.Code, Value: a.Value, Name: a.Name, Position: a.Position}
	if a.Number != nil {
		number := a.Number.String()
		line.Number = &number
	}
	return line
}

func exportProductTypes(ctx context.Context, tx *store.Store, out *json.Encoder) error {
	types, err := tx.ExportedProductTypes(ctx)
	if err != nil {
		return err
	}
	return writeLines(out, types, func(t *store.ExportedProductType) any {
		return productTypeLine{"product_type", t.Code, t.Name, append([]string{}, t.AttributeTypes...), append([]string{}, t.VatGroups...)}
	})
}

func exportCategories(ctx context.Context, tx *store.Store, out *json.Encoder) error {
	categories, err := tx.ExportedCategories(ctx)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(categories, exportBatch) {
		ids := make([]uuid.UUID, len(some))
		for i, c := range some {
			ids[i] = c.ID
		}
		texts, err := tx.ExportedCategoryTexts(ctx, ids)
		if err != nil {
			return err
		}
		err = writeLines(out, some, func(c *store.ExportedCategory) any { return categoryLineOf(c, texts[c.ID]) })
		if err != nil {
			return err
		}
	}
	return nil
}

func categoryLineOf(c *store.ExportedCategory, texts []*models.CategoryTranslation) categoryLine {
	line := categoryLine{
		Kind: "category", Code: c.Code, Parent: c.Parent, Published: c.Published, Position: c.Position,
		Translations: map[models.LanguageCode]*categoryText{},
	}
	for _, t := range texts {
		line.Translations[t.Language] = &categoryText{t.Title, t.Slug, t.MetaTitle, t.MetaDescription, t.Description}
	}
	return line
}

// compare orders codes by their bytes.
func compare[S ~string](a, b S) int { return cmp.Compare(a, b) }
