package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// marshalSlice writes the elements of a list one after another. It stands in the generated code for gqlgen's
// MarshalSliceConcurrently, which starts a goroutine for each element: what elements need has been read for the whole
// list already, and starting goroutines took longer than writing. Fields with resolvers still run beside each other.
func marshalSlice(
	ctx context.Context, length int, _ int64, _ bool, marshalElement func(ctx context.Context, i int) graphql.Marshaler,
) graphql.Array {
	elements := make(graphql.Array, length)
	for i := range elements {
		elements[i] = marshalSafely(graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i}), i, marshalElement)
	}
	return elements
}

// marshalSafely turns a panic into an error of the element.
func marshalSafely(ctx context.Context, i int, marshalElement func(ctx context.Context, i int) graphql.Marshaler) (element graphql.Marshaler) {
	defer func() {
		if r := recover(); r != nil {
			graphql.AddError(ctx, graphql.Recover(ctx, r))
			element = graphql.Null
		}
	}()
	return marshalElement(ctx, i)
}
