package catalogue

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"ecoseller/models"
)

// table reads a table: rows into products. Only what its columns name is changed; an empty cell empties.
type table struct {
	reader  *csv.Reader
	columns []column
	// priceLists and attributeTypes are those that the columns name.
	priceLists     []priceColumns
	attributeTypes []string
	sku, productID int
}

// column says what is done with a cell.
type column struct {
	// ofProduct columns repeat in each row of a product.
	ofProduct bool
	set       func(r *record, v *variant, cell string) error
}

// priceColumns are where the price in a list and its discount stand; -1 is nowhere.
type priceColumns struct {
	list            string
	price, discount int
}

// startsLikeTable says whether a file's first line is a table's header.
func startsLikeTable(start []byte) bool {
	start = bytes.TrimPrefix(start, []byte(byteOrderMark))
	line, _, _ := bytes.Cut(start, []byte("\n"))
	if bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) {
		return false
	}
	names := strings.FieldsFunc(string(line), func(r rune) bool { return strings.ContainsRune(",;\"\r", r) })
	return slices.Contains(names, columnSKU) || slices.Contains(names, columnProductID)
}

// openTable reads the header.
func openTable(source *bufio.Reader) (*table, error) {
	if start, _ := source.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		_, _ = source.Discard(len(byteOrderMark))
	}
	start, err := source.Peek(source.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read table: %w", err)
	}
	t := &table{reader: csv.NewReader(&lineEndKeeper{source: source}), sku: -1, productID: -1}
	t.reader.Comma = separatorOf(start)
	t.reader.ReuseRecord = true
	header, err := t.reader.Read()
	if err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	if err := t.readHeader(header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	return t, nil
}

// separatorOf is the first separator outside of quotes; Excel writes a semicolon where the comma is in numbers.
func separatorOf(start []byte) rune {
	quoted := false
	for _, b := range start {
		switch {
		case b == '"':
			quoted = !quoted
		case !quoted && (b == ',' || b == ';'):
			return rune(b)
		case !quoted && b == '\n':
			return ','
		}
	}
	return ','
}

func (t *table) readHeader(header []string) error {
	seen := map[string]bool{}
	needsSKU := false
	for i, name := range header {
		if name == "" {
			t.columns = append(t.columns, column{ofProduct: true, set: ignore})
			continue
		}
		if seen[name] {
			return fmt.Errorf("column %q is there twice", name)
		}
		seen[name] = true
		c, err := t.columnOf(strings.Clone(name), i)
		if err != nil {
			return err
		}
		t.columns = append(t.columns, c)
		needsSKU = needsSKU || !c.ofProduct
	}
	if t.sku < 0 && (needsSKU || t.productID < 0) {
		return fmt.Errorf("there is no column %q", columnSKU)
	}
	return nil
}

// columnOf finds out what the column is for.
func (t *table) columnOf(name string, index int) (column, error) {
	if list, found := strings.CutPrefix(name, prefixPrice); found {
		t.pricesIn(list).price = index
		return column{set: ignore}, nil
	}
	if list, found := strings.CutPrefix(name, prefixDiscount); found {
		t.pricesIn(list).discount = index
		return column{set: ignore}, nil
	}
	if code, found := strings.CutPrefix(name, prefixAttribute); found {
		t.attributeTypes = append(t.attributeTypes, code)
		return column{set: setAttribute(code)}, nil
	}
	if text, language := splitColumn(name); language != "" {
		if _, err := models.ParseLanguageCode(language); err != nil {
			return column{}, fmt.Errorf("column %q: %w", name, err)
		}
		return column{ofProduct: true, set: setText(text, language)}, nil
	}
	switch name {
	case columnSKU:
		t.sku = index
		return column{set: ignore}, nil
	case columnProductID:
		t.productID = index
		return column{ofProduct: true, set: ignore}, nil
	}
	if set, found := productColumns()[name]; found {
		return column{ofProduct: true, set: set}, nil
	}
	if set, found := variantColumns()[name]; found {
		return column{set: set}, nil
	}
	return column{}, fmt.Errorf("there is no column %.60q", name)
}

func (t *table) pricesIn(list string) *priceColumns {
	for i := range t.priceLists {
		if t.priceLists[i].list == list {
			return &t.priceLists[i]
		}
	}
	t.priceLists = append(t.priceLists, priceColumns{list, -1, -1})
	return &t.priceLists[len(t.priceLists)-1]
}

type setter = func(r *record, v *variant, cell string) error

func ignore(*record, *variant, string) error { return nil }

