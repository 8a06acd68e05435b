package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// selectionGuard refuses operations that select too many fields or too deep ones. Each fragment is visited
// once, so the work is linear in the document. gqlgen's complexity limit follows every spread anew, which
// nested fragments make exponential: it cannot be used.
type selectionGuard struct{ maxFields, maxDepth int }

// ExtensionName identifies the guard to gqlgen.
func (selectionGuard) ExtensionName() string { return "SelectionGuard" }

// Validate has nothing to check in the schema.
func (selectionGuard) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext measures the operation before it runs.
func (g selectionGuard) MutateOperationContext(_ context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	w := selectionWalker{guard: g, fragments: map[string]selectionSize{}}
	size := w.measure(operation.Operation.SelectionSet)
	if size.fields <= g.maxFields && size.depth <= g.maxDepth {
		return nil
	}
	err := gqlerror.Errorf("the operation selects too much: at most %d fields, at most %d deep", g.maxFields, g.maxDepth)
	err.Extensions = map[string]any{"code": string(CodeTooComplex)}
	return err
}

type selectionSize struct{ fields, depth int }

type selectionWalker struct {
	guard     selectionGuard
	fragments map[string]selectionSize
}

func (w *selectionWalker) measure(set ast.SelectionSet) selectionSize {
	var total selectionSize
	for _, selection := range set {
		size := w.measureOne(selection)
		// Capped, so that doubling fragments do not overflow.
		total.fields = min(total.fields+size.fields, w.guard.maxFields+1)
		total.depth = max(total.depth, size.depth)
	}
	return total
}

func (w *selectionWalker) measureOne(selection ast.Selection) selectionSize {
	switch s := selection.(type) {
	case *ast.Field:
		size := w.measure(s.SelectionSet)
		return selectionSize{size.fields + 1, size.depth + 1}
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
