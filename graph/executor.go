package graph

import (
	"context"
	"io"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// This file is what the generated code uses in place of gqlgen's own parts, see scripts/lean.

// selections are what one operation selects, prepared once for all objects that a selection is of.
type selections struct {
	mu    sync.Mutex
	known map[selectionKey]*selection
	args  map[argumentsKey]map[string]any
}

// A selectionKey tells the selections of one document apart: the same one has other fields for another type.
type selectionKey struct {
	first        *ast.Selection
	length       int
	implementors *string
}

type argumentsKey struct {
	object string
	field  *ast.Field
}

// A selection is the fields of one object.
type selection struct {
	fields []graphql.CollectedField
	// keys are the fields' names in the answer, in quotes and with a colon. A name that comes again has none.
	keys [][]byte
}

// selected returns the fields of the selection for a type with those names.
func (ec *executionContext) selected(sel ast.SelectionSet, implementors []string) *selection {
	key := selectionKey{first: &sel[0], length: len(sel), implementors: &implementors[0]}
	ec.mu.Lock()
	defer ec.mu.Unlock()
	if s := ec.known[key]; s != nil {
		return s
	}
	s := newSelection(graphql.CollectFields(ec.OperationContext, sel, implementors))
	if ec.known == nil {
		ec.known = map[selectionKey]*selection{}
	}
	ec.known[key] = s
	return s
}

func newSelection(fields []graphql.CollectedField) *selection {
	s := &selection{fields: fields, keys: make([][]byte, len(fields))}
	seen := make(map[string]bool, len(fields))
	for i, field := range fields {
		if !seen[field.Alias] {
			s.keys[i] = []byte(`"` + field.Alias + `":`)
			seen[field.Alias] = true
		}
	}
	return s
}

// arguments reads the arguments of a field once for all objects; they depend on nothing but the operation.
func (s *selections) arguments(
	ctx context.Context, variables map[string]any, field *graphql.FieldContext,
	read func(ctx context.Context, raw map[string]any) (map[string]any, error),
) (map[string]any, error) {
	key := argumentsKey{object: field.Object, field: field.Field.Field}
	s.mu.Lock()
	known, ok := s.args[key]
	s.mu.Unlock()
	if ok {
		return known, nil
	}
	arguments, err := read(ctx, field.Field.ArgumentMap(variables))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.args == nil {
		s.args = map[argumentsKey]map[string]any{}
	}
	s.args[key] = arguments
	return arguments, nil
}

// below returns the context of what is below a field that has no resolver.
func (ec *executionContext) below(ctx context.Context, object string, field graphql.CollectedField) context.Context {
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: object, Field: field})
}

// resolveField runs the resolver of a field and writes what it returns. An error or a panic becomes an error of the
// answer.
func resolveField[T any](
	ctx context.Context, operation *graphql.OperationContext, field graphql.CollectedField,
	newContext func(ctx context.Context, field graphql.CollectedField) (*graphql.FieldContext, error),
	resolve func(ctx context.Context) (T, error),
	marshal func(ctx context.Context, selections ast.SelectionSet, value T) graphql.Marshaler,
) (result graphql.Marshaler) {
	own, err := newContext(ctx, field)
	if err != nil {
		return graphql.Null
	}
	ctx = graphql.WithFieldContext(ctx, own)
	defer func() {
		if r := recover(); r != nil {
			operation.Error(ctx, operation.Recover(ctx, r))
			result = graphql.Null
		}
	}()
	value, err := resolve(ctx)
	if err != nil {
		operation.Error(ctx, graphql.AddFieldLocationToError(ctx, err))
		return graphql.Null
	}
	return marshal(ctx, field.Selections, value)
}

// A fieldSet is an object of the answer.
type fieldSet struct {
	selection *selection
	// Values are those of the fields.
	Values []graphql.Marshaler
	// Invalids counts the fields that are null and must not be; with one the object is null.
	Invalids uint32

	later []laterField
	// room is for the values of small objects, which most are.
	room [6]graphql.Marshaler
}

type laterField struct {
	i       int
	invalid graphql.Marshaler
	resolve func(ctx context.Context) graphql.Marshaler
}

func newFieldSet(s *selection) *fieldSet {
	set := &fieldSet{selection: s}
	if n := len(s.fields); n <= len(set.room) {
		set.Values = set.room[:n]
	} else {
		set.Values = make([]graphql.Marshaler, n)
	}
	return set
}

// resolveLater has a field resolved beside others when Dispatch is called.
func (s *fieldSet) resolveLater(
	operation *graphql.OperationContext, i int, nonNull bool, resolve func(ctx context.Context) graphql.Marshaler,
) {
	invalid := graphql.RequiredNull
	if nonNull {
		invalid = graphql.Null
	}
	s.later = append(s.later, laterField{i: i, invalid: invalid, resolve: func(ctx context.Context) graphql.Marshaler {
		return resolveSafely(ctx, operation, resolve)
	}})
}

// resolveRootLater does so with a field of the operation itself, which has its own context.
func (s *fieldSet) resolveRootLater(
	ctx context.Context, operation *graphql.OperationContext, i int, nonNull bool, resolve func(ctx context.Context) graphql.Marshaler,
) {
	s.resolveLater(operation, i, nonNull, func(context.Context) graphql.Marshaler {
		return operation.RootResolverMiddleware(ctx, func(ctx context.Context) graphql.Marshaler {
			return resolveSafely(ctx, operation, resolve)
		})
	})
}

func resolveSafely(
	ctx context.Context, operation *graphql.OperationContext, resolve func(ctx context.Context) graphql.Marshaler,
) (result graphql.Marshaler) {
	defer func() {
		if r := recover(); r != nil {
			operation.Error(ctx, operation.Recover(ctx, r))
			result = graphql.Null
		}
	}()
	return resolve(ctx)
}

// Dispatch resolves the fields that were left for later, beside each other.
func (s *fieldSet) Dispatch(ctx context.Context) {
	if len(s.later) == 0 {
		return
	}
	var others sync.WaitGroup
	for _, field := range s.later[1:] {
		others.Go(func() { s.Values[field.i] = field.resolve(ctx) })
	}
	s.Values[s.later[0].i] = s.later[0].resolve(ctx)
	others.Wait()
	for _, field := range s.later {
		if s.Values[field.i] == field.invalid {
			s.Invalids++
		}
	}
}

var (
	openObject  = []byte{'{'}
	closeObject = []byte{'}'}
	comma       = []byte{','}
)

// MarshalGQL writes the object as JSON. Errors are left to the writer, which is in memory.
func (s *fieldSet) MarshalGQL(w io.Writer) {
	_, _ = w.Write(openObject)
	for i, key := range s.selection.keys {
		if key == nil {
			continue
		}
		if i > 0 {
			_, _ = w.Write(comma)
		}
		_, _ = w.Write(key)
		s.Values[i].MarshalGQL(w)
	}
	_, _ = w.Write(closeObject)
}

// element is the context of an element of a list.
type element struct {
	graphql.FieldContext
	place int
}

func newElement(place int) *graphql.FieldContext {
	e := &element{place: place}
	e.Index = &e.place
	return &e.FieldContext
}

// marshalSlice writes the elements of a list one after another.
func marshalSlice(ctx context.Context, length int, marshalElement func(ctx context.Context, i int) graphql.Marshaler) graphql.Array {
	elements := make(graphql.Array, length)
	for i := range elements {
		elements[i] = marshalSafely(graphql.WithFieldContext(ctx, newElement(i)), i, marshalElement)
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
