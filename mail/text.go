package mail

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// TextOf writes an HTML mail as plain text, for readers without HTML: blocks become lines, links are
// followed by their address, list items begin with a dash.
func TextOf(source string) string {
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return source // the parser accepts anything that can be read, and a string can
	}
	w := textWriter{}
	w.node(root)
	return strings.TrimSpace(w.out.String())
}

type textWriter struct {
	out strings.Builder
	// newLines counts the line ends that have just been written, gap the spaces that are due.
	newLines int
	gap      bool
}

func (w *textWriter) node(n *html.Node) {
	if n.Type == html.TextNode {
		w.text(n.Data)
		return
	}
	if n.Type == html.ElementNode {
		switch n.DataAtom {
		case atom.Script, atom.Style, atom.Head, atom.Template:
			return
		case atom.Br:
			w.newLine(w.newLines + 1)
			return
		case atom.Li:
			w.newLine(1)
			w.text("- ")
		}
	}
	w.block(n)
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		w.node(child)
	}
	if n.DataAtom == atom.A {
		w.link(n)
	}
	w.block(n)
}

func (w *textWriter) block(n *html.Node) {
	switch n.DataAtom {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Ul, atom.Ol, atom.Blockquote:
		w.newLine(2)
	case atom.Div, atom.Tr, atom.Section, atom.Header, atom.Footer, atom.Article, atom.Hr:
		w.newLine(1)
	case atom.Td, atom.Th:
		w.gap = true
	}
}

func (w *textWriter) link(n *html.Node) {
	for _, attribute := range n.Attr {
		if attribute.Key == "href" && strings.Contains(attribute.Val, ":") && !strings.HasSuffix(w.out.String(), attribute.Val) {
			w.text(" (" + attribute.Val + ")")
		}
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
	if w.out.Len() == 0 {
		return
	}
	for ; w.newLines < n; w.newLines++ {
		w.out.WriteByte('\n')
	}
	w.gap = false
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }
