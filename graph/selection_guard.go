package graph

import (
	"context"
	"math"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// selectionGuard measures operations before they run, refuses those that select too much, and has the client pay for
// the others. Each fragment is visited once, so the work is linear in the document. gqlgen's complexity limit follows
// every spread anew, which nested fragments make exponential: it cannot be used.
type selectionGuard struct {
	limits        Limits
	prices        priceList
	introspection bool
	rates         *rateLimiter
}

// ExtensionName identifies the guard to gqlgen.
func (selectionGuard) ExtensionName() string { return "SelectionGuard" }

// Validate has nothing to check in the schema.
func (selectionGuard) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext measures the operation.
func (g selectionGuard) MutateOperationContext(ctx context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	walker := selectionWalker{
		prices: g.prices, variables: operation.Variables, pageSize: g.limits.PageSize, fragments: map[string]selectionSize{},
	}
	size := walker.measure(operation.Operation.SelectionSet)
	if size.introspects && !g.introspection {
		return refusal(CodeIntrospectionOff, "this server does not tell its schema")
	}
	if err := g.check(size); err != nil {
		return err
	}
	if err := g.rates.charge(ctx, size.complexity); err != nil {
		answerOf(ctx).status = statusTooMany
		return err
	}
	return nil
}

func (g selectionGuard) check(size selectionSize) *gqlerror.Error {
	for _, limit := range []struct {
		what      string
		got, most int
	}{
		{"fields", size.fields, g.limits.Fields},
		{"levels", size.depth, g.limits.Depth},
		{"aliases", size.aliases, g.limits.Aliases},
		{"fields in its answer, counted by the sizes of its pages", size.complexity, g.limits.Complexity},
	} {
		if limit.got > limit.most {
			return refusal(CodeTooComplex, "the operation has too many %s: at most %d are allowed", limit.what, limit.most)
		}
	}
	return nil
}

// selectionSize is what a selection asks for. It does not depend on where the selection stands, so that a fragment has
// one size for all its spreads.
type selectionSize struct {
	fields, depth, aliases int
	// complexity is how many fields the answer may have.
	complexity int
	// perItem is the complexity for each item of the page, inside of a connection: the page's size is an argument of the
	// field outside.
	perItem     int
	introspects bool
}

func (s selectionSize) plus(other selectionSize) selectionSize {
	return selectionSize{
		fields: sum(s.fields, other.fields), depth: max(s.depth, other.depth), aliases: sum(s.aliases, other.aliases),
		complexity: sum(s.complexity, other.complexity), perItem: sum(s.perItem, other.perItem),
		introspects: s.introspects || other.introspects,
	}
}

// ceiling is far above all limits; sums and products stay below it, so that fragments that double do not overflow.
const ceiling = math.MaxInt32

func sum(a, b int) int { return min(a+b, ceiling) }

func product(a, b int) int {
	if a != 0 && b > ceiling/a {
		return ceiling
	}
	return a * b
}

type selectionWalker struct {
	prices    priceList
	variables map[string]any
	pageSize  int
	fragments map[string]selectionSize
}

func (w *selectionWalker) measure(set ast.SelectionSet) selectionSize {
	var total selectionSize
	for _, selection := range set {
		total = total.plus(w.measureOne(selection))
	}
	return total
}

func (w *selectionWalker) measureOne(selection ast.Selection) selectionSize {
	switch s := selection.(type) {
	case *ast.Field:
		return w.measureField(s)
	case *ast.InlineFragment:
		return w.measure(s.SelectionSet)
	case *ast.FragmentSpread:
		size, known := w.fragments[s.Name]
		if !known {
			size = w.measure(s.Definition.SelectionSet)
			w.fragments[s.Name] = size
		}
		return size
	}
	return selectionSize{}
}

func (w *selectionWalker) measureField(field *ast.Field) selectionSize {
	size := w.measure(field.SelectionSet)
	size.fields, size.depth = sum(size.fields, 1), size.depth+1
	if field.Alias != field.Name {
		size.aliases = sum(size.aliases, 1)
	}
	price := w.prices.of(field.Definition)
	page := w.page(field, price)
	inner := sum(size.complexity, product(page, size.perItem))
	size.complexity, size.perItem = 0, 0
	switch {
	case price.ofPage:
		size.perItem = sum(price.weight, inner)
	case price.items > 0:
		items := price.items
		if price.page > 0 {
			items = page
		}
		size.complexity = sum(price.weight, product(items, sum(inner, 1)))
	default:
		size.complexity = sum(price.weight, inner)
	}
	size.introspects = size.introspects || price.introspects
	return size
}

// page is the length of the page that a field's arguments ask for. The resolver refuses those that are too long, so that
// its message says what is wrong.
func (w *selectionWalker) page(field *ast.Field, price fieldPrice) int {
	if price.page == 0 {
		return 1
	}
	for _, name := range []string{"first", "last"} {
		argument := field.Arguments.ForName(name)
		if argument == nil {
			continue
		}
		value, err := argument.Value.Value(w.variables)
		if size, ok := asInt(value); err == nil && ok {
			return min(max(size, 1), w.pageSize)
		}
	}
	return price.page
}

func asInt(value any) (int, bool) {
	switch number := value.(type) {
	case int64:
		return int(number), true
	case int:
		return number, true
	case float64:
		return int(number), true
	case interface{ Int64() (int64, error) }: // json.Number
		i, err := number.Int64()
		return int(i), err == nil
	}
	return 0, false
}
