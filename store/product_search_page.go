package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/models"
)

// ProductSearchPage says which page of the matches is wanted, and in which order.
type ProductSearchPage struct {
	// Filter bounds the matches. They are sorted by its sort key; by score when that is empty.
	Filter models.ProductQuery
	// Limit is how many hits are wanted.
	Limit int
	// After is where to go on; nil for the first page. Offset is used where there is no such place.
	After  *ProductSearchPlace
	Offset int
	// Facets asks for these; FacetPriceList is the list whose prices are counted.
	Facets         bool
	FacetPriceList string
	// Pinned are hits in any case, and come first when these are sorted by score; Hidden are none. Boosts multiply
	// scores.
	Pinned []uuid.UUID
	Hidden []uuid.UUID
	Boosts map[uuid.UUID]float64
}

// ProductSearchPlace is the place of a hit.
type ProductSearchPlace struct {
	Score     float64
	ProductID uuid.UUID
	// SortKey is the hit's place among the pinned products, or what it was sorted by.
	SortKey string
}

// ProductSearchResult is a page of hits.
type ProductSearchResult struct {
	Hits []ProductSearchPlace
	// Total counts the hits of all pages.
	Total int
	// Facets are nil unless they were asked for.
	Facets *models.SearchFacets
}

// preferred lets a score grow by the bonuses of products that are in stock and newer: it decides between those that
// match equally well. The age counts from a fixed day on, so that scores do not change with time.
func preferred(score string) string {
	return fmt.Sprintf("(%s) * (1 + %g * s.in_stock::int + %g * greatest(0, date_part('epoch', s.new_since)))",
		score, models.InStockBonus, models.NewnessBonus*1e6)
}

// unpinned is the place of what is not pinned: behind all that is.
const unpinned = 1_000_000

// productSearchPage reads a page of the matches, which are rows of product_id and score.
func (s *Store) productSearchPage(ctx context.Context, matches statement, q ProductSearchPage) (*ProductSearchResult, error) {
	var err error
	if q.Filter, err = s.WithBelow(ctx, q.Filter); err != nil {
		return nil, err
	}
	hits, order, err := s.productSearchHits(q)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Total     int
		ProductID *uuid.UUID
		Score     float64
		SortText  string
	}
	matches = withPinned(matches, q.Pinned)
	var page statement
	if q.After != nil {
		page.add("WHERE "+order.after, order.place(q.After)...)
	}
	page.add(" ORDER BY "+order.by+" LIMIT ? OFFSET ?", q.Limit, q.Offset)
	args := append(append(matches.args, hits), page.args...)
	err = s.db.NewRaw("WITH "+matches.sql+", hits AS MATERIALIZED (?), page AS (SELECT * FROM hits "+page.sql+`)
		SELECT total.count AS total, page.product_id, page.score, page.sort_text
		FROM (SELECT count(*) FROM hits) AS total
		LEFT JOIN page ON true
		ORDER BY `+order.by, args...).Scan(ctx, &rows)
	if err != nil {
		return nil, wrap(ctx, err, "search products")
	}
	found := &ProductSearchResult{Total: rows[0].Total}
	for _, row := range rows {
		if row.ProductID != nil {
			found.Hits = append(found.Hits, ProductSearchPlace{row.Score, *row.ProductID, row.SortText})
		}
	}
	if q.Facets {
		found.Facets, err = s.productSearchFacets(ctx, matches, q, found.Total)
	}
	return found, err
}

// withPinned names the matches, and adds the pinned products that do not match.
func withPinned(matches statement, pinned []uuid.UUID) statement {
	named := statement{"matches AS MATERIALIZED (" + matches.sql + ")", matches.args}
	if len(pinned) > 0 {
		named.sql = "matching AS MATERIALIZED (" + matches.sql + `), matches AS MATERIALIZED (
			SELECT product_id, score FROM matching
			UNION ALL
			SELECT p.id, 0 FROM products AS p
			WHERE p.id = ANY(?) AND p.published AND NOT EXISTS (SELECT FROM matching WHERE matching.product_id = p.id)
		)`
		named.args = append(named.args, uuidArray(pinned))
	}
	return named
}

// searchOrder is the order of hits.
type searchOrder struct {
	// by orders rows that have score, product_id and sort_key; after is met by those behind a place.
	by, after string
	place     func(*ProductSearchPlace) []any
}

// productSearchHits selects the hits among the matches, with what they are sorted by.
func (s *Store) productSearchHits(q ProductSearchPage) (*bun.SelectQuery, searchOrder, error) {
	hits := s.matchesIn(q.Filter, q.Hidden)
	if len(q.Boosts) == 0 {
		hits.ColumnExpr("m.product_id, m.score")
	} else {
		factors, err := json.Marshal(q.Boosts)
		if err != nil {
			return nil, searchOrder{}, fmt.Errorf("write boosts: %w", err)
		}
		hits.ColumnExpr("m.product_id, m.score * coalesce((?::jsonb ->> m.product_id::text)::float8, 1) AS score", string(factors))
	}
	if q.Filter.SortKey == "" {
		hits.ColumnExpr("coalesce(array_position(?, m.product_id), ?) AS sort_key", uuidArray(q.Pinned), unpinned).
			ColumnExpr("coalesce(array_position(?, m.product_id), ?)::text AS sort_text", uuidArray(q.Pinned), unpinned)
		return hits, searchOrder{
			by:    "sort_key, score DESC, product_id",
			after: "sort_key > ? OR (sort_key = ? AND (score < ? OR (score = ? AND product_id > ?)))",
			place: func(p *ProductSearchPlace) []any {
				place := bun.SafeQuery("?::int", p.SortKey)
				return []any{place, place, p.Score, p.Score, p.ProductID}
			},
		}, nil
	}
	order, err := orderOf(q.Filter)
	if err != nil {
		return nil, searchOrder{}, err
	}
	hits.Apply(order.join).ColumnExpr("? AS sort_key, ?::text AS sort_text", order.key, order.text)
	return hits, searchOrder{
		by:    "sort_key " + string(q.Filter.Direction) + ", product_id",
		after: "sort_key " + string(after(q.Filter.Direction)) + " ? OR (sort_key = ? AND product_id > ?)",
		place: func(p *ProductSearchPlace) []any {
			key := bun.SafeQuery(order.parse, p.SortKey)
			return []any{key, key, p.ProductID}
		},
	}, nil
}

// matchesIn selects the matches that meet a filter.
func (s *Store) matchesIn(filter models.ProductQuery, hidden []uuid.UUID) *bun.SelectQuery {
	query := s.db.NewSelect().TableExpr("matches AS m").Join("JOIN products AS p ON p.id = m.product_id").Apply(filterProducts(filter))
	if len(hidden) > 0 {
		query.Where("m.product_id <> ALL(?)", uuidArray(hidden))
	}
	return query
}