func productColumns() map[string]setter {
	return map[string]setter{
		columnPublished: func(r *record, _ *variant, cell string) (err error) {
			r.Published, err = parseFlag(cell)
			return err
		},
		columnProductType: func(r *record, _ *variant, cell string) error {
			r.ProductType = clearableText(unprotect(cell))
			return nil
		},
		columnBrand: func(r *record, _ *variant, cell string) error {
			brand := unprotect(cell)
			r.Brand = &brand
			return nil
		},
		columnReleasedAt: func(r *record, _ *variant, cell string) error {
			r.ReleasedAt = clearableText(cell)
			return nil
		},
		columnCategories: func(r *record, _ *variant, cell string) error {
			r.Categories = splitList(unprotect(cell))
			return nil
		},
		columnMedia: func(r *record, _ *variant, cell string) error {
			r.Media = []media{}
			for _, url := range splitList(unprotect(cell)) {
				r.Media = append(r.Media, media{URL: url})
			}
			return nil
		},
	}
}

func variantColumns() map[string]setter {
	return map[string]setter{
		columnEAN: func(_ *record, v *variant, cell string) error {
			v.EAN = splitList(unprotect(cell))
			return nil
		},
		columnPartNumber: func(_ *record, v *variant, cell string) error {
			name := unprotect(cell)
			v.Name = &name
			return nil
		},
		columnWeight: func(_ *record, v *variant, cell string) error {
			if cell == "" {
				v.WeightGrams.cleared = true
				return nil
			}
			grams, err := parseWhole(columnWeight, cell)
			v.WeightGrams.value = &grams
			return err
		},
		columnStock: func(_ *record, v *variant, cell string) error {
			stock := 0
			var err error
			if cell != "" {
				stock, err = parseWhole(columnStock, cell)
			}
			v.Stock = &stock
			return err
		},
	}
}

func clearableText(cell string) clearable[string] {
	if cell == "" {
		return clearable[string]{cleared: true}
	}
	return clearable[string]{value: &cell}
}

// parseFlag reads true and false, also as a Czech Excel writes them. A product is never without: an empty cell
// leaves what is there.
func parseFlag(cell string) (*bool, error) {
	var flag bool
	switch strings.ToLower(cell) {
	case "":
		return nil, nil
	case "true", "pravda", "1":
		flag = true
	case "false", "nepravda", "0":
	default:
		return nil, fmt.Errorf("published: %.50q is neither true nor false", cell)
	}
	return &flag, nil
}

func parseWhole(column, cell string) (int, error) {
	n, err := strconv.ParseInt(cell, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s: %.50q is not a whole number", column, cell)
	}
	return int(n), nil
}

func setText(name, language string) setter {
	return func(r *record, _ *variant, cell string) error {
		texts := map[string]*map[string]string{
			"title": &r.Title, "slug": &r.Slug, "meta_title": &r.MetaTitle, "meta_description": &r.MetaDescription,
			"short_description": &r.ShortDescription, "description": &r.Description,
		}[name]
		if *texts == nil {
			*texts = map[string]string{}
		}
		(*texts)[language] = unprotect(cell)
		return nil
	}
}

func setAttribute(code string) setter {
	return func(_ *record, v *variant, cell string) error {
		for _, value := range splitList(unprotect(cell)) {
			v.Attributes = append(v.Attributes, attribute{Code: code, Value: value})
		}
		return nil
	}
}

// setPrices reads the prices of a row. An empty cell removes the price; without the column it stays.
func (t *table) setPrices(v *variant, row []string) error {
	for _, c := range t.priceLists {
		var amount, discount *string
		if c.price >= 0 {
			amount = decimalCell(row[c.price])
		}
		if c.discount >= 0 {
			zero := "0"
			if discount = decimalCell(row[c.discount]); discount == nil {
				discount = &zero
			}
		}
		if c.price >= 0 && amount == nil {
			if discount != nil && *discount != "0" {
				return fmt.Errorf("%s%s: a discount without a price", prefixDiscount, c.list)
			}
			v.removedPrices = append(v.removedPrices, c.list)
			continue
		}
		v.setPrices = append(v.setPrices, variantPrice{PriceList: c.list, Amount: amount, DiscountPercent: discount})
	}
	return nil
}

// decimalCell is the cell's number with a decimal point, nil when it is empty.
func decimalCell(cell string) *string {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return nil
	}
	if !strings.Contains(cell, ".") {
		cell = strings.Replace(cell, ",", ".", 1)
	}
	return &cell
}

// rowGroup is a product as the rows that follow each other say it.
type rowGroup struct {
	record *record
	id     string
	// line is that of the first row, and of the first mistake when there is one.
	line  int
	cells []string
	err   error
}

