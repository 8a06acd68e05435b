package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"ecoseller/models"
)

// A jsonRow reads JSON that PostgreSQL has built, value by value, in the order in which a statement names them. Values
// without names are half as much to send, and to read them takes a third of the time that decoding objects takes. The
// texts it returns are parts of the row: they keep it in memory.
//
// A value that is not as expected ends the reading; Err says so.
type jsonRow struct {
	text string
	at   int
	err  error
}

// readRow reads a row that is an array.
func readRow(text string, read func(r *jsonRow)) error {
	r := &jsonRow{text: text}
	r.tuple(func() { read(r) })
	return r.Err()
}

// Err is what went wrong, or nil when all of the row was read.
func (r *jsonRow) Err() error {
	if r.err == nil && r.at < len(r.text) {
		r.fail("the end")
	}
	return r.err
}

func (r *jsonRow) fail(expected string) {
	if r.err == nil {
		r.err = fmt.Errorf("byte %d of a row is not %s", r.at, expected)
	}
	r.at = len(r.text)
}

// next goes to the next value and returns its first byte, or 0 at the end.
func (r *jsonRow) next() byte {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; c {
		case ',', ':', ' ', '\n':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// null says whether the next value is null, and goes past it then.
func (r *jsonRow) null() bool {
	if r.next() != 'n' || !strings.HasPrefix(r.text[r.at:], "null") {
		return false
	}
	r.at += len("null")
	return true
}

// each calls read for every element of an array; null is an empty one.
func (r *jsonRow) each(read func()) {
	if r.null() {
		return
	}
	r.open('[')
	for r.err == nil && !r.closes(']') {
		read()
	}
}

// tuple reads an array of which read knows the elements, and returns false for null.
func (r *jsonRow) tuple(read func()) bool {
	if r.null() {
		return false
	}
	r.open('[')
	read()
	if !r.closes(']') {
		r.fail("the end of an array")
	}
	return r.err == nil
}

func (r *jsonRow) open(bracket byte) {
	if r.next() != bracket {
		r.fail("an array or an object")
		return
	}
	r.at++
}

func (r *jsonRow) closes(bracket byte) bool {
	if r.next() != bracket {
		return false
	}
	r.at++
	return true
}

// skipRest goes to the end of the array that is being read.
func (r *jsonRow) skipRest() {
	for depth := 0; r.err == nil; {
		switch r.next() {
		case '[', '{':
			depth++
			r.at++
		case ']', '}':
			if depth == 0 {
				return
			}
			depth--
			r.at++
		case 0:
			r.fail("the end of an array")
		default:
			r.raw()
		}
	}
}

// raw returns a text as it is written, without its quotes, or a number. Null is empty.
func (r *jsonRow) raw() (raw string, escaped bool) {
	if r.null() {
		return "", false
	}
	if r.next() != '"' {
		start := r.at
		for r.at < len(r.text) && !strings.ContainsRune(",]} \n", rune(r.text[r.at])) {
			r.at++
		}
		if r.at == start {
			r.fail("a value")
		}
		return r.text[start:r.at], false
	}
	r.at++
	for start := r.at; r.at < len(r.text); r.at++ {
		switch r.text[r.at] {
		case '\\':
			escaped = true
			r.at++
		case '"':
			r.at++
			return r.text[start : r.at-1], escaped
		}
	}
	r.fail("a text")
	return "", false
}

// string returns a text; null is empty.
func (r *jsonRow) string() string {
	raw, escaped := r.raw()
	if !escaped {
		return raw
	}
	text, err := jsontext.AppendUnquote(nil, `"`+raw+`"`)
	if err != nil {
		r.fail("a text")
	}
	return string(text)
}

// stringOrNil returns a text; null is nil.
func (r *jsonRow) stringOrNil() *string {
	if r.null() {
		return nil
	}
	text := r.string()
	return &text
}

// bool returns true or false; null is false.
func (r *jsonRow) bool() bool {
	raw, _ := r.raw()
	if raw != "" && raw != "true" && raw != "false" {
		r.fail("true or false")
	}
	return raw == "true"
}

// int64 returns a whole number; null is 0.
func (r *jsonRow) int64() int64 {
	raw, _ := r.raw()
	if raw == "" {
		return 0
	}
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil {
		r.fail("a whole number")
	}
	return n
}

// int returns a whole number; null is 0.
func (r *jsonRow) int() int { return int(r.int64()) }

// intOrNil returns a whole number; null is nil.
func (r *jsonRow) intOrNil() *int {
	if r.null() {
		return nil
	}
	n := r.int()
	return &n
}

// decimal returns an exact number; null is 0.
func (r *jsonRow) decimal() decimal.Decimal {
	raw, _ := r.raw()
	if raw == "" {
		return decimal.Decimal{}
	}
	d, err := decimal.NewFromString(raw)
	if err != nil {
		r.fail("a number")
	}
	return d
}

// decimalOrNil returns an exact number; null is nil.
func (r *jsonRow) decimalOrNil() *decimal.Decimal {
	if r.null() {
		return nil
	}
	d := r.decimal()
	return &d
}

// uuid returns an id; null is the zero id.
func (r *jsonRow) uuid() uuid.UUID {
	raw, _ := r.raw()
	if raw == "" {
		return uuid.Nil
	}
	id, err := uuid.Parse(raw)
	if err != nil {
		r.fail("an id")
	}
	return id
}

// uuidOrNil returns an id; null is nil.
func (r *jsonRow) uuidOrNil() *uuid.UUID {
	if r.null() {
		return nil
	}
	id := r.uuid()
	return &id
}

// time returns a time with its zone; null is the zero time.
func (r *jsonRow) time() time.Time {
	raw, _ := r.raw()
	if raw == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, raw)
	if err != nil {
		r.fail("a time")
	}
	return t
}

// timeOrNil returns a time; null is nil.
func (r *jsonRow) timeOrNil() *time.Time {
	if r.null() {
		return nil
	}
	t := r.time()
	return &t
}

// strings returns an array of texts; null is nil.
func (r *jsonRow) strings() []string {
	if r.null() {
		return nil
	}
	texts := []string{}
	r.each(func() { texts = append(texts, r.string()) })
	return texts
}

// translated returns an object of texts by language; null is nil.
func (r *jsonRow) translated() models.Translated {
	if r.null() {
		return nil
	}
	r.open('{')
	texts := models.Translated{}
	for r.err == nil && !r.closes('}') {
		language := models.LanguageCode(r.string())
		texts[language] = r.string()
	}
	return texts
}
