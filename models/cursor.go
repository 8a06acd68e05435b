package models

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// maxCursorLength bounds what a client may send as a cursor; titles up to a few hundred characters fit.
const maxCursorLength = 4096

// ErrInvalidCursor says that a cursor is not one of ours, or is of another list.
var ErrInvalidCursor = errors.New("the cursor is not one that this list has given")

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

// DecodeCursor is the reverse of EncodeCursor; it returns ErrInvalidCursor, wrapped, for anything else.
func DecodeCursor(cursor string, place any) error {
	if len(cursor) > maxCursorLength {
		return ErrInvalidCursor
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return ErrInvalidCursor
	}
	if err := json.Unmarshal(raw, place); err != nil {
		return ErrInvalidCursor
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
		return nil, fmt.Errorf("%w: it was made for another order", ErrInvalidCursor)
	}
	if key == SortByTitle {
		return place, nil
	}
	if _, err := time.Parse(cursorTime, place.Value); err != nil {
		return nil, ErrInvalidCursor
	}
	return place, nil
}
