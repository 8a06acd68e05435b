package feeds

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// plainText takes the tags off a description, puts single spaces between its words, removes what XML 1.0 cannot
// hold (section 2.2), and ends at a word within so many characters.
func plainText(text string, most int) string {
	if strings.ContainsAny(text, "<&") {
		text = withoutTags(text)
	}
	text = strings.Join(strings.Fields(strings.Map(xmlRune, text)), " ")
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	cut := string([]rune(text)[:most])
	if end := strings.LastIndexByte(cut, ' '); end > len(cut)/2 {
		cut = cut[:end]
	}
	return cut
}

func withoutTags(text string) string {
	var plain strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(text))
	skipped := false
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return plain.String()
		case html.TextToken:
			if !skipped {
				plain.Write(tokens.Text())
			}
		case html.StartTagToken, html.EndTagToken:
			name, _ := tokens.TagName()
			if tag := string(name); tag == "script" || tag == "style" {
				skipped = !skipped
			}
			plain.WriteByte(' ')
		default:
			plain.WriteByte(' ')
		}
	}
}

// xmlRune drops characters that XML 1.0 cannot hold.
func xmlRune(r rune) rune {
	switch {
	case r == '\t', r == '\n', r == '\r', r >= 0x20 && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFD && r != utf8.RuneError, r >= 0x10000:
		return r
	}
	return -1
}
