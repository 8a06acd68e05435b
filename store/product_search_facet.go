package store

import (
	"context"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// searchFacetRow is a value of a facet; which fields count depends on the facet.
type searchFacetRow struct {
	Facet string
	// Code is the code of an attribute type, and Covered how many hits have the type.
	Code         string
	Covered      int
	Value        string
	ProductCount int
	Lowest       *decimal.Decimal
	Highest      *decimal.Decimal
}

// productSearchFacets counts the matches that meet the filter by what they can be narrowed by, in one statement. Each
// facet sees every condition but its own.
func (s *Store) productSearchFacets(ctx context.Context, matches statement, q ProductSearchPage, hits int) (*models.SearchFacets, error) {
	f := facetStatement{store: s, page: q, with: matches}
	f.brands()
	f.categories()
	f.stock()
	if q.FacetPriceList != "" {
		f.prices()
	}
	filtered := q.Filter.FilteredTypes()
	f.attributes(q.Filter, "at.code <> ALL(?)", filtered)
	for _, code := range filtered {
		f.attributes(q.Filter.WithoutAttribute(code), "at.code = ANY(?)", []string{code})
	}
	var rows []searchFacetRow
	err := s.db.NewRaw("WITH RECURSIVE "+f.with.sql+"\n"+f.rows.sql, append(f.with.args, f.rows.args...)...).Scan(ctx, &rows)
	if err != nil {
		return nil, wrap(ctx, err, "count facets")
	}
	return searchFacetsOf(rows, q, hits)
}

// facetStatement collects a statement that counts: lists of products, and rows counted over them.
type facetStatement struct {
	store *Store
	page  ProductSearchPage
	with  statement
	rows  statement
	lists int
}

// list names the matches that meet a filter.
func (f *facetStatement) list(filter models.ProductQuery) bun.Safe {
	name := fmt.Sprintf("list_%d", f.lists)
	f.lists++
	f.with.add(", "+name+" AS MATERIALIZED (?)", f.store.matchesIn(filter, f.page.Hidden).Column("m.product_id"))
	return bun.Safe(name)
}

func (f *facetStatement) add(sql string, args ...any) {
	if f.rows.sql != "" {
		f.rows.add("\nUNION ALL\n")
	}
	f.rows.add(sql, args...)
}

func (f *facetStatement) brands() {
	f.add(`(SELECT 'brand' AS facet, '' AS code, 0 AS covered, p.brand AS value, count(*) AS product_count,
			NULL::numeric AS lowest, NULL::numeric AS highest
		FROM ? AS list JOIN products AS p ON p.id = list.product_id
		WHERE p.brand <> ''
		GROUP BY p.brand
		ORDER BY count(*) DESC, p.brand COLLATE "C"
		LIMIT ?)`, f.list(f.page.Filter.WithoutBrands()), models.MaxFacetValues)
}

// categories counts for each category the hits to which a published way leads from it.
func (f *facetStatement) categories() {
	f.with.add(`, ways AS (
		SELECT id AS category_id, id AS above_id, parent_id FROM categories WHERE published
		UNION ALL
		SELECT ways.category_id, c.id, c.parent_id FROM ways JOIN categories AS c ON c.id = ways.parent_id WHERE c.published
	)`)
	f.add(`(SELECT 'category', '', 0, ways.above_id::text, count(DISTINCT list.product_id), NULL, NULL
		FROM ? AS list
		JOIN product_categories AS pc ON pc.product_id = list.product_id
		JOIN ways ON ways.category_id = pc.category_id
		GROUP BY ways.above_id
		ORDER BY count(DISTINCT list.product_id) DESC, ways.above_id
		LIMIT ?)`, f.list(f.page.Filter.WithoutCategories()), models.MaxCategoryFacets)
}

func (f *facetStatement) stock() {
	for _, inStock := range []bool{true, false} {
		f.add("SELECT 'stock', '', 0, ?::boolean::text, count(*), NULL, NULL FROM ?", inStock, f.list(f.page.Filter.WithInStock(inStock)))
	}
}

// prices counts by models.PriceStep.
func (f *facetStatement) prices() {
	f.add(`SELECT 'price', '', 0, trunc(units, least(0, 2 - length(units::text)))::text, count(*), min(units), max(units)
		FROM (
			SELECT round(r.lowest * ?) AS units
			FROM ? AS list JOIN product_price_ranges AS r ON r.product_id = list.product_id
			WHERE r.price_list = ? AND r.lowest IS NOT NULL
		) AS prices
		GROUP BY 4`, bun.Safe("1e"+strconv.Itoa(models.PricePlaces)), f.list(f.page.Filter.WithoutPrice()), f.page.FacetPriceList)
}

// attributes counts the values of the most widespread types that the condition lets pass.
func (f *facetStatement) attributes(filter models.ProductQuery, where string, codes []string) {
	list := f.list(filter)
	f.add(`SELECT 'attribute', code, covered, value, product_count, lowest, highest
		FROM (
			SELECT at.code, covering.covered, a.value, counted.product_count,
				min(a.number) OVER (PARTITION BY at.id) AS lowest,
				max(a.number) OVER (PARTITION BY at.id) AS highest,
				row_number() OVER (PARTITION BY at.id ORDER BY octet_length(a.value) > ?, counted.product_count DESC, a.value COLLATE "C") AS rank,
				dense_rank() OVER (ORDER BY covering.covered DESC, at.code COLLATE "C") AS type_rank
			FROM (
				SELECT va.attribute_id, count(DISTINCT v.product_id) AS product_count
				FROM ? AS list
				JOIN product_variants AS v ON v.product_id = list.product_id
				JOIN product_variant_attributes AS va ON va.sku = v.sku
				GROUP BY va.attribute_id
			) AS counted
			JOIN attributes AS a ON a.id = counted.attribute_id
			JOIN attribute_types AS at ON at.id = a.attribute_type_id
			JOIN (
				SELECT a.attribute_type_id, count(DISTINCT v.product_id) AS covered
				FROM ? AS list
				JOIN product_variants AS v ON v.product_id = list.product_id
				JOIN product_variant_attributes AS va ON va.sku = v.sku
				JOIN attributes AS a ON a.id = va.attribute_id
				GROUP BY a.attribute_type_id
			) AS covering ON covering.attribute_type_id = at.id
			WHERE `+where+`
		) AS ranked
		WHERE rank <= ? AND type_rank <= ? AND octet_length(value) <= ?`,
		models.MaxFacetValue, list, list, pgdialect.Array(codes), models.MaxFacetValues,
		models.MaxAttributeFacets+len(f.page.Filter.Attributes), models.MaxFacetValue)
}

func searchFacetsOf(rows []searchFacetRow, q ProductSearchPage, hits int) (*models.SearchFacets, error) {
	facets := &models.SearchFacets{}
	types := map[string]*models.AttributeCounts{}
	var steps []models.StepCount
	var least, most int64
	for _, row := range rows {
		value := models.ValueCount{Value: row.Value, ProductCount: row.ProductCount}
		switch row.Facet {
		case "brand":
			facets.Brands = append(facets.Brands, value)
		case "category":
			id, err := uuid.Parse(row.Value)
			if err != nil {
				return nil, fmt.Errorf("read category of facet: %w", err)
			}
			facets.Categories = append(facets.Categories, models.CategoryCount{CategoryID: id, ProductCount: row.ProductCount})
		case "stock":
			if row.Value == "true" {
				facets.InStock = row.ProductCount
			} else {
				facets.OutOfStock = row.ProductCount
			}
		case "price":
			low, high := row.Lowest.IntPart(), row.Highest.IntPart()
			if len(steps) == 0 {
				least, most = low, high
			}
			least, most = min(least, low), max(most, high)
			steps = append(steps, models.StepCount{Step: models.PriceStep(low), ProductCount: row.ProductCount})
		case "attribute":
			if types[row.Code] == nil {
				types[row.Code] = &models.AttributeCounts{Type: row.Code, ProductCount: row.Covered, Min: row.Lowest, Max: row.Highest}
			}
			types[row.Code].Values = append(types[row.Code].Values, value)
		}
	}
	if len(steps) > 0 {
		facets.Price = models.NewPriceFacet(q.FacetPriceList, least, most, steps)
	}
	all := make([]models.AttributeCounts, 0, len(types))
	for _, t := range types {
		all = append(all, *t)
	}
	facets.Attributes = models.OrderAttributes(all, hits, q.Filter)
	return facets, nil
}

// AttributesByValues returns the attributes that exist among the pairs of a type's code and a value, with texts in the
// chain's languages.
func (s *Store) AttributesByValues(ctx context.Context, codes, values []string, chain []models.LanguageCode) ([]*models.Attribute, error) {
	var rows []*variantAttribute
	err := s.db.NewRaw(`
		SELECT a.id, a.attribute_type_id, a.value, a.number, a.name, a.position, at.code AS type_code, at.value_type AS type_value_type, at.unit AS type_unit, at.name AS type_name
		FROM unnest(?::text[], ?::text[]) AS given (code, value)
		JOIN attribute_types AS at ON at.code = given.code
		-- One by one through the index: joined, all attributes of the shop would be read.
		CROSS JOIN LATERAL (
			SELECT * FROM attributes WHERE attribute_type_id = at.id AND value_digest = md5(given.value)::uuid LIMIT 1
		) AS a`,
		pgdialect.Array(codes), pgdialect.Array(values)).Scan(ctx, &rows)
	attributes := make([]*models.Attribute, len(rows))
	for i, row := range rows {
		attributes[i] = row.attribute()
		attributes[i].Chain, attributes[i].Type.Chain = chain, chain
	}
	return attributes, wrap(ctx, err, "load attributes by values")
}
