// Package relevance measures how good search results are, by queries whose products were judged by people.
package relevance

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// highestGrade is the best grade a product can have for a query.
const highestGrade = 3

// Query is a query with the grades of products, from 0 (has nothing to do with it) to 3 (what was looked for).
type Query struct {
	Text string
	// Grades are by the sku of a product; what is not in it counts as 0.
	Grades map[string]int
}

// ReadJudgments reads lines of query, sku and grade with tabs between them; a first line "query sku grade" is the
// head. Queries come in their order; those without a positive grade measure nothing and are left out.
func ReadJudgments(r io.Reader) ([]Query, error) {
	var queries []Query
	places := map[string]int{}
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		if number == 1 && strings.HasPrefix(lines.Text(), "query\t") {
			continue
		}
		text, sku, grade, err := parseJudgment(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		place, known := places[text]
		if !known {
			place = len(queries)
			places[text] = place
			queries = append(queries, Query{Text: text, Grades: map[string]int{}})
		}
		queries[place].Grades[sku] = grade
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read judgments: %w", err)
	}
	return withPositiveGrade(queries), nil
}

func parseJudgment(line string) (text, sku string, grade int, err error) {
	fields := strings.Split(line, "\t")
	if len(fields) != 3 {
		return "", "", 0, fmt.Errorf("has %d fields, not query, sku and grade", len(fields))
	}
	grade, err = strconv.Atoi(fields[2])
	if err != nil || grade < 0 || grade > highestGrade {
		return "", "", 0, fmt.Errorf("%q is not a grade from 0 to %d", fields[2], highestGrade)
	}
	return fields[0], fields[1], grade, nil
}

func withPositiveGrade(queries []Query) []Query {
	var measurable []Query
	for _, q := range queries {
		for _, grade := range q.Grades {
			if grade > 0 {
				measurable = append(measurable, q)
				break
			}
		}
	}
	return measurable
}
