package statistics_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/statistics"
	"ecoseller/store"
	"ecoseller/store/storetest"
)

// sums adds up counts as the database does; it can be away.
type sums struct {
	mu        sync.Mutex
	away      error
	writes    int
	forgotten int
	by        map[models.SearchKey]*models.SearchCount
}

func (s *sums) CountSearches(_ context.Context, counts []*models.SearchCount) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		return s.away
	}
	s.writes++
	for _, c := range counts {
		sum := s.by[c.SearchKey]
		if sum == nil {
			sum = &models.SearchCount{SearchKey: c.SearchKey, Clicked: map[uuid.UUID]int{}}
			s.by[c.SearchKey] = sum
		}
		sum.Text, sum.Found = c.Text, c.Found
		sum.Searches += c.Searches
		sum.WithoutResults += c.WithoutResults
		sum.Results += c.Results
		sum.Clicks += c.Clicks
		sum.Positions += c.Positions
		for product, clicks := range c.Clicked {
			sum.Clicked[product] += clicks
		}
	}
	return nil
}

func (s *sums) ForgetSearches(context.Context, int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgotten++
	return 0, nil
}

// lines describe the sums, without what is zero for all.
func (s *sums) lines() map[string]string {
	lines := map[string]string{}
	for key, c := range s.by {
		lines[string(key.Language)+" "+key.Query] = fmt.Sprintf("%s: %d searches, %d without, %d results, %d clicks, found %v",
			c.Text, c.Searches, c.WithoutResults, c.Results, c.Clicks, c.Found)
	}
	return lines
}

func newSums() *sums { return &sums{by: map[models.SearchKey]*models.SearchCount{}} }

func request(text string) search.Request {
	return search.Request{Text: text, Chain: []models.LanguageCode{"cs", "en"}, First: 24}
}

func TestWhatCountsAsASearch(t *testing.T) {
	t.Parallel()
	found, nothing := &search.Result{Total: 3}, &search.Result{}
	inStock := true
	for _, test := range []struct {
		name   string
		change func(r *search.Request)
		result *search.Result
		want   map[string]string
	}{
		{"text", func(r *search.Request) { r.Text = "Stůl" }, found, map[string]string{"cs stul": "stůl: 1 searches, 0 without, 3 results, 0 clicks, found true"}},
		{"nothing found", func(*search.Request) {}, nothing, map[string]string{"cs x": "x: 1 searches, 1 without, 0 results, 0 clicks, found false"}},
		{"corrected", func(*search.Request) {}, &search.Result{Total: 3, Corrected: "y"}, map[string]string{"cs x": "x: 1 searches, 0 without, 3 results, 0 clicks, found false"}},
		{"relaxed", func(*search.Request) {}, &search.Result{Total: 3, Relaxed: true}, map[string]string{"cs x": "x: 1 searches, 0 without, 3 results, 0 clicks, found false"}},
		{"spaces and case", func(r *search.Request) { r.Text = " A\t\u00a0B\n" }, found, map[string]string{"cs a b": "a b: 1 searches, 0 without, 3 results, 0 clicks, found true"}},
		{"what databases do not store", func(r *search.Request) { r.Text = "a\x00b" }, found, map[string]string{"cs a b": "a b: 1 searches, 0 without, 3 results, 0 clicks, found true"}},
		{"accents of their own", func(r *search.Request) { r.Text = "c\u030c" }, found, map[string]string{"cs c": "č: 1 searches, 0 without, 3 results, 0 clicks, found true"}},
		{"next page", func(r *search.Request) { r.After = &search.Position{} }, found, map[string]string{}},
		{"filter", func(r *search.Request) { r.Filter.InStock = &inStock }, found, map[string]string{}},
		{"filter by a list", func(r *search.Request) { r.Filter.Brands = []string{"x"} }, found, map[string]string{}},
		{"another order", func(r *search.Request) { r.Sort.Key = search.SortByPrice }, found, map[string]string{}},
		{"order by relevance", func(r *search.Request) { r.Sort.Key = search.SortByRelevance }, found, map[string]string{"cs x": "x: 1 searches, 0 without, 3 results, 0 clicks, found true"}},
		{"too long", func(r *search.Request) { r.Text = strings.Repeat("á", 101) }, found, map[string]string{}},
		{"just not too long", func(r *search.Request) { r.Text = strings.Repeat("x", 100) }, found, map[string]string{"cs " + strings.Repeat("x", 100): strings.Repeat("x", 100) + ": 1 searches, 0 without, 3 results, 0 clicks, found true"}},
		{"broken text", func(r *search.Request) { r.Text = "a\xff" }, found, map[string]string{}},
		{"accents alone", func(r *search.Request) { r.Text = "\u030c" }, found, map[string]string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sums, r := newSums(), request("x")
			test.change(&r)
			recorder := statistics.New(sums, 90)
			recorder.Searched(r, test.result)
			if err := recorder.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, sums.lines()); diff != "" {
				t.Error(diff)
			}
			if id := statistics.IDOf(r); id.Language != "cs" || recorder.Clicked(id, uuid.New(), 1) != (id.Text != "") {
				t.Errorf("a click on %+v", id)
			}
		})
	}
}

