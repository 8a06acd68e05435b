package store_test

import (
	"context"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/store"
)

// TestCategoryPagesAreListPages walks through categories forward and backward, and compares every page with the one that
// the general way finds, after products were moved, published, hidden and backdated.
func TestCategoryPagesAreListPages(t *testing.T) {
	t.Parallel()
	s, db := cataloguetest.NewDemo(t)
	var categories []uuid.UUID
	if err := db.NewRaw("SELECT id FROM categories ORDER BY code").Scan(t.Context(), &categories); err != nil {
		t.Fatal(err)
	}
	for _, change := range []string{
		"UPDATE categories SET published = true",
		"INSERT INTO product_categories (product_id, category_id) SELECT p.id, c.id FROM products AS p, categories AS c WHERE hashtext(p.id::text || c.code) % 9 = 0 ON CONFLICT DO NOTHING",
		"UPDATE products SET published = hashtext(id::text) % 5 <> 0",
		"UPDATE products SET created_at = created_at - interval '1 day' * (hashtext(id::text) % 3) WHERE hashtext(id::text) % 2 = 0",
		"UPDATE products SET published = true WHERE hashtext(id::text) % 10 = 0",
	} {
		if _, err := db.ExecContext(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	compared := 0
	for _, category := range categories {
		for _, direction := range []models.SortDirection{models.Ascending, models.Descending} {
			for _, backward := range []bool{false, true} {
				compared += comparePages(t, s, category, direction, backward)
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d products were compared", compared)
	}
}

// comparePages walks through a category and returns how many products it has seen.
func comparePages(t *testing.T, s *store.Store, category uuid.UUID, direction models.SortDirection, backward bool) (seen int) {
	t.Helper()
	published, always := true, time.Time{}
	q := models.ProductQuery{
		Chain: []models.LanguageCode{"cs"}, Size: 3, Backward: backward, SortKey: models.SortByCreatedAt, Direction: direction,
		CategoryIDs: []uuid.UUID{category}, Published: &published,
	}
	for {
		general := q
		general.CreatedSince = &always // a condition that holds, but is one
		want, wantMore, err := s.ProductPage(t.Context(), general)
		if err != nil {
			t.Fatal(err)
		}
		got, more, err := s.ProductPage(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) || more != wantMore {
			t.Fatalf("%s %s backward %t after %v:\n got %v, %t\nwant %v, %t", category, direction, backward, q.From, got, more, want, wantMore)
		}
		seen += len(got)
		if !more {
			return seen
		}
		last := got[len(got)-1]
		if backward {
			last = got[0]
		}
		q.From = &models.ProductCursor{SortKey: q.SortKey, Value: last.SortKey, ID: last.ID}
	}
}

// TestCategoriesKnowWhatIsPublished publishes products while they get into categories and out of them, by transactions that
// meet in every order.
func TestCategoriesKnowWhatIsPublished(t *testing.T) {
	t.Parallel()
	_, db := cataloguetest.NewDemo(t)
	edits := []string{
		"UPDATE products SET published = NOT published WHERE id = (SELECT id FROM products ORDER BY id OFFSET ?0 LIMIT 1)",
		"DELETE FROM product_categories WHERE product_id = (SELECT id FROM products ORDER BY id OFFSET ?0 LIMIT 1)",
		`INSERT INTO product_categories (product_id, category_id)
			SELECT p.id, c.id FROM (SELECT id FROM products ORDER BY id OFFSET ?0 LIMIT 1) AS p, (SELECT id FROM categories ORDER BY id LIMIT 3) AS c
			ON CONFLICT DO NOTHING`,
	}
	var editors sync.WaitGroup
	for editor := range 4 {
		editors.Go(func() {
			random := rand.New(rand.NewPCG(uint64(editor), 0))
			for range 60 {
				err := db.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
					if _, err := tx.NewRaw(edits[random.IntN(len(edits))], random.IntN(3)).Exec(ctx); err != nil {
						return err
					}
					time.Sleep(time.Duration(random.IntN(3)) * time.Millisecond)
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	editors.Wait()
	var wrong int
	if err := db.NewRaw(`
		SELECT count(*) FROM product_categories AS pc JOIN products AS p ON p.id = pc.product_id
		WHERE (pc.published, pc.created_at) <> (p.published, p.created_at)`).Scan(t.Context(), &wrong); err != nil {
		t.Fatal(err)
	}
	if wrong > 0 {
		t.Errorf("%d memberships are wrong", wrong)
	}
}
