package mail

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// TextOf writes an HTML mail as plain text, for readers without HTML: blocks become lines, links are
// followed by their address, list items begin with a dash, pictures become their description. It reads
// tags as they come, without building a tree: any input, however broken, takes linear time.
func TextOf(source string) string {
	tokens := html.NewTokenizer(strings.NewReader(source))
	w := textWriter{}
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return strings.TrimSpace(w.out.String())
		case html.TextToken:
			if w.hidden == 0 {
				w.text(string(tokens.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			w.open(tokens.Token())
		case html.EndTagToken:
			w.close(tokens.Token())
		}
	}
}

type textWriter struct {
	out strings.Builder
	// newLines counts the line ends that have just been written; gap says that a space is due.
	newLines int
	gap      bool
	// hidden holds the element whose content is not text, such as a script; 0 when there is none.
	hidden atom.Atom
	// href is the address of the open link.
	href string
}

func (w *textWriter) open(tag html.Token) {
	if w.hidden != 0 {
		return
	}
	switch tag.DataAtom {
	case atom.Script, atom.Style, atom.Title, atom.Template:
		if tag.Type == html.StartTagToken {
			w.hidden = tag.DataAtom
		}
	case atom.Br:
		w.newLine(w.newLines + 1)
	case atom.Li:
		w.newLine(1)
		w.text("- ")
	case atom.Img:
		w.text(attribute(tag, "alt"))
	case atom.A:
		w.href = attribute(tag, "href")
	default:
		w.block(tag.DataAtom)
	}
}

func (w *textWriter) close(tag html.Token) {
	switch {
	case w.hidden != 0:
		if tag.DataAtom == w.hidden {
			w.hidden = 0
		}
	case tag.DataAtom == atom.A:
		w.link()
	case tag.DataAtom == atom.Li:
		w.newLine(1)
	default:
		w.block(tag.DataAtom)
	}
}

func (w *textWriter) block(tag atom.Atom) {
	switch tag {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Ul, atom.Ol, atom.Blockquote, atom.Hr:
		w.newLine(2)
	case atom.Div, atom.Tr, atom.Section, atom.Header, atom.Footer, atom.Article, atom.Pre:
		w.newLine(1)
	case atom.Td, atom.Th:
		w.gap = true
	}
}

// link writes the address of the link that ends, unless it was the link's text already.
func (w *textWriter) link() {
	address := w.href
	w.href = ""
	if strings.Contains(address, ":") && !strings.HasSuffix(w.out.String(), strings.TrimPrefix(address, "mailto:")) {
		w.gap = true
		w.text("(" + address + ")")
	}
}

func (w *textWriter) text(s string) {
	words := strings.Fields(s)
	if len(words) == 0 {
		w.gap = w.gap || s != ""
		return
	}
	if (w.gap || isSpace(s[0])) && w.newLines == 0 && w.out.Len() > 0 {
		w.out.WriteByte(' ')
	}
	w.out.WriteString(strings.Join(words, " "))
	w.newLines, w.gap = 0, isSpace(s[len(s)-1])
}

// newLine makes sure that at least n line ends come before what is written next.
func (w *textWriter) newLine(n int) {
	w.gap = false
	if w.out.Len() == 0 {
		return
	}
	for ; w.newLines < n; w.newLines++ {
		w.out.WriteByte('\n')
	}
}

func attribute(tag html.Token, key string) string {
	for _, a := range tag.Attr {
		if a.Key == key {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }
