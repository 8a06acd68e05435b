package mail

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	texttemplate "text/template"

	"github.com/PuerkitoBio/goquery"
	"github.com/vanng822/go-premailer/premailer"

	"ecoseller/models"
)

//go:embed templates
var templateFiles embed.FS

// letter is the template of one kind of mail in one language.
type letter struct {
	subject, preheader *texttemplate.Template
	// reason is the phrase that says why somebody gets this mail.
	reason string
	html   *template.Template
	text   *texttemplate.Template
}

// sources are the templates as they are parsed for each language; styles are inlined already.
type sources struct {
	htmlLayout, textLayout     string
	htmlPartials, textPartials map[string]string
	letters                    map[models.EmailKind]letterSource
}

type letterSource struct{ html, text, subject, preheader, reason string }

// readSources reads the templates and writes the style sheet into the style attributes. Mail clients do
// not heed style sheets, but for media queries, which stay in the layout.
func readSources() (*sources, error) {
	styles, err := readTemplate("style.css")
	if err != nil {
		return nil, err
	}
	s := &sources{htmlPartials: map[string]string{}, textPartials: map[string]string{}, letters: map[models.EmailKind]letterSource{}}
	layout, err := readTemplate("layout.html")
	if err != nil {
		return nil, err
	}
	if s.htmlLayout, err = inlineStyles(strings.Replace(layout, "</head>", "<style>"+styles+"</style></head>", 1)); err != nil {
		return nil, err
	}
	if s.textLayout, err = readTemplate("layout.txt"); err != nil {
		return nil, err
	}
	if err := s.readPartials(styles); err != nil {
		return nil, err
	}
	for _, kind := range models.TemplateKinds() {
		if s.letters[kind], err = readLetter(kind, styles); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func readTemplate(name string) (string, error) {
	raw, err := templateFiles.ReadFile("templates/" + name)
	if err != nil {
		return "", fmt.Errorf("read template: %w", err)
	}
	return string(raw), nil
}

func (s *sources) readPartials(styles string) error {
	files, err := fs.Glob(templateFiles, "templates/partials/*")
	if err != nil {
		return fmt.Errorf("list partial templates: %w", err)
	}
	for _, file := range files {
		source, err := readTemplate("partials/" + path.Base(file))
		if err != nil {
			return err
		}
		name, extension, _ := strings.Cut(path.Base(file), ".")
		if extension == "txt" {
			s.textPartials[name] = source
			continue
		}
		if s.htmlPartials[name], err = inlineFragment(source, styles); err != nil {
			return fmt.Errorf("inline styles of %s: %w", file, err)
		}
	}
	return nil
}

// letterHead is how a text template begins.
var letterHead = regexp.MustCompile(`^Subject: (.+)\nPreheader: (.+)\nReason: (.+)\n\n`)

func readLetter(kind models.EmailKind, styles string) (letterSource, error) {
	name := strings.ToLower(string(kind))
	text, err := readTemplate(name + ".txt")
	if err != nil {
		return letterSource{}, err
	}
	head := letterHead.FindStringSubmatch(text)
	if head == nil {
		return letterSource{}, fmt.Errorf("template %s.txt does not begin with Subject, Preheader and Reason", name)
	}
	source, err := readTemplate(name + ".html")
	if err != nil {
		return letterSource{}, err
	}
	source, err = inlineFragment(source, styles)
	if err != nil {
		return letterSource{}, fmt.Errorf("inline styles of %s.html: %w", name, err)
	}
	return letterSource{html: source, text: text[len(head[0]):], subject: head[1], preheader: head[2], reason: head[3]}, nil
}

// parse makes the template of one kind; functions are those of a language.
func (s *sources) parse(kind models.EmailKind, functions map[string]any) (*letter, error) {
	source := s.letters[kind]
	name := strings.ToLower(string(kind))
	html := template.New(name + ".html").Funcs(functions)
	text := texttemplate.New(name + ".txt").Funcs(functions)
	for partial, content := range s.htmlPartials {
		if _, err := html.New(partial).Parse(content); err != nil {
			return nil, fmt.Errorf("parse template: %w", err)
		}
	}
	for partial, content := range s.textPartials {
		if _, err := text.New(partial).Parse(content); err != nil {
			return nil, fmt.Errorf("parse template: %w", err)
		}
	}
	l := &letter{html: html, text: text, reason: source.reason}
	var err error
	parseHTML := func(t *template.Template, content string) {
		if err == nil {
			_, err = t.Parse(content)
		}
	}
	parseText := func(t *texttemplate.Template, content string) *texttemplate.Template {
		if err == nil {
			_, err = t.Parse(content)
		}
		return t
	}
	parseHTML(html.New("content"), source.html)
	parseHTML(html, s.htmlLayout)
	parseText(text.New("content"), source.text)
	parseText(text, s.textLayout)
	l.subject = parseText(texttemplate.New(name+" subject").Funcs(functions), source.subject)
	l.preheader = parseText(texttemplate.New(name+" preheader").Funcs(functions), source.preheader)
	if err != nil {
		return nil, fmt.Errorf("parse template: %w", err)
	}
	return l, nil
}

// inlineFragment inlines the styles of a part of a page.
func inlineFragment(source, styles string) (string, error) {
	page, err := inlineStyles("<html><head><style>" + styles + "</style></head><body>" + source + "</body></html>")
	if err != nil {
		return "", err
	}
	_, rest, found := strings.Cut(page, "<body")
	_, rest, opened := strings.Cut(rest, ">")
	body, _, closed := strings.Cut(rest, "</body>")
	if !found || !opened || !closed {
		return "", fmt.Errorf("no body in %.200s", page)
	}
	return body, nil
}

// inlineStyles moves the rules of style elements into style attributes. Template actions are put aside
// meanwhile, because an HTML parser would move text out of tables: as comments between tags, as words
// inside of them and in the title.
func inlineStyles(page string) (string, error) {
	var actions []string
	guarded := guardActions(page, &actions)
	document, err := goquery.NewDocumentFromReader(strings.NewReader(guarded))
	if err != nil {
		return "", fmt.Errorf("read HTML: %w", err)
	}
	inlined, err := premailer.NewPremailer(document, premailer.NewOptions(premailer.WithCssToAttributes(false))).Transform()
	if err != nil {
		return "", fmt.Errorf("inline styles: %w", err)
	}
	return restoreActions(inlined, actions), nil
}

func guardActions(page string, actions *[]string) string {
	var out bytes.Buffer
	for page != "" {
		before, rest, found := strings.Cut(page, "{{")
		out.WriteString(before)
		if !found {
			break
		}
		action, after, _ := strings.Cut(rest, "}}")
		guard := "guarded" + strconv.Itoa(len(*actions)) + "action"
		*actions = append(*actions, "{{"+action+"}}")
		written := out.String()
		inTag := strings.LastIndexByte(written, '<') > strings.LastIndexByte(written, '>')
		if inTag || strings.HasSuffix(written, "<title>") {
			out.WriteString(guard)
		} else {
			out.WriteString("<!--" + guard + "-->")
		}
		page = after
	}
	return out.String()
}

var guardedAction = regexp.MustCompile(`<!--guarded(\d+)action-->|guarded(\d+)action`)

func restoreActions(page string, actions []string) string {
	return guardedAction.ReplaceAllStringFunc(page, func(guard string) string {
		number, _ := strconv.Atoi(strings.Trim(guard, "<>!-guardection"))
		return actions[number]
	})
}
