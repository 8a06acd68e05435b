// Package schema_test looks after the API's schema.
package schema_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// loadFiles reads a schema that is in several files.
func loadFiles(t *testing.T, pattern string) *ast.Schema {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	var sources []*ast.Source
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: file, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestNothingBreaks compares the schema with the one of the last release, which `make release-schema` keeps.
func TestNothingBreaks(t *testing.T) {
	t.Parallel()
	changes := breakingChanges(loadFiles(t, "released/*.graphql"), loadFiles(t, "*.graphql"))
	for _, change := range changes {
		t.Error(change)
	}
	if len(changes) > 0 {
		t.Error("these changes break operations of clients: deprecate what is to go, and let it go in a later release")
	}
}

func TestSchemaIsDescribed(t *testing.T) {
	t.Parallel()
	for _, mistake := range undescribed(loadFiles(t, "*.graphql")) {
		t.Error(mistake)
	}
	const bad = `type Query { a(b: Int): E @deprecated  "C" c: Int @deprecated(reason: " ") } enum E { V } input I { f: Int } directive @d(x: Int) on QUERY`
	found := undescribed(load(t, bad))
	for _, want := range []string{"Query", "Query.a", "Query.a(b:)", "E", "E.V", "I", "I.f", "@d", "@d(x:)"} {
		if !slices.Contains(found, want+" has no description") {
			t.Errorf("%s is not found: %q", want, found)
		}
	}
	for _, want := range []string{"Query.a", "Query.c"} {
		if !slices.Contains(found, want+" is deprecated without a reason") {
			t.Errorf("%s is not found: %q", want, found)
		}
	}
}

// undescribed finds what does not say what it is for, or why it should not be used any more.
func undescribed(schema *ast.Schema) []string {
	var mistakes []string
	check := func(label, description string, directives ast.DirectiveList) {
		if strings.TrimSpace(description) == "" {
			mistakes = append(mistakes, label+" has no description")
		}
		if d := directives.ForName("deprecated"); d != nil && !hasReason(d) {
			mistakes = append(mistakes, label+" is deprecated without a reason")
		}
	}
	checkArguments := func(label string, arguments ast.ArgumentDefinitionList) {
		for _, argument := range arguments {
			check(fmt.Sprintf("%s(%s:)", label, argument.Name), argument.Description, argument.Directives)
		}
	}
	for _, name := range sortedKeys(schema.Types) {
		definition := schema.Types[name]
		if definition.BuiltIn {
			continue
		}
		check(name, definition.Description, definition.Directives)
		for _, field := range definition.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			label := name + "." + field.Name
			check(label, cmp.Or(field.Description, inherited(schema, definition, field.Name)), field.Directives)
			checkArguments(label, field.Arguments)
		}
		for _, value := range definition.EnumValues {
			check(name+"."+value.Name, value.Description, value.Directives)
		}
	}
	for _, name := range sortedKeys(schema.Directives) {
		directive := schema.Directives[name]
		if directive.Position != nil && directive.Position.Src.BuiltIn {
			continue
		}
		check("@"+name, directive.Description, nil)
		checkArguments("@"+name, directive.Arguments)
	}
	return mistakes
}

// inherited is what an interface says about a field.
func inherited(schema *ast.Schema, definition *ast.Definition, field string) string {
	for _, name := range definition.Interfaces {
		if found := schema.Types[name].Fields.ForName(field); found != nil {
			return found.Description
		}
	}
	return ""
}

func hasReason(deprecated *ast.Directive) bool {
	reason := deprecated.Arguments.ForName("reason")
	return reason != nil && strings.TrimSpace(reason.Value.Raw) != ""
}
