package queryplan_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"ecoseller/catalogue/cataloguetest"
	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/search/analysis"
	"ecoseller/search/queryplan"
	"ecoseller/store"
	"ecoseller/store/storetest"
)

// fixed is a source that does not change.
type fixed models.QueryPlanData

func (f *fixed) QueryPlanVersion(context.Context) (int64, error) { return f.Version, nil }

func (f *fixed) QueryPlanData(context.Context) (*models.QueryPlanData, error) {
	return (*models.QueryPlanData)(f), nil
}

func planner(tb interface{ Fatal(args ...any) }, data fixed) *queryplan.Planner {
	p := queryplan.New(&data, cataloguetest.Languages().Supported)
	if err := p.Refresh(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return p
}

func synonym(language models.LanguageCode, direction models.SynonymDirection, phrases, alternatives string) *models.Synonym {
	return &models.Synonym{
		ID: uuid.New(), Language: language, Direction: direction,
		Phrases: strings.Split(phrases, ", "), Alternatives: strings.Split(alternatives, ", "),
	}
}

func TestSynonymsOfQueries(t *testing.T) {
	t.Parallel()
	p := planner(t, fixed{Synonyms: []*models.Synonym{
		synonym("cs", models.SynonymTwoWay, "mobil, mobilní telefon", "Smartphone"),
		synonym("cs", models.SynonymOneWay, "pecky", "sluchátka do uší"),
		synonym("cs", models.SynonymTwoWay, "telefon", "aparát"),
		synonym("cs", models.SynonymTwoWay, "telefon, telefony", "fon"),
		synonym("cs", models.SynonymTwoWay, "obal na mobilní telefon", "pouzdro"),
		synonym("cs", models.SynonymOneWay, "usb-c", "usb typ c"),
		synonym("cs", models.SynonymTwoWay, "na", "pro"),
		synonym("sk", models.SynonymTwoWay, "slúchadlá", "headset"),
		synonym("en", models.SynonymTwoWay, "tv", "television"),
		synonym("de", models.SynonymTwoWay, "fernseher", "tv"), // a language the shop does not speak any more
	}})
	for _, test := range []struct {
		language    models.LanguageCode
		query, want string
	}{
		{"cs", "mobil", "mobil = mobilni telefon | smartphone"},
		{"cs", "Mobily", "mobily = mobilni telefon | smartphone"}, // inflected
		{"cs", "smartphone samsung", "smartphone = mobil | mobilni telefon"},
		{"cs", "mobilní telefony", "mobilni telefony = mobil | smartphone"}, // before telefon alone
		{"cs", "mobilni  telefony!", "mobilni telefony = mobil | smartphone"},
		{"cs", "obal na mobilní telefon", "obal na mobilni telefon = pouzdro"}, // the longest
		{"cs", "obal na telefon", "na = pro; telefon = aparat | fon"},          // several, of two synonyms
		{"cs", "telefon a telefon", "telefon = aparat | fon"},                  // once
		{"cs", "peckami", "peckami = sluchatka do usi"},
		{"cs", "sluchátka do uší", ""}, // one way
		{"cs", "kabel USB-C", "usb-c = usb typ c"},
		{"cs", "slúchadlá", ""}, // another language
		{"sk", "slúchadlami", "sluchadlami = headset"},
		{"en", "Televisions", "televisions = tv"},
		{"en", "fernseher", ""},
		{"cs", "...", ""},
		{"cs", "něco jiného", ""},
	} {
		var got []string
		for _, s := range p.Plan(search.Request{Text: test.query, Chain: []models.LanguageCode{test.language}}).Synonyms {
			got = append(got, s.Phrase+" = "+strings.Join(s.Alternatives, " | "))
		}
		if diff := cmp.Diff(test.want, strings.Join(got, "; ")); diff != "" {
			t.Errorf("%s %q: %s", test.language, test.query, diff)
		}
	}
}

// TestPlansKeepTheText holds for any synonyms: the request stays as it is but for what was planned, and each phrase is
// words of the text, in their order, without overlap.
func TestPlansKeepTheText(t *testing.T) {
	t.Parallel()
	word := rapid.SampledFrom([]string{"mobil", "mobily", "telefon", "Žárovka", "usb-c", "na", "x", "--", "10", "m²", "ｆｕｌｌ", "\x00"})
	phrase := rapid.Map(rapid.SliceOfN(word, 1, 4), func(words []string) string { return strings.Join(words, " ") })
	rapid.Check(t, func(r *rapid.T) {
		var data fixed
		for range rapid.IntRange(0, 8).Draw(r, "synonyms") {
			data.Synonyms = append(data.Synonyms, &models.Synonym{
				Language: "cs", Direction: rapid.SampledFrom([]models.SynonymDirection{models.SynonymOneWay, models.SynonymTwoWay}).Draw(r, "direction"),
				Phrases: rapid.SliceOfN(phrase, 1, 3).Draw(r, "phrases"), Alternatives: rapid.SliceOfN(phrase, 1, 3).Draw(r, "alternatives"),
			})
		}
		request := search.Request{
			Text:  rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOfN(word, 0, 60), func(w []string) string { return strings.Join(w, ", ") })).Draw(r, "text"),
			Chain: []models.LanguageCode{"cs", "en"}, First: 7,
		}
		planned := planner(r, data).Plan(request)
		found := planned.Synonyms
		planned.Synonyms, planned.Rule = nil, nil
		if diff := cmp.Diff(request, planned); diff != "" {
			r.Fatal(diff)
		}
		rest := spoken(request.Text)
		for _, s := range found {
			_, after, ok := strings.Cut(rest, spoken(s.Phrase))
			if !ok {
				r.Fatalf("%q is not in %q, what is left of %q", s.Phrase, rest, request.Text)
			}
			rest = " " + after
			if len(s.Alternatives) == 0 || slices.Contains(s.Alternatives, s.Phrase) || slices.Contains(s.Alternatives, "") {
				r.Fatalf("%q has the alternatives %q", s.Phrase, s.Alternatives)
			}
		}
	})
}

