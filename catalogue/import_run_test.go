package catalogue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"ecoseller/catalogue"
	"ecoseller/models"
	"ecoseller/store"
)

// fullBatch is one line less than a batch: a line before it begins the batch, and the one after it begins the next,
// which is small and would be written first.
func fullBatch() string {
	var lines strings.Builder
	for i := range 499 {
		fmt.Fprintf(&lines, "{\"sku\":\"FILL-%d\",\"title\":{\"en\":\"Filler\"}}\n", i)
	}
	return lines.String()
}

// TestImportKeepsTheOrderOfItsLines: batches are written beside each other, but what comes of them is what had come of
// them one after the other.
func TestImportKeepsTheOrderOfItsLines(t *testing.T) {
	t.Parallel()
	const other = "0193a5e0-0000-7000-8000-000000000002"
	tests := []struct{ name, before, first, second, state, want, refused string }{
		{
			name:  "the later line wins",
			first: `{"sku":"A","brand":"first"}`, second: `{"sku":"A","brand":"second"}`,
			state: "SELECT brand FROM products AS p JOIN product_variants AS v ON v.product_id = p.id WHERE sku = 'A'", want: "second",
		},
		{
			name:  "a price list made before",
			first: `{"sku":"A","price":{"amount":"1","currency":"USD"}}`, second: `{"sku":"B","prices":[{"price_list":"usd","amount":"2"}]}`,
			state: "SELECT count(*), (SELECT count(*) FROM product_price_ranges) AS ranges FROM products", want: "501|501",
		},
		{
			name:  "a price list made beside",
			first: `{"sku":"A","price":{"amount":"1","currency":"USD"}}`, second: `{"sku":"B"}`,
			state: "SELECT count(*), (SELECT count(*) FROM product_price_ranges) AS ranges FROM products", want: "501|501",
		},
		{
			name:  "a price list made after",
			first: `{"sku":"A"}`, second: `{"sku":"B","price":{"amount":"1","currency":"USD"}}`,
			state: "SELECT count(*), (SELECT count(*) FROM product_price_ranges) AS ranges FROM products", want: "501|501",
		},
		{
			name:  "a type widened by both",
			first: `{"sku":"A","attributes":[{"code":"c","value":6}]}`, second: `{"sku":"B","attributes":[{"code":"c","value":"x"}]}`,
			state: "SELECT value_type FROM attribute_types", want: "TEXT",
		},
		{
			name:  "one address for two",
			first: `{"sku":"A","title":{"en":"x"},"slug":{"en":"same"}}`, second: `{"sku":"B","title":{"en":"x"},"slug":{"en":"same"}}`,
			state: "SELECT count(*) FROM product_variants WHERE sku = 'A'", want: "1", refused: "501: Key (language, slug)=(en, same) already exists.",
		},
		{
			name:   "an address that goes from one to the other",
			before: `{"sku":"A","title":{"en":"x"},"slug":{"en":"old"}}`,
			first:  `{"sku":"A","title":{"en":"x"},"slug":{"en":"new"}}`, second: `{"sku":"B","title":{"en":"x"},"slug":{"en":"old"}}`,
			state: "SELECT string_agg(slug, ' ' ORDER BY slug) FROM product_translations WHERE slug IN ('old', 'new')", want: "new old",
		},
		{
			name:   "a variant that goes from one to the other",
			before: `{"kind":"product","id":"` + someID + `","variants":[{"sku":"A"},{"sku":"B"}]}`,
			first:  `{"kind":"product","id":"` + someID + `","variants":[{"sku":"A"}]}`, second: `{"kind":"product","id":"` + other + `","variants":[{"sku":"B"}]}`,
			state: "SELECT product_id FROM product_variants WHERE sku = 'B'", want: other,
		},
		{
			name:   "one product by two names",
			before: `{"kind":"product","id":"` + someID + `","variants":[{"sku":"A"},{"sku":"B"}]}`,
			first:  `{"id":"` + someID + `","sku":"A","brand":"Acme"}`, second: `{"sku":"B","released_at":"2024-02-29"}`,
			state: "SELECT brand, released_at FROM products WHERE id = '" + someID + "'", want: "Acme|2024-02-29",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, db := newStore(t)
			importAll(t, s, test.before+"\n")
			_, refusals := run(t, s, strings.NewReader(test.first+"\n"+fullBatch()+test.second))
			refused := ""
			for _, r := range refusals {
				refused += fmt.Sprintf("%d: %s", r.Line, r.Reason)
			}
			if refused != test.refused {
				t.Errorf("refused %q, want %q", refused, test.refused)
			}
			if diff := cmp.Diff(test.want, query(t, db, test.state)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestImportBoundsBatchesByTheirTexts: long texts make small batches. Each batch has one job for the index.
func TestImportBoundsBatchesByTheirTexts(t *testing.T) {
	t.Parallel()
	s, db := newStore(t)
	var lines strings.Builder
	for i := range 30 {
		fmt.Fprintf(&lines, `{"sku":"A%d","title":{"en":"x"},"description":{"en":"%s"}}`+"\n", i, strings.Repeat("x", 150_000))
	}
	importAll(t, s, lines.String())
	if got := query(t, db, "SELECT count(*) FROM jobs"); got != "3" {
		t.Errorf("%s batches of 4.5 MB", got)
	}
}

// TestImportWritesBatchesBesideEachOther has one batch wait for a product that another transaction has changed.
func TestImportWritesBatchesBesideEachOther(t *testing.T) {
	t.Parallel()
	s, db := newStore(t)
	importAll(t, s, `{"sku":"A"}`)
	tx := begin(t, db, "UPDATE products SET brand = 'other'")
	report := goImport(t, s, `{"sku":"A","released_at":"2024-02-29"}`+"\n"+fullBatch()+`{"sku":"B"}`)
	eventually(t, db, "SELECT count(*) FROM product_variants WHERE sku = 'B'", "1")
	if got := query(t, db, "SELECT count(*) FROM product_variants"); got != "2" {
		t.Errorf("%s variants, want A and B: the other batch waits", got)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := <-report; got.Imported != 501 || got.Created != 500 {
		t.Errorf("got %+v", got)
	}
	want := "other|2024-02-29"
	if got := query(t, db, "SELECT brand, released_at FROM products WHERE released_at IS NOT NULL"); got != want {
		t.Errorf("got %s, want %s: what was changed meanwhile stays", got, want)
	}
}

// TestImportMeetsAnotherWriter: what is new when an import looks may not be new any more when it writes.
func TestImportMeetsAnotherWriter(t *testing.T) {
	t.Parallel()
	const waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
	const insert = "INSERT INTO products (id, brand) VALUES ('" + someID + "', 'other'); " +
		"INSERT INTO product_translations (product_id, language, title, slug) VALUES ('" + someID + "', 'en', 'x', 'second')"
	tests := []struct {
		name, lines string
		end         func(tx bun.Tx) error
		want        string
	}{
		{
			name: "the same product", lines: `{"id":"` + someID + `","sku":"A","released_at":"2024-02-29"}`,
			end:  func(tx bun.Tx) error { return tx.Commit() },
			want: "other|2024-02-29",
		},
		{
			// Each waits for an address that the other one has.
			name: "deadlock", lines: `{"id":"` + someID[:35] + `3","sku":"A","released_at":"2024-02-29","title":{"en":"x"},"slug":{"en":"first"}}` + "\n" +
				`{"id":"` + someID[:35] + `4","sku":"B","title":{"en":"x"},"slug":{"en":"second"}}`,
			end: func(tx bun.Tx) error {
				_, err := tx.NewRaw("UPDATE product_translations SET slug = 'first' WHERE slug = 'second'").Exec(context.Background())
				return errors.Join(err, tx.Rollback())
			},
			want: "|2024-02-29",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, db := newStore(t)
			tx := begin(t, db, insert)
			report := goImport(t, s, test.lines)
			eventually(t, db, waiting, "1")
			if err := test.end(tx); err != nil {
				t.Fatal(err)
			}
			if got := <-report; got.Imported != 1+strings.Count(test.lines, "\n") {
				t.Errorf("got %+v", got)
			}
			if got := query(t, db, "SELECT brand, released_at FROM products WHERE released_at IS NOT NULL"); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// begin starts a transaction with a statement.
func begin(t *testing.T, db *bun.DB, statement string) bun.Tx {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	if _, err := tx.NewRaw(statement).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	return tx
}

// goImport imports lines, none of which is refused, while the test goes on.
func goImport(t *testing.T, s *store.Store, lines string) <-chan catalogue.Report {
	t.Helper()
	done := make(chan catalogue.Report, 1)
	go func() {
		report, err := catalogue.NewImporter(s, models.MediaAddresses{}).Import(t.Context(), strings.NewReader(lines), func(r catalogue.Refusal) {
			t.Errorf("refused %+v", r)
		})
		if err != nil {
			t.Error(err)
		}
		done <- report
	}()
	return done
}

// eventually waits until the statement returns what is wanted.
func eventually(t *testing.T, db *bun.DB, statement, want string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for query(t, db, statement) != want {
		if time.Now().After(deadline) {
			t.Fatalf("%s: got %s, want %s", statement, query(t, db, statement), want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
