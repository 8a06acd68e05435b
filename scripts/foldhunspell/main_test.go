package main

import (
	"strings"
	"testing"
)

func TestFoldCondition(t *testing.T) {
	t.Parallel()
	for condition, want := range map[string]string{
		".":       ".",
		"át":      "at",
		"[áé]t":   "[ae]t",
		"[aá]t":   "[a]t",
		"[^á]t":   ".t",    // a plain "a" passed before
		"[^aá]t":  "[^a]t", // neither passed before
		"[^cčt]e": "[^ct]e",
		"[^čt]e":  "[^t]e",
		"x[áb":    "x[ab",
	} {
		if got := foldCondition(condition); got != want {
			t.Errorf("%s: got %s, want %s", condition, got, want)
		}
	}
}

func TestFoldAffixes(t *testing.T) {
	t.Parallel()
	source := "SET ISO8859-2\nTRY áb\nREP 1\nREP á a\n# comment\nSFX A Y 2\nSFX A í ích/Ž [^í]ní\nSFX A 0 Y 9\nNEEDAFFIX q\n"
	want := "SET UTF-8\nSFX A Y 2\nSFX A i ich/Ž .ni\nSFX A 0 Y 9\nNEEDAFFIX q\n"
	if got := string(foldAffixes([]byte(source))); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFoldWords(t *testing.T) {
	t.Parallel()
	got := string(foldWords([]byte("5\nžidle/ZQ\nzidle/ZQ\nzidle/Á\nłoď\r\n\n")))
	want := "3\nzidle/ZQ\nzidle/Á\nlod\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if strings.Count(got, "\n") != 4 {
		t.Errorf("%d lines", strings.Count(got, "\n"))
	}
}