// spoken are the words of a text without anything between them, each between spaces.
func spoken(text string) string {
	words := strings.FieldsFunc(analysis.Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return " " + strings.Join(words, " ") + " "
}

// product makes an id that a test knows by a number.
func product(n byte) uuid.UUID { return uuid.UUID{15: n} }

func TestRulesForQueries(t *testing.T) {
	t.Parallel()
	cs := models.LanguageCode("cs")
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	rule := func(match models.QueryMatch, queries string, change func(r *models.QueryRule)) *models.QueryRule {
		r := models.NewQueryRule()
		r.ID, r.Match, r.Queries = uuid.New(), match, strings.Split(queries, ", ")
		change(r)
		return r
	}
	pin := func(ids ...byte) func(r *models.QueryRule) {
		return func(r *models.QueryRule) {
			for _, id := range ids {
				r.Pinned = append(r.Pinned, product(id))
			}
		}
	}
	p := planner(t, fixed{Rules: []*models.QueryRule{ // the most important first
		rule(models.QueryMatchExact, "lampa", func(r *models.QueryRule) {
			r.Hidden, r.Boosts[product(3)] = []uuid.UUID{product(2)}, 4
		}),
		rule(models.QueryMatchPhrase, "lampa, lampička", func(r *models.QueryRule) {
			pin(1, 2)(r)
			r.Language, r.Boosts[product(3)], r.Boosts[product(4)] = &cs, 0.5, 2
		}),
		rule(models.QueryMatchExact, "stůl", func(r *models.QueryRule) { pin(5)(r); r.ActiveFrom = &future }),
		rule(models.QueryMatchExact, "stůl", func(r *models.QueryRule) { pin(6)(r); r.ActiveUntil = &past }),
		rule(models.QueryMatchExact, "stůl", func(r *models.QueryRule) { pin(7)(r); r.Enabled = false }),
		rule(models.QueryMatchExact, "stůl", func(r *models.QueryRule) { pin(8)(r); r.ActiveFrom, r.ActiveUntil = &past, &future }),
		rule(models.QueryMatchPhrase, "židle", func(*models.QueryRule) {}), // says nothing
	}})
	for _, test := range []struct {
		language    models.LanguageCode
		query, want string
	}{
		{"cs", "Lampa", "pinned [1] hidden [2] boosts map[3:4 4:2]"},
		{"cs", "stolní lampy", "pinned [1 2] hidden [] boosts map[3:0.5 4:2]"}, // inflected phrase
		{"cs", "lampa lampička", "pinned [1 2] hidden [] boosts map[3:0.5 4:2]"},
		{"cs", "lampy", "pinned [1 2] hidden [] boosts map[3:0.5 4:2]"}, // exact is exact
		{"en", " LAMPA. ", "pinned [] hidden [2] boosts map[3:4]"},
		{"cs", "stul", "pinned [8] hidden [] boosts map[]"},
		{"cs", "stůl dubový", "none"},
		{"cs", "židle", "none"},
	} {
		got := "none"
		if r := p.Plan(search.Request{Text: test.query, Chain: []models.LanguageCode{test.language}}).Rule; r != nil {
			numbers := func(ids []uuid.UUID) []byte {
				list := []byte{}
				for _, id := range ids {
					list = append(list, id[15])
				}
				return list
			}
			boosts := map[byte]float64{}
			for id, factor := range r.Boosts {
				boosts[id[15]] = factor
			}
			got = fmt.Sprintf("pinned %v hidden %v boosts %v", numbers(r.Pinned), numbers(r.Hidden), boosts)
		}
		if got != test.want {
			t.Errorf("%s %q: got %s, want %s", test.language, test.query, got, test.want)
		}
	}
}

// TestEveryServerSeesAChange runs two servers on one database: a change that one makes holds in both within about a
// second.
func TestEveryServerSeesAChange(t *testing.T) {
	t.Parallel()
	options := storetest.Create(t)
	languages := cataloguetest.Languages()
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	ctx, cancel := context.WithCancel(context.Background())
	var planners []*queryplan.Planner
	var stores []*store.Store
	var running []chan struct{}
	for range 2 {
		s := store.New(storetest.Open(t, options), languages, nil)
		p, done := queryplan.New(s, languages.Supported), make(chan struct{})
		stores, planners, running = append(stores, s), append(planners, p), append(running, done)
		go func() { p.Keep(ctx, logger); close(done) }()
	}
	t.Cleanup(func() {
		cancel()
		for _, done := range running {
			<-done
		}
	})
	within := func(what string, holds func(r search.Request) bool) {
		t.Helper()
		changed := time.Now()
		for i, p := range planners {
			for !holds(p.Plan(search.Request{Text: "pecky", Chain: []models.LanguageCode{"cs"}})) {
				if time.Since(changed) > 5*time.Second {
					t.Fatalf("%s: server %d does not see it", what, i)
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
		t.Logf("%s: both see it after %s", what, time.Since(changed).Round(time.Millisecond))
	}
	var in models.SynonymInput
	var rule models.QueryRuleInput
	name, id := "x", models.GlobalID(models.KindProduct, product(1).String())
	in.Phrases = graphql.OmittableOf([]string{"pecky"})
	in.Alternatives = graphql.OmittableOf([]string{"sluchátka"})
	rule.Name = graphql.OmittableOf(&name)
	rule.Queries = graphql.OmittableOf([]string{"pecky"})
	rule.HiddenProductIDs = graphql.OmittableOf([]string{id})

	synonym, err := stores[0].CreateSynonym(ctx, "cs", &in)
	if err != nil {
		t.Fatal(err)
	}
	within("create", func(r search.Request) bool { return len(r.Synonyms) == 1 })
	deletion, err := stores[1].DeleteSynonym(ctx, synonym, 1)
	if err != nil {
		t.Fatal(err)
	}
	within("delete", func(r search.Request) bool { return len(r.Synonyms) == 0 })
	if _, err := stores[0].Restore(ctx, deletion.ID); err != nil {
		t.Fatal(err)
	}
	within("restore", func(r search.Request) bool { return len(r.Synonyms) == 1 })
	if _, err := stores[1].CreateQueryRule(ctx, &rule); err != nil {
		t.Fatal(err)
	}
	within("rule", func(r search.Request) bool { return r.Rule != nil && r.Rule.Hidden[0] == product(1) })
}

// failing is a source that can be away.
type failing struct {
	fixed
	away error
}

func (f *failing) QueryPlanVersion(context.Context) (int64, error) { return f.Version, f.away }

func TestPlansHoldWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	source := &failing{fixed: fixed{Version: 1, Synonyms: []*models.Synonym{synonym("cs", models.SynonymTwoWay, "a", "b")}}}
	p := queryplan.New(source, []models.LanguageCode{"cs"})
	request := search.Request{Text: "a", Chain: []models.LanguageCode{"cs"}}
	if got := p.Plan(request); len(got.Synonyms) > 0 {
		t.Errorf("before the first refresh: %+v", got)
	}
	if err := p.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	source.away, source.Version = errors.New("away"), 2
	if err := p.Refresh(t.Context()); err == nil {
		t.Error("nobody is told that the database is away")
	}
	if got := p.Plan(request); len(got.Synonyms) != 1 {
		t.Errorf("the synonyms are lost: %+v", got)
	}
}

func BenchmarkPlan(b *testing.B) {
	var data fixed
	for i := range 10_000 {
		data.Synonyms = append(data.Synonyms, synonym("cs", models.SynonymTwoWay, fmt.Sprintf("slovo%d dvě, jiné%d", i, i), fmt.Sprintf("náhrada%d", i)))
	}
	p := planner(b, data)
	request := search.Request{Text: "bezdrátová sluchátka slovo77 dvě do uší", Chain: []models.LanguageCode{"cs"}}
	b.ReportAllocs()
	for b.Loop() {
		if len(p.Plan(request).Synonyms) != 1 {
			b.Fatal("no synonym")
		}
	}
}
