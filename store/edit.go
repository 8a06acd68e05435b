package store

import (
	"context"
	"errors"
	"strings"

	"github.com/uptrace/bun"

	"ecoseller/models"
)

// row collects the columns of a row that a change sets.
type row struct {
	names  []string
	values []any
}

func (r *row) set(name string, value any) {
	r.names, r.values = append(r.names, name), append(r.values, value)
}

// assignments is what stands behind SET.
func (r *row) assignments() string { return strings.Join(r.names, " = ?, ") + " = ?" }

// field is a field of an input that may have been left out.
type field[T any] interface {
	IsSet() bool
	Value() T
}

// setGiven sets the column when the input has the field: to the value, or to ifNull when it is null.
func setGiven[T any](r *row, name string, given field[*T], ifNull any) {
	if !given.IsSet() {
		return
	}
	if value := given.Value(); value != nil {
		r.set(name, *value)
		return
	}
	r.set(name, ifNull)
}

// insertRow writes a new row. The names of table and columns are ours, never a client's.
func (s *Store) insertRow(ctx context.Context, table string, r row) error {
	sql := "INSERT INTO " + table + " (" + strings.Join(r.names, ", ") + ") VALUES (?)"
	_, err := s.db.NewRaw(sql, bun.List(r.values)).Exec(ctx)
	return wrap(ctx, err, "insert into "+table)
}

// updateRow changes the row with the key.
func (s *Store) updateRow(ctx context.Context, table, keyColumn string, key any, r row) error {
	if len(r.names) == 0 {
		return nil
	}
	sql := "UPDATE " + table + " SET " + r.assignments() + " WHERE " + keyColumn + " = ?"
	_, err := s.db.NewRaw(sql, append(r.values, key)...).Exec(ctx)
	return wrap(ctx, err, "update "+table)
}

// versioned is a row that several people may edit: it is changed by who knows its newest version.
type versioned struct {
	table, keyColumn string
	// what it is called in messages, and the field that names it.
	name, field string
}

// advance locks the row until the end of the transaction and counts its version up. It returns UserErrors when
// there is no such row, or when it has been changed since the version.
func (s *Store) advance(ctx context.Context, v versioned, key any, version int64) error {
	var present int64
	err := s.db.NewRaw("SELECT version FROM "+v.table+" WHERE "+v.keyColumn+" = ? FOR UPDATE", key).Scan(ctx, &present)
	err = wrap(ctx, err, "lock "+v.name)
	if errors.Is(err, ErrNotFound) {
		return models.Refuse(models.UserErrorNotFound, v.field, "there is no such %s", v.name)
	}
	if err != nil {
		return err
	}
	if present != version {
		return models.Refuse(models.UserErrorStaleVersion, "version", "the %s has been changed meanwhile: its version is %d", v.name, present)
	}
	_, err = s.db.NewRaw("UPDATE "+v.table+" SET version = version + 1 WHERE "+v.keyColumn+" = ?", key).Exec(ctx)
	return wrap(ctx, err, "advance version of "+v.name)
}

// takenAs turns a broken unique constraint into UserErrors about the field; other errors stay.
func takenAs(err error, field, format string, args ...any) error {
	if errors.Is(err, ErrAlreadyExists) {
		return models.Refuse(models.UserErrorTaken, field, format, args...)
	}
	return err
}
