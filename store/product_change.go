package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"ecoseller/models"
)

var versionedProduct = versioned{table: "products", keyColumn: "id", name: "product", field: "id"}

// CreateProduct writes a new product and returns its id.
func (s *Store) CreateProduct(ctx context.Context, change *models.ProductChange) (uuid.UUID, error) {
	id := newID()
	err := s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.insertRow(ctx, "products", row{names: []string{"id"}, values: []any{id}}); err != nil {
			return err
		}
		return tx.changeProduct(ctx, id, change)
	})
	return id, err
}

// UpdateProduct changes the product that has the version. UserErrors say why it did not.
func (s *Store) UpdateProduct(ctx context.Context, id uuid.UUID, version int64, change *models.ProductChange) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, versionedProduct, id, version); err != nil {
			return err
		}
		return tx.changeProduct(ctx, id, change)
	})
}

func (s *Store) changeProduct(ctx context.Context, id uuid.UUID, change *models.ProductChange) error {
	var r row
	if change.Published != nil {
		r.set("published", *change.Published)
	}
	if change.Brand != nil {
		r.set("brand", *change.Brand)
	}
	setGiven(&r, "released_at", change.ReleasedAt, nil)
	if change.ProductType.IsSet() {
		typeID, err := s.productTypeID(ctx, change.ProductType.Value())
		if err != nil {
			return err
		}
		r.set("product_type_id", typeID)
	}
	if err := s.updateRow(ctx, "products", "id", id, r); err != nil {
		return err
	}
	if err := s.changeTexts(ctx, productTranslations, id, change.RemoveTexts, change.Texts); err != nil {
		return err
	}
	if change.HasCategories {
		if err := s.replaceCategories(ctx, id, change.Categories); err != nil {
			return err
		}
	}
	return s.TouchProducts(ctx, []uuid.UUID{id})
}

// productTypeID finds a type by its code; nil stays nil.
func (s *Store) productTypeID(ctx context.Context, code *string) (*uuid.UUID, error) {
	if code == nil {
		return nil, nil //nolint:nilnil // no type is a type a product may have
	}
	var ids []uuid.UUID
	if err := s.db.NewRaw("SELECT id FROM product_types WHERE code = ?", *code).Scan(ctx, &ids); err != nil {
		return nil, wrap(ctx, err, "find product type")
	}
	if len(ids) == 0 {
		return nil, models.Refuse(models.UserErrorNotFound, "input.productType", "there is no product type %q", *code)
	}
	return &ids[0], nil
}

// replaceCategories puts the product into these categories, in this order, and out of all others.
func (s *Store) replaceCategories(ctx context.Context, product uuid.UUID, categories []uuid.UUID) error {
	var missing []int
	err := s.db.NewRaw(`
		SELECT place - 1 FROM unnest(?) WITH ORDINALITY AS given (id, place)
		WHERE NOT EXISTS (SELECT FROM categories AS c WHERE c.id = given.id)`, uuidArray(categories)).Scan(ctx, &missing)
	if err != nil {
		return wrap(ctx, err, "look for categories")
	}
	var problems models.UserErrors
	for _, i := range missing {
		problems.Addf(models.UserErrorNotFound, fmt.Sprintf("input.categoryIds.%d", i), "there is no such category")
	}
	if err := problems.OrNil(); err != nil {
		return err
	}
	_, err = s.db.NewRaw(`
		WITH given AS (
			SELECT id, min(place) AS place FROM unnest(?1) WITH ORDINALITY AS given (id, place) GROUP BY id
		), gone AS (
			DELETE FROM product_categories WHERE product_id = ?0 AND category_id NOT IN (SELECT id FROM given)
		)
		INSERT INTO product_categories (product_id, category_id, position)
		SELECT ?0, id, place - 1 FROM given
		ON CONFLICT (product_id, category_id) DO UPDATE SET position = excluded.position`,
		product, uuidArray(categories)).Exec(ctx)
	return wrap(ctx, err, "put product into categories")
}

// PublishProducts publishes or hides products: all of them, or none and UserErrors.
func (s *Store) PublishProducts(ctx context.Context, ids []uuid.UUID, published bool) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		var missing []int
		err := tx.db.NewRaw(`
			SELECT place - 1 FROM unnest(?) WITH ORDINALITY AS given (id, place)
			WHERE NOT EXISTS (SELECT FROM products AS p WHERE p.id = given.id)`, uuidArray(ids)).Scan(ctx, &missing)
		if err != nil {
			return wrap(ctx, err, "look for products")
		}
		var problems models.UserErrors
		for _, i := range missing {
			problems.Addf(models.UserErrorNotFound, fmt.Sprintf("ids.%d", i), "there is no such product")
		}
		if err := problems.OrNil(); err != nil {
			return err
		}
		var changed []uuid.UUID
		err = tx.db.NewRaw(`
			WITH locked AS (SELECT id FROM products WHERE id = ANY(?) AND published <> ? ORDER BY id FOR NO KEY UPDATE)
			UPDATE products AS p SET published = ?, version = version + 1
			FROM locked WHERE p.id = locked.id
			RETURNING p.id`, uuidArray(ids), published, published).Scan(ctx, &changed)
		if err != nil {
			return wrap(ctx, err, "publish products")
		}
		return tx.TouchProducts(ctx, changed)
	})
}

// DeleteProduct deletes the product that has the version; Restore brings it back.
func (s *Store) DeleteProduct(ctx context.Context, id uuid.UUID, version int64) (*models.Deletion, error) {
	return s.deleteVersion(ctx, versionedProduct, models.KindProduct, id.String(), version)
}
