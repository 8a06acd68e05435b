package embedded

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// maxNesting ends the reading of multiparts inside multiparts.
const maxNesting = 10

// Message is a mail that a Mailbox has caught.
type Message struct {
	// Number is its place among all that the mailbox has caught, from 1.
	Number int
	// From and To are the addresses of the envelope.
	From string
	To   []string
	// Data is the mail as it was sent.
	Data []byte
	// Subject is decoded. It and the fields below are empty where the mail has no such part, or a broken one.
	Subject string
	// MessageID is without its angle brackets.
	MessageID string
	// Headers are those of the whole mail, as they were sent.
	Headers string
	// Text and HTML are the decoded bodies, without attachments.
	Text string
	HTML string
	// Received is when the mail came.
	Received time.Time
}

// newMessage reads what it can of a mail. A broken mail is caught as well: it is what one wants to see.
func newMessage(from string, to []string, data []byte, received time.Time) Message {
	m := Message{From: from, To: to, Data: data, Received: received}
	headers, _, _ := bytes.Cut(data, []byte("\r\n\r\n"))
	m.Headers = strings.ToValidUTF8(string(headers), "\uFFFD")
	parsed, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return m
	}
	m.Subject = decodeHeader(parsed.Header.Get("Subject"))
	m.MessageID = strings.Trim(strings.TrimSpace(parsed.Header.Get("Message-Id")), "<>")
	m.readPart(textproto.MIMEHeader(parsed.Header), parsed.Body, 0)
	return m
}

func decodeHeader(value string) string {
	decoded, err := new(mime.WordDecoder).DecodeHeader(value)
	if err != nil {
		return value
	}
	return decoded
}

// readPart takes the first text and the first HTML of a part and the parts inside it.
func (m *Message) readPart(header textproto.MIMEHeader, body io.Reader, depth int) {
	mediaType, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		mediaType = "text/plain"
	}
	if disposition, _, _ := mime.ParseMediaType(header.Get("Content-Disposition")); disposition == "attachment" {
		return
	}
	switch {
	case strings.HasPrefix(mediaType, "multipart/") && depth < maxNesting:
		m.readMultipart(multipart.NewReader(body, parameters["boundary"]), depth)
	case mediaType == "text/plain" && m.Text == "":
		m.Text = decodeBody(header, body)
	case mediaType == "text/html" && m.HTML == "":
		m.HTML = decodeBody(header, body)
	}
}

func (m *Message) readMultipart(parts *multipart.Reader, depth int) {
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return
		}
		m.readPart(part.Header, part, depth+1)
	}
}

// decodeBody undoes the transfer encoding; of a body that breaks off it returns the beginning.
func decodeBody(header textproto.MIMEHeader, body io.Reader) string {
	switch strings.ToLower(strings.TrimSpace(header.Get("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	decoded, _ := io.ReadAll(body)
	return strings.ToValidUTF8(string(decoded), "\uFFFD")
}
