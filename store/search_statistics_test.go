package store_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/store"
	"ecoseller/store/storetest"
)

// count is a text that was searched some times with the same number of results.
func count(language models.LanguageCode, query, text string, searches, results int) *models.SearchCount {
	c := &models.SearchCount{
		SearchKey: models.SearchKey{Language: language, Query: query}, Text: text,
		Searches: searches, Results: searches * results, Found: results > 0,
	}
	if results == 0 {
		c.WithoutResults = searches
	}
	return c
}

func TestSearchesAreSummedUpAndForgotten(t *testing.T) {
	t.Parallel()
	db := storetest.NewDB(t)
	s := store.New(db, cataloguetest.Languages(), nil)
	lamp, desk := uuid.MustParse("00000000-0000-4000-8000-000000000001"), uuid.MustParse("00000000-0000-4000-8000-000000000002")
	clicked := count("cs", "lampa", "lampa", 3, 20)
	clicked.Clicks, clicked.Positions, clicked.Clicked = 3, 9, map[uuid.UUID]int{lamp: 1, desk: 2}
	for _, counts := range [][]*models.SearchCount{
		{clicked, count("cs", "zarovka", "žárovka", 4, 0), count("en", "lamp", "lamp", 1, 2)},
		{count("cs", "lampa", "lámpa", 9, 10), count("cs", "zarovka", "zarovka", 4, 0), count("cs", "stul", "stůl", 20, 5)},
		{{SearchKey: models.SearchKey{Language: "cs", Query: "lampa"}, Clicks: 1, Positions: 5, Clicked: map[uuid.UUID]int{lamp: 1}}},
		nil,
	} {
		if err := s.CountSearches(t.Context(), counts); err != nil {
			t.Fatal(err)
		}
	}
	cs := models.LanguageCode("cs")
	reports := func(q models.SearchReportQuery) (lines []string) {
		t.Helper()
		q.Limit = 10
		found, err := s.SearchReports(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found {
			position := 0.0
			if p := r.AverageClickPosition(); p != nil {
				position = *p
			}
			line := fmt.Sprintf("%s %s: %d searches, %d without, %.1f results, %.2f ctr, %.1f position",
				r.Language, r.Text, r.Searches, r.WithoutResults, r.AverageResults(), r.ClickThroughRate(), position)
			for _, c := range r.ClickedProducts {
				line += fmt.Sprintf(", %s %d", c.ProductID.String()[35:], c.Clicks)
			}
			lines = append(lines, line)
		}
		return lines
	}
	const (
		table = "cs stůl: 20 searches, 0 without, 5.0 results, 0.00 ctr, 0.0 position"
		lampa = "cs lámpa: 12 searches, 0 without, 12.5 results, 0.33 ctr, 3.5 position, 1 2, 2 2"
		bulb  = "cs žárovka: 8 searches, 8 without, 0.0 results, 0.00 ctr, 0.0 position"
		lampE = "en lamp: 1 searches, 0 without, 2.0 results, 0.00 ctr, 0.0 position"
	)
	for _, test := range []struct {
		name string
		q    models.SearchReportQuery
		want []string
	}{
		{"all", models.SearchReportQuery{Days: 1}, []string{table, lampa, bulb, lampE}},
		{"a language", models.SearchReportQuery{Days: 1, Language: &cs}, []string{table, lampa, bulb}},
		{"no results", models.SearchReportQuery{Days: 7, Failure: models.SearchFailureNoResults}, []string{bulb}},
		{"few clicks", models.SearchReportQuery{Days: 7, Failure: models.SearchFailureFewClicks}, []string{table}},
	} {
		if diff := cmp.Diff(test.want, reports(test.q)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}

	// Yesterday's part of the table's searches is older than what is kept.
	for _, sql := range []string{
		"INSERT INTO search_statistics SELECT day - 1, language, query, 18, 0, 0, 0, 0 FROM search_statistics WHERE query = 'stul'",
		"UPDATE search_statistics SET day = day - 1 WHERE language = 'en'",
		"UPDATE search_clicks SET day = day - 1",
	} {
		if _, err := db.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	forgotten, err := s.ForgetSearches(t.Context(), 1)
	if err != nil || forgotten != 2 {
		t.Fatalf("forgot %d, %v", forgotten, err)
	}
	var left []struct {
		Query    string
		Searches int
	}
	if err := db.NewRaw("SELECT query, searches FROM search_queries ORDER BY query").Scan(t.Context(), &left); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(left); got != "[{lampa 12} {stul 2} {zarovka 8}]" {
		t.Error(got)
	}
	if got := reports(models.SearchReportQuery{Days: 90})[1]; strings.Contains(got, "1 2") {
		t.Errorf("old clicks are still there: %s", got)
	}
}

func TestPopularQueries(t *testing.T) {
	t.Parallel()
	s := store.New(storetest.NewDB(t), cataloguetest.Languages(), nil)
	err := s.CountSearches(t.Context(), []*models.SearchCount{
		count("cs", "sluchatka", "sluchátka", 9, 3), count("cs", "sluchatka bez dratu", "sluchátka bez drátu", 30, 2),
		count("cs", "slune%", "slune%", 5, 1), count("cs", "slune_", "slune_", 5, 1), count("cs", `slu\`, `slu\`, 6, 1),
		count("cs", "slunce", "slunce", 50, 0), count("cs", "slza", "slza", 4, 1), count("sk", "sluchadla", "slúchadlá", 5, 1),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		language models.LanguageCode
		prefix   string
		limit    int
		want     string
	}{
		{"cs", "slu", 10, `[{sluchátka bez drátu 30} {sluchátka 9} {slu\ 6} {slune% 5} {slune_ 5}]`},
		{"cs", "slu", 1, "[{sluchátka bez drátu 30}]"},
		{"cs", "", 2, "[{sluchátka bez drátu 30} {sluchátka 9}]"},
		{"cs", "slune%", 10, "[{slune% 5}]"},
		{"cs", "slune_", 10, "[{slune_ 5}]"},
		{"cs", `slu\`, 10, `[{slu\ 6}]`},
		{"cs", "slz", 10, "[]"},   // too few
		{"cs", "slunc", 10, "[]"}, // no results
		{"sk", "s", 10, "[{slúchadlá 5}]"},
		{"en", "s", 10, "[]"},
	} {
		got, err := s.PopularQueries(t.Context(), test.language, test.prefix, test.limit)
		if err != nil || fmt.Sprint(got) != test.want {
			t.Errorf("%s %q: got %v %v, want %s", test.language, test.prefix, got, err, test.want)
		}
	}
}

// TestPopularQueriesAreFast asks among 20,000 popular texts, or as many as ECOSELLER_BENCH_POPULAR says, and logs how long it takes.
func TestPopularQueriesAreFast(t *testing.T) {
	t.Parallel()
	db := storetest.NewDB(t)
	s := store.New(db, cataloguetest.Languages(), nil)
	rows := 20_000
	if text := os.Getenv("ECOSELLER_BENCH_POPULAR"); text != "" {
		var err error
		if rows, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	_, err := db.Exec(`
		INSERT INTO search_queries (language, query, text, searches, found)
		SELECT CASE n % 3 WHEN 0 THEN 'en' WHEN 1 THEN 'cs' ELSE 'sk' END, md5(n::text), md5(n::text), 5 + n % 1000, true
		FROM generate_series(1, ?) AS n`, rows)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("VACUUM ANALYZE search_queries"); err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"", "a", "ab", "abc", "abcd", "xyz"} {
		last := new(lastStatement)
		watched := store.New(db.WithQueryHook(last), cataloguetest.Languages(), nil)
		if _, err := watched.PopularQueries(t.Context(), "cs", prefix, 5); err != nil {
			t.Fatal(err)
		}
		var plan []string
		if err := db.NewRaw("EXPLAIN "+last.sql).Scan(t.Context(), &plan); err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan") {
			t.Errorf("%q reads all queries:\n%s", prefix, text)
		}
		const rounds = 50
		started := time.Now()
		for range rounds {
			if _, err := s.PopularQueries(t.Context(), "cs", prefix, 5); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%q among %d: %s", prefix, rows, (time.Since(started) / rounds).Round(time.Microsecond))
	}
}
