package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
)

const (
	// popularFrom is how often a text must have been searched to be suggested to others: what few have typed may
	// be about them. The indices of search_queries know the same number.
	popularFrom = 5
	// judgedFrom is how many searches with results make a click rate; below fewClicks it is a low one.
	judgedFrom, fewClicks = 10, 0.1
	// mostClicked is how many clicked products a report names.
	mostClicked = 5
)

// PopularQueries returns what is searched most in a language among the texts that begin with the prefix, which is
// folded. All of them have results.
func (s *Store) PopularQueries(ctx context.Context, language models.LanguageCode, foldedPrefix string, limit int) ([]models.PopularQuery, error) {
	var queries []models.PopularQuery
	err := s.db.NewRaw(`
		SELECT text, searches FROM search_queries
		WHERE language = ? AND query LIKE ? AND found AND searches >= ?
		ORDER BY searches DESC, query LIMIT ?`,
		language, likePrefix(foldedPrefix), popularFrom, limit).Scan(ctx, &queries)
	return queries, wrap(ctx, err, "load popular queries")
}

// likePrefix is the pattern of LIKE for texts that begin like this.
func likePrefix(prefix string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(prefix) + "%"
}

// CountSearches adds the counts to those of today. Several servers may do so at once; the counts must come in the
// order of their keys, so that none waits for another that waits for it.
func (s *Store) CountSearches(ctx context.Context, counts []*models.SearchCount) error {
	if len(counts) == 0 {
		return nil
	}
	rows, err := json.Marshal(countRows(counts))
	if err != nil {
		return fmt.Errorf("write counts of searches: %w", err)
	}
	_, err = s.db.NewRaw(`
		WITH counted AS (
			SELECT * FROM jsonb_to_recordset(?::jsonb) AS t (
				language text, query text, text text, searches bigint, without_results bigint, results bigint,
				clicks bigint, positions bigint, found boolean, clicked jsonb)
		), today AS (
			SELECT (now() AT TIME ZONE 'UTC')::date AS day
		), queries AS (
			INSERT INTO search_queries AS q (language, query, text, searches, found)
			SELECT language, query, text, searches, found FROM counted WHERE searches > 0
			ON CONFLICT (language, query) DO UPDATE SET
				searches = q.searches + excluded.searches, found = excluded.found,
				text = CASE WHEN excluded.text = excluded.query THEN q.text ELSE excluded.text END
		), clicks AS (
			INSERT INTO search_clicks AS c (day, language, query, product_id, clicks)
			SELECT day, language, query, key::uuid, value::bigint
			FROM counted, today, jsonb_each_text(clicked)
			ON CONFLICT (day, language, query, product_id) DO UPDATE SET clicks = c.clicks + excluded.clicks
		)
		INSERT INTO search_statistics AS s (day, language, query, searches, without_results, results, clicks, positions)
		SELECT day, language, query, searches, without_results, results, clicks, positions FROM counted, today
		ON CONFLICT (day, language, query) DO UPDATE SET
			searches = s.searches + excluded.searches, without_results = s.without_results + excluded.without_results,
			results = s.results + excluded.results, clicks = s.clicks + excluded.clicks,
			positions = s.positions + excluded.positions`, string(rows)).Exec(ctx)
	return wrap(ctx, err, "count searches")
}

// countRow is a SearchCount with the names of the columns.
type countRow struct {
	Language       models.LanguageCode `json:"language"`
	Query          string              `json:"query"`
	Text           string              `json:"text"`
	Searches       int                 `json:"searches"`
	WithoutResults int                 `json:"without_results"`
	Results        int                 `json:"results"`
	Clicks         int                 `json:"clicks"`
	Positions      int                 `json:"positions"`
	Found          bool                `json:"found"`
	Clicked        map[uuid.UUID]int   `json:"clicked"`
}

func countRows(counts []*models.SearchCount) []countRow {
	rows := make([]countRow, len(counts))
	for i, c := range counts {
		rows[i] = countRow{
			Language: c.Language, Query: c.Query, Text: c.Text, Searches: c.Searches, WithoutResults: c.WithoutResults,
			Results: c.Results, Clicks: c.Clicks, Positions: c.Positions, Found: c.Found, Clicked: c.Clicked,
		}
		if c.Clicked == nil {
			rows[i].Clicked = map[uuid.UUID]int{}
		}
	}
	return rows
}