// importTable reads all rows, and adds the product of those that belong together.
func (r *importRun) importTable(ctx context.Context, t *table) error {
	var group *rowGroup
	for {
		row, err := t.reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line, fatal := t.lineOf(err)
		if fatal != nil {
			return fatal
		}
		id := ""
		if err == nil && t.productID >= 0 {
			id = row[t.productID]
		}
		if group == nil || id == "" || id != group.id {
			if err := r.addGroup(ctx, group); err != nil {
				return err
			}
			group = &rowGroup{id: strings.Clone(id), line: line}
		}
		if err == nil {
			err = t.addRow(group, row)
		}
		if err != nil && group.err == nil {
			group.line, group.err = line, err
		}
	}
	return r.addGroup(ctx, group)
}

// lineOf is the line of the row just read, or of what keeps it from being one; the second error is one of reading.
func (t *table) lineOf(err error) (int, error) {
	if err == nil {
		line, _ := t.reader.FieldPos(0)
		return line, nil
	}
	if parseErr, ok := errors.AsType[*csv.ParseError](err); ok {
		return parseErr.StartLine, nil
	}
	return 0, fmt.Errorf("read table: %w", err)
}

func (r *importRun) addGroup(ctx context.Context, group *rowGroup) error {
	if group == nil {
		return nil
	}
	if group.err == nil {
		group.err = group.record.check()
	}
	if group.err != nil {
		r.reject(group.line, group.err.Error())
		return nil //nolint:nilerr // the refusal has been reported, and the rest goes in
	}
	return r.addRecord(ctx, group.line, group.record)
}

// addRow adds the row to its product.
func (t *table) addRow(group *rowGroup, row []string) error {
	for i, cell := range row {
		if !utf8.ValidString(cell) {
			return fmt.Errorf("column %d is not UTF-8", i+1)
		}
		if strings.Contains(cell, "\x00") {
			return errors.New("NUL characters cannot be stored")
		}
	}
	if group.record == nil {
		if err := t.startGroup(group, row); err != nil {
			return err
		}
	} else if err := t.compareWithGroup(group, row); err != nil {
		return err
	}
	return t.addVariant(group.record, row)
}

// startGroup reads what the product has.
func (t *table) startGroup(group *rowGroup, row []string) error {
	group.record = &record{exact: true, Variants: []variant{}, onlyTypes: t.attributeTypes}
	group.cells = slices.Clone(row)
	if group.id != "" {
		group.record.ID = &group.id
	}
	for i, c := range t.columns {
		if !c.ofProduct {
			continue
		}
		if err := c.set(group.record, nil, row[i]); err != nil {
			return err
		}
	}
	return nil
}

// compareWithGroup refuses rows of one product that say different things of it.
func (t *table) compareWithGroup(group *rowGroup, row []string) error {
	for i, c := range t.columns {
		if c.ofProduct && row[i] != group.cells[i] {
			return fmt.Errorf("column %d differs from the row before, of the same product", i+1)
		}
	}
	return nil
}

func (t *table) addVariant(r *record, row []string) error {
	sku := ""
	if t.sku >= 0 {
		sku = row[t.sku]
	}
	if sku == "" {
		for i, c := range t.columns {
			if !c.ofProduct && row[i] != "" || r.ID == nil {
				return errors.New("no sku")
			}
		}
		return nil
	}
	v := variant{SKU: sku}
	if len(t.attributeTypes) > 0 {
		v.Attributes = []attribute{}
	}
	for i, c := range t.columns {
		if c.ofProduct {
			continue
		}
		if err := c.set(r, &v, row[i]); err != nil {
			return err
		}
	}
	if err := t.setPrices(&v, row); err != nil {
		return err
	}
	if len(r.Variants) <= maxVariants {
		r.Variants = append(r.Variants, v)
	}
	return nil
}

// lineEndKeeper keeps the carriage returns inside of quotes, of which encoding/csv takes one away before each line
// feed, and bounds rows, because a quote that is never closed would bring the rest of the file into memory.
type lineEndKeeper struct {
	source   *bufio.Reader
	quoted   bool
	previous byte
	length   int
	// held says that a line feed follows.
	held bool
	err  error
}

// Read reads at least one byte.
func (k *lineEndKeeper) Read(p []byte) (int, error) {
	for n := range p {
		b, err := k.next()
		if err != nil {
			k.err = err
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		p[n] = b
	}
	return len(p), nil
}

// next returns the next byte, with a second carriage return before a line feed inside of quotes.
func (k *lineEndKeeper) next() (byte, error) {
	if k.err != nil {
		return 0, k.err
	}
	if k.held {
		k.held, k.previous = false, '\n'
		return '\n', nil
	}
	b, err := k.source.ReadByte()
	if err != nil {
		return 0, err
	}
	if b == '"' {
		k.quoted = !k.quoted
	}
	if k.length++; b == '\n' && !k.quoted {
		k.length = 0
	}
	if k.length > maxLine {
		return 0, errLineTooLong
	}
	if b == '\n' && k.quoted && k.previous == '\r' {
		k.held, b = true, '\r'
	}
	k.previous = b
	return b, nil
}
