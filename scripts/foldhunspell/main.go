// Command foldhunspell takes the accents out of a hunspell dictionary, so that words typed without accents
// find their lemma as well: foldhunspell FROM TO reads FROM.dic and FROM.aff and writes TO.dic and TO.aff.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/unicode/norm"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: foldhunspell FROM TO (paths without .dic and .aff)")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "foldhunspell:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	affixes, err := os.ReadFile(from + ".aff")
	if err != nil {
		return fmt.Errorf("read affixes: %w", err)
	}
	words, err := os.ReadFile(from + ".dic")
	if err != nil {
		return fmt.Errorf("read words: %w", err)
	}
	charset, err := charsetOf(affixes)
	if err != nil {
		return err
	}
	affixText, err := charset.NewDecoder().Bytes(affixes)
	if err != nil {
		return fmt.Errorf("decode affixes: %w", err)
	}
	wordText, err := charset.NewDecoder().Bytes(words)
	if err != nil {
		return fmt.Errorf("decode words: %w", err)
	}
	if err := os.WriteFile(to+".aff", foldAffixes(affixText), 0o644); err != nil {
		return fmt.Errorf("write affixes: %w", err)
	}
	if err := os.WriteFile(to+".dic", foldWords(wordText), 0o644); err != nil {
		return fmt.Errorf("write words: %w", err)
	}
	return nil
}

var setLine = regexp.MustCompile(`(?m)^\s*SET\s+(\S+)`)

// charsetOf reads the SET line; without one hunspell assumes ISO 8859-1.
func charsetOf(affixes []byte) (encoding.Encoding, error) {
	name := "iso-8859-1"
	if match := setLine.FindSubmatch(affixes); match != nil {
		name = strings.ToLower(string(match[1]))
	}
	charset, err := htmlindex.Get(name)
	if err != nil {
		return nil, fmt.Errorf("character set %s: %w", name, err)
	}
	return charset, nil
}

// onlyForSuggestions are affix file options that analysis does not use; folded they would make no sense.
var onlyForSuggestions = map[string]bool{
	"SET": true, "TRY": true, "KEY": true, "REP": true, "MAP": true, "PHONE": true, "WORDCHARS": true, "BREAK": true,
}

func foldAffixes(text []byte) []byte {
	var out bytes.Buffer
	out.WriteString("SET UTF-8\n")
	for line := range lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") || onlyForSuggestions[fields[0]] {
			continue
		}
		if (fields[0] == "SFX" || fields[0] == "PFX") && len(fields) >= 4 && !isHeader(fields) {
			line = strings.Join(foldRule(fields), " ")
		}
		out.WriteString(line)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// isHeader tells "SFX A Y 12" from the rule "SFX A y ami y".
func isHeader(fields []string) bool {
	if len(fields) != 4 || (fields[2] != "Y" && fields[2] != "N") {
		return false
	}
	_, err := strconv.Atoi(fields[3])
	return err == nil
}

// foldRule folds "SFX flag strip affix[/flags] condition"; what follows is morphology.
func foldRule(fields []string) []string {
	folded := append([]string{}, fields...)
	folded[2] = fold(fields[2])
	affix, flags, hasFlags := strings.Cut(fields[3], "/")
	folded[3] = fold(affix)
	if hasFlags {
		folded[3] += "/" + flags
	}
	if len(fields) > 4 {
		folded[4] = foldCondition(fields[4])
	}
	return folded
}

// foldCondition folds a condition such as "[^áe]t". After folding, á and a are one letter: [^á] let the
// plain a pass, so the folded condition has to let it pass as well.
func foldCondition(condition string) string {
	var out strings.Builder
	for rest := condition; rest != ""; {
		open := strings.IndexByte(rest, '[')
		if open < 0 {
			out.WriteString(fold(rest))
			break
		}
		length := strings.IndexByte(rest[open:], ']')
		if length < 0 {
			out.WriteString(fold(rest))
			break
		}
		out.WriteString(fold(rest[:open]))
		out.WriteString(foldClass(rest[open+1 : open+length]))
		rest = rest[open+length+1:]
	}
	return out.String()
}

func foldClass(class string) string {
	letters, negated := strings.CutPrefix(class, "^")
	if !negated {
		return "[" + unique(fold(letters)) + "]"
	}
	var kept strings.Builder
	for _, letter := range unique(fold(letters)) {
		// Excluded before, accented or not: only then no form of it may pass.
		if strings.ContainsRune(letters, letter) {
			kept.WriteRune(letter)
		}
	}
	if kept.Len() == 0 {
		return "."
	}
	return "[^" + kept.String() + "]"
}

func unique(letters string) string {
	var out strings.Builder
	for i, letter := range letters {
		if !strings.ContainsRune(letters[:i], letter) {
			out.WriteRune(letter)
		}
	}
	return out.String()
}

// foldWords folds "word/flags morphology" lines; entries that have become the same are kept once.
func foldWords(text []byte) []byte {
	seen := map[string]bool{}
	var entries []string
	first := true
	for line := range lines(text) {
		if first {
			first = false
			continue
		}
		word, flags, hasFlags := strings.Cut(line, "/")
		entry := fold(word)
		if hasFlags {
			entry += "/" + flags
		}
		if strings.TrimSpace(entry) == "" || seen[entry] {
			continue
		}
		seen[entry] = true
		entries = append(entries, entry)
	}
	return []byte(strconv.Itoa(len(entries)) + "\n" + strings.Join(entries, "\n") + "\n")
}

// fold takes the accents off; what Unicode does not decompose is replaced as Lucene's ASCII folding does.
func fold(s string) string {
	var out strings.Builder
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'ł':
			out.WriteByte('l')
		case r == 'đ':
			out.WriteByte('d')
		case r == 'ø':
			out.WriteByte('o')
		case r == 'ß':
			out.WriteString("ss")
		case r == 'æ':
			out.WriteString("ae")
		default:
			out.WriteRune(r)
		}
	}
	return norm.NFC.String(out.String())
}

func lines(text []byte) func(func(string) bool) {
	return func(yield func(string) bool) {
		scanner := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\uFEFF"))))
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			if !yield(strings.TrimRight(scanner.Text(), "\r")) {
				return
			}
		}
		if err := scanner.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
			panic(err) // reading from memory does not fail
		}
	}
}
