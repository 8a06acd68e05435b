package catalogue

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/store"
)

// maxLine is how long a line may be, in bytes.
const maxLine = 8 << 20

// Importer writes catalogue files into the shop.
type Importer struct {
	store *store.Store
	media models.MediaAddresses
}

// NewImporter returns an importer, which knows uploaded pictures by their addresses.
func NewImporter(s *store.Store, media models.MediaAddresses) *Importer {
	return &Importer{store: s, media: media}
}

// Refusal is a line that did not go in.
type Refusal struct {
	// Line counts from 1.
	Line   int
	Reason string
}

// Report says what an import has done.
type Report struct {
	// Imported counts products, Created those of them that were new.
	Imported, Created int
	// References counts price lists, countries, categories and whatever else products refer to.
	References int
	Refused    int
}

// Import reads a catalogue file, plain or gzip, and writes it in batches: NDJSON, or CSV when the first line is a
// header with a column sku or product_id. It can be repeated: products are recognised by their ids and skus. A line
// that is not right is passed to refuse, and the rest goes in. Refuse is called for one line at a time, not always in
// their order. An error means that the import could not go on.
func (i *Importer) Import(ctx context.Context, source io.Reader, refuse func(Refusal)) (Report, error) {
	return i.importFile(ctx, "", source, refuse)
}

// ImportCSV does the same with a file that is known to be CSV.
func (i *Importer) ImportCSV(ctx context.Context, source io.Reader, refuse func(Refusal)) (Report, error) {
	return i.importFile(ctx, FormatCSV, source, refuse)
}

func (i *Importer) importFile(ctx context.Context, format Format, source io.Reader, refuse func(Refusal)) (Report, error) {
	reader, err := openFile(source)
	if err != nil {
		return Report{}, err
	}
	run, ctx := newImportRun(ctx, i, refuse)
	err = run.read(ctx, format, reader)
	// A batch that failed has ended what was read as well, and says why.
	if failure := run.wait(); failure != nil {
		err = failure
	}
	return run.report, err
}

// read reads the file to its end; the last batches may still be on their way then.
func (r *importRun) read(ctx context.Context, format Format, reader *bufio.Reader) error {
	start, err := reader.Peek(reader.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read file: %w", err)
	}
	if format != FormatCSV && !startsLikeTable(start) {
		err = r.importLines(ctx, &lineReader{reader: reader})
	} else {
		err = r.openAndImportTable(ctx, reader)
	}
	if err != nil {
		return err
	}
	return r.flush(ctx)
}

func (r *importRun) openAndImportTable(ctx context.Context, reader *bufio.Reader) error {
	t, err := openTable(reader)
	if err != nil {
		return err
	}
	return r.importTable(ctx, t)
}

func (r *importRun) importLines(ctx context.Context, lines *lineReader) error {
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, errLineTooLong) {
			return fmt.Errorf("read line %d: %w", lines.number, err)
		}
		if err := r.add(ctx, lines.number, line, err); err != nil {
			return err
		}
	}
}

func (r *importRun) add(ctx context.Context, number int, line []byte, lineErr error) error {
	if lineErr == nil && len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	if lineErr != nil {
		r.reject(number, lineErr.Error())
		return nil
	}
	kind := kindOf(line)
	if kind != "" && kind != kindProduct {
		return r.addReference(ctx, number, kind, line)
	}
	parsed, err := parseRecord(line, kind == kindProduct)
	if err != nil {
		r.reject(number, err.Error())
		return nil
	}
	return r.addRecord(ctx, number, parsed)
}

