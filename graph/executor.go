package graph

import (
	"bytes"
	"context"
	"io"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/maypok86/otter/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// This file is what the generated code uses in place of gqlgen's own parts, see scripts/lean.

// selections are what a document selects, prepared once for all objects that a selection is of, and for all operations
// if no variable decides what is selected.
type selections struct {
	mu    sync.RWMutex
	known map[selectionKey]*selection
}

type selectionsKey struct{}

func withSelections(ctx context.Context, s *selections) context.Context {
	return context.WithValue(ctx, selectionsKey{}, s)
}

func selectionsOf(ctx context.Context) *selections {
	if s, ok := ctx.Value(selectionsKey{}).(*selections); ok {
		return s
	}
	return &selections{}
}

// knownSelections keeps the selections of documents that come again.
type knownSelections struct {
	// byDocument has nil for a document whose selections depend on variables.
	byDocument *otter.Cache[*ast.QueryDocument, *selections]
}

func newKnownSelections() knownSelections {
	return knownSelections{otter.Must(&otter.Options[*ast.QueryDocument, *selections]{MaximumSize: cachedQueries})}
}

func (k knownSelections) of(document *ast.QueryDocument) *selections {
	known, ok := k.byDocument.GetIfPresent(document)
	if !ok {
		if !selectsByVariables(document) {
			known = &selections{}
		}
		known, _ = k.byDocument.SetIfAbsent(document, known)
	}
	if known == nil {
		return &selections{}
	}
	return known
}

// selectsByVariables says whether any @skip or @include has a variable.
func selectsByVariables(document *ast.QueryDocument) bool {
	for _, operation := range document.Operations {
		if variableSelection(operation.SelectionSet) {
			return true
		}
	}
	for _, fragment := range document.Fragments {
		if variableSelection(fragment.SelectionSet) {
			return true
		}
	}
	return false
}

func variableSelection(set ast.SelectionSet) bool {
	for _, s := range set {
		var directives ast.DirectiveList
		var below ast.SelectionSet
		switch s := s.(type) {
		case *ast.Field:
			directives, below = s.Directives, s.SelectionSet
		case *ast.InlineFragment:
			directives, below = s.Directives, s.SelectionSet
		case *ast.FragmentSpread:
			directives = s.Directives
		}
		for _, directive := range directives {
			for _, argument := range directive.Arguments {
				if argument.Value.Kind == ast.Variable {
					return true
				}
			}
		}
		if variableSelection(below) {
			return true
		}
	}
	return false
}

// A selectionKey tells the selections of one document apart: the same one has other fields for another type.
type selectionKey struct {
	first        *ast.Selection
	length       int
	implementors *string
}

// A selection is the fields of one object.
type selection struct {
	fields []graphql.CollectedField
	// keys are the fields' names in the answer, in quotes and with a colon. A name that comes again has none.
	keys [][]byte
}

// fieldsOf returns the fields of the selection for a type with those names.
func (s *selections) fieldsOf(operation *graphql.OperationContext, sel ast.SelectionSet, implementors []string) *selection {
	key := selectionKey{first: &sel[0], length: len(sel), implementors: &implementors[0]}
	s.mu.RLock()
	known := s.known[key]
	s.mu.RUnlock()
	if known != nil {
		return known
	}
	fresh := newSelection(graphql.CollectFields(operation, sel, implementors))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[selectionKey]*selection{}
	}
	s.known[key] = fresh
	return fresh
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

// argumentsRead are the arguments of fields in one operation, on which alone they depend.
type argumentsRead struct {
	mu   sync.Mutex
	read map[argumentsKey]map[string]any
}

type argumentsKey struct {
	object string
	field  *ast.Field
}

// arguments reads the arguments of a field once for all objects.
func (a *argumentsRead) arguments(
	ctx context.Context, variables map[string]any, field *graphql.FieldContext,
	read func(ctx context.Context, raw map[string]any) (map[string]any, error),
) (map[string]any, error) {
	key := argumentsKey{object: field.Object, field: field.Field.Field}
	a.mu.Lock()
	known, ok := a.read[key]
	a.mu.Unlock()
	if ok {
		return known, nil
	}
	arguments, err := read(ctx, field.Field.ArgumentMap(variables))
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.read == nil {
		a.read = map[argumentsKey]map[string]any{}
	}
	a.read[key] = arguments
	return arguments, nil
}

// below returns the context of what is below a field that has no resolver.
func below(ctx context.Context, object string, field graphql.CollectedField) context.Context {
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: object, Field: field})
}

