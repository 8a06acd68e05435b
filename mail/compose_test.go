package mail_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"ecoseller/mail"
	"ecoseller/models"
)

func newComposer(t testing.TB) *mail.Composer {
	t.Helper()
	return mail.NewComposer(newRenderer(t, shopLanguages("en", "cs", "sk")), mail.NewUnsubscriber([]byte("key"), "https://api.shop.example/"), "shop.example")
}

func text(s string) *string { return new(s) }

// refusals are field and code of each problem.
func refusals(t *testing.T, problems models.UserErrors) []string {
	t.Helper()
	var got []string
	for _, p := range problems {
		if p.Message == "" {
			t.Errorf("a problem without a message: %+v", p)
		}
		got = append(got, strings.Join(p.Field, ".")+" "+string(p.Code))
	}
	return got
}

func TestComposeChecks(t *testing.T) {
	t.Parallel()
	c := newComposer(t)
	pdf := base64.StdEncoding.EncodeToString([]byte("%PDF-1.7 ..."))
	file := func(name, contentType string, base64, text *string) func(*mail.Delivery, *mail.Custom) {
		return func(d *mail.Delivery, _ *mail.Custom) {
			d.Attachments = []*models.EmailAttachmentInput{{Filename: name, ContentType: contentType, Base64: base64, Text: text}}
		}
	}
	late := time.Now().AddDate(2, 0, 0)
	tests := []struct {
		name   string
		change func(*mail.Delivery, *mail.Custom)
		// problems are field and code.
		problems []string
	}{
		{"nothing wrong", func(*mail.Delivery, *mail.Custom) {}, nil},
		{"no recipient", func(d *mail.Delivery, _ *mail.Custom) { d.To = nil }, []string{"d.to REQUIRED"}},
		{"second recipient", func(d *mail.Delivery, _ *mail.Custom) { d.To = []string{"a@b.cz", "x", "y"} }, []string{"d.to.1 INVALID_ADDRESS", "d.to.2 INVALID_ADDRESS"}},
		{"too many recipients", func(d *mail.Delivery, _ *mail.Custom) { d.To = slices.Repeat([]string{"a@example.com"}, 51) }, []string{"d.to TOO_MANY"}},
		{"no subject", func(_ *mail.Delivery, m *mail.Custom) { m.Subject = " " }, []string{"m.subject REQUIRED"}},
		{"long subject", func(_ *mail.Delivery, m *mail.Custom) { m.Subject = strings.Repeat("ž", 256) }, []string{"m.subject TOO_LONG"}},
		{"long subject, just right", func(_ *mail.Delivery, m *mail.Custom) { m.Subject = strings.Repeat("ž", 255) }, nil},
		{"no body", func(_ *mail.Delivery, m *mail.Custom) { m.Text = "\n" }, []string{"m.text REQUIRED"}},
		{"long text", func(_ *mail.Delivery, m *mail.Custom) { m.Text = strings.Repeat("x", mail.MaxText+1) }, []string{"m.text TOO_LONG"}},
		{"long HTML", func(_ *mail.Delivery, m *mail.Custom) { m.HTML = strings.Repeat("x", mail.MaxHTML+1) }, []string{"m.html TOO_LONG"}},
		{"NUL", func(_ *mail.Delivery, m *mail.Custom) { m.Text, m.HTML = "a\x00", "b\x00" }, []string{"m.text INVALID", "m.html INVALID"}},
		{"empty key", func(d *mail.Delivery, _ *mail.Custom) { d.IdempotencyKey = new("") }, []string{"d.idempotencyKey REQUIRED"}},
		{"long key", func(d *mail.Delivery, _ *mail.Custom) { d.CancellationKey = new(strings.Repeat("k", 201)) }, []string{"d.cancellationKey TOO_LONG"}},
		{"far future", func(d *mail.Delivery, _ *mail.Custom) { d.SendAt = &late }, []string{"d.sendAt INVALID"}},
		{"answers to nobody", func(d *mail.Delivery, _ *mail.Custom) { d.ReplyTo = "nobody" }, []string{"d.replyTo INVALID_ADDRESS"}},
		{"a PDF", file("invoice.PDF", "application/pdf", &pdf, nil), nil},
		{"a text", file("terms.txt", "text/plain", nil, text("terms")), nil},
		{"a PDF that is none", file("invoice.pdf", "application/pdf", nil, text("MZ")), []string{"d.attachments.0.contentType INVALID"}},
		{"a program", file("setup.exe", "application/octet-stream", nil, text("MZ")), []string{"d.attachments.0.contentType INVALID"}},
		{"a program by its name", file("invoice.pdf.exe", "application/pdf", &pdf, nil), []string{"d.attachments.0.contentType INVALID"}},
		{"a page", file("page.html", "text/html", nil, text("<p>")), []string{"d.attachments.0.contentType INVALID"}},
		{"no base64", file("invoice.pdf", "application/pdf", text("%PDF"), nil), []string{"d.attachments.0.base64 INVALID", "d.attachments.0.contentType REQUIRED"}},
		{"two contents", file("a.txt", "text/plain", text("YQ=="), text("a")), []string{"d.attachments.0.base64 REQUIRED", "d.attachments.0.contentType REQUIRED"}},
		{"empty file", file("a.txt", "text/plain", nil, text("")), []string{"d.attachments.0.contentType REQUIRED"}},
		{"no file name", file("", "text/plain", nil, text("a")), []string{"d.attachments.0.filename REQUIRED", "d.attachments.0.contentType INVALID"}},
		{"large files", func(d *mail.Delivery, _ *mail.Custom) {
			for range 2 {
				d.Attachments = append(d.Attachments, &models.EmailAttachmentInput{Filename: "a.txt", ContentType: "text/plain", Text: text(strings.Repeat("x", 800_000))})
			}
		}, []string{"d.attachments TOO_LONG"}},
		{"many files", func(d *mail.Delivery, _ *mail.Custom) {
			d.Attachments = slices.Repeat([]*models.EmailAttachmentInput{{Filename: "a.txt", ContentType: "text/plain", Text: text("a")}}, 11)
		}, []string{"d.attachments TOO_MANY"}},
		{"everything", func(d *mail.Delivery, m *mail.Custom) { *d, *m = mail.Delivery{}, mail.Custom{} }, []string{"d.to REQUIRED", "m.subject REQUIRED", "m.text REQUIRED"}},
	}
	for _, test := range tests {
		d, m := mail.Delivery{To: []string{"a@example.com"}}, &mail.Custom{Subject: "Hello", Text: "Hello"}
		test.change(&d, m)
		_, problems, err := c.Compose(d, "d", m, "m")
		if got := refusals(t, problems); err != nil || !slices.Equal(got, test.problems) {
			t.Errorf("%s: got %q %v, want %q", test.name, got, err, test.problems)
		}
	}
}

