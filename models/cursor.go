package models

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
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

// ParseProductCursor reads the cursor of a product list that is sorted by key.
func ParseProductCursor(cursor string, key ProductSortKey) (*ProductCursor, error) {
	place := new(ProductCursor)
	if err := DecodeCursor(cursor, place); err != nil {
		return nil, err
	}
	if place.SortKey != key {
		return nil, BadInput(CodeInvalidCursor, "the cursor was made for another order")
	}
	if key == SortByTitle {
		return place, nil
	}
	if _, err := time.Parse(cursorTime, place.Value); err != nil {
		return nil, errInvalidCursor
	}
	return place, nil
}
