package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
)

// AddProductMedia adds the picture with the address to the product that has the version, as its last. The file is the
// name of the file of ours that has the address, should there be one.
func (s *Store) AddProductMedia(ctx context.Context, product uuid.UUID, version int64, url, file string) error {
	return s.changeMedia(ctx, product, version, func(ctx context.Context, tx *Store) error {
		_, err := tx.db.NewRaw(`
			INSERT INTO product_media (product_id, url, position)
			SELECT ?0, coalesce((SELECT name FROM media_files WHERE name = ?2 FOR KEY SHARE), ?1), coalesce(max(position) + 1, 0)
			FROM product_media WHERE product_id = ?0`, product, url, file).Exec(ctx)
		return takenAs(wrap(ctx, err, "insert media"), "url", "the product has this picture already")
	})
}

// KeepMediaFile notes that the file is wanted: from now on nobody removes it for a while. It is called before the
// bytes are stored.
func (s *Store) KeepMediaFile(ctx context.Context, file *models.MediaFile) error {
	_, err := s.db.NewInsert().Model(file).
		On("CONFLICT (name) DO UPDATE").Set("uploaded_at = now()").Returning("uploaded_at").
		Exec(ctx)
	return wrap(ctx, err, "keep media file")
}

// AddUploadedMedia adds uploaded files to the product that has the version, as its last pictures. UserErrors say that
// the product has one of them already.
func (s *Store) AddUploadedMedia(ctx context.Context, product uuid.UUID, version int64, files []string) error {
	return s.changeMedia(ctx, product, version, func(ctx context.Context, tx *Store) error {
		var present []string
		err := tx.db.NewRaw("SELECT url FROM product_media WHERE product_id = ? AND url = ANY(?)", product, stringArray(files)).Scan(ctx, &present)
		if err != nil {
			return wrap(ctx, err, "look for uploaded media")
		}
		if err := refuseTwice(files, present); err != nil {
			return err
		}
		_, err = tx.db.NewRaw(`
			INSERT INTO product_media (product_id, url, position)
			SELECT ?0, given.name, coalesce((SELECT max(position) FROM product_media WHERE product_id = ?0), -1) + given.place
			FROM unnest(?1) WITH ORDINALITY AS given (name, place)`, product, stringArray(files)).Exec(ctx)
		return wrap(ctx, err, "insert uploaded media")
	})
}

// refuseTwice returns UserErrors about files that a product would have twice.
func refuseTwice(files, present []string) error {
	var problems models.UserErrors
	for i, file := range files {
		if slices.Contains(present, file) || slices.Index(files, file) < i {
			problems.Addf(models.UserErrorTaken, fmt.Sprintf("files.%d", i), "the product has this picture already")
		}
	}
	return problems.OrNil()
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

// SweepMediaFiles forgets files that no product shows, and none that can be restored, and that were uploaded before the
// instant: up to limit of them. Each is passed to remove while nobody can upload it.
func (s *Store) SweepMediaFiles(ctx context.Context, before time.Time, limit int, remove func(ctx context.Context, name string) error) (swept int, err error) {
	err = s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		var names []string
		err := tx.db.NewRaw(`
			DELETE FROM media_files WHERE name IN (
				SELECT f.name FROM media_files AS f
				WHERE f.uploaded_at < ?
				  AND NOT EXISTS (SELECT FROM product_media AS pm WHERE pm.url = f.name)
				  AND NOT EXISTS (SELECT FROM deleted_rows AS d WHERE d.table_name = 'product_media' AND d.content ->> 'url' = f.name)
				ORDER BY f.uploaded_at
				LIMIT ?
				FOR UPDATE SKIP LOCKED
			)
			RETURNING name`, before, limit).Scan(ctx, &names)
		if err != nil {
			return wrap(ctx, err, "sweep media files")
		}
		swept = len(names)
		for _, name := range names {
			if err := remove(ctx, name); err != nil {
				return err
			}
		}
		return nil
	})
	return swept, err
}
