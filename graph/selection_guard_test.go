package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"
)

func testSchema() *ast.Schema { return NewExecutableSchema(Config{}).Schema() }

func measure(t interface{ Fatal(args ...any) }, schema *ast.Schema, query string, variables map[string]any) selectionSize {
	document, errs := gqlparser.LoadQueryWithRules(schema, query, nil)
	if errs != nil {
		t.Fatal(query, errs)
	}
	w := selectionWalker{prices: newPriceList(schema), variables: variables, pageSize: 100, fragments: map[string]selectionSize{}}
	return w.measure(document.Operations[0].SelectionSet)
}

func TestComplexityCountsTheFieldsOfTheAnswer(t *testing.T) {
	t.Parallel()
	schema := testSchema()
	for _, test := range []struct {
		name, query string
		variables   map[string]any
		want        int
	}{
		{"one field", `{ product(sku: "a") { title } }`, nil, 2},
		{"a page", `{ products(first: 3) { nodes { title } } }`, nil, 1 + 3*2 + 0},
		{"a page of the usual length", `{ products { nodes { title } } }`, nil, 1 + 24*2},
		{"a page from its end", `{ products(last: 5) { nodes { title } } }`, nil, 1 + 5*2},
		{"a page by a variable", `query($n: Int) { products(first: $n) { nodes { title } } }`, map[string]any{"n": int64(50)}, 1 + 50*2},
		{"a page that is too long, which the resolver refuses", `{ products(first: 1000000000) { nodes { title } } }`, nil, 1 + 100*2},
		{"both lists of a page, and what is no list", `{ products(first: 3) { totalCount nodes { title } edges { cursor node { title } } } }`, nil, 1 + 1 + 3*2 + 3*4},
		{"a page by a fragment", `{ products(first: 3) { ...P } } fragment P on ProductConnection { nodes { title } }`, nil, 1 + 3*2},
		{"one fragment on two pages", `{ a: products(first: 3) { ...P } b: products(first: 5) { ...P } } fragment P on ProductConnection { nodes { title } }`, nil, 2 + 3*2 + 5*2},
		{"a list without arguments", `{ product(sku: "a") { variants { sku } } }`, nil, 1 + 1 + 5*2},
		{"lists in lists", `{ categories { children { children { id } } } }`, nil, 1 + 10*(1+1+10*(1+1+10*2))},
		{"a search weighs more", `{ searchProducts(query: "a", first: 1) { nodes { id } } }`, nil, 50 + 2},
		{"facets weigh more", `{ searchProducts(query: "a", first: 1) { facets { inStockCount } } }`, nil, 50 + 200 + 1},
		{"a change weighs more", `mutation { deleteSynonym(id: "a", version: 1) { userErrors { code } } }`, nil, 10 + 1 + 10*2},
		{"the name of a type", `{ __typename }`, nil, 1},
		{"the schema", `{ __schema { types { name } } }`, nil, 1002},
	} {
		if got := measure(t, schema, test.query, test.variables); got.complexity != test.want {
			t.Errorf("%s: %d, want %d", test.name, got.complexity, test.want)
		}
	}
}

// TestFragmentsCountAsWhatTheyStandFor compares an operation with fragments with the same one without.
func TestFragmentsCountAsWhatTheyStandFor(t *testing.T) {
	t.Parallel()
	schema := testSchema()
	rapid.Check(t, func(t *rapid.T) {
		g := &queryMaker{t: t}
		with := g.selection("Category", 0)
		written := "{ categories { " + with + " } }" + strings.Join(g.definitions, "")
		plain := "{ categories { " + g.expand(with) + " } }"
		a, b := measure(t, schema, written, nil), measure(t, schema, plain, nil)
		if a != b {
			t.Fatalf("%+v for %s\n%+v for %s", a, written, b, plain)
		}
	})
}

// queryMaker makes selections of which some are fragments.
type queryMaker struct {
	t           *rapid.T
	bodies      []string
	definitions []string
	aliases     int
}

func (g *queryMaker) selection(onType string, depth int) string {
	var parts []string
	for range rapid.IntRange(1, 3).Draw(g.t, "parts") {
		g.aliases++
		alias := fmt.Sprintf("a%d: ", g.aliases)
		switch kind := rapid.IntRange(0, 3).Draw(g.t, "kind"); {
		case kind == 1 && depth < 4:
			parts = append(parts, alias+"children { "+g.selection(onType, depth+1)+" }")
		case kind == 2 && depth < 4:
			body := g.selection(onType, depth+1)
			name := len(g.bodies)
			g.bodies = append(g.bodies, body)
			g.definitions = append(g.definitions, fmt.Sprintf(" fragment F%d on %s { %s }", name, onType, body))
			parts = append(parts, fmt.Sprintf("...F%d", name), fmt.Sprintf("... on %s { ...F%d }", onType, name))
		default:
			parts = append(parts, alias+"title")
		}
	}
	return strings.Join(parts, " ")
}

func (g *queryMaker) expand(text string) string {
	for i, body := range slices.Backward(g.bodies) {
		text = strings.ReplaceAll(text, fmt.Sprintf("...F%d ", i), "... on Category { "+body+" } ")
		if rest, found := strings.CutSuffix(text, fmt.Sprintf("...F%d", i)); found {
			text = rest + "... on Category { " + body + " }"
		}
	}
	return text
}

// TestMeasuringIsLinear would not end in a lifetime if each spread were followed.
func TestMeasuringIsLinear(t *testing.T) {
	t.Parallel()
	schema := testSchema()
	var q strings.Builder
	q.WriteString("{ categories { ...F0 } }")
	for i := range 200 {
		fmt.Fprintf(&q, " fragment F%d on Category { children { ...F%d ...F%d } }", i, i+1, i+1)
	}
	q.WriteString(" fragment F200 on Category { id }")
	document, errs := gqlparser.LoadQueryWithRules(schema, q.String(), nil)
	if errs != nil {
		t.Fatal(errs)
	}
	started := time.Now()
	w := selectionWalker{prices: newPriceList(schema), pageSize: 100, fragments: map[string]selectionSize{}}
	size := w.measure(document.Operations[0].SelectionSet)
	if took := time.Since(started); took > time.Second {
		t.Errorf("took %s", took)
	}
	if size.complexity != ceiling || size.fields != ceiling || size.depth != 202 {
		t.Errorf("%+v", size)
	}
}