// TestNothingWritesHeaders puts line breaks and more into everything that becomes part of a header.
func TestNothingWritesHeaders(t *testing.T) {
	t.Parallel()
	c := newComposer(t)
	for _, evil := range []string{"a\r\nBcc: x@y.cz", "a\nBcc: x@y.cz", "a\rBcc: x@y.cz", "a\x00b", "a\v\fb", "a\u0085Bcc: x@y.cz", "a\x1bb"} {
		order := mail.Sample(models.EmailOrderStatusChanged).(*models.OrderStatusChangedEmail)
		order.OrderNumber = evil
		stock := mail.Sample(models.EmailLowStock).(*models.LowStockEmail)
		stock.Variants[0].Title = evil
		complaint := mail.Sample(models.EmailComplaintReceived).(*models.ComplaintReceivedEmail)
		complaint.ComplaintNumber = evil
		good := mail.Delivery{To: []string{"a@example.com"}}
		for name, test := range map[string]struct {
			delivery mail.Delivery
			content  mail.Content
		}{
			"subject":     {good, &mail.Custom{Subject: "x" + evil, Text: "t"}},
			"to":          {mail.Delivery{To: []string{evil + "@example.com"}}, &mail.Custom{Subject: "s", Text: "t"}},
			"domain":      {mail.Delivery{To: []string{"a@" + evil + ".com"}}, &mail.Custom{Subject: "s", Text: "t"}},
			"to, whole":   {mail.Delivery{To: []string{"a@example.com" + evil}}, &mail.Custom{Subject: "s", Text: "t"}},
			"replyTo":     {mail.Delivery{To: good.To, ReplyTo: "a@example.com" + evil}, &mail.Custom{Subject: "s", Text: "t"}},
			"order":       {good, order},
			"title":       {good, stock},
			"complaint":   {good, complaint},
			"filename":    {mail.Delivery{To: good.To, Attachments: []*models.EmailAttachmentInput{{Filename: evil + ".txt", ContentType: "text/plain", Text: text("a")}}}, &mail.Custom{Subject: "s", Text: "t"}},
			"contentType": {mail.Delivery{To: good.To, Attachments: []*models.EmailAttachmentInput{{Filename: "a.txt", ContentType: "text/plain" + evil, Text: text("a")}}}, &mail.Custom{Subject: "s", Text: "t"}},
		} {
			if _, problems, err := c.Compose(test.delivery, "d", test.content, "m"); len(problems) == 0 || err != nil {
				t.Errorf("%q in %s is accepted, %v", evil, name, err)
			}
		}
	}
}

