package store

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"ecoseller/models"
)

// TestJSONRowReadsWhatWasWritten reads random values, written with and without the spaces that PostgreSQL puts in.
func TestJSONRowReadsWhatWasWritten(t *testing.T) {
	t.Parallel()
	type tuple struct {
		text    string
		id      *uuid.UUID
		texts   []string
		amount  decimal.Decimal
		at      time.Time
		boolean bool
		named   models.Translated
		skipped []any
	}
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", `"`, `\`, "],[", "null", "ž\t\n", "\x00"}))
	id := rapid.Custom(func(t *rapid.T) uuid.UUID {
		return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	})
	rapid.Check(t, func(t *rapid.T) {
		want := tuple{
			text:    text.Draw(t, "text"),
			id:      rapid.Ptr(id, true).Draw(t, "id or nil"),
			texts:   rapid.SliceOf(text).Draw(t, "texts"),
			amount:  decimal.New(rapid.Int64().Draw(t, "amount"), -rapid.Int32Range(0, 10).Draw(t, "places")),
			at:      time.UnixMicro(rapid.Int64Range(0, 1<<51).Draw(t, "at")).UTC(),
			boolean: rapid.Bool().Draw(t, "boolean"),
			named:   models.Translated(rapid.MapOf(rapid.Map(text, func(s string) models.LanguageCode { return models.LanguageCode(s) }), text).Draw(t, "named")),
			skipped: []any{text.Draw(t, "skipped"), []any{map[string]any{"a": text.Draw(t, "deep")}, 1, nil}, "]"},
		}
		written, err := json.Marshal([]any{
			[]any{want.text, want.id, want.texts, json.Number(want.amount.String()), want.at, want.boolean, want.named, want.skipped}, -7, nil,
		})
		if err != nil {
			t.Fatal(err)
		}
		r := &jsonRow{text: spaced(string(written), rapid.Bool().Draw(t, "spaced"))}
		var got tuple
		var last int
		var none bool
		r.tuple(func() {
			if !r.tuple(func() {
				got.text, got.id, got.texts, got.amount = r.string(), r.uuidOrNil(), r.strings(), r.decimal()
				got.at, got.boolean, got.named = r.time(), r.bool(), r.translated()
				r.skipRest()
			}) {
				t.Fatal("no tuple")
			}
			last, none = r.int(), !r.tuple(func() { t.Fatal("null is no tuple") })
		})
		if err := r.Err(); err != nil {
			t.Fatalf("%s: %s", r.text, err)
		}
		if !got.amount.Equal(want.amount) || last != -7 || !none {
			t.Fatalf("%s: %s, %d, %t", r.text, got.amount, last, none)
		}
		got.amount, want.amount, want.skipped = decimal.Decimal{}, decimal.Decimal{}, nil
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s:\n got %+v\nwant %+v", r.text, got, want)
		}
	})
}

// spaced puts a space behind commas and colons outside of texts, as PostgreSQL does.
func spaced(text string, wanted bool) string {
	if !wanted {
		return text
	}
	var spaced []byte
	inText := false
	for i := 0; i < len(text); i++ {
		spaced = append(spaced, text[i])
		switch c := text[i]; {
		case c == '\\':
			i++
			spaced = append(spaced, text[i])
		case c == '"':
			inText = !inText
		case !inText && (c == ',' || c == ':'):
			spaced = append(spaced, ' ', '\n')
		}
	}
	return string(spaced)
}

// TestJSONRowRefuses reads rows that are cut off anywhere, or have something else than is expected: each ends, with an
// error.
func TestJSONRowRefuses(t *testing.T) {
	t.Parallel()
	read := func(text string) error {
		r := &jsonRow{text: text}
		r.tuple(func() {
			r.each(func() { r.tuple(func() { r.uuid(); r.skipRest() }) })
			r.string()
			r.translated()
			r.time()
			r.decimal()
			r.int()
		})
		return r.Err()
	}
	const whole = `[[["6ba7b810-9dad-11d1-80b4-00c04fd430c8", [1, "x"], {"a": "]"}]], "text \" š", {"cs": "lampa"}, "2024-02-29T10:00:00.5+00:00", 1.50, 7]`
	if err := read(whole); err != nil {
		t.Fatal(err)
	}
	for end := range len(whole) {
		if read(whole[:end]) == nil {
			t.Errorf("no error for %s", whole[:end])
		}
	}
	for _, odd := range []string{
		whole + "]", whole + "1", `{}`, `"text"`, `[[["x"]]]`, `[[], "a", {}, "yesterday", 1, 1]`, `[[], "a", {}, null, "x", 1]`, `[[], "a", {}, null, 1, 1.5]`,
		`[[], "a", [], null, 1, 1]`, `[[], "\u12", {}, null, 1, 1]`, `[[], "a", {}, null, 1, 1, 1]`,
	} {
		if read(odd) == nil {
			t.Errorf("no error for %s", odd)
		}
	}
}
