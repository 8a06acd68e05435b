package store

import (
	"context"

	"ecoseller/models"
)

// AttributeTypes returns all attribute types, by their codes.
func (s *Store) AttributeTypes(ctx context.Context) ([]*models.AttributeType, error) {
	var types []*models.AttributeType
	err := s.db.NewSelect().Model(&types).OrderExpr("at.code").Scan(ctx)
	return types, wrap(ctx, err, "load attribute types")
}

// AttributeTypeByCode returns the attribute type, or ErrNotFound.
func (s *Store) AttributeTypeByCode(ctx context.Context, code string) (*models.AttributeType, error) {
	attributeType := new(models.AttributeType)
	err := s.db.NewSelect().Model(attributeType).Where("code = ?", code).Scan(ctx)
	return attributeType, wrap(ctx, err, "load attribute type")
}
