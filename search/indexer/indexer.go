// Package indexer brings products from the database into the search engines: some after a change, all in a
// rebuild.
package indexer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/store"
)

// batchSize is how many products are read and written at a time.
const batchSize = 500

// Indexer writes into all engines, so that each of them can answer at any time.
type Indexer struct {
	store     *store.Store
	languages models.Languages
	engines   []search.Engine
}

// New returns an indexer for the engines. The one that is least likely to be away comes first: it is up to
// date even when a later one is not.
func New(s *store.Store, languages models.Languages, engines ...search.Engine) *Indexer {
	return &Indexer{store: s, languages: languages, engines: engines}
}

// IndexProducts brings the products into all engines as they are now; those that no longer exist are
// removed. An engine that is away makes the error wrap search.ErrUnavailable; the others are served.
func (x *Indexer) IndexProducts(ctx context.Context, ids []uuid.UUID) error {
	var errs []error
	for batch := range slices.Chunk(ids, batchSize) {
		documents, deleted, err := x.present(ctx, batch)
		if err != nil {
			return err
		}
		for _, engine := range x.engines {
			if err := write(ctx, engine, documents, deleted); err != nil {
				errs = append(errs, fmt.Errorf("index in %s: %w", engine.Name(), err))
			}
		}
	}
	return errors.Join(errs...)
}

// Ready says whether all engines can be written to; the error wraps search.ErrUnavailable.
func (x *Indexer) Ready(ctx context.Context) error {
	for _, engine := range x.engines {
		if err := engine.Ready(ctx); err != nil {
			return fmt.Errorf("%s: %w", engine.Name(), err)
		}
	}
	return nil
}

func write(ctx context.Context, engine search.Engine, documents []*search.Document, deleted []models.IndexVersion) error {
	if len(documents) > 0 {
		if err := engine.Index(ctx, documents); err != nil {
			return err
		}
	}
	if len(deleted) > 0 {
		return engine.Delete(ctx, deleted)
	}
	return nil
}

