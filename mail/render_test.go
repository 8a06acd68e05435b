package mail_test

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"ecoseller/mail"
	"ecoseller/models"
)

var update = flag.Bool("update", false, "write the golden files anew")

func shopLanguages(codes ...models.LanguageCode) models.Languages {
	return models.Languages{Supported: codes, Fallback: []models.LanguageCode{"sk", "cs", "en"}}
}

func newRenderer(t testing.TB, languages models.Languages) *mail.Renderer {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	r, err := mail.NewRenderer(mail.Shop{Name: "Lumora & Brenvala", URL: "https://shop.example/", Zone: zone}, languages)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// eachSample renders every kind of mail in every language.
func eachSample(t *testing.T, check func(t *testing.T, name string, kind models.EmailKind, m mail.Rendered)) {
	t.Helper()
	r := newRenderer(t, shopLanguages("en", "cs", "sk"))
	for _, kind := range models.TemplateKinds() {
		for _, language := range []models.LanguageCode{"en", "cs", "sk"} {
			unsubscribe := ""
			if kind.Optional() {
				unsubscribe = "https://api.shop.example/unsubscribe/token"
			}
			m, err := r.Render(mail.Sample(kind), language, unsubscribe)
			if err != nil {
				t.Fatalf("%s in %s: %v", kind, language, err)
			}
			if m.Language != language {
				t.Errorf("%s in %s is in %s", kind, language, m.Language)
			}
			check(t, strings.ToLower(string(kind))+"."+string(language), kind, m)
		}
	}
}

// TestMailsAreAsBefore compares with the golden files; -update writes them.
func TestMailsAreAsBefore(t *testing.T) {
	eachSample(t, func(t *testing.T, name string, _ models.EmailKind, m mail.Rendered) {
		golden(t, name+".html", m.HTML)
		golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has changed; if that is wanted: go test ./mail -run TestMailsAreAsBefore -update\n%s", file, firstDifference(string(want), got))
	}
}

func firstDifference(want, got string) string {
	wanted, lines := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(wanted), len(lines)) {
		if wanted[i] != lines[i] {
			return "want " + wanted[i] + "\ngot  " + lines[i]
		}
	}
	return "the lengths differ"
}

// leftovers are what a broken template or a missing value leaves in a mail.
var leftovers = regexp.MustCompile(`\{\{|\}\}|\{[a-z]+\}|<no value>|%!|ZgotmplZ|guarded\d+action|<nil>|0x[0-9a-f]{6}`)

// TestMailsAreWellFormed parses every mail and checks what mail clients need.
func TestMailsAreWellFormed(t *testing.T) {
	eachSample(t, func(t *testing.T, name string, kind models.EmailKind, m mail.Rendered) {
		for part, content := range map[string]string{"subject": m.Subject, "HTML": m.HTML, "text": m.Text} {
			if found := leftovers.FindString(content); found != "" {
				t.Errorf("%s: %s holds %q", name, part, found)
			}
		}
		if len(m.HTML) > 60_000 {
			t.Errorf("%s: %d bytes; some clients cut mails off at 100 kB", name, len(m.HTML))
		}
		if strings.Contains(m.Text, "&") && !strings.Contains(m.Text, "Lumora & Brenvala") || strings.Contains(m.Text, "&amp;") {
			t.Errorf("%s: the text is escaped", name)
		}
		document := checkRoundTrip(t, name, m.HTML)
		checkTags(t, name, m.HTML)
		for node := range document.Descendants() {
			checkNode(t, name, node)
		}
		hasLink := strings.Contains(m.HTML, "https://api.shop.example/unsubscribe/token") && strings.Contains(m.Text, "https://api.shop.example/unsubscribe/token")
		if hasLink != kind.Optional() {
			t.Errorf("%s: unsubscribe link: %t", name, hasLink)
		}
	})
}

// checkRoundTrip parses the HTML, writes it and parses that again: what a parser has to mend changes.
func checkRoundTrip(t *testing.T, name, source string) *html.Node {
	t.Helper()
	document, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var once strings.Builder
	if err := html.Render(&once, document); err != nil {
		t.Fatal(err)
	}
	again, err := html.Parse(strings.NewReader(once.String()))
	if err != nil {
		t.Fatal(err)
	}
	var twice strings.Builder
	if err := html.Render(&twice, again); err != nil {
		t.Fatal(err)
	}
	if once.String() != twice.String() {
		t.Errorf("%s does not survive a parser: %s", name, firstDifference(once.String(), twice.String()))
	}
	return document
}

var voidElements = []string{"br", "img", "meta", "hr", "link", "input"}

// checkTags wants each tag closed in the order in which they were opened, which no parser asks for.
func checkTags(t *testing.T, name, source string) {
	t.Helper()
	var open []string
	tokens := html.NewTokenizer(strings.NewReader(source))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("%s: %v are never closed", name, open)
			}
			return
		case html.StartTagToken:
			tag, _ := tokens.TagName()
			if !slices.Contains(voidElements, string(tag)) {
				open = append(open, string(tag))
			}
		case html.EndTagToken:
			tag, _ := tokens.TagName()
			if len(open) == 0 || open[len(open)-1] != string(tag) {
				t.Errorf("%s: </%s> closes %v", name, tag, open)
				return
			}
			open = open[:len(open)-1]
		}
	}
}

