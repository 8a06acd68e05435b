package catalogue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"ecoseller/models"
	"ecoseller/store"
)

// kindProduct is the kind of lines that say everything of a product, as an export writes them.
const kindProduct = "product"

// The lines of a file that are not products: what products refer to, before them. Each begins with its kind.
type (
	priceListLine struct {
		Kind      string `json:"kind"`
		Code      string `json:"code"`
		Name      string `json:"name"`
		Currency  string `json:"currency"`
		Rounding  string `json:"rounding"`
		IsDefault bool   `json:"is_default"`
	}
	countryLine struct {
		Kind             string            `json:"kind"`
		Code             string            `json:"code"`
		Name             models.Translated `json:"name,omitempty"`
		Locale           string            `json:"locale"`
		DefaultPriceList string            `json:"default_price_list"`
	}
	vatGroupLine struct {
		Kind      string `json:"kind"`
		Code      string `json:"code"`
		Name      string `json:"name"`
		Country   string `json:"country"`
		Rate      string `json:"rate"`
		IsDefault bool   `json:"is_default"`
	}
	attributeTypeLine struct {
		Kind      string                    `json:"kind"`
		Code      string                    `json:"code"`
		ValueType models.AttributeValueType `json:"value_type"`
		Unit      *string                   `json:"unit,omitempty"`
		Name      models.Translated         `json:"name,omitempty"`
	}
	// attributeLine is a value of an attribute type, a line each: a type may have more values than fit on one.
	attributeLine struct {
		Kind          string            `json:"kind"`
		AttributeType string            `json:"attribute_type"`
		Value         string            `json:"value"`
		Number        *string           `json:"number,omitempty"`
		Name          models.Translated `json:"name,omitempty"`
		Position      int               `json:"position"`
	}
	productTypeLine struct {
		Kind           string            `json:"kind"`
		Code           string            `json:"code"`
		Name           models.Translated `json:"name,omitempty"`
		AttributeTypes []string          `json:"attribute_types"`
		VatGroups      []string          `json:"vat_groups"`
	}
	categoryLine struct {
		Kind         string                                `json:"kind"`
		Code         string                                `json:"code"`
		Parent       *string                               `json:"parent"`
		Published    bool                                  `json:"published"`
		Position     int                                   `json:"position"`
		Translations map[models.LanguageCode]*categoryText `json:"translations"`
	}
	categoryText struct {
		Title           string `json:"title"`
		Slug            string `json:"slug"`
		MetaTitle       string `json:"meta_title,omitempty"`
		MetaDescription string `json:"meta_description,omitempty"`
		Description     string `json:"description,omitempty"`
	}
)

// referenceKind is a kind of line: the list of the reference data it goes into, and how it is read.
type referenceKind struct {
	list string
	line func() any
}

func referenceKinds() map[string]referenceKind {
	return map[string]referenceKind{
		"price_list":     {"price_lists", func() any { return new(priceListLine) }},
		"country":        {"countries", func() any { return new(countryLine) }},
		"vat_group":      {"vat_groups", func() any { return new(vatGroupLine) }},
		"attribute_type": {"attribute_types", func() any { return new(attributeTypeLine) }},
		"attribute":      {"attributes", func() any { return new(attributeLine) }},
		"product_type":   {"product_types", func() any { return new(productTypeLine) }},
		"category":       {"categories", func() any { return new(categoryLine) }},
	}
}

// kindOf reads the kind that a line begins with; it is empty for lines without.
func kindOf(line []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(line))
	var tokens [3]json.Token
	for i := range tokens {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		tokens[i] = token
		if i == 1 && token != "kind" {
			return ""
		}
	}
	kind, _ := tokens[2].(string)
	return kind
}

// referenceItem is a line of reference data.
type referenceItem struct {
	number int
	list   string
	line   any
}

// parseReference reads a line of the kind.
func parseReference(number int, kind string, line []byte) (*referenceItem, error) {
	known, ok := referenceKinds()[kind]
	if !ok {
		return nil, fmt.Errorf("there is no kind %.50q of line", kind)
	}
	into := known.line()
	if err := decodeStrictly(line, into); err != nil {
		return nil, err
	}
	return &referenceItem{number, known.list, into}, checkReference(into)
}

