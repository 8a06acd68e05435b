// Package indexer brings products from the database into the search engines: some after a change, all in a
// rebuild.
package indexer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/store"
)

// rebuildBatch is how many products are read and written at a time.
const rebuildBatch = 500

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
	documents, err := x.documents(ctx, ids)
	if err != nil {
		return err
	}
	gone := missing(ids, documents)
	var errs []error
	for _, engine := range x.engines {
		if err := write(ctx, engine, documents, gone); err != nil {
			errs = append(errs, fmt.Errorf("index in %s: %w", engine.Name(), err))
		}
	}
	return errors.Join(errs...)
}

func write(ctx context.Context, engine search.Engine, documents []*search.Document, gone []uuid.UUID) error {
	if len(documents) > 0 {
		if err := engine.Index(ctx, documents); err != nil {
			return err
		}
	}
	if len(gone) > 0 {
		return engine.Delete(ctx, gone)
	}
	return nil
}

// Report says what a rebuild has done.
type Report struct {
	Products int
	Engines  []search.EngineName
	Took     time.Duration
}

// Rebuild fills new indices of all engines from the database and puts them in place of the old ones.
// Searches go on meanwhile, and so do changes: these go into both. progress is told how many products
// are done, of how many; it may be nil. The error wraps store.ErrLocked while another rebuild runs.
func (x *Indexer) Rebuild(ctx context.Context, progress func(done, total int)) (Report, error) {
	var report Report
	err := x.store.Exclusively(ctx, store.LockRebuild, func(ctx context.Context) error {
		var err error
		report, err = x.rebuild(ctx, progress)
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("rebuild search index: %w", err)
	}
	return report, nil
}

func (x *Indexer) rebuild(ctx context.Context, progress func(done, total int)) (Report, error) {
	started := time.Now()
	if progress == nil {
		progress = func(int, int) {}
	}
	total, err := x.store.CountAllProducts(ctx)
	if err != nil {
		return Report{}, err
	}
	rebuilds, err := x.begin(ctx)
	defer func() {
		for _, r := range rebuilds {
			_ = r.Abort(context.WithoutCancel(ctx)) // does nothing after Commit
		}
	}()
	if err != nil {
		return Report{}, err
	}
	report := Report{}
	var last uuid.UUID
	for {
		ids, err := x.store.ProductIDsAfter(ctx, last, rebuildBatch)
		if err != nil {
			return Report{}, err
		}
		if len(ids) == 0 {
			break
		}
		documents, err := x.documents(ctx, ids)
		if err != nil {
			return Report{}, err
		}
		for _, r := range rebuilds {
			if err := r.Add(ctx, documents); err != nil {
				return Report{}, err
			}
		}
		last = ids[len(ids)-1]
		report.Products += len(documents)
		progress(report.Products, max(total, report.Products))
	}
	for i, r := range rebuilds {
		if err := x.commit(ctx, r, report.Products); err != nil {
			return Report{}, fmt.Errorf("in %s: %w", x.engines[i].Name(), err)
		}
		report.Engines = append(report.Engines, x.engines[i].Name())
	}
	report.Took = time.Since(started)
	return report, nil
}

func (x *Indexer) begin(ctx context.Context) ([]search.Rebuild, error) {
	var rebuilds []search.Rebuild
	for _, engine := range x.engines {
		r, err := engine.Rebuild(ctx)
		if err != nil {
			return rebuilds, fmt.Errorf("in %s: %w", engine.Name(), err)
		}
		rebuilds = append(rebuilds, r)
	}
	return rebuilds, nil
}

// commit asks for as many products as were written, or as there are now if some were deleted meanwhile.
func (x *Indexer) commit(ctx context.Context, r search.Rebuild, written int) error {
	present, err := x.store.CountAllProducts(ctx)
	if err != nil {
		return err
	}
	return r.Commit(ctx, min(written, present))
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
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
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

func missing(ids []uuid.UUID, documents []*search.Document) []uuid.UUID {
	present := make(map[uuid.UUID]bool, len(documents))
	for _, d := range documents {
		present[d.ProductID] = true
	}
	var gone []uuid.UUID
	for _, id := range ids {
		if !present[id] {
			gone = append(gone, id)
		}
	}
	return gone
}