func checkNode(t *testing.T, name string, node *html.Node) {
	t.Helper()
	if node.Type != html.ElementNode {
		return
	}
	attributes := map[string]string{}
	for _, a := range node.Attr {
		attributes[a.Key] = a.Val
	}
	for _, key := range []string{"href", "src"} {
		if link, has := attributes[key]; has {
			if u, err := url.Parse(link); err != nil || u.Scheme != "https" || u.Host == "" {
				t.Errorf("%s: %s=%q is no absolute address", name, key, link)
			}
		}
	}
	_, hasAlt := attributes["alt"]
	_, hasClass := attributes["class"]
	switch {
	case node.Data == "img" && !hasAlt:
		t.Errorf("%s: an img without alt", name)
	case node.Data == "table" && attributes["role"] != "presentation":
		t.Errorf("%s: a table that screen readers take for data", name)
	case slices.Contains([]string{"script", "link", "iframe", "form", "template"}, node.Data):
		t.Errorf("%s: mail clients do not take <%s>", name, node.Data)
	case hasClass && attributes["style"] == "":
		t.Errorf("%s: the styles of class %q are not inlined", name, attributes["class"])
	case node.Data == "style" && !onlyMediaQueries(node.FirstChild.Data):
		t.Errorf("%s: rules are left in the style sheet: %.300s", name, node.FirstChild.Data)
	}
}

// onlyMediaQueries says whether every rule of a style sheet is inside of a media query.
func onlyMediaQueries(styles string) bool {
	depth, outside := 0, ""
	for _, c := range styles {
		switch {
		case c == '{':
			depth++
		case c == '}':
			depth--
		case depth == 0:
			outside += string(c)
		}
	}
	for rule := range strings.FieldsSeq(strings.ReplaceAll(outside, "@media", " @media ")) {
		if !strings.HasPrefix(rule, "@media") && !strings.HasPrefix(rule, "(") && !strings.HasSuffix(rule, ")") {
			return false
		}
	}
	return strings.Contains(styles, "@media")
}

// TestContentIsEscaped puts markup into everything that can hold it.
func TestContentIsEscaped(t *testing.T) {
	t.Parallel()
	r := newRenderer(t, shopLanguages("en", "cs", "sk"))
	evil := `<script>alert("x")</script>{number}{{.}}`
	m, err := r.Render(&models.ComplaintStatusChangedEmail{
		CustomerName: &evil, ComplaintNumber: evil, ProductTitle: evil, Status: models.ComplaintClosed, Explanation: &evil,
	}, "en", "")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(m.HTML, "<script") || !strings.Contains(m.HTML, "&lt;script&gt;") {
		t.Errorf("HTML: %s", m.HTML)
	}
	if !strings.Contains(m.Text, evil) || !strings.Contains(m.HTML, "{number}{{.}}") {
		t.Error("a text is taken for a template or a placeholder")
	}
}

