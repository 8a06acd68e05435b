package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/models"
)

// ProductMediaByProductIDs returns the products' pictures in their order.
func (s *Store) ProductMediaByProductIDs(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]*models.ProductMedia, error) {
	var media []*models.ProductMedia
	err := s.selectMedia(&media).
		Where("pm.product_id = ANY(?)", uuidArray(ids)).
		Order("pm.product_id", "pm.position", "pm.id").
		Scan(ctx)
	return groupBy(media, func(m *models.ProductMedia) uuid.UUID { return m.ProductID }),
		wrap(ctx, err, "load media of products")
}

// ProductMediaByIDs returns the pictures that exist among the ids, in no particular order.
func (s *Store) ProductMediaByIDs(ctx context.Context, ids []uuid.UUID) ([]*models.ProductMedia, error) {
	var media []*models.ProductMedia
	err := s.selectMedia(&media).Where("pm.id = ANY(?)", uuidArray(ids)).Scan(ctx)
	return media, wrap(ctx, err, "load media")
}

// selectMedia joins what is known of files of ours.
func (s *Store) selectMedia(into *[]*models.ProductMedia) *bun.SelectQuery {
	return s.db.NewSelect().Model(into).
		ColumnExpr("pm.*, f.width, f.height, coalesce(f.transparent, false) AS transparent").
		Join("LEFT JOIN media_files AS f ON f.name = pm.url")
}
