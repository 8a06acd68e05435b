package models

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// maxCursorLength bounds what a client may send as a cursor; titles up to a few hundred characters fit.
const maxCursorLength = 4096

// errInvalidCursor says that a cursor is not one of ours, or is of another list.
var errInvalidCursor = BadInput(CodeInvalidCursor, "the cursor is not one that this list has given")

// cursorTime is how PostgreSQL writes a timestamptz in UTC as text.
const cursorTime = "2006-01-02 15:04:05.999999-07"

// EncodeCursor writes a place in a list as an opaque text.
func EncodeCursor(place any) (string, error) {
	raw, err := json.Marshal(place)
	if err != nil {
		return "", fmt.Errorf("write cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// DecodeCursor is the reverse of EncodeCursor; anything else is an InputError with CodeInvalidCursor.
func DecodeCursor(cursor string, place any) error {
	if len(cursor) > maxCursorLength {
		return errInvalidCursor
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return errInvalidCursor
	}
	if err := json.Unmarshal(raw, place); err != nil {
		return errInvalidCursor
	}
	return nil
}

// ParseProductCursor reads the cursor of a list as the query sorts it.
func ParseProductCursor(cursor string, q *ProductQuery) (*ProductCursor, error) {
	place := new(ProductCursor)
	if err := DecodeCursor(cursor, place); err != nil {
		return nil, err
	}
	if place.SortKey != q.SortKey || place.Within != q.SortedWithin() {
		return nil, BadInput(CodeInvalidCursor, "the cursor was made for another order")
	}
	if !ValidSortValue(q.SortKey, place.Value) {
		return nil, errInvalidCursor
	}
	return place, nil
}

// numberPattern are the numbers that prices can be; others might be more than the database holds.
var numberPattern = regexp.MustCompile(`^(-1|[0-9]{1,14}(\.[0-9]{1,30})?)$`)

// ValidSortValue says whether the database can read the value of a cursor.
func ValidSortValue(key ProductSortKey, value string) bool {
	var err error
	switch key {
	case SortByTitle:
		_, err = hex.DecodeString(value)
	case SortByPrice:
		return value == "Infinity" || numberPattern.MatchString(value)
	default:
		var t time.Time
		t, err = time.Parse(cursorTime, value)
		// What a timestamptz holds, and no zone but that in which we write.
		return err == nil && t.Year() >= 1 && strings.HasSuffix(value, "+00")
	}
	return err == nil
}
