package storetest

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/uptrace/bun"
)

func TestCopiesAreFilledOnceAndApart(t *testing.T) {
	t.Parallel()
	fills := 0
	fill := func(ctx context.Context, db *bun.DB) error {
		fills++
		_, err := db.ExecContext(ctx, "INSERT INTO price_lists (code, name, currency, rounding) VALUES ('filled', 'x', 'EUR', '0.01')")
		return err
	}
	first, second := Open(t, CreateFilled(t, "test", fill)), Open(t, CreateFilled(t, "test", fill))
	if fills > 1 { // none, where this very program has run before
		t.Errorf("filled %d times", fills)
	}
	if _, err := first.ExecContext(t.Context(), "DELETE FROM price_lists"); err != nil {
		t.Fatal(err)
	}
	for db, want := range map[*bun.DB]int64{first: 0, second: 1, NewDB(t): 0} {
		if n, err := db.NewSelect().Table("price_lists").Where("code = 'filled'").Count(t.Context()); err != nil || n != want {
			t.Errorf("%d rows, want %d: %v", n, want, err)
		}
	}
}

func TestRemovesWhatKilledRunsHaveLeft(t *testing.T) {
	t.Parallel()
	options := ServerOptions(t)
	s := &server{options: options, db: Open(t, options)}
	made := func(prefix string, age time.Duration) string {
		name := prefix + strconv.Itoa(time.Now().Nanosecond()) + "_" + strconv.FormatInt(time.Now().Add(-age).Unix(), 10)
		t.Cleanup(func() { _ = s.drop(context.Background(), name) })
		if err := s.copy(t.Context(), "template0", name); err != nil {
			t.Fatal(err)
		}
		return name
	}
	used := options
	// Tests that run at the same time must not remove it before it is used.
	err := s.locked(t.Context(), "pg_advisory_lock_shared", "pg_advisory_unlock_shared", func() error {
		used.Database = made("test_used_", 2*leftAfter)
		return Open(t, used).PingContext(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
	wants := map[string]bool{
		made("test_old_", 2*leftAfter): false, made("template_old_", 2*leftAfter): false,
		made("test_young_", 0): true, made("template_young_", 0): true, used.Database: true,
	}
	if err := s.locked(t.Context(), "pg_advisory_lock", "pg_advisory_unlock", func() error { return s.removeLeft(t.Context()) }); err != nil {
		t.Fatal(err)
	}
	for name, want := range wants {
		if exists, err := s.db.NewSelect().TableExpr("pg_database").Where("datname = ?", name).Exists(t.Context()); err != nil || exists != want {
			t.Errorf("%s is there: %t, want %t: %v", name, exists, want, err)
		}
	}
}
