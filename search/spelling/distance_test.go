package spelling_test

import (
	"testing"

	"pgregory.net/rapid"

	"ecoseller/search/spelling"
)

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "ab", 2},
		{"dragon", "dragon", 0},
		{"fragon", "dragon", 1},
		{"dragn", "dragon", 1},
		{"drragon", "dragon", 1},
		{"dargon", "dragon", 1},
		{"ca", "abc", 3},
		{"židle", "žilde", 1},
		{"kitten", "sitting", 3},
	} {
		if got := spelling.Distance(test.a, test.b); got != test.want {
			t.Errorf("%q to %q: got %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func TestDistanceIsSymmetricAndBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching("[abč]{0,6}")
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		there, back := spelling.Distance(a, b), spelling.Distance(b, a)
		if there != back {
			t.Fatalf("%d there, %d back", there, back)
		}
		if longer := max(len([]rune(a)), len([]rune(b))); there > longer || (there == 0) != (a == b) {
			t.Fatalf("%q to %q: %d", a, b, there)
		}
	})
}