// checkReference finds what the database would take without a word.
func checkReference(line any) error {
	switch line := line.(type) {
	case *attributeLine:
		if line.Value == "" || len(line.Value) > maxValue {
			return fmt.Errorf("value of %s: 1 to %d bytes", line.AttributeType, maxValue)
		}
	case *priceListLine:
		if _, err := priceListOf(line.Currency); err != nil {
			return err
		}
		if err := checkDecimal(line.Rounding, 4, 2); err != nil {
			return fmt.Errorf("rounding: %w", err)
		}
	case *attributeTypeLine:
		kinds := []models.AttributeValueType{models.AttributeText, models.AttributeInteger, models.AttributeDecimal, models.AttributeBoolean}
		if !slices.Contains(kinds, line.ValueType) {
			return fmt.Errorf("value_type %.50q is none of %v", line.ValueType, kinds)
		}
		return checkCode(line.Code)
	case *productTypeLine:
		return checkCode(line.Code)
	case *vatGroupLine:
		return checkCode(line.Code)
	case *categoryLine:
		for language, text := range line.Translations {
			if _, err := models.ParseLanguageCode(string(language)); err != nil {
				return fmt.Errorf("translations: %w", err)
			}
			if text == nil || text.Title == "" || text.Slug == "" {
				return fmt.Errorf("translation in %s without title or slug", language)
			}
		}
		return checkCode(line.Code)
	}
	return nil
}

func checkCode(code string) error {
	if code == "" || len(code) > maxCode {
		return fmt.Errorf("code %.50q: 1 to %d bytes", code, maxCode)
	}
	return nil
}

// writeReferences writes a batch of reference lines, all of one list. It returns the lines that refer to
// something unknown; the others are written.
func writeReferences(ctx context.Context, s *store.Store, batch []*referenceItem) (refusals []Refusal, err error) {
	err = s.InTx(ctx, func(ctx context.Context, tx *store.Store) error {
		refusals = nil
		var codes store.Codes
		for _, item := range batch {
			addCodes(&codes, item.line)
		}
		known, err := tx.KnownCodes(ctx, codes)
		if err != nil {
			return err
		}
		var lines []any
		for _, item := range batch {
			if err := checkReferred(known, item.line); err != nil {
				refusals = append(refusals, Refusal{Line: item.number, Reason: err.Error()})
				continue
			}
			if category, ok := item.line.(*categoryLine); ok {
				known.Categories[category.Code] = true
			}
			lines = append(lines, item.line)
		}
		raw, err := json.Marshal(map[string]any{batch[0].list: lines})
		if err != nil || len(lines) == 0 {
			return err
		}
		return tx.ImportReference(ctx, raw)
	})
	if err != nil {
		return nil, fmt.Errorf("import lines %d to %d: %w", batch[0].number, batch[len(batch)-1].number, err)
	}
	return refusals, nil
}

// addCodes collects what the line refers to.
func addCodes(codes *store.Codes, line any) {
	switch line := line.(type) {
	case *attributeLine:
		codes.AttributeTypes = append(codes.AttributeTypes, line.AttributeType)
	case *productTypeLine:
		codes.AttributeTypes = append(codes.AttributeTypes, line.AttributeTypes...)
		codes.VatGroups = append(codes.VatGroups, line.VatGroups...)
	case *categoryLine:
		if line.Parent != nil {
			codes.Categories = append(codes.Categories, *line.Parent)
		}
	}
}

// checkReferred says whether what the line refers to exists.
func checkReferred(known store.KnownCodes, line any) error {
	switch line := line.(type) {
	case *attributeLine:
		if known.AttributeTypes[line.AttributeType] == "" {
			return fmt.Errorf("there is no attribute type %q", line.AttributeType)
		}
	case *productTypeLine:
		for _, code := range line.AttributeTypes {
			if known.AttributeTypes[code] == "" {
				return fmt.Errorf("there is no attribute type %q", code)
			}
		}
		for _, code := range line.VatGroups {
			if !known.VatGroups[code] {
				return fmt.Errorf("there is no VAT group %q", code)
			}
		}
	case *categoryLine:
		if line.Parent != nil && !known.Categories[*line.Parent] {
			return fmt.Errorf("there is no category %q", *line.Parent)
		}
		if line.Parent != nil && *line.Parent == line.Code {
			return errors.New("it is its own parent")
		}
	}
	return nil
}

// referenceKey is what a batch may have only once.
func (i *referenceItem) key() string {
	switch line := i.line.(type) {
	case *priceListLine:
		return line.Code
	case *countryLine:
		return line.Code
	case *vatGroupLine:
		return line.Code
	case *attributeTypeLine:
		return line.Code
	case *attributeLine:
		return line.AttributeType + "\x00" + line.Value
	case *productTypeLine:
		return line.Code
	case *categoryLine:
		return line.Code
	}
	return ""
}