// TestAnotherLanguageFallsBack asks for mails in a language without words.
func TestAnotherLanguageFallsBack(t *testing.T) {
	t.Parallel()
	languages := models.Languages{Supported: []models.LanguageCode{"pl", "cs", "en"}, Fallback: []models.LanguageCode{"pl", "cs", "en"}}
	m, err := newRenderer(t, languages).Render(mail.Sample(models.EmailAccountWelcome), "pl", "")
	if err != nil || m.Language != "cs" || !strings.Contains(m.HTML, `lang="cs"`) {
		t.Errorf("in %s: %s, %v", m.Language, m.Subject, err)
	}
	only := models.Languages{Supported: []models.LanguageCode{"de"}}
	if m, err := newRenderer(t, only).Render(mail.Sample(models.EmailAccountWelcome), "de", ""); err != nil || m.Language != "en" {
		t.Errorf("in %s: %s, %v", m.Language, m.Subject, err)
	}
}

// TestEveryStatusHasWords renders each state of orders and complaints.
func TestEveryStatusHasWords(t *testing.T) {
	t.Parallel()
	r := newRenderer(t, shopLanguages("en", "cs", "sk"))
	orders := []models.EmailOrderStatus{
		models.OrderPaid, models.OrderProcessing, models.OrderShipped, models.OrderReadyForPickup, models.OrderDelivered, models.OrderOnHold,
		models.OrderCancelled, models.OrderRefunded,
	}
	complaints := []models.EmailComplaintStatus{
		models.ComplaintInReview, models.ComplaintNeedsInput, models.ComplaintAccepted, models.ComplaintRejected, models.ComplaintReadyForPickup,
		models.ComplaintClosed,
	}
	subjects := map[string]bool{}
	for _, language := range r.Languages() {
		var contents []mail.Content
		for _, status := range orders {
			contents = append(contents, &models.OrderStatusChangedEmail{OrderNumber: "1", Status: status})
		}
		for _, status := range complaints {
			contents = append(contents, &models.ComplaintStatusChangedEmail{ComplaintNumber: "1", ProductTitle: "p", Status: status})
		}
		for _, content := range contents {
			if problems := content.Check("data"); len(problems) > 0 {
				t.Errorf("%+v: %v", content, problems)
			}
			m, err := r.Render(content, language, "")
			if err != nil || m.Subject == "" || subjects[m.Subject] {
				t.Errorf("%+v in %s: %q %v", content, language, m.Subject, err)
			}
			subjects[m.Subject] = true
		}
	}
}

// TestPlurals checks the forms that Czech and Slovak have and English has not.
func TestPlurals(t *testing.T) {
	t.Parallel()
	r := newRenderer(t, shopLanguages("en", "cs", "sk"))
	for _, test := range []struct {
		language models.LanguageCode
		count    int
		subject  string
	}{
		{"en", 1, "1 article is running low"},
		{"en", 2, "2 articles are running low"},
		{"cs", 1, "Dochází 1 položka"},
		{"cs", 4, "Docházejí 4 položky"},
		{"cs", 5, "Dochází 5 položek"},
		{"cs", 22, "Dochází 22 položek"},
		{"sk", 3, "Dochádzajú 3 položky"},
		{"sk", 11, "Dochádza 11 položiek"},
	} {
		variants := slices.Repeat([]*models.EmailLowStockVariant{{SKU: "S", Title: "T"}}, test.count)
		m, err := r.Render(&models.LowStockEmail{Variants: variants}, test.language, "")
		if err != nil || m.Subject != test.subject {
			t.Errorf("%s, %d: %q %v", test.language, test.count, m.Subject, err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	r := newRenderer(b, shopLanguages("en", "cs", "sk"))
	content := mail.Sample(models.EmailOrderConfirmation)
	for b.Loop() {
		if _, err := r.Render(content, "cs", ""); err != nil {
			b.Fatal(err)
		}
	}
}