// addReference adds a line of reference data to the batch of its kind.
func (r *importRun) addReference(ctx context.Context, number int, kind string, line []byte) error {
	item, err := parseReference(number, kind, line)
	if err != nil {
		r.reject(number, err.Error())
		return nil
	}
	full := len(r.references) >= referenceBatchSize
	if len(r.batch) > 0 || full || r.keys[item.key()] || len(r.references) > 0 && r.references[0].list != item.list {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	if r.keys == nil {
		r.keys = map[string]bool{}
	}
	r.keys[item.key()] = true
	r.references = append(r.references, item)
	return nil
}

// builder turns records into rows.
type builder struct {
	media    models.MediaAddresses
	rows     store.ProductImport
	refusals []Refusal
	created  int

	owners     map[string]uuid.UUID
	products   map[uuid.UUID]bool
	languages  map[store.TextKey]bool
	known      store.KnownCodes
	types      map[string]int
	values     map[[2]string]bool
	priceLists map[string]bool
}

// build makes rows of the lines, and refusals of those that do not fit what is there.
func (b *builder) build(ctx context.Context, tx *store.Store, lines []numbered) error {
	if err := b.lookUp(ctx, tx, lines); err != nil {
		return err
	}
	b.rows.AllNew = len(b.products) == 0
	for _, item := range lines {
		if reason := b.add(item.record); reason != "" {
			b.refusals = append(b.refusals, Refusal{Line: item.line, Reason: reason})
		}
	}
	return nil
}

// independent says that the rows depend neither on another batch of the same file nor another on them: products, and
// nothing that products of others refer to.
func (b *builder) independent() bool {
	return len(b.refusals) == 0 && len(b.rows.PriceLists) == 0 && len(b.rows.AttributeTypes) == 0
}

func (b *builder) lookUp(ctx context.Context, tx *store.Store, batch []numbered) (err error) {
	var skus []string
	var ids []uuid.UUID
	var codes store.Codes
	for _, item := range batch {
		if item.id != uuid.Nil {
			ids = append(ids, item.id)
		}
		for _, v := range item.Variants {
			skus = append(skus, v.SKU)
			for _, a := range v.Attributes {
				codes.AttributeTypes = append(codes.AttributeTypes, a.Code)
			}
		}
		codes.Categories = append(codes.Categories, item.Categories...)
		if item.ProductType.value != nil {
			codes.ProductTypes = append(codes.ProductTypes, *item.ProductType.value)
		}
	}
	slices.Sort(codes.AttributeTypes)
	codes.AttributeTypes = slices.Compact(codes.AttributeTypes)
	b.types, b.values, b.priceLists = map[string]int{}, map[[2]string]bool{}, map[string]bool{}
	if b.owners, err = tx.ProductIDsBySKUs(ctx, skus); err != nil {
		return err
	}
	ids = slices.AppendSeq(ids, maps.Values(b.owners))
	if b.products, err = tx.LockProducts(ctx, ids); err != nil {
		return err
	}
	if err := b.lookUpLanguages(ctx, tx, batch); err != nil {
		return err
	}
	lists, err := tx.PriceLists(ctx)
	if err != nil {
		return err
	}
	for _, list := range lists {
		b.priceLists[list.Code] = true
	}
	b.known, err = tx.KnownCodes(ctx, codes)
	return err
}

// lookUpLanguages finds out where there are texts, if the batch has some without titles.
func (b *builder) lookUpLanguages(ctx context.Context, tx *store.Store, batch []numbered) error {
	b.languages = map[store.TextKey]bool{}
	var ids []uuid.UUID
	for _, item := range batch {
		if id, isNew, reason := b.productOf(item.record); !isNew && reason == "" && item.hasUntitledTexts() {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	translations, err := tx.ProductTranslationsByProductIDs(ctx, ids)
	for id, ofProduct := range translations {
		for _, t := range ofProduct {
			b.languages[store.TextKey{ProductID: id, Language: t.Language}] = true
		}
	}
	return err
}

// add appends the record's rows, or says why it cannot.
func (b *builder) add(r *record) (reason string) {
	id, isNew, reason := b.productOf(r)
	if reason != "" {
		return reason
	}
	if reason := b.checkCodes(r); reason != "" {
		return reason
	}
	if reason := b.checkPriceLists(r); reason != "" {
		return reason
	}
	texts, removed, reason := b.textsOf(id, r)
	if reason != "" {
		return reason
	}
	if isNew {
		b.created++
	}
	b.rows.Translations = append(b.rows.Translations, texts...)
	b.rows.RemovedTranslations = append(b.rows.RemovedTranslations, removed...)
	product := store.ImportedProduct{
		ID: id, Published: r.Published, ProductType: r.ProductType.value, Brand: r.Brand, ReleasedAt: r.ReleasedAt.value,
		Cleared: []string{},
	}
	if r.ProductType.cleared {
		product.Cleared = append(product.Cleared, "product_type")
	}
	if r.ReleasedAt.cleared {
		product.Cleared = append(product.Cleared, "released_at")
	}
	b.rows.Products = append(b.rows.Products, product)
	b.addCategories(id, isNew, r)
	b.addMedia(id, isNew, r)
	b.addVariants(id, isNew, r)
	return ""
}

func (b *builder) checkCodes(r *record) (reason string) {
	if code := r.ProductType.value; code != nil && !b.known.ProductTypes[*code] {
		return fmt.Sprintf("there is no product type %q", *code)
	}
	for _, code := range r.Categories {
		if !b.known.Categories[code] {
			return fmt.Sprintf("there is no category %q", code)
		}
	}
	return ""
}

// productOf returns the product that the record's id or its variants name, or the id of a new one.
func (b *builder) productOf(r *record) (id uuid.UUID, isNew bool, reason string) {
	id = r.id
	for _, v := range r.Variants {
		owner, exists := b.owners[v.SKU]
		if !exists {
			continue
		}
		if id != uuid.Nil && id != owner {
			if r.id != uuid.Nil {
				return id, false, fmt.Sprintf("sku %q belongs to another product than its id says", v.SKU)
			}
			return id, false, "its skus belong to different products"
		}
		id = owner
	}
	if r.id != uuid.Nil {
		return id, !b.products[id], ""
	}
	if id != uuid.Nil {
		return id, false, ""
	}
	return uuid.Must(uuid.NewV7()), true, ""
}

// checkPriceLists lets prices into lists that exist, and into new ones that are named after a currency.
func (b *builder) checkPriceLists(r *record) (reason string) {
	for _, v := range r.Variants {
		for _, p := range slices.Concat(v.Prices, v.setPrices) {
			if b.priceLists[p.PriceList] {
				continue
			}
			if r.Price == nil || len(p.PriceList) != 3 {
				return fmt.Sprintf("there is no price list %q", p.PriceList)
			}
			b.priceLists[p.PriceList] = true
			b.rows.PriceLists = append(b.rows.PriceLists, store.ImportedPriceList{Code: p.PriceList, Currency: r.Price.Currency})
		}
	}
	return ""
}

// hasUntitledTexts says whether a text is given in a language without the title.
func (r *record) hasUntitledTexts() bool {
	for _, texts := range r.texts() {
		for language := range texts {
			if _, titled := r.Title[language]; !titled {
				return true
			}
		}
	}
	return false
}

// languages are those the record has texts in, in their order.
func (r *record) languages() []string {
	all := map[string]bool{}
	for _, texts := range r.texts() {
		for language := range texts {
			all[language] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// textsOf returns the rows of the record's texts and, for exact lines with an empty title, those to remove.
func (b *builder) textsOf(id uuid.UUID, r *record) (texts []store.ImportedTranslation, removed []store.TextKey, reason string) {
	for _, language := range r.languages() {
		code, _ := models.ParseLanguageCode(language) // checked with the record
		key := store.TextKey{ProductID: id, Language: code}
		title, titled := r.Title[language]
		switch {
		case titled && title == "" && r.exact:
			removed = append(removed, key)
			continue
		case titled && title == "":
			continue
		case !titled && !b.languages[key]:
			if name := r.textIn(language); name != "" {
				return nil, nil, fmt.Sprintf("%s in %s without a title in that language", name, language)
			}
			continue
		}
		texts = append(texts, r.translation(key, language))
	}
	return texts, removed, ""
}

// textIn names a text that is not empty in the language.
func (r *record) textIn(language string) string {
	for name, texts := range r.texts() {
		if texts[language] != "" {
			return name
		}
	}
	return ""
}

func (r *record) translation(key store.TextKey, language string) store.ImportedTranslation {
	given := func(texts map[string]string) *string {
		if text, ok := texts[language]; ok {
			return &text
		}
		return nil
	}
	t := store.ImportedTranslation{
		TextKey: key, Title: given(r.Title), Slug: given(r.Slug), MetaTitle: given(r.MetaTitle),
		MetaDescription: given(r.MetaDescription), ShortDescription: given(r.ShortDescription), Description: given(r.Description),
	}
	if t.Slug != nil && *t.Slug == "" {
		t.Slug = nil
	}
	if t.Title != nil {
		unique := key.ProductID.String()
		if len(r.Variants) > 0 {
			unique = r.Variants[0].SKU
		}
		t.NewSlug = slugFor(*t.Title, unique)
	}
	return t
}

func (b *builder) addCategories(id uuid.UUID, isNew bool, r *record) {
	if r.Categories != nil && !isNew {
		b.rows.ReplaceCategoriesOf = append(b.rows.ReplaceCategoriesOf, id)
	}
	for i, code := range r.Categories {
		if slices.Index(r.Categories, code) == i {
			b.rows.Categories = append(b.rows.Categories, store.ImportedCategory{ProductID: id, Category: code, Position: i})
		}
	}
}

func (b *builder) addMedia(id uuid.UUID, isNew bool, r *record) {
	if r.Media == nil {
		if r.ImageURL != "" {
			b.rows.Media = append(b.rows.Media, store.ImportedMedia{ProductID: id, URL: r.ImageURL, File: b.media.FileName(r.ImageURL)})
		}
		return
	}
	if !isNew {
		b.rows.ReplaceMediaOf = append(b.rows.ReplaceMediaOf, id)
	}
	for i, m := range r.Media {
		if slices.Index(r.Media, m) == i {
			b.rows.Media = append(b.rows.Media, store.ImportedMedia{ProductID: id, URL: m.URL, File: b.media.FileName(m.URL), Position: &i})
		}
	}
}

func (b *builder) addVariants(id uuid.UUID, isNew bool, r *record) {
	if r.exact && r.ordered && !isNew {
		b.rows.ReplaceVariantsOf = append(b.rows.ReplaceVariantsOf, id)
	}
	if r.onlyTypes != nil {
		b.rows.OnlyTypes = r.onlyTypes
	}
	for index := range r.Variants {
		v := &r.Variants[index]
		row := store.ImportedVariant{
			SKU: v.SKU, ProductID: id, EAN: v.EAN, PartNumber: v.Name, WeightGrams: v.WeightGrams.value, Stock: v.Stock,
			Index: index, Cleared: []string{},
		}
		if r.ordered {
			row.Position = &index
		}
		if v.WeightGrams.cleared {
			row.Cleared = append(row.Cleared, "weight_grams")
		}
		b.rows.Variants = append(b.rows.Variants, row)
		_, exists := b.owners[v.SKU]
		b.addPrices(v, exists)
		b.addAttributes(v, exists)
	}
}

func (b *builder) addPrices(v *variant, exists bool) {
	if v.Prices != nil && exists {
		b.rows.ReplacePricesOf = append(b.rows.ReplacePricesOf, v.SKU)
	}
	for _, list := range v.removedPrices {
		b.rows.RemovedPrices = append(b.rows.RemovedPrices, store.PriceKey{SKU: v.SKU, PriceList: list})
	}
	// The last price for a list wins.
	last := map[string]int{}
	for _, p := range slices.Concat(v.Prices, v.setPrices) {
		row := store.ImportedPrice{
			PriceKey: store.PriceKey{SKU: v.SKU, PriceList: p.PriceList}, Amount: p.Amount, DiscountPercent: p.DiscountPercent,
		}
		if i, repeated := last[p.PriceList]; repeated {
			b.rows.Prices[i] = row
			continue
		}
		last[p.PriceList] = len(b.rows.Prices)
		b.rows.Prices = append(b.rows.Prices, row)
	}
}

func (b *builder) addAttributes(v *variant, exists bool) {
	if v.Attributes != nil && exists {
		b.rows.ReplaceAttributesOf = append(b.rows.ReplaceAttributesOf, v.SKU)
	}
	seen := map[[2]string]bool{}
	for i := range v.Attributes {
		a := &v.Attributes[i]
		a.settle(b.known.AttributeTypes[a.Code])
		key := [2]string{a.Code, a.text}
		if seen[key] {
			continue
		}
		seen[key] = true
		b.addAttribute(a)
		b.rows.VariantAttributes = append(b.rows.VariantAttributes, store.ImportedVariantAttribute{
			SKU: v.SKU, Type: a.Code, Value: a.text, Position: i,
		})
	}
}

// addAttribute adds the value once for the whole batch, and its type if it is new or has to take more than it does. A
// type with values of different kinds is widened until all fit.
func (b *builder) addAttribute(a *attribute) {
	known := b.known.AttributeTypes[a.Code]
	if i, listed := b.types[a.Code]; listed {
		b.rows.AttributeTypes[i].ValueType = widen(b.rows.AttributeTypes[i].ValueType, a.valueType)
	} else if known == "" || widen(known, a.valueType) != known {
		b.types[a.Code] = len(b.rows.AttributeTypes)
		b.rows.AttributeTypes = append(b.rows.AttributeTypes, store.ImportedAttributeType{Code: a.Code, ValueType: a.valueType})
	}
	key := [2]string{a.Code, a.text}
	if b.values[key] {
		return
	}
	b.values[key] = true
	b.rows.Attributes = append(b.rows.Attributes, store.ImportedAttribute{Type: a.Code, Value: a.text, Number: a.number})
}

func widen(a, b models.AttributeValueType) models.AttributeValueType {
	isNumber := func(t models.AttributeValueType) bool {
		return t == models.AttributeInteger || t == models.AttributeDecimal
	}
	switch {
	case a == b:
		return a
	case isNumber(a) && isNumber(b):
		return models.AttributeDecimal
	}
	return models.AttributeText
}

// errLineTooLong is a line that would not fit into memory beside others of its kind.
var errLineTooLong = fmt.Errorf("longer than %d bytes", maxLine)

// lineReader reads lines of any length, of which it keeps those up to maxLine.
type lineReader struct {
	reader *bufio.Reader
	number int
}

// openFile looks at the first bytes to see whether the file is gzip.
func openFile(source io.Reader) (*bufio.Reader, error) {
	buffered := bufio.NewReaderSize(source, 1<<16)
	start, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read file: %w", err)
	}
	if !bytes.Equal(start, []byte{0x1f, 0x8b}) {
		return buffered, nil
	}
	unzipped, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("read gzip: %w", err)
	}
	return bufio.NewReaderSize(unzipped, 1<<16), nil
}

// next returns the next line, io.EOF after the last, or errLineTooLong, after which it goes on.
func (l *lineReader) next() ([]byte, error) {
	l.number++
	var line []byte
	tooLong := false
	for {
		part, err := l.reader.ReadSlice('\n')
		if tooLong = tooLong || len(line)+len(part) > maxLine; !tooLong {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) == 0 && !tooLong:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case tooLong:
			return nil, errLineTooLong
		}
		return line, nil
	}
}
