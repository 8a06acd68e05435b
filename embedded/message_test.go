package embedded

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNewMessage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		mail []string
		want Message
	}{
		"plain without MIME headers": {
			mail: []string{"Subject: Hello", "Message-ID: <1@shop>", "", "one", "two"},
			want: Message{Subject: "Hello", MessageID: "1@shop", Text: "one\r\ntwo"},
		},
		"encoded subject": {
			mail: []string{"Subject: =?UTF-8?q?Objedn=C3=A1vka_?= =?UTF-8?b?xI1lc2vDoQ==?=", "", "x"},
			want: Message{Subject: "Objednávka česká", Text: "x"},
		},
		"unknown encoding of the subject": {
			mail: []string{"Subject: =?klingon?q?Qapla?=", "", "x"},
			want: Message{Subject: "=?klingon?q?Qapla?=", Text: "x"},
		},
		"quoted-printable": {
			mail: []string{
				"Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: Quoted-Printable", "",
				"d=C5=99ev=C4=9Bn=C3=A1 =", "=C5=BEidle",
			},
			want: Message{Text: "dřevěná židle"},
		},
		"base64 over several lines": {
			mail: []string{"Content-Type: text/html", "Content-Transfer-Encoding: base64", "", "PGI+xb5p", "ZGxlPC9iPg=="},
			want: Message{HTML: "<b>židle</b>"},
		},
		"alternative": {
			mail: []string{
				"Subject: both", `Content-Type: multipart/alternative; boundary="b1"`, "", "preamble", "--b1",
				"Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "", "k=C5=AF=C5=88", "--b1",
				"Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64", "", "PHA+a8WvxYg8L3A+", "--b1--", "",
			},
			want: Message{Subject: "both", Text: "kůň", HTML: "<p>kůň</p>"},
		},
		"nested, with attachments": {
			mail: []string{
				"Content-Type: multipart/mixed; boundary=out", "", "--out",
				"Content-Type: text/plain", "Content-Disposition: attachment; filename=first.txt", "", "not me", "--out",
				"Content-Type: multipart/alternative; boundary=in", "", "--in",
				"Content-Type: text/plain", "", "text", "--in", "Content-Type: text/html", "", "<i>html</i>", "--in--", "--out",
				"Content-Type: text/plain", "", "second text", "--out--", "",
			},
			want: Message{Text: "text", HTML: "<i>html</i>"},
		},
		"body that breaks off": {
			mail: []string{"Content-Type: multipart/alternative; boundary=b", "", "--b", "Content-Type: text/plain", "", "begin"},
			want: Message{Text: "begin"},
		},
		"bytes that are not UTF-8": {
			mail: []string{"Content-Type: text/plain", "", "a\xffb"},
			want: Message{Text: "a\uFFFDb"},
		},
		"no mail at all": {mail: []string{"what is this"}, want: Message{}},
		"no boundary":    {mail: []string{"Content-Type: multipart/mixed", "", "x"}, want: Message{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := []byte(strings.Join(test.mail, "\r\n"))
			received := time.Unix(1_800_000_000, 0)
			test.want.From, test.want.To, test.want.Data, test.want.Received = "a@b", []string{"c@d"}, data, received
			test.want.Headers, _, _ = strings.Cut(string(data), "\r\n\r\n")
			if diff := cmp.Diff(test.want, newMessage("a@b", []string{"c@d"}, data, received)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A mail that is multiparts all the way down must neither hang nor overflow the stack.
func TestNewMessageEndsInDeepNesting(t *testing.T) {
	t.Parallel()
	for depth, want := range map[int]string{5: "x", 5000: ""} {
		var mail strings.Builder
		for i := range depth {
			fmt.Fprintf(&mail, "Content-Type: multipart/mixed; boundary=b%d-\r\n\r\n--b%d-\r\n", i, i)
		}
		mail.WriteString("Content-Type: text/plain\r\n\r\nx")
		if got := newMessage("", nil, []byte(mail.String()), time.Time{}); got.Text != want {
			t.Errorf("read %q at depth %d", got.Text, depth)
		}
	}
}

func FuzzNewMessage(f *testing.F) {
	f.Add([]byte("Subject: =?UTF-8?q?a?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"))
	f.Add([]byte("Content-Transfer-Encoding: base64\r\n\r\n===="))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got := newMessage("", nil, data, time.Time{}); !cmp.Equal(got.Data, data) {
			t.Error("the raw mail was changed")
		}
	})
}
