package mail

import (
	"encoding/base64"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"ecoseller/models"
)

// The limits of attachments. All of a mail have to fit into a request, in base64.
const (
	MaxAttachments     = 10
	MaxAttachmentBytes = 1_400_000
	maxFilename        = 100
)

// attachmentType says what files of a content type are called and how they begin.
type attachmentType struct {
	extensions []string
	// magic are the bytes a file begins with; text has none.
	magic []string
}

// attachmentTypes are what shops send: nothing that a click runs.
var attachmentTypes = map[string]attachmentType{
	"application/pdf": {[]string{".pdf"}, []string{"%PDF-"}},
	"image/png":       {[]string{".png"}, []string{"\x89PNG\r\n\x1a\n"}},
	"image/jpeg":      {[]string{".jpg", ".jpeg"}, []string{"\xff\xd8\xff"}},
	"image/gif":       {[]string{".gif"}, []string{"GIF87a", "GIF89a"}},
	"image/webp":      {[]string{".webp"}, []string{"RIFF"}},
	"text/plain":      {[]string{".txt"}, nil},
	"text/csv":        {[]string{".csv"}, nil},
	"text/calendar":   {[]string{".ics"}, []string{"BEGIN:VCALENDAR"}},
	"application/xml": {[]string{".xml", ".isdoc"}, []string{"<"}},
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       {[]string{".xlsx"}, []string{"PK\x03\x04"}},
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": {[]string{".docx"}, []string{"PK\x03\x04"}},
}

func (c *checker) attachments(inputs []*models.EmailAttachmentInput) []*models.EmailAttachment {
	c.when(len(inputs) > MaxAttachments, models.UserErrorTooMany, "attachments", fmt.Sprintf("at most %d attachments", MaxAttachments))
	var files []*models.EmailAttachment
	size := 0
	for i, input := range inputs[:min(len(inputs), MaxAttachments)] {
		at := "attachments." + strconv.Itoa(i) + "."
		file := &models.EmailAttachment{Position: i, Filename: strings.TrimSpace(input.Filename), ContentType: strings.ToLower(strings.TrimSpace(input.ContentType))}
		c.filename(at+"filename", file.Filename)
		file.Content = c.content(at, input)
		c.contentType(at+"contentType", file)
		size += len(file.Content)
		files = append(files, file)
	}
	c.when(size > MaxAttachmentBytes, models.UserErrorTooLong, "attachments", fmt.Sprintf("at most %d kB together", MaxAttachmentBytes/1000))
	return files
}

// filename becomes part of a header and perhaps of a path on the reader's disk.
func (c *checker) filename(field, name string) {
	c.when(name == "", models.UserErrorRequired, field, "a file has a name")
	c.length(field, name, maxFilename)
	isWrong := func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`/\:*?"<>|`, r) }
	c.when(!utf8.ValidString(name) || strings.ContainsFunc(name, isWrong) || strings.HasPrefix(name, "."), models.UserErrorInvalid, field,
		"the name of a file, without its folder")
}

func (c *checker) content(at string, input *models.EmailAttachmentInput) []byte {
	switch {
	case (input.Base64 == nil) == (input.Text == nil):
		c.when(true, models.UserErrorRequired, at+"base64", "the content is given either as base64 or as text")
	case input.Text != nil:
		return []byte(strings.ToValidUTF8(*input.Text, "\uFFFD"))
	default:
		content, err := base64.StdEncoding.DecodeString(*input.Base64)
		c.when(err != nil, models.UserErrorInvalid, at+"base64", "not base64 (RFC 4648, with padding)")
		return content
	}
	return nil
}

// contentType makes sure that a file is what it says it is, as far as its name and its first bytes tell.
func (c *checker) contentType(field string, file *models.EmailAttachment) {
	known, ok := attachmentTypes[file.ContentType]
	if !ok {
		c.when(true, models.UserErrorInvalid, field, "one of "+strings.Join(slices.Sorted(maps.Keys(attachmentTypes)), ", "))
		return
	}
	c.when(!slices.Contains(known.extensions, strings.ToLower(path.Ext(file.Filename))), models.UserErrorInvalid, field,
		"files of this type are named *"+strings.Join(known.extensions, ", *"))
	begins := func(magic string) bool { return strings.HasPrefix(string(file.Content), magic) }
	c.when(len(file.Content) > 0 && known.magic != nil && !slices.ContainsFunc(known.magic, begins), models.UserErrorInvalid, field,
		"the content is not of this type")
	c.when(len(file.Content) == 0, models.UserErrorRequired, field, "the file is empty")
}
