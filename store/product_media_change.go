package store

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/models"
)

// AddProductMedia adds the picture with the address to the product that has the version, as its last.
func (s *Store) AddProductMedia(ctx context.Context, product uuid.UUID, version int64, url string) error {
	return s.changeMedia(ctx, product, version, func(ctx context.Context, tx *Store) error {
		_, err := tx.db.NewRaw(`
			INSERT INTO product_media (product_id, url, position)
			SELECT ?0, ?1, coalesce(max(position) + 1, 0) FROM product_media WHERE product_id = ?0`, product, url).Exec(ctx)
		return takenAs(wrap(ctx, err, "insert media"), "url", "the product has this picture already")
	})
}

// RemoveProductMedia takes the picture off the product that has the version.
func (s *Store) RemoveProductMedia(ctx context.Context, product uuid.UUID, version int64, media uuid.UUID) error {
	return s.changeMedia(ctx, product, version, func(ctx context.Context, tx *Store) error {
		result, err := tx.db.NewRaw("DELETE FROM product_media WHERE product_id = ? AND id = ?", product, media).Exec(ctx)
		if err != nil {
			return wrap(ctx, err, "delete media")
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return models.Refuse(models.UserErrorNotFound, "id", "the product has no such picture")
		}
		return nil
	})
}

// ReorderProductMedia puts the pictures of the product that has the version into a new order. UserErrors say that
// the ids are not those of all its pictures.
func (s *Store) ReorderProductMedia(ctx context.Context, product uuid.UUID, version int64, media []uuid.UUID) error {
	return s.changeMedia(ctx, product, version, func(ctx context.Context, tx *Store) error {
		var present []uuid.UUID
		if err := tx.db.NewRaw("SELECT id FROM product_media WHERE product_id = ?", product).Scan(ctx, &present); err != nil {
			return wrap(ctx, err, "load media to reorder")
		}
		if !sameSet(present, media) {
			return models.Refuse(models.UserErrorInvalid, "ids", "the ids are not those of all %d pictures, each once", len(present))
		}
		_, err := tx.db.NewRaw(`
			UPDATE product_media AS m SET position = given.place - 1
			FROM unnest(?) WITH ORDINALITY AS given (id, place)
			WHERE m.id = given.id`, uuidArray(media)).Exec(ctx)
		return wrap(ctx, err, "reorder media")
	})
}

func (s *Store) changeMedia(ctx context.Context, product uuid.UUID, version int64, change func(ctx context.Context, tx *Store) error) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, versionedProduct, product, version); err != nil {
			return err
		}
		if err := change(ctx, tx); err != nil {
			return err
		}
		return tx.TouchProducts(ctx, []uuid.UUID{product})
	})
}
