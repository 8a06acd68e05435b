// Command lean changes what gqlgen has generated, where it has no setting for it. gqlgen prepares every field for
// middleware, @defer and a goroutine of its own; this API has neither middleware on fields nor @defer, and what the
// elements of lists need has been read for the whole list before they are written. Doing without took half of the
// processor time of a page of products away. What stands in place of gqlgen's code is in graph/executor.go.
//
//	go run ./scripts/lean graph/*.generated.go
//
// It fails when it does not recognize the generated code any more, such as after an update of gqlgen.
package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"golang.org/x/tools/imports"
)

func main() {
	for _, path := range os.Args[1:] {
		if err := rewriteFile(path); err != nil {
			fmt.Fprintln(os.Stderr, "lean:", err)
			os.Exit(1)
		}
	}
}

func rewriteFile(path string) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read generated code: %w", err)
	}
	lean, err := rewrite(string(source))
	if err != nil {
		return fmt.Errorf("rewrite %s: %w", path, err)
	}
	formatted, err := imports.Process(path, []byte(lean), &imports.Options{Comments: true, TabIndent: true, TabWidth: 8, FormatOnly: false})
	if err != nil {
		return fmt.Errorf("format %s: %w", path, err)
	}
	if err := os.WriteFile(path, formatted, 0o644); err != nil {
		return fmt.Errorf("write generated code: %w", err)
	}
	return nil
}

// A step replaces every match of the pattern.
type step struct {
	pattern *regexp.Regexp
	with    string
}

// steps are taken one after another; the fields come before them.
var steps = []step{
	// A selection is collected once for all objects that it is of.
	{
		regexp.MustCompile(`fields := graphql\.CollectFields\(ec\.OperationContext, sel, (\w+)\)\n((?:.*\n){0,4}?)\n?\tout := graphql\.NewFieldSet\(fields\)\n\tdeferred := graphql\.NewDeferredGroup\(ctx\)\n\tfor i, field := range fields \{`),
		"selected := ec.fieldsOf(ec.OperationContext, sel, $1)\n$2\tout := newFieldSet(selected)\n\tfor i, field := range selected.fields {",
	},
	{regexp.MustCompile(`type executionContext struct \{\n`), "type executionContext struct {\n\t*selections\n\targumentsRead\n"},
	{
		regexp.MustCompile(`ec := newExecutionContext\(opCtx, e, make\(chan graphql\.DeferredResult\)\)\n`),
		"ec := newExecutionContext(opCtx, e, nil)\n\tec.selections = selectionsOf(ctx)\n",
	},
	// There is no @defer.
	{regexp.MustCompile(`\n\tif n := len\(deferred\.Defers\); n > 0 \{\n.*\n.*\n\t\}\n`), ""},
	// Fields of one object do not run beside each other, except in those of which an answer has few (see below).
	{regexp.MustCompile(`atomic\.AddUint32\(&out\.Invalids, 1\)`), "out.Invalids++"},
	{
		regexp.MustCompile(`out\.ResolveRootConcurrently\(innerCtx, ec\.OperationContext, i,\n\s*true, (true|false),\n`),
		"out.resolveRootLater(innerCtx, ec.OperationContext, i, $1,\n",
	},
	// Arguments are read once for all objects.
	{
		regexp.MustCompile(`ec\.(field_\w+_args)\(ctx, field\.ArgumentMap\(ec\.Variables\)\)`),
		"ec.arguments(ctx, ec.Variables, fc, ec.$1)",
	},
	// Answers grow in a buffer that has its size already.
	{
		regexp.MustCompile(`\tvar buf bytes\.Buffer\n(\t+data\.MarshalGQL\()&buf\)\n`), "\tbuf := takeBuffer()\n${1}buf)\n",
	},
	{regexp.MustCompile(`response\.Data = buf\.Bytes\(\)`), "response.Data = giveBack(buf)"},
	{regexp.MustCompile(`(\t\t\treturn &graphql\.Response\{\n\s*)Data: buf\.Bytes\(\),\n(\s*\}\n\t\t\}\n\tcase ast\.Subscription)`), "${1}Data: giveBack(buf),\n$2"},
	// Elements of a list are written one after another. Nothing asks a field for the result of the one above it.
	{
		regexp.MustCompile(`graphql\.MarshalSliceConcurrently\(ctx, len\(v\), \d+, false, func\(ctx context\.Context, i int\) graphql\.Marshaler \{\n\s*fc := graphql\.GetFieldContext\(ctx\)\n\s*fc\.Result = &v\[i\]\n`),
		"marshalSlice(ctx, len(v), func(ctx context.Context, i int) graphql.Marshaler {\n",
	},
	// Nothing looks at the contexts of fields below.
	{regexp.MustCompile(`\n\t\tChild: func\(.*\{\n(?:\t\t\t.*\n)+\t\t\},`), ""},
	{regexp.MustCompile(`(?m)^func \(ec \*executionContext\) childFields_.*\{\n(?:\t.*\n)+\}\n\n?`), ""},
	{regexp.MustCompile(`(?m)^// childFields_.*\n(?://.*\n)+\n?`), ""},
}

// foreign is what must not be left.
var foreign = []string{
	"graphql.ResolveField(", "NewFieldSet(fields)", "DeferredGroup", "ResolveConcurrently", "ResolveRootConcurrently",
	"MarshalSliceConcurrently", "ArgumentMap(", "childFields_",
}