// TestContentChecks leaves out and spoils what each kind needs.
func TestContentChecks(t *testing.T) {
	t.Parallel()
	for _, kind := range models.TemplateKinds() {
		if problems := mail.Sample(kind).Check("data"); len(problems) > 0 {
			t.Errorf("sample of %s: %v", kind, problems)
		}
	}
	for _, test := range []struct {
		content  mail.Content
		problems []string
	}{
		{&models.OrderConfirmationEmail{}, []string{"data.order REQUIRED"}},
		{
			&models.OrderConfirmationEmail{Order: &models.EmailOrder{Number: "1", Currency: "KCS", Lines: []*models.EmailOrderLine{{}}}},
			[]string{"data.order.currency INVALID", "data.order.lines.0.title REQUIRED", "data.order.lines.0.quantity INVALID"},
		},
		{&models.OrderStatusChangedEmail{OrderNumber: "1", Status: "LOST", TrackingURL: text("javascript:alert(1)")}, []string{"data.status INVALID", "data.trackingUrl INVALID"}},
		{&models.ReviewRequestEmail{OrderNumber: "1"}, []string{"data.products REQUIRED"}},
		{&models.ReturnFormEmail{OrderNumber: "1", FormURL: "//evil.example", ReturnAddress: slices.Repeat([]string{"x"}, 9)}, []string{"data.formUrl INVALID", "data.returnAddress TOO_MANY"}},
		{&models.AccountWelcomeEmail{AccountURL: "ftp://shop.example"}, []string{"data.accountUrl INVALID"}},
		{&models.AddressVerificationEmail{VerifyURL: "https://user:password@shop.example/"}, []string{"data.verifyUrl INVALID"}},
		{&models.PasswordResetEmail{ResetURL: `/"><script>`}, []string{"data.resetUrl INVALID"}},
		{&models.LowStockEmail{}, []string{"data.variants REQUIRED"}},
		{&models.ComplaintReceivedEmail{}, []string{"data.complaintNumber REQUIRED", "data.orderNumber REQUIRED", "data.productTitle REQUIRED", "data.description REQUIRED"}},
		{&models.ComplaintStatusChangedEmail{ComplaintNumber: "1", ProductTitle: "p"}, []string{"data.status INVALID"}},
	} {
		if got := refusals(t, test.content.Check("data")); !slices.Equal(got, test.problems) {
			t.Errorf("%+v: got %q, want %q", test.content, got, test.problems)
		}
	}
}

func TestComposeCompletes(t *testing.T) {
	t.Parallel()
	c := newComposer(t)
	past := time.Now().Add(-time.Hour)
	m, problems, err := c.Compose(mail.Delivery{To: []string{"a@Example.com", "a@example.com", "b@example.com"}, SendAt: &past, Language: "cs"}, "d",
		&mail.Custom{Subject: " Hello\xff ", HTML: "<p>Dobrý den</p>"}, "m")
	if len(problems) > 0 || err != nil {
		t.Fatal(problems, err)
	}
	if !slices.Equal(m.Recipients, []string{"a@example.com", "b@example.com"}) || m.Subject != "Hello\uFFFD" || m.Text != "Dobrý den" ||
		m.SendAt != nil || m.Language != "cs" || !strings.HasSuffix(m.MessageID, "@shop.example") || m.UnsubscribeURL != "" {
		t.Errorf("got %+v", m)
	}
	two := mail.Delivery{To: []string{"a@example.com", "b@example.com"}}
	if _, problems, _ := c.Compose(two, "d", mail.Sample(models.EmailReviewRequest), "m"); len(problems) != 1 {
		t.Errorf("a review request to two: %v", problems)
	}
	m, _, err = c.Compose(mail.Delivery{To: two.To[:1]}, "d", mail.Sample(models.EmailReviewRequest), "m")
	if err != nil || m.UnsubscribeURL == "" || !strings.Contains(m.HTML, m.UnsubscribeURL) {
		t.Errorf("a review request without a way to unsubscribe: %v %q", err, m.UnsubscribeURL)
	}
}

