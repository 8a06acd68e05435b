package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"ecoseller/graph"
	"ecoseller/web"
)

// TestPagesAskForWhatThereIs checks the queries of the storefront and the examples of the playground against the schema.
func TestPagesAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	operations := storefrontQueries(t)
	examples, err := web.Examples()
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range examples {
		operations = append(operations, example.Query)
	}
	if len(operations) < 12 {
		t.Fatalf("found only %d operations", len(operations))
	}
	for _, operation := range operations {
		if _, err := gqlparser.LoadQueryWithRules(schema, operation, rules.NewDefaultRules()); err != nil {
			t.Errorf("%v in\n%s", err, operation)
		}
	}
}

var (
	queryConstant   = regexp.MustCompile("(?s)(?:const (\\w+) = )(?:`([^`]*)`|'([^']*)')")
	queryInsertions = regexp.MustCompile(`\$\{(\w+)\}`)
)

// storefrontQueries are the constants of queries.js that are operations, with the fragments put in.
func storefrontQueries(t *testing.T) []string {
	t.Helper()
	constants := map[string]string{}
	var operations []string
	for _, m := range queryConstant.FindAllStringSubmatch(readFile(t, "web/storefront/queries.js"), -1) {
		text := queryInsertions.ReplaceAllStringFunc(m[2]+m[3], func(insertion string) string {
			return constants[queryInsertions.FindStringSubmatch(insertion)[1]]
		})
		constants[m[1]] = text
		if !strings.HasPrefix(strings.TrimSpace(text), "fragment") {
			operations = append(operations, text)
		}
	}
	return operations
}
