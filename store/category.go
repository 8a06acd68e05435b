package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/models"
)

// WithBelow looks the categories of a query up, with all below them, before the query itself: the planner can tell how
// many products are in categories that it knows, and so whether to look them up or to walk along the list. A query whose
// categories have been looked up is returned as it is.
func (s *Store) WithBelow(ctx context.Context, q models.ProductQuery) (models.ProductQuery, error) {
	look := func(statement string, args ...any) error {
		rows, err := s.queryJSON(ctx, statement, args...)
		if err != nil {
			return wrap(ctx, err, "look up categories below")
		}
		below := []uuid.UUID{}
		if err := json.Unmarshal([]byte(rows[0]), &below); err != nil {
			return fmt.Errorf("read categories below: %w", err)
		}
		q.Below = append(q.Below, below)
		return nil
	}
	if q.CategoryIDs != nil {
		if err := look(belowIDs, arrayText(uuidTexts(q.CategoryIDs)), q.UnpublishedCategories); err != nil {
			return q, err
		}
	}
	if q.CategorySlugs != nil {
		if err := look(belowSlugs, arrayText(q.CategorySlugs), q.UnpublishedCategories, string(q.Chain[0])); err != nil {
			return q, err
		}
	}
	q.CategoryIDs, q.CategorySlugs = nil, nil
	return q, nil
}

// belowIDs and belowSlugs select the ids of categories and of all below them: of published ones, or of all when $2 is
// true; a category under an unpublished one is not reached. The categories are those with the ids, or with the slugs in
// the language $3.
const (
	belowIDs   = belowStart + "$1::uuid[]" + belowEnd
	belowSlugs = belowStart + "ARRAY(SELECT category_id FROM category_translations WHERE language = $3::text AND slug = ANY($1::text[]))" + belowEnd
	belowStart = `
	WITH RECURSIVE below AS (
		SELECT id FROM categories WHERE (published OR $2::boolean) AND id = ANY(`
	belowEnd = `)
		UNION
		SELECT c.id FROM categories AS c JOIN below ON c.parent_id = below.id WHERE c.published OR $2::boolean
	)
	SELECT to_json(ARRAY(SELECT id FROM below))`
)

// translationOfCategory joins the text in the first language of the chain that has one.
const translationOfCategory = `
	LEFT JOIN LATERAL (
		SELECT * FROM category_translations
		WHERE category_id = c.id AND language = ANY(?0)
		ORDER BY array_position(?0, language)
		LIMIT 1
	) AS t ON true`

// categoryColumns are what models.Category holds.
const categoryColumns = `
	c.*,
	t.category_id AS translation_category_id, t.language AS translation_language, t.title AS translation_title,
	t.slug AS translation_slug, t.meta_title AS translation_meta_title,
	t.meta_description AS translation_meta_description, t.description AS translation_description`

// RootCategories returns the categories at the root of the tree, published or not, in their order.
func (s *Store) RootCategories(ctx context.Context, chain []models.LanguageCode) ([]*models.Category, error) {
	var categories []*models.Category
	err := s.selectCategories(&categories, chain).
		Where("c.parent_id IS NULL").
		Order("c.position", "c.code").
		Scan(ctx)
	return categoriesWithChain(categories, chain), wrap(ctx, err, "load root categories")
}

// CategoryChildrenByParentIDs returns the categories right below the given ones, published or not, in their
// order.
func (s *Store) CategoryChildrenByParentIDs(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID][]*models.Category, error) {
	var categories []*models.Category
	err := s.selectCategories(&categories, chain).
		Where("c.parent_id = ANY(?)", uuidArray(ids)).
		Order("c.parent_id", "c.position", "c.code").
		Scan(ctx)
	return groupBy(categoriesWithChain(categories, chain), func(c *models.Category) uuid.UUID { return *c.ParentID }),
		wrap(ctx, err, "load children of categories")
}

// CategoriesByIDs returns the categories that exist among the ids, published or not, in no particular
// order.
func (s *Store) CategoriesByIDs(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) ([]*models.Category, error) {
	var categories []*models.Category
	err := s.selectCategories(&categories, chain).Where("c.id = ANY(?)", uuidArray(ids)).Scan(ctx)
	return categoriesWithChain(categories, chain), wrap(ctx, err, "load categories")
}

// productCategory is a category as the child of a product.
type productCategory struct {
	models.Category `bun:",extend"`

	ProductID uuid.UUID `bun:"product_id,scanonly"`
}

