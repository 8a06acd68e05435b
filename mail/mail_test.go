package mail_test

import (
	"strings"
	"testing"
	"time"

	"ecoseller/mail"
)

func TestParseRecipient(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 65)
	for address, want := range map[string]string{
		"jana@example.com":                      "jana@example.com",
		" jana@example.com\n":                   "jana@example.com",
		"Jana.Nova+shop@Example.COM":            "Jana.Nova+shop@example.com",
		"o'neil@example.ie":                     "o'neil@example.ie",
		"jana@háčky.cz":                         "jana@xn--hky-ela4t.cz",
		"jana@sub.example.co.uk":                "jana@sub.example.co.uk",
		"":                                      "",
		"jana":                                  "",
		"jana@":                                 "",
		"@example.com":                          "",
		"jana@localhost":                        "",
		"jana@127.0.0.1":                        "",
		"jana@[127.0.0.1]":                      "",
		"jana@exam ple.com":                     "",
		"jana@-example.com":                     "",
		"jana@example..com":                     "",
		".jana@example.com":                     "",
		"jana..nova@example.com":                "",
		`"jana nova"@example.com`:               "",
		"Jana <jana@example.com>":               "",
		"a@b.cz, c@d.cz":                        "",
		"a@b.cz\r\nBcc: c@d.cz":                 "",
		"jana@ex\x00ample.com":                  "",
		long + "@example.com":                   "",
		"a@" + long + ".com":                    "",
		"š@example.com":                         "",
		"a@" + strings.Repeat("b.", 126) + "cz": "",
	} {
		got, err := mail.ParseRecipient(address)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", address, got, err, want)
		}
	}
}

func TestTextOf(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"":                                   "",
		"plain":                              "plain",
		"<h1>Order 42</h1><p>Thank you.</p>": "Order 42\n\nThank you.",
		"a<br>b<br><br>c":                    "a\nb\n\nc",
		"<ul><li>one</li><li>two</li></ul>":  "- one\n- two",
		`<a href="https://shop.example/o/1">Your order</a>`:               "Your order (https://shop.example/o/1)",
		`<a href="mailto:a@b.cz">a@b.cz</a>`:                              "a@b.cz",
		`<a href="#top">up</a>`:                                           "up",
		"<p>a  \n b</p>":                                                  "a b",
		"<b>bold</b> and <i>italic</i>":                                   "bold and italic",
		"<style>p{}</style><script>alert(1)</script>text":                 "text",
		"<head><title>t</title></head><body>b</body>":                     "b",
		"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>": "a b\nc",
		`<img src="x.png" alt="A chair">`:                                 "A chair",
		"Tom &amp; Jerry &lt;3":                                           "Tom & Jerry <3",
		"<p>never closed <b>tags":                                         "never closed tags",
		"a < b > c":                                                       "a < b > c",
	} {
		if got := mail.TextOf(source); got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}

// TestTextOfTakesLinearTime reads what makes parsers slow.
func TestTextOfTakesLinearTime(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"<div>", "<a href='https://x.cz'>", "</p>", "&amp;", "<", "<!--", "<li>x"} {
		started := time.Now()
		mail.TextOf(strings.Repeat(piece, mail.MaxHTML/len(piece)))
		if took := time.Since(started); took > 3*time.Second {
			t.Errorf("%s repeated takes %s", piece, took)
		}
	}
}

func FuzzTextOf(f *testing.F) {
	f.Add("<p>a<br>b</p><a href='x'>c</a>")
	f.Fuzz(func(t *testing.T, source string) {
		text := mail.TextOf(source)
		if text != strings.TrimSpace(text) || strings.Contains(text, "\n\n\n\n\n") && !strings.Contains(strings.ToLower(source), "<br") {
			t.Errorf("%q gives %q", source, text)
		}
	})
}

func TestNewSenderChecksOptions(t *testing.T) {
	t.Parallel()
	for _, o := range []mail.SMTPOptions{
		{Host: "", Port: 25, From: "a@b.cz"},
		{Host: "localhost", Port: 25, From: "nobody"},
		{Host: "localhost", Port: 25, From: ""},
		{Host: "localhost", Port: 700000, From: "a@b.cz"},
	} {
		if _, err := mail.NewSender(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
