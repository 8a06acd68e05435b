package mail

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/bojanz/currency"
	"github.com/shopspring/decimal"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"ecoseller/models"
)

//go:embed strings/*.json
var wordFiles embed.FS

// months is how many names the entry "months" holds.
const months = 12

// words are what mails say in one language.
type words struct {
	code   models.LanguageCode
	tag    language.Tag
	texts  map[string]phrase
	months []string
	zone   *time.Location
}

// phrase is a text in its plural forms by their CLDR names; one without number has only "other".
type phrase map[string]string

// UnmarshalJSON reads a text, or an object of plural forms.
func (p *phrase) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*p = phrase{"other": text}
		return nil
	}
	forms := map[string]string{}
	if err := json.Unmarshal(raw, &forms); err != nil {
		return err
	}
	if forms["other"] == "" {
		return errors.New(`a phrase with plural forms needs the form "other"`)
	}
	*p = forms
	return nil
}

// readWords reads the file of each language that has one.
func readWords(zone *time.Location) (map[models.LanguageCode]*words, error) {
	files, err := fs.Glob(wordFiles, "strings/*.json")
	if err != nil {
		return nil, fmt.Errorf("list words of mails: %w", err)
	}
	all := map[models.LanguageCode]*words{}
	for _, file := range files {
		w, err := readLanguage(file, zone)
		if err != nil {
			return nil, fmt.Errorf("read words of mails in %s: %w", file, err)
		}
		all[w.code] = w
	}
	return all, nil
}

func readLanguage(file string, zone *time.Location) (*words, error) {
	raw, err := wordFiles.ReadFile(file)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(path.Base(file), ".json")
	tag, err := language.Parse(name)
	if err != nil {
		return nil, err
	}
	w := &words{code: models.LanguageCode(name), tag: tag, zone: zone}
	if err := json.Unmarshal(raw, &w.texts); err != nil {
		return nil, err
	}
	w.months = strings.Split(w.texts["months"]["other"], "|")
	if len(w.months) != months {
		return nil, fmt.Errorf("there are %d months", len(w.months))
	}
	return w, nil
}

// text fills a phrase with values, given as name, value, name, value.
func (w *words) text(key string, values ...any) (string, error) {
	p, ok := w.texts[key]
	if !ok {
		return "", fmt.Errorf("no phrase %q in %s", key, w.code)
	}
	return fill(p["other"], values)
}

// count fills the plural form that a number needs; the phrase has it as {n}.
func (w *words) count(key string, number any, values ...any) (string, error) {
	p, ok := w.texts[key]
	if !ok {
		return "", fmt.Errorf("no phrase %q in %s", key, w.code)
	}
	n, err := strconv.Atoi(fmt.Sprint(number))
	if err != nil {
		return "", fmt.Errorf("count %q: %w", key, err)
	}
	form, ok := p[pluralForms[plural.Cardinal.MatchPlural(w.tag, max(n, -n), 0, 0, 0, 0)]]
	if !ok {
		form = p["other"]
	}
	return fill(form, append([]any{"n", n}, values...))
}

var pluralForms = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

// fill replaces the names in braces. All names at once: what a value contains is never taken for a name.
func fill(text string, values []any) (string, error) {
	if len(values) == 0 {
		return text, nil
	}
	if len(values)%2 != 0 {
		return "", errors.New("values of a phrase come in pairs")
	}
	pairs := make([]string, len(values))
	for i := 0; i < len(values); i += 2 {
		pairs[i], pairs[i+1] = fmt.Sprintf("{%v}", values[i]), textOrEmpty(values[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(text), nil
}

func (w *words) date(t time.Time) (string, error) { return w.moment("date", t) }

func (w *words) datetime(t time.Time) (string, error) { return w.moment("datetime", t) }

func (w *words) moment(key string, t time.Time) (string, error) {
	t = t.In(w.zone)
	return w.text(key, "day", t.Day(), "month", w.months[t.Month()-1], "year", t.Year(), "clock", t.Format("15:04"), "zone", t.Format("MST"))
}

// money writes an amount as readers of the language do.
func (w *words) money(amount any, code string) (string, error) {
	d, err := decimalOf(amount)
	if err != nil {
		return "", err
	}
	digits, known := currency.GetDigits(code)
	if !known {
		digits = 2
	}
	return models.NewMoney(d, decimal.New(1, -int32(digits)), code).Formatted(string(w.code)), nil
}

// price is money, or a word where nothing has to be paid.
func (w *words) price(amount any, code string) (string, error) {
	if d, err := decimalOf(amount); err == nil && d.IsZero() {
		return w.text("free")
	}
	return w.money(amount, code)
}

func decimalOf(amount any) (decimal.Decimal, error) {
	switch amount := amount.(type) {
	case models.Decimal:
		return amount.Decimal, nil
	case *models.Decimal:
		return amount.Decimal, nil
	}
	return decimal.Decimal{}, fmt.Errorf("%v is no amount", amount)
}