func rewrite(source string) (string, error) {
	contexts := contextsOf(source)
	source = field.ReplaceAllStringFunc(source, func(function string) string { return leanField(contexts, function) })
	source = fieldContext.ReplaceAllStringFunc(source, func(function string) string {
		return keepUsed(source, function)
	})
	for _, s := range steps {
		source = s.pattern.ReplaceAllString(source, s.with)
	}
	source = object.ReplaceAllStringFunc(source, leanObject)
	for _, text := range foreign {
		if strings.Contains(source, text) {
			return "", fmt.Errorf("%q is left", text)
		}
	}
	return source, nil
}

// field is the function of a field, with its object, its name, what it takes, how its value is found, its type and what
// marshals it.
var field = regexp.MustCompile(`func \(ec \*executionContext\) _((?:__)?[A-Za-z]+)_(\w+)\((.*)\) \(ret graphql\.Marshaler\) \{
	return graphql\.ResolveField\(
		ctx,
		ec\.OperationContext,
		field,
		func\(ctx context\.Context, field graphql\.CollectedField\) \(\*graphql\.FieldContext, error\) \{
			return ec\.fieldContext_\w+\(ctx, field\)
		\},
		func\(ctx context\.Context\) \(any, error\) \{
((?:			.*\n)+)		\},
		nil,
		func\(ctx context\.Context, selections ast\.SelectionSet, v (.*)\) graphql\.Marshaler \{
			return ec\.(.*)\(ctx, selections, v\)
		\},
		true,
		(?:true|false),
	\)
\}
`)

// plain is a value that is there already.
var plain = regexp.MustCompile(`^\t\t\treturn (obj\.\w+(?:\(\))?), nil\n$`)

// fieldContext is the function that makes the context of a field.
var fieldContext = regexp.MustCompile(`(?m)^func \(ec \*executionContext\) (fieldContext_\w+)\(.*\{\n((?:\t.*\n)+)\}\n\n?`)

// contextsOf returns the bodies of the functions that make contexts, by their names.
func contextsOf(source string) map[string]string {
	bodies := map[string]string{}
	for _, function := range fieldContext.FindAllStringSubmatch(source, -1) {
		bodies[function[1]] = function[2]
	}
	return bodies
}

// keepUsed leaves a function out that nothing but lists of such functions mentions.
func keepUsed(source, function string) string {
	name := fieldContext.FindStringSubmatch(function)[1]
	if strings.Contains(source, ", ec."+name+",\n") || strings.Contains(source, "\t\t\treturn ec."+name+"(") {
		return function
	}
	return ""
}

// leanField writes plain values without more ado. Those that have fields themselves get a context, because errors of
// resolvers below have it in their path.
func leanField(contexts map[string]string, function string) string {
	part := field.FindStringSubmatch(function)
	object, name, parameters, body, valueType, marshal := part[1], part[2], part[3], part[4], part[5], part[6]
	head := fmt.Sprintf("func (ec *executionContext) _%s_%s(%s) graphql.Marshaler {\n", object, name, parameters)
	isLeaf := strings.Contains(contexts[fmt.Sprintf("fieldContext_%s_%s", object, name)], "graphql.NewScalarFieldContext(")
	value := plain.FindStringSubmatch(body)
	switch {
	case value == nil:
		return head + fmt.Sprintf(`	return resolveField(ctx, ec.OperationContext, field, ec.fieldContext_%s_%s,
		func(ctx context.Context) (%s, error) {
%s		},
		func(ctx context.Context, selections ast.SelectionSet, v %s) graphql.Marshaler {
			return ec.%s(ctx, selections, v)
		})
}
`, object, name, valueType, body, valueType, marshal)
	case isLeaf:
		return head + fmt.Sprintf("\treturn ec.%s(ctx, field.Selections, %s)\n}\n", marshal, value[1])
	default:
		return head + fmt.Sprintf("\treturn ec.%s(below(ctx, %q, field), field.Selections, %s)\n}\n", marshal, object, value[1])
	}
}

// object is the function that writes an object.
var object = regexp.MustCompile(`(?m)^func \(ec \*executionContext\) _(\w+)\(ctx context\.Context, sel ast\.SelectionSet.*\{\n(?:\t.*\n|\n)+\}\n`)

// later is a field that gqlgen gives a goroutine.
var later = regexp.MustCompile(`out\.ResolveConcurrently\(ec\.OperationContext, &deferred, i,
				true, (true|false),
				func\(ctx context\.Context\) graphql\.Marshaler \{
					return (.*)
				\}\)
`)

// leanObject resolves the fields of an object one after another. Those of connections and of facets ask the database
// each, and there are few of them in an answer: they still run beside each other.
func leanObject(function string) string {
	name := object.FindStringSubmatch(function)[1]
	if strings.HasSuffix(name, "Connection") || strings.HasSuffix(name, "Facets") {
		return later.ReplaceAllString(function, `out.resolveLater(i, $1, func(ctx context.Context) graphql.Marshaler {
				return $2
			})
`)
	}
	function = later.ReplaceAllStringFunc(function, func(call string) string {
		part := later.FindStringSubmatch(call)
		invalid := "graphql.RequiredNull"
		if part[1] == "true" {
			invalid = "graphql.Null"
		}
		return fmt.Sprintf(`out.Values[i] = %s
			if out.Values[i] == %s {
				out.Invalids++
			}
`, part[2], invalid)
	})
	if !strings.Contains(function, "Later(") {
		function = strings.ReplaceAll(function, "\tout.Dispatch(ctx)\n", "")
	}
	return function
}