// TestRequestHash tells the same mail asked for again from another one.
func TestRequestHash(t *testing.T) {
	t.Parallel()
	c := newComposer(t)
	soon := time.Now().Add(time.Hour)
	hash := func(change func(*mail.Delivery, *mail.Custom)) string {
		d, m := mail.Delivery{To: []string{"a@b.cz"}, Language: "cs"}, &mail.Custom{Subject: "s", Text: "t"}
		change(&d, m)
		composed, problems, err := c.Compose(d, "d", m, "m")
		if err != nil || len(problems) > 0 {
			t.Fatal(problems, err)
		}
		return string(composed.RequestHash)
	}
	first := hash(func(*mail.Delivery, *mail.Custom) {})
	if first != hash(func(d *mail.Delivery, _ *mail.Custom) { d.IdempotencyKey = text("k") }) {
		t.Error("the key is no part of the mail")
	}
	for name, change := range map[string]func(*mail.Delivery, *mail.Custom){
		"text":      func(_ *mail.Delivery, m *mail.Custom) { m.Subject, m.Text = "st", "x" },
		"recipient": func(d *mail.Delivery, _ *mail.Custom) { d.To = []string{"c@b.cz"} },
		"time":      func(d *mail.Delivery, _ *mail.Custom) { d.SendAt = &soon },
		"language":  func(d *mail.Delivery, _ *mail.Custom) { d.Language = "sk" },
		"answers":   func(d *mail.Delivery, _ *mail.Custom) { d.ReplyTo = "c@b.cz" },
		"attachment": func(d *mail.Delivery, _ *mail.Custom) {
			d.Attachments = []*models.EmailAttachmentInput{{Filename: "a.txt", ContentType: "text/plain", Text: text("a")}}
		},
	} {
		if first == hash(change) {
			t.Errorf("another %s is not another mail", name)
		}
	}
}

// fakeSuppressor remembers who was unsubscribed.
type fakeSuppressor struct{ known, done uuid.UUID }

func (s *fakeSuppressor) Unsubscribe(r context.Context, id uuid.UUID) (models.LanguageCode, error) {
	if id == s.known {
		s.done = id
	}
	return s.EmailLanguage(r, id)
}

func (s *fakeSuppressor) EmailLanguage(_ context.Context, id uuid.UUID) (models.LanguageCode, error) {
	if id == s.known {
		return "cs", nil
	}
	return "", nil
}

func TestUnsubscribeLinks(t *testing.T) {
	t.Parallel()
	u := mail.NewUnsubscriber([]byte("key"), "https://api.shop.example")
	suppressor := &fakeSuppressor{known: uuid.New()}
	handler := u.Handler(suppressor, newRenderer(t, shopLanguages("en", "cs", "sk")), nil)
	ask := func(method, link string) *httptest.ResponseRecorder {
		response := httptest.NewRecorder()
		request := httptest.NewRequest(method, strings.TrimPrefix(link, "https://api.shop.example"), strings.NewReader("List-Unsubscribe=One-Click"))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		handler.ServeHTTP(response, request)
		return response
	}
	link := u.URL(suppressor.known)
	if page := ask(http.MethodGet, link); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "Odhlásit odběr") || suppressor.done != uuid.Nil {
		t.Errorf("opening the link: %d %s, unsubscribed %s", page.Code, page.Body, suppressor.done)
	}
	for name, other := range map[string]string{
		"another signature": mail.NewUnsubscriber([]byte("other"), "https://api.shop.example").URL(suppressor.known),
		"another mail":      u.URL(uuid.New()),
		"garbage":           "https://api.shop.example/unsubscribe/garbage",
		"a shorter one":     link[:len(link)-2],
	} {
		if page := ask(http.MethodPost, other); page.Code != http.StatusNotFound || suppressor.done != uuid.Nil {
			t.Errorf("%s: %d", name, page.Code)
		}
	}
	if page := ask(http.MethodPost, link); page.Code != http.StatusOK || suppressor.done != suppressor.known {
		t.Errorf("the mail program's click: %d, unsubscribed %s", page.Code, suppressor.done)
	}
}