// resolveField runs the resolver of a field and writes what it returns. An error or a panic becomes an error of the
// answer.
func resolveField[T any](
	ctx context.Context, operation *graphql.OperationContext, field graphql.CollectedField,
	newContext func(ctx context.Context, field graphql.CollectedField) (*graphql.FieldContext, error),
	resolve func(ctx context.Context) (T, error),
	marshal func(ctx context.Context, selections ast.SelectionSet, value T) graphql.Marshaler,
) graphql.Marshaler {
	own, err := newContext(ctx, field)
	if err != nil {
		return graphql.Null
	}
	return safely(graphql.WithFieldContext(ctx, own), func(ctx context.Context) graphql.Marshaler {
		value, err := resolve(ctx)
		if err != nil {
			operation.Error(ctx, graphql.AddFieldLocationToError(ctx, err))
			return graphql.Null
		}
		return marshal(ctx, field.Selections, value)
	})
}

// safely turns a panic into an error of the answer, at the place that the context says.
func safely(ctx context.Context, resolve func(ctx context.Context) graphql.Marshaler) (result graphql.Marshaler) {
	defer func() {
		if r := recover(); r != nil {
			graphql.AddError(ctx, graphql.Recover(ctx, r))
			result = graphql.Null
		}
	}()
	return resolve(ctx)
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
func (s *fieldSet) resolveLater(i int, nonNull bool, resolve func(ctx context.Context) graphql.Marshaler) {
	invalid := graphql.RequiredNull
	if nonNull {
		invalid = graphql.Null
	}
	s.later = append(s.later, laterField{i: i, invalid: invalid, resolve: resolve})
}

// resolveRootLater does so with a field of the operation itself, which has its own context.
func (s *fieldSet) resolveRootLater(
	ctx context.Context, operation *graphql.OperationContext, i int, nonNull bool, resolve func(ctx context.Context) graphql.Marshaler,
) {
	s.resolveLater(i, nonNull, func(context.Context) graphql.Marshaler {
		return operation.RootResolverMiddleware(ctx, resolve)
	})
}

// Dispatch resolves the fields that were left for later, beside each other.
func (s *fieldSet) Dispatch(ctx context.Context) {
	if len(s.later) == 0 {
		return
	}
	var others sync.WaitGroup
	for _, field := range s.later[1:] {
		others.Go(func() { s.Values[field.i] = safely(ctx, field.resolve) })
	}
	s.Values[s.later[0].i] = safely(ctx, s.later[0].resolve)
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
		elements[i] = safely(graphql.WithFieldContext(ctx, newElement(i)), func(ctx context.Context) graphql.Marshaler {
			return marshalElement(ctx, i)
		})
	}
	return elements
}

// largestBuffer is what a buffer may have grown to and still be used again.
const largestBuffer = 1 << 20

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// takeBuffer returns an empty buffer, which has grown to the size of earlier answers already.
func takeBuffer() *bytes.Buffer {
	buffer, _ := buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	return buffer
}

// giveBack returns what is in the buffer, which must not be used any more.
func giveBack(buffer *bytes.Buffer) []byte {
	content := bytes.Clone(buffer.Bytes())
	if buffer.Cap() <= largestBuffer {
		buffers.Put(buffer)
	}
	return content
}
