package store

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"ecoseller/models"
)

var versionedCategory = versioned{table: "categories", keyColumn: "id", name: "category", field: "id"}

// categoryTreeLock serialises changes to the shape of the tree: two moves at once could make a cycle of which
// neither sees the other half.
const categoryTreeLock = 7_301_984_120

// CreateCategory writes a new category, the last below its parent, and returns its id.
func (s *Store) CreateCategory(ctx context.Context, code string, parent *uuid.UUID, change *models.CategoryChange) (uuid.UUID, error) {
	id := newID()
	err := s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.lockCategoryTree(ctx); err != nil {
			return err
		}
		if err := tx.requireParent(ctx, parent); err != nil {
			return err
		}
		position, err := tx.lastPosition(ctx, parent)
		if err != nil {
			return err
		}
		var r row
		r.set("id", id)
		r.set("code", code)
		r.set("parent_id", parent)
		r.set("position", position)
		if err := takenAs(tx.insertRow(ctx, "categories", r), "code", "there is a category %q already", code); err != nil {
			return err
		}
		return tx.changeCategory(ctx, id, change)
	})
	return id, err
}

// UpdateCategory changes the category that has the version. UserErrors say why it did not.
func (s *Store) UpdateCategory(ctx context.Context, id uuid.UUID, version int64, change *models.CategoryChange) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, versionedCategory, id, version); err != nil {
			return err
		}
		return tx.changeCategory(ctx, id, change)
	})
}

func (s *Store) changeCategory(ctx context.Context, id uuid.UUID, change *models.CategoryChange) error {
	var r row
	if change.Published != nil {
		r.set("published", *change.Published)
	}
	if err := s.updateRow(ctx, "categories", "id", id, r); err != nil {
		return err
	}
	if err := s.changeTexts(ctx, categoryTranslations, id, change.RemoveTexts, change.Texts); err != nil {
		return err
	}
	return s.touchCategory(ctx, id)
}

// touchCategory marks the category as changed, and the products in it and below it.
func (s *Store) touchCategory(ctx context.Context, id uuid.UUID) error {
	if _, err := s.db.NewRaw("UPDATE categories SET updated_at = now() WHERE id = ?", id).Exec(ctx); err != nil {
		return wrap(ctx, err, "touch category")
	}
	return s.touchProductsFound(ctx, aggregates[models.KindCategory].products, id.String())
}

// touchProductsFound marks the products that a statement selects as changed.
func (s *Store) touchProductsFound(ctx context.Context, sql, key string) error {
	var ids []uuid.UUID
	if err := s.db.NewRaw(sql, key).Scan(ctx, &ids); err != nil {
		return wrap(ctx, err, "find affected products")
	}
	return s.TouchProducts(ctx, ids)
}

// MoveCategory puts the category that has the version, with all below it, below another one, or at the root.
// It is the last there. UserErrors say why it did not: a category cannot be below itself.
func (s *Store) MoveCategory(ctx context.Context, id uuid.UUID, version int64, parent *uuid.UUID) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.lockCategoryTree(ctx); err != nil {
			return err
		}
		if err := tx.advance(ctx, versionedCategory, id, version); err != nil {
			return err
		}
		if err := tx.requireParent(ctx, parent); err != nil {
			return err
		}
		if err := tx.refuseCycle(ctx, id, parent); err != nil {
			return err
		}
		position, err := tx.lastPosition(ctx, parent)
		if err != nil {
			return err
		}
		_, err = tx.db.NewRaw("UPDATE categories SET parent_id = ?, position = ? WHERE id = ?", parent, position, id).Exec(ctx)
		if err != nil {
			return wrap(ctx, err, "move category")
		}
		return tx.touchCategory(ctx, id)
	})
}

func (s *Store) lockCategoryTree(ctx context.Context) error {
	_, err := s.db.NewRaw("SELECT pg_advisory_xact_lock(?)", categoryTreeLock).Exec(ctx)
	return wrap(ctx, err, "lock category tree")
}

func (s *Store) requireParent(ctx context.Context, parent *uuid.UUID) error {
	if parent == nil {
		return nil
	}
	var exists bool
	err := s.db.NewRaw("SELECT EXISTS (SELECT FROM categories WHERE id = ?)", *parent).Scan(ctx, &exists)
	if err != nil {
		return wrap(ctx, err, "look for parent category")
	}
	if !exists {
		return models.Refuse(models.UserErrorNotFound, "parentId", "there is no such category")
	}
	return nil
}

func (s *Store) refuseCycle(ctx context.Context, id uuid.UUID, parent *uuid.UUID) error {
	if parent == nil {
		return nil
	}
	var cycle bool
	err := s.db.NewRaw("SELECT ?1 IN ("+below+")", id.String(), *parent).Scan(ctx, &cycle)
	if err != nil {
		return wrap(ctx, err, "look for cycle of categories")
	}
	if cycle {
		return models.Refuse(models.UserErrorCycle, "parentId", "a category cannot be below itself")
	}
	return nil
}

// lastPosition is the place behind all categories below the parent.
func (s *Store) lastPosition(ctx context.Context, parent *uuid.UUID) (int, error) {
	var position int
	err := s.db.NewRaw("SELECT coalesce(max(position) + 1, 0) FROM categories WHERE parent_id IS NOT DISTINCT FROM ?", parent).Scan(ctx, &position)
	return position, wrap(ctx, err, "find last place of category")
}

// ReorderCategories puts the categories below one, or the roots, into a new order. UserErrors say that the ids
// are not those of all categories there.
func (s *Store) ReorderCategories(ctx context.Context, parent *uuid.UUID, ids []uuid.UUID) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.lockCategoryTree(ctx); err != nil {
			return err
		}
		var present []uuid.UUID
		err := tx.db.NewRaw("SELECT id FROM categories WHERE parent_id IS NOT DISTINCT FROM ? ORDER BY id FOR UPDATE", parent).Scan(ctx, &present)
		if err != nil {
			return wrap(ctx, err, "load categories to reorder")
		}
		if !sameSet(present, ids) {
			return models.Refuse(models.UserErrorInvalid, "ids", "the ids are not those of all %d categories there, each once", len(present))
		}
		_, err = tx.db.NewRaw(`
			UPDATE categories AS c SET position = given.place - 1, version = version + 1, updated_at = now()
			FROM unnest(?) WITH ORDINALITY AS given (id, place)
			WHERE c.id = given.id AND c.position <> given.place - 1`, uuidArray(ids)).Exec(ctx)
		return wrap(ctx, err, "reorder categories")
	})
}

// sameSet says whether both lists have the same ids, each once.
func sameSet(a, b []uuid.UUID) bool {
	compare := func(x, y uuid.UUID) int { return slices.Compare(x[:], y[:]) }
	return slices.Equal(slices.SortedFunc(slices.Values(a), compare), slices.SortedFunc(slices.Values(b), compare))
}

// DeleteCategory deletes the category that has the version, with all below it; Restore brings it back.
func (s *Store) DeleteCategory(ctx context.Context, id uuid.UUID, version int64) (*models.Deletion, error) {
	return s.deleteVersion(ctx, versionedCategory, models.KindCategory, id.String(), version)
}
