package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
)

// TestTheTreeStaysATree moves, makes, deletes and restores categories at random: each stays below exactly one root,
// whatever was asked for.
func TestTheTreeStaysATree(t *testing.T) {
	t.Parallel()
	s, db := cataloguetest.NewDemo(t)
	ctx := context.Background()
	var deletions []uuid.UUID
	rapid.Check(t, func(r *rapid.T) {
		var rows []models.Category
		if err := db.NewRaw("SELECT id, version FROM categories ORDER BY code").Scan(ctx, &rows); err != nil {
			r.Fatal(err)
		}
		var ids []uuid.UUID
		versions := map[uuid.UUID]int64{}
		for _, row := range rows {
			ids, versions[row.ID] = append(ids, row.ID), row.Version
		}
		if len(ids) == 0 { // the last root was deleted
			ids = append(ids, uuid.Nil)
		}
		id := rapid.SampledFrom(ids).Draw(r, "category")
		parent := rapid.SampledFrom(append(ids, uuid.Nil)).Draw(r, "parent")
		below := &parent
		if parent == uuid.Nil {
			below = nil
		}
		var err error
		switch rapid.SampledFrom([]string{"move", "move", "move", "create", "delete", "restore"}).Draw(r, "action") {
		case "move":
			err = s.MoveCategory(ctx, id, versions[id], below)
		case "create":
			_, err = s.CreateCategory(ctx, uuid.NewString(), below, &models.CategoryChange{})
		case "delete":
			var deletion *models.Deletion
			if deletion, err = s.DeleteCategory(ctx, id, versions[id]); err == nil {
				deletions = append(deletions, deletion.ID)
			}
		case "restore":
			if len(deletions) > 0 {
				last := len(deletions) - 1
				_, err = s.Restore(ctx, deletions[last])
				deletions = deletions[:last]
			}
		}
		if refused, ok := errors.AsType[models.UserErrors](err); err != nil && !ok {
			r.Fatalf("%v %v", err, refused)
		}
		var outside int
		err = db.NewRaw(`
			WITH RECURSIVE tree AS (
				SELECT id, ARRAY[id] AS path FROM categories WHERE parent_id IS NULL
				UNION ALL
				SELECT c.id, path || c.id FROM categories AS c JOIN tree ON c.parent_id = tree.id WHERE c.id <> ALL(path)
			)
			SELECT (SELECT count(*) FROM categories) - (SELECT count(*) FROM tree)`).Scan(ctx, &outside)
		if err != nil || outside != 0 {
			r.Fatalf("%d categories are not in the tree, %v", outside, err)
		}
	})
}