// TestNothingIsCountedTwiceOrLost counts from many sides at once, while counts are written and the database comes and
// goes.
func TestNothingIsCountedTwiceOrLost(t *testing.T) {
	t.Parallel()
	const people, rounds = 8, 300
	sums := newSums()
	recorder := statistics.New(sums, 90)
	var counting, writing sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		writing.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				sums.mu.Lock()
				sums.away = nil
				if n%3 == 0 {
					sums.away = errors.New("away")
				}
				sums.mu.Unlock()
				_ = recorder.Flush(context.Background())
			}
		})
	}
	product := uuid.New()
	for range people {
		counting.Go(func() {
			for n := range rounds {
				r := request(fmt.Sprintf("Text %d", n%50))
				recorder.Searched(r, &search.Result{Total: 2})
				recorder.Clicked(statistics.IDOf(r), product, 3)
			}
		})
	}
	counting.Wait()
	close(stop)
	writing.Wait()
	sums.away = nil
	if err := recorder.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var searches, clicks, results, positions, clicked int
	for _, c := range sums.by {
		searches, clicks, results, positions = searches+c.Searches, clicks+c.Clicks, results+c.Results, positions+c.Positions
		clicked += c.Clicked[product]
	}
	const all = people * rounds
	if len(sums.by) != 50 || searches != all || clicks != all || clicked != all || results != 2*all || positions != 3*all {
		t.Errorf("%d texts, %d searches, %d clicks, %d on products, %d results, %d positions of %d", len(sums.by), searches, clicks, clicked, results, positions, all)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	sums := newSums()
	sums.away = errors.New("away")
	recorder := statistics.New(sums, 90)
	first := request("text 0")
	for range 3 {
		for n := range 3000 {
			recorder.Searched(request(fmt.Sprintf("text %d", n)), &search.Result{Total: 1})
		}
		for range 100 {
			recorder.Clicked(statistics.IDOf(first), uuid.New(), 1)
		}
		if err := recorder.Flush(t.Context()); err == nil {
			t.Fatal("nobody is told that the counts wait")
		}
	}
	sums.away = nil
	if err := recorder.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(sums.by) != 2000 {
		t.Errorf("%d texts were kept", len(sums.by))
	}
	if c := sums.by[models.SearchKey{Language: "cs", Query: "text 0"}]; c.Searches != 3 || c.Clicks != 300 || len(c.Clicked) != 50 {
		t.Errorf("%d searches, %d clicks on %d products", c.Searches, c.Clicks, len(c.Clicked))
	}
	recorder.Searched(request("text 2999"), &search.Result{Total: 1})
	if err := recorder.Flush(t.Context()); err != nil || len(sums.by) != 2001 {
		t.Errorf("no room after a write: %d texts, %v", len(sums.by), err)
	}
}

func TestCountsAreWrittenEveryFewSecondsAndAtTheEnd(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	synctest.Test(t, func(t *testing.T) {
		sums := newSums()
		recorder := statistics.New(sums, 90)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { recorder.Keep(ctx, logger) })
		recorder.Searched(request("x"), &search.Result{Total: 1})
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if sums.writes != 1 {
			t.Errorf("%d writes after 6 seconds", sums.writes)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if sums.writes != 1 {
			t.Errorf("%d writes though there was nothing to write", sums.writes)
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if sums.forgotten < 4 {
			t.Errorf("old statistics were forgotten %d times in a day", sums.forgotten)
		}
		recorder.Searched(request("y"), &search.Result{Total: 1})
		cancel()
		running.Wait()
		if sums.writes != 2 || len(sums.by) != 2 {
			t.Errorf("%d writes of %d texts at the end", sums.writes, len(sums.by))
		}
	})
}

func TestNoRecorderCountsNothing(t *testing.T) {
	t.Parallel()
	var none *statistics.Recorder
	none.Searched(request("x"), &search.Result{})
	if none.Clicked(statistics.IDOf(request("x")), uuid.New(), 1) {
		t.Error("a click was counted")
	}
}

// TestServersCountIntoOneDatabase lets two servers write the same texts at the same time, while old statistics are
// taken out.
func TestServersCountIntoOneDatabase(t *testing.T) {
	t.Parallel()
	options := storetest.Create(t)
	const servers, rounds, texts = 2, 15, 200
	var running sync.WaitGroup
	var stores []*store.Store
	for range servers {
		s := store.New(storetest.Open(t, options), cataloguetest.Languages(), nil)
		stores = append(stores, s)
		recorder := statistics.New(s, 90)
		running.Go(func() {
			for n := range rounds {
				for i := range texts {
					r := request(fmt.Sprintf("žárovka %d", i))
					recorder.Searched(r, &search.Result{Total: i})
					recorder.Clicked(statistics.IDOf(r), uuid.NameSpaceURL, 1)
				}
				if err := recorder.Flush(t.Context()); err != nil {
					t.Error(err)
				}
				if n%5 == 0 {
					if _, err := s.ForgetSearches(t.Context(), 90); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	running.Wait()
	reports, err := stores[0].SearchReports(t.Context(), models.SearchReportQuery{Days: 2, Limit: 1000})
	if err != nil || len(reports) != texts {
		t.Fatalf("%d reports, %v", len(reports), err)
	}
	for _, r := range reports {
		if r.Searches != servers*rounds || r.Clicks != servers*rounds || r.ClickedProducts[0].Clicks != servers*rounds || !strings.HasPrefix(r.Text, "žárovka") {
			t.Errorf("%+v", r)
		}
	}
	popular, err := stores[1].PopularQueries(t.Context(), "cs", "zarovka 1", 1000)
	if err != nil || len(popular) != 111 || popular[0].Searches != servers*rounds {
		t.Errorf("%d popular queries, %v", len(popular), err)
	}
}

func BenchmarkSearched(b *testing.B) {
	recorder := statistics.New(newSums(), 90)
	result := &search.Result{Total: 3}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for n := 0; pb.Next(); n++ {
			recorder.Searched(request("bezdrátová sluchátka do uší"), result)
		}
	})
}
