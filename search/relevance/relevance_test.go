package relevance_test

import (
	"math"
	"strings"
	"testing"

	"ecoseller/search/relevance"
)

func TestMeasure(t *testing.T) {
	t.Parallel()
	query := relevance.Query{Text: "cup", Grades: map[string]int{"A": 3, "B": 1, "C": 0, "D": 2}}
	ideal := 7 + 3/math.Log2(3) + 1/2.0
	for _, test := range []struct {
		name string
		hits [][]string
		want relevance.Measures
	}{
		{"the ideal order", [][]string{{"A"}, {"D"}, {"B"}}, relevance.Measures{NDCG: 1, ReciprocalRank: 1, Recall: 1}},
		{"nothing", nil, relevance.Measures{Empty: true}},
		{"only unjudged ones", [][]string{{"X"}, {"C"}}, relevance.Measures{}},
		{"second of two", [][]string{{"X"}, {"A"}}, relevance.Measures{NDCG: 7 / math.Log2(3) / ideal, ReciprocalRank: 0.5, Recall: 1.0 / 3}},
		{"a hit has the best grade of its skus", [][]string{{"C", "A"}}, relevance.Measures{NDCG: 7 / ideal, ReciprocalRank: 1, Recall: 1.0 / 3}},
		{"the eleventh hit gains nothing", append(make([][]string, 10), []string{"A"}), relevance.Measures{ReciprocalRank: 1.0 / 11, Recall: 1.0 / 3}},
	} {
		got := relevance.Measure(query, test.hits)
		if math.Abs(got.NDCG-test.want.NDCG) > 1e-9 || math.Abs(got.ReciprocalRank-test.want.ReciprocalRank) > 1e-9 ||
			math.Abs(got.Recall-test.want.Recall) > 1e-9 || got.Empty != test.want.Empty {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestReadJudgments(t *testing.T) {
	t.Parallel()
	queries, err := relevance.ReadJudgments(strings.NewReader("query\tsku\tgrade\ncup\tA\t3\nfork\tB\t0\ncup\tC\t0\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(queries) != 1 || queries[0].Text != "cup" || queries[0].Grades["A"] != 3 || len(queries[0].Grades) != 2 {
		t.Errorf("got %+v", queries)
	}
	for _, wrong := range []string{"cup\tA", "cup\tA\tgood", "cup\tA\t4", "cup\tA\t-1"} {
		if _, err := relevance.ReadJudgments(strings.NewReader(wrong)); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
