package mail

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"
	"unicode"
	"unicode/utf8"

	"ecoseller/models"
)

// Shop is what all mails say about the shop.
type Shop struct {
	Name string
	// URL is the address of the storefront, where links of mails lead.
	URL string
	// Zone is in what time zone mails tell the time; UTC when nil.
	Zone *time.Location
}

// Host is the address of the storefront as people write it.
func (s Shop) Host() string {
	if u, err := url.Parse(s.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return s.URL
}

// Content is the data of a mail that has a template.
type Content interface {
	// Kind says which template it is for.
	Kind() models.EmailKind
	// Check returns what is wrong with the data; fields are below the given one.
	Check(field string) models.UserErrors
}

// Rendered is a mail in words.
type Rendered struct {
	Subject string
	HTML    string
	Text    string
	// Language is in what language it is.
	Language models.LanguageCode
}

// Renderer writes mails from their data. It is safe for concurrent use.
type Renderer struct {
	shop      Shop
	languages models.Languages
	words     map[models.LanguageCode]*words
	letters   map[models.LanguageCode]map[models.EmailKind]func() (*letter, error)
}

// NewRenderer reads the words of all languages. A template is parsed when the first mail is written by it: all of them
// take longer than the rest of a start. Tests write a mail of each kind.
func NewRenderer(shop Shop, languages models.Languages) (*Renderer, error) {
	if shop.Zone == nil {
		shop.Zone = time.UTC
	}
	shop.URL = strings.TrimSuffix(shop.URL, "/")
	all, err := readWords(shop.Zone)
	if err != nil {
		return nil, err
	}
	sources := sync.OnceValues(readSources)
	r := &Renderer{shop: shop, languages: languages, words: all, letters: map[models.LanguageCode]map[models.EmailKind]func() (*letter, error){}}
	for code, w := range all {
		r.letters[code] = map[models.EmailKind]func() (*letter, error){}
		for _, kind := range models.TemplateKinds() {
			r.letters[code][kind] = sync.OnceValues(func() (*letter, error) {
				read, err := sources()
				if err != nil {
					return nil, err
				}
				return read.parse(kind, r.functions(w))
			})
		}
	}
	return r, nil
}

// page is what a layout shows.
type page struct {
	Shop           Shop
	Language       models.LanguageCode
	Subject        string
	Preheader      string
	Reason         string
	UnsubscribeURL string
	Data           Content
}

// Render writes the mail in the wanted language, or in the next of the shop's chain that mails are
// translated to. The unsubscribe URL may be empty.
func (r *Renderer) Render(content Content, wanted models.LanguageCode, unsubscribeURL string) (Rendered, error) {
	w := r.wordsFor(wanted)
	parsed := r.letters[w.code][content.Kind()]
	if parsed == nil {
		return Rendered{}, fmt.Errorf("no template for mails of kind %s", content.Kind())
	}
	l, err := parsed()
	if err != nil {
		return Rendered{}, err
	}
	p := page{Shop: r.shop, Language: w.code, Reason: l.reason, UnsubscribeURL: unsubscribeURL, Data: content}
	if p.Subject, err = oneLine(l.subject, content); err != nil {
		return Rendered{}, err
	}
	if p.Preheader, err = oneLine(l.preheader, content); err != nil {
		return Rendered{}, err
	}
	var html, text strings.Builder
	if err := l.html.Execute(&html, p); err != nil {
		return Rendered{}, fmt.Errorf("render HTML: %w", err)
	}
	if err := l.text.Execute(&text, p); err != nil {
		return Rendered{}, fmt.Errorf("render text: %w", err)
	}
	return Rendered{Subject: p.Subject, HTML: tidy(html.String(), 1), Text: tidy(text.String(), 2), Language: w.code}, nil
}

// Languages are those that mails are translated to, in no particular order.
func (r *Renderer) Languages() []models.LanguageCode {
	var codes []models.LanguageCode
	for code := range r.words {
		codes = append(codes, code)
	}
	return codes
}

func (r *Renderer) wordsFor(wanted models.LanguageCode) *words {
	for _, code := range r.languages.Chain(wanted) {
		if w := r.words[code]; w != nil {
			return w
		}
	}
	return r.words["en"]
}

// oneLine executes a template whose result becomes a header: it is one line, and not too long.
func oneLine(t *texttemplate.Template, data any) (string, error) {
	var out strings.Builder
	if err := t.Execute(&out, data); err != nil {
		return "", fmt.Errorf("render %s: %w", t.Name(), err)
	}
	line := strings.Join(strings.FieldsFunc(out.String(), func(c rune) bool { return unicode.IsControl(c) || c == ' ' }), " ")
	if utf8.RuneCountInString(line) > MaxSubject {
		line = string([]rune(line)[:MaxSubject-1]) + "…"
	}
	return line, nil
}

// tidy removes what template actions leave behind: spaces at the ends of lines, and more line ends in a row
// than wanted.
func tidy(s string, newLines int) string {
	var out strings.Builder
	empty := 0
	for line := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		// The line of two dashes and a space begins a signature.
		if line = strings.TrimRightFunc(line, unicode.IsSpace); line == "--" {
			line = "-- "
		}
		if empty++; line != "" {
			empty = 0
		}
		if empty < newLines {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

// fact is a line of a table of names and values.
type fact struct {
	Label, Value string
	URL          string
}

// functions are what templates can use.
func (r *Renderer) functions(w *words) map[string]any {
	return map[string]any{
		"t": w.text, "count": w.count, "date": w.date, "datetime": w.datetime, "money": w.money, "price": w.price,
		"url": r.absolute, "shop": func() string { return r.shop.Name },
		"key": func(group string, status any, what string) string {
			return group + "." + strings.ToLower(fmt.Sprint(status)) + "." + what
		},
		"dict": dict, "list": func(items ...any) []any { return items },
		"fact": func(label string, value any, link ...any) fact {
			f := fact{Label: label, Value: textOrEmpty(value)}
			if len(link) > 0 {
				f.URL = textOrEmpty(link[0])
			}
			return f
		},
		"paragraphs": func(text any) []string { return strings.Split(textOrEmpty(text), "\n") },
		"images":     anyImage, "items": countItems, "filler": filler,
		"outlook": func(markup string) template.HTML {
			return template.HTML("<!--[if mso]>" + markup + "<![endif]-->") //nolint:gosec // a constant of the layout
		},
	}
}

// absolute makes a path into an address of the storefront.
func (r *Renderer) absolute(link any) string {
	text := textOrEmpty(link)
	if strings.HasPrefix(text, "/") {
		return r.shop.URL + text
	}
	return text
}

func textOrEmpty(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case *string:
		if value == nil {
			return ""
		}
		return *value
	}
	return fmt.Sprint(value)
}

func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict of %d values", len(pairs))
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m, nil
}

// anyImage says whether a list shows pictures: then all its lines leave room for one.
func anyImage(list any) bool {
	switch list := list.(type) {
	case []*models.EmailOrderLine:
		for _, line := range list {
			if line.ImageURL != nil {
				return true
			}
		}
	case []*models.EmailReviewProduct:
		for _, product := range list {
			if product.ImageURL != nil {
				return true
			}
		}
	}
	return false
}

func countItems(lines []*models.EmailOrderLine) int {
	n := 0
	for _, line := range lines {
		n += int(line.Quantity)
	}
	return n
}

// filler keeps mail clients from showing the mail's beginning behind the preheader.
func filler() string { return strings.Repeat("\u200c\u00a0", 60) }