// CategoriesByProductIDs returns the categories that the products are in, published or not, in their order.
func (s *Store) CategoriesByProductIDs(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID][]*models.Category, error) {
	var rows []*productCategory
	err := s.db.NewSelect().Model(&rows).
		ColumnExpr(categoryColumns+", pc.product_id").
		Join("JOIN product_categories AS pc ON pc.category_id = c.id").
		Join(translationOfCategory, languageArray(chain)).
		Where("pc.product_id = ANY(?)", uuidArray(ids)).
		Order("pc.product_id", "pc.position", "c.code").
		Scan(ctx)
	byProduct := map[uuid.UUID][]*models.Category{}
	for _, row := range rows {
		row.Chain = chain
		byProduct[row.ProductID] = append(byProduct[row.ProductID], &row.Category)
	}
	return byProduct, wrap(ctx, err, "load categories of products")
}

func (s *Store) selectCategories(into *[]*models.Category, chain []models.LanguageCode) *bun.SelectQuery {
	return s.db.NewSelect().Model(into).
		ColumnExpr(categoryColumns).
		Join(translationOfCategory, languageArray(chain))
}

func categoriesWithChain(categories []*models.Category, chain []models.LanguageCode) []*models.Category {
	for _, c := range categories {
		c.Chain = chain
	}
	return categories
}

// CategoryIDBySlug returns the id of the category with this slug in this language, or ErrNotFound.
func (s *Store) CategoryIDBySlug(ctx context.Context, slug string, language models.LanguageCode) (uuid.UUID, error) {
	var id uuid.UUID
	err := s.db.NewRaw("SELECT category_id FROM category_translations WHERE language = ? AND slug = ?", language, slug).Scan(ctx, &id)
	return id, wrap(ctx, err, "find category by slug")
}

// CategoryIDByCode returns the id of the category with this code, or ErrNotFound.
func (s *Store) CategoryIDByCode(ctx context.Context, code string) (uuid.UUID, error) {
	var id uuid.UUID
	err := s.db.NewRaw("SELECT id FROM categories WHERE code = ?", code).Scan(ctx, &id)
	return id, wrap(ctx, err, "find category by code")
}

// categoryAncestor is a category as one above another.
type categoryAncestor struct {
	models.Category `bun:",extend"`

	DescendantID uuid.UUID `bun:"descendant_id,scanonly"`
}

// CategoryPathsByIDs returns the ways from the root down to the categories, each ending with the category
// itself. Categories that are missing are left out.
func (s *Store) CategoryPathsByIDs(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID][]*models.Category, error) {
	const path = `
		WITH RECURSIVE path AS (
			SELECT id AS descendant_id, id, parent_id, 0 AS height FROM categories WHERE id = ANY(?)
			UNION ALL
			SELECT path.descendant_id, up.id, up.parent_id, path.height + 1
			FROM path JOIN categories AS up ON up.id = path.parent_id
		)
		SELECT descendant_id, id AS category_id, height FROM path`
	var rows []*categoryAncestor
	err := s.db.NewSelect().Model(&rows).
		ColumnExpr(categoryColumns+", path.descendant_id").
		Join("JOIN ("+path+") AS path ON path.category_id = c.id", uuidArray(ids)).
		Join(translationOfCategory, languageArray(chain)).
		OrderExpr("path.descendant_id, path.height DESC").
		Scan(ctx)
	byCategory := map[uuid.UUID][]*models.Category{}
	for _, row := range rows {
		row.Chain = chain
		byCategory[row.DescendantID] = append(byCategory[row.DescendantID], &row.Category)
	}
	return byCategory, wrap(ctx, err, "load paths of categories")
}

// CategoryPage is where a category is found, by language.
type CategoryPage struct {
	UpdatedAt time.Time
	Slugs     models.Translated `bun:"type:jsonb"`
}

// PublishedCategoryPages returns the pages of all categories that customers see, by their codes.
func (s *Store) PublishedCategoryPages(ctx context.Context) ([]*CategoryPage, error) {
	var pages []*CategoryPage
	err := s.db.NewRaw(`
		WITH RECURSIVE visible AS (
			SELECT id, code, updated_at FROM categories WHERE parent_id IS NULL AND published
			UNION ALL
			SELECT c.id, c.code, c.updated_at FROM categories AS c JOIN visible ON c.parent_id = visible.id WHERE c.published
		)
		SELECT visible.updated_at, jsonb_object_agg(t.language, t.slug) AS slugs
		FROM visible JOIN category_translations AS t ON t.category_id = visible.id
		GROUP BY visible.id, visible.code, visible.updated_at
		ORDER BY visible.code`).Scan(ctx, &pages)
	return pages, wrap(ctx, err, "load pages of categories")
}
