package analysis

import "strings"

// ending is what is taken off a word that keeps at least min letters before it.
type ending struct {
	suffix string
	min    int
}

// The Czech endings follow L. Dolamic and J. Savoy, "Indexing and stemming approaches for the Czech
// language" (2009), as Lucene's CzechStemmer has them, here without accents.
var czechEndings = endings(
	2, "atech", 2, "etem", "atum",
	2, "ech", "ich", "eho", "emi", "emu", "ete", "eti", "iho", "imi", "imu", "ach", "ata", "aty", "ych", "ama", "ami", "ove", "ovi", "ymi",
	2, "em", "es", "im", "um", "at", "am", "os", "us", "ym", "mi", "ou", "ej",
	2, "a", "e", "i", "o", "u", "y",
)

// The Slovak endings are the same idea; diphthongs were made plain vowels before.
var slovakEndings = endings(
	2, "atami", "atach", "atam",
	2, "och", "ach", "ech", "ych", "ich", "ami", "ymi", "imi", "mi", "ovi", "ove", "eho", "emu", "ata",
	2, "om", "am", "em", "im", "ym", "ov", "ou", "ej", "at", "uv",
	2, "a", "e", "i", "o", "u", "y",
)

func stemCzech(word string) string {
	stem := cut(word, czechEndings)
	if len(stem) > 4 {
		stem = cut(stem, []ending{{"uv", 3}, {"ov", 3}, {"in", 3}})
	}
	return harden(stem)
}

func stemSlovak(word string) string {
	word = strings.NewReplacer("ie", "e", "ia", "a", "iu", "u").Replace(word)
	stem := cut(word, slovakEndings)
	if len(stem) > 5 {
		stem = cut(stem, []ending{{"ov", 3}, {"in", 3}})
	}
	return harden(stem)
}

// harden undoes what endings do to the consonant before them (ruka, ruce; noha, noze), and takes out the
// vowel that comes and goes (pes, psa; stul, stolu).
func harden(stem string) string {
	n := len(stem)
	if n < 3 {
		return stem
	}
	switch stem[n-1] {
	case 'c':
		stem = stem[:n-1] + "k"
	case 'z':
		stem = stem[:n-1] + "h"
	}
	switch {
	case stem[n-2] == 'e' && n > 3 && !isVowel(stem[n-3]):
		return stem[:n-2] + stem[n-1:]
	case stem[n-2] == 'u' && n > 3:
		return stem[:n-2] + "o" + stem[n-1:]
	}
	return stem
}

// stemEnglish takes off plural endings only (D. Harman, "How effective is suffixing?", 1991).
func stemEnglish(word string) string {
	n := len(word)
	switch {
	case n > 4 && strings.HasSuffix(word, "ies") && !strings.HasSuffix(word, "eies") && !strings.HasSuffix(word, "aies"):
		return word[:n-3] + "y"
	case n > 4 && (strings.HasSuffix(word, "ches") || strings.HasSuffix(word, "shes") || strings.HasSuffix(word, "xes") || strings.HasSuffix(word, "sses")):
		return word[:n-2]
	case n > 3 && strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") && !strings.HasSuffix(word, "us"):
		return word[:n-1]
	}
	return word
}

func cut(word string, list []ending) string {
	for _, e := range list {
		if len(word) >= len(e.suffix)+e.min && strings.HasSuffix(word, e.suffix) {
			return word[:len(word)-len(e.suffix)]
		}
	}
	return word
}

func isVowel(letter byte) bool { return strings.IndexByte("aeiouy", letter) >= 0 }

// endings reads a list in which a number sets the letters that must stay for the suffixes after it.
func endings(list ...any) []ending {
	var all []ending
	least := 0
	for _, item := range list {
		switch item := item.(type) {
		case int:
			least = item
		case string:
			all = append(all, ending{item, least})
		}
	}
	return all
}
