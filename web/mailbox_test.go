package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ecoseller/web"
)

func TestMailbox(t *testing.T) {
	t.Parallel()
	messages := []web.CaughtMail{
		{Number: 7, To: []string{"a@example.com"}, Subject: "First <b>", Headers: "X: 1", Text: "plain <i>", HTML: "<html><head></head><body><script>alert(1)</script></body></html>"},
		{Number: 8, To: []string{"b@example.com"}},
	}
	mailbox, err := web.Mailbox(web.MailboxOptions{
		Messages: func() []web.CaughtMail { return append([]web.CaughtMail{}, messages...) },
		Kinds:    []string{"LOW_STOCK", "BROKEN"}, Languages: []string{"en", "cs"},
		Sample: func(kind, language string) (web.CaughtMail, error) {
			if kind == "BROKEN" {
				return web.CaughtMail{}, errors.New("no such template")
			}
			return web.CaughtMail{Subject: kind + " in " + language, HTML: "<p>sample</p>"}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path   string
		status int
		has    []string
		hasNot string
	}{
		{"/dev/mailbox", http.StatusMovedPermanently, nil, ""},
		{"/dev/mailbox/", http.StatusOK, []string{"First &lt;b&gt;", "/dev/mailbox/messages/8", "/dev/mailbox/templates/LOW_STOCK/cs", "low stock"}, "<script"},
		{"/dev/mailbox/messages/7", http.StatusOK, []string{`src="/dev/mailbox/messages/7/html"`, "sandbox=", "plain &lt;i&gt;", "X: 1"}, "<script"},
		{"/dev/mailbox/messages/7/html", http.StatusOK, []string{"<script>alert(1)</script>", `<base target="_blank">`}, ""},
		{"/dev/mailbox/messages/8/html", http.StatusOK, []string{"no HTML part"}, ""},
		{"/dev/mailbox/messages/9", http.StatusNotFound, nil, ""},
		{"/dev/mailbox/messages/x", http.StatusNotFound, nil, ""},
		{"/dev/mailbox/templates/LOW_STOCK/cs", http.StatusOK, []string{"LOW_STOCK in cs", "/dev/mailbox/templates/LOW_STOCK/en"}, ""},
		{"/dev/mailbox/templates/LOW_STOCK/cs/html", http.StatusOK, []string{"<p>sample</p>"}, ""},
		{"/dev/mailbox/templates/LOW_STOCK/de", http.StatusNotFound, nil, ""},
		{"/dev/mailbox/templates/OTHER/cs", http.StatusNotFound, nil, ""},
		{"/dev/mailbox/templates/BROKEN/cs", http.StatusInternalServerError, []string{"no such template"}, ""},
		{"/dev/mailbox/mailbox.css", http.StatusOK, []string{"iframe"}, ""},
	} {
		response := httptest.NewRecorder()
		mailbox.ServeHTTP(response, httptest.NewRequest(http.MethodGet, test.path, nil))
		body := response.Body.String()
		if response.Code != test.status {
			t.Errorf("%s: status %d", test.path, response.Code)
		}
		for _, want := range test.has {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %q in %s", test.path, want, body)
			}
		}
		if test.hasNot != "" && strings.Contains(body, test.hasNot) {
			t.Errorf("%s: %q in %s", test.path, test.hasNot, body)
		}
		policy := response.Header().Get("Content-Security-Policy")
		if response.Code == http.StatusOK && strings.HasPrefix(response.Header().Get("Content-Type"), "text/html") && !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s: policy %q", test.path, policy)
		}
		if strings.HasSuffix(test.path, "/html") && !strings.HasPrefix(policy, "sandbox") {
			t.Errorf("%s: a mail may run scripts: %q", test.path, policy)
		}
		for _, foreign := range []string{`src="http`, `href="http`} {
			if strings.Contains(body, foreign) {
				t.Errorf("%s loads from elsewhere", test.path)
			}
		}
	}
}