// ForgetSearches takes out what was counted before the last days, and returns how many rows of statistics that were.
func (s *Store) ForgetSearches(ctx context.Context, days int) (int, error) {
	before := time.Now().UTC().AddDate(0, 0, -days).Format(time.DateOnly)
	var forgotten int
	err := s.db.NewRaw(`
		WITH clicks AS (
			DELETE FROM search_clicks WHERE day <= ?0
		), gone AS (
			DELETE FROM search_statistics WHERE day <= ?0 RETURNING language, query, searches
		), sums AS (
			SELECT language, query, sum(searches) AS searches FROM gone GROUP BY language, query
		), lowered AS (
			UPDATE search_queries AS q SET searches = q.searches - sums.searches
			FROM sums WHERE q.language = sums.language AND q.query = sums.query AND q.searches > sums.searches
		), emptied AS (
			DELETE FROM search_queries AS q
			USING sums WHERE q.language = sums.language AND q.query = sums.query AND q.searches <= sums.searches
		)
		SELECT count(*) FROM gone`, before).Scan(ctx, &forgotten)
	return forgotten, wrap(ctx, err, "forget old searches")
}

// SearchReports returns how texts fared: those searched most, or those that fail most.
func (s *Store) SearchReports(ctx context.Context, q models.SearchReportQuery) ([]*models.SearchReport, error) {
	since := time.Now().UTC().AddDate(0, 0, 1-q.Days).Format(time.DateOnly)
	var b statement
	b.add(`
		WITH sums AS (
			SELECT language, query, sum(searches)::bigint AS searches, sum(without_results)::bigint AS without_results,
				sum(results)::bigint AS results, sum(clicks)::bigint AS clicks, sum(positions)::bigint AS positions
			FROM search_statistics WHERE day >= ?`, since)
	if q.Language != nil {
		b.add(" AND language = ?", *q.Language)
	}
	b.add(`
			GROUP BY language, query
			HAVING sum(searches) > 0
		)
		SELECT sums.*, coalesce(q.text, query) AS text
		FROM sums LEFT JOIN search_queries AS q USING (language, query) `)
	switch q.Failure {
	case models.SearchFailureNoResults:
		b.add("WHERE without_results > 0 ORDER BY without_results DESC")
	case models.SearchFailureFewClicks:
		b.add(`
			WHERE sums.searches - without_results >= ? AND clicks < ? * (sums.searches - without_results)
			ORDER BY sums.searches - without_results - clicks DESC`, judgedFrom, fewClicks)
	default:
		b.add("ORDER BY sums.searches DESC")
	}
	b.add(", language, query LIMIT ?", q.Limit)
	var reports []*models.SearchReport
	if err := s.db.NewRaw(b.sql, b.args...).Scan(ctx, &reports); err != nil {
		return nil, wrap(ctx, err, "load search reports")
	}
	return reports, s.addClickedProducts(ctx, reports, since)
}

func (s *Store) addClickedProducts(ctx context.Context, reports []*models.SearchReport, since string) error {
	languages, queries := make([]models.LanguageCode, len(reports)), make([]string, len(reports))
	byKey := make(map[models.SearchKey]*models.SearchReport, len(reports))
	for i, r := range reports {
		languages[i], queries[i] = r.Language, r.Query
		byKey[models.SearchKey{Language: r.Language, Query: r.Query}] = r
	}
	var rows []struct {
		Language  models.LanguageCode
		Query     string
		ProductID uuid.UUID
		Clicks    int
	}
	err := s.db.NewRaw(`
		SELECT language, query, product_id, clicks
		FROM unnest(?, ?) AS wanted (language, query), LATERAL (
			SELECT product_id, sum(clicks)::bigint AS clicks FROM search_clicks AS c
			WHERE day >= ? AND c.language = wanted.language AND c.query = wanted.query
			GROUP BY product_id ORDER BY sum(clicks) DESC, product_id LIMIT ?
		) AS clicked
		ORDER BY language, query, clicks DESC, product_id`,
		stringArray(languages), stringArray(queries), since, mostClicked).Scan(ctx, &rows)
	for _, r := range rows {
		report := byKey[models.SearchKey{Language: r.Language, Query: r.Query}]
		report.ClickedProducts = append(report.ClickedProducts, &models.ClickedProduct{ProductID: r.ProductID, Clicks: r.Clicks})
	}
	return wrap(ctx, err, "load clicked products")
}
