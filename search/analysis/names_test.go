package analysis_test

import (
	"fmt"
	"strings"
	"testing"

	"ecoseller/search/analysis"
)

func TestNameWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":                              "",
		"Kuchařský nůž":                 "kucharsky[0:11] nuz[12:17]",
		"USB-C 7.1":                     "usb[0:3] c[4:5] 7[6:7] 1[8:9]",
		"e\u0301te\u0301!":              "ete[0:7]",
		"\u0301a":                       "a[2:3]",
		"Straße":                        "strasse[0:7]",
		"½ kg":                          "kg[3:5]",
		"日本":                            "日本[0:6]",
		"\xffab\xfe":                    "ab[1:3]",
		"a" + strings.Repeat("b", 1000): "a" + strings.Repeat("b", 199) + "[0:1001]",
	} {
		var got []string
		for _, w := range analysis.NameWords(name) {
			got = append(got, fmt.Sprintf("%s[%d:%d]", w.Folded, w.Start, w.End(len(w.Folded))))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestEndOfBeginnings(t *testing.T) {
	t.Parallel()
	word := analysis.NameWords("Nu\u030az\u030c")[0]
	for length, want := range map[int]string{1: "N", 2: "Nu\u030a", 3: "Nu\u030az\u030c", 9: "Nu\u030az\u030c"} {
		if got := "Nu\u030az\u030c"[:word.End(length)]; got != want {
			t.Errorf("%d letters: got %q, want %q", length, got, want)
		}
	}
}

func FuzzNameWords(f *testing.F) {
	for _, seed := range []string{"Kuchařský nůž", "a\u0301", "\xff", "İß½ﬁ", "ﷺ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		before := 0
		for _, w := range analysis.NameWords(name) {
			if w.Start < before || w.Folded == "" {
				t.Fatalf("%q: %+v begins before %d", name, w, before)
			}
			before = w.Start
			for n := 1; n <= len(w.Folded); n++ {
				if w.End(n) < before || w.End(n) > len(name) {
					t.Fatalf("%q: %+v ends at %d", name, w, w.End(n))
				}
				before = w.End(n)
			}
		}
	})
}

func TestBeginsLike(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		typed, word string
		allowed     int
		typos       int
		beginning   string // empty when they are not alike
	}{
		{"slu", "sluchatka", 0, 0, "slu"},
		{"sluchatka", "sluchatka", 2, 0, "sluchatka"},
		{"sluchdtka", "sluchatka", 2, 1, "sluchatka"},
		{"kuhcar", "kucharsky", 1, 1, "kuchar"},
		{"hamock", "hammock", 1, 1, "hammock"},
		{"hammmock", "hammock", 2, 1, "hammock"},
		{"sluchatkaa", "sluchatka", 2, 1, "sluchatka"},
		{"rammock", "hammock", 2, 0, ""},
		{"hamock", "hammock", 0, 0, ""},
		{"haxxock", "hammock", 1, 0, ""},
		{"haxxock", "hammock", 2, 2, "hammock"},
		{"ham", "h", 2, 2, "h"},
		{"hammocks", "ham", 2, 0, ""},
		{strings.Repeat("a", 100), strings.Repeat("a", 99), 2, 0, ""},
	} {
		typos, length, ok := analysis.BeginsLike(test.typed, test.word, test.allowed)
		if ok != (test.beginning != "") || typos != test.typos || test.word[:length] != test.beginning {
			t.Errorf("%q in %q: %d errors, %q, %t", test.typed, test.word, typos, test.word[:length], ok)
		}
	}
}