// present reads the products that exist among the ids, and at which versions the others were deleted, all at the same
// moment.
func (x *Indexer) present(ctx context.Context, ids []uuid.UUID) (documents []*search.Document, deleted []models.IndexVersion, err error) {
	err = x.store.InSnapshot(ctx, func(ctx context.Context, tx *store.Store) error {
		if documents, err = x.read(ctx, tx, ids); err != nil || len(documents) == len(ids) {
			return err
		}
		deleted, err = tx.TombstonesByProductIDs(ctx, ids)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read products to index: %w", err)
	}
	return documents, deleted, nil
}

// documents reads the products that exist among the ids, all at the same moment.
func (x *Indexer) documents(ctx context.Context, ids []uuid.UUID) (documents []*search.Document, err error) {
	err = x.store.InSnapshot(ctx, func(ctx context.Context, tx *store.Store) error {
		documents, err = x.read(ctx, tx, ids)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read products to index: %w", err)
	}
	return documents, nil
}

func (x *Indexer) read(ctx context.Context, tx *store.Store, ids []uuid.UUID) ([]*search.Document, error) {
	products, err := tx.ProductsByIDs(ctx, ids, nil)
	if err != nil {
		return nil, err
	}
	parts, err := readParts(ctx, tx, products)
	if err != nil {
		return nil, err
	}
	documents := make([]*search.Document, len(products))
	for i, p := range products {
		documents[i] = x.document(p, parts)
	}
	return documents, nil
}

// parts are what documents are made of besides the products' own fields.
type parts struct {
	translations map[uuid.UUID][]*models.ProductTranslation
	variants     map[uuid.UUID][]*models.ProductVariant
	attributes   map[string][]*models.Attribute
	prices       map[string]map[string]decimal.Decimal
	categories   map[uuid.UUID][]store.CategoryAbove
	sortTitles   map[uuid.UUID]map[models.LanguageCode]string
	productTypes map[uuid.UUID]string
}

func readParts(ctx context.Context, tx *store.Store, products []*models.Product) (p parts, err error) {
	ids, typeIDs := make([]uuid.UUID, len(products)), []uuid.UUID{}
	for i, product := range products {
		ids[i] = product.ID
		if product.ProductTypeID != nil {
			typeIDs = append(typeIDs, *product.ProductTypeID)
		}
	}
	if p.translations, err = tx.ProductTranslationsByProductIDs(ctx, ids); err != nil {
		return p, err
	}
	if p.variants, err = tx.ProductVariantsByProductIDs(ctx, ids); err != nil {
		return p, err
	}
	skus := skusOf(p.variants)
	if p.attributes, err = tx.AttributesBySKUs(ctx, skus); err != nil {
		return p, err
	}
	if p.prices, err = tx.DiscountedPrices(ctx, skus); err != nil {
		return p, err
	}
	if p.categories, err = tx.CategoriesAboveProducts(ctx, ids); err != nil {
		return p, err
	}
	if p.sortTitles, err = tx.SortTitlesByProductIDs(ctx, ids); err != nil {
		return p, err
	}
	types, err := tx.ProductTypesByIDs(ctx, typeIDs)
	p.productTypes = make(map[uuid.UUID]string, len(types))
	for _, t := range types {
		p.productTypes[t.ID] = t.Code
	}
	return p, err
}

func (x *Indexer) document(p *models.Product, parts parts) *search.Document {
	variants := parts.variants[p.ID]
	d := &search.Document{
		ProductID: p.ID, Version: p.IndexVersion, Published: p.Published, Brand: p.Brand,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, ReleasedAt: p.ReleasedAt,
		Codes: codesOf(variants), Texts: map[models.LanguageCode]search.Text{}, SortTitles: parts.sortTitles[p.ID],
	}
	if p.ProductTypeID != nil {
		d.ProductType = parts.productTypes[*p.ProductTypeID]
	}
	for _, c := range parts.categories[p.ID] {
		d.Categories = append(d.Categories, search.DocumentCategory{ID: c.CategoryID, Visible: c.Visible})
	}
	for _, v := range variants {
		d.Variants = append(d.Variants, documentVariant(v, parts))
	}
	for _, t := range parts.translations[p.ID] {
		if !x.languages.Supports(t.Language) {
			continue
		}
		d.Texts[t.Language] = search.Text{
			Title: t.Title, ShortDescription: t.ShortDescription,
			Attributes: attributeTexts(variants, parts.attributes, x.languages.Chain(t.Language)),
		}
	}
	return d
}

func documentVariant(v *models.ProductVariant, parts parts) search.DocumentVariant {
	variant := search.DocumentVariant{SKU: v.SKU, InStock: v.StockQuantity > 0, Prices: parts.prices[v.SKU]}
	for _, a := range parts.attributes[v.SKU] {
		variant.Attributes = append(variant.Attributes, search.DocumentAttribute{Type: a.Type.Code, Value: a.Value, Number: a.Number})
	}
	return variant
}

func codesOf(variants []*models.ProductVariant) []string {
	codes := list{}
	for _, v := range variants {
		codes.add(v.SKU)
		codes.add(v.ManufacturerPartNumber)
		for _, ean := range v.EAN {
			codes.add(ean)
		}
	}
	return codes.values
}

// attributeTexts writes what customers may ask for: values with their unit, and the names of the
// properties a variant has.
func attributeTexts(variants []*models.ProductVariant, attributes map[string][]*models.Attribute, chain []models.LanguageCode) []string {
	texts := list{}
	for _, v := range variants {
		for _, a := range attributes[v.SKU] {
			texts.add(attributeText(a, chain))
		}
	}
	return texts.values
}

func attributeText(a *models.Attribute, chain []models.LanguageCode) string {
	if a.Type.ValueType == models.AttributeBoolean {
		if a.Value != "true" {
			return ""
		}
		name, _ := a.Type.Name.In(chain)
		return name
	}
	value, _ := a.Name.In(chain)
	if value == "" {
		value = a.Value
	}
	if a.Type.Unit != nil {
		value += " " + *a.Type.Unit
	}
	return value
}

// list collects texts that are not empty, each once.
type list struct {
	values []string
	seen   map[string]bool
}

func (l *list) add(value string) {
	if value == "" || l.seen[value] {
		return
	}
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	l.seen[value] = true
	l.values = append(l.values, value)
}

func skusOf(variants map[uuid.UUID][]*models.ProductVariant) []string {
	var skus []string
	for _, ofProduct := range variants {
		for _, v := range ofProduct {
			skus = append(skus, v.SKU)
		}
	}
	return skus
}
