package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// TestSchemaIsDescribed reads what is written by hand: the playground shows every description to strangers.
func TestSchemaIsDescribed(t *testing.T) {
	t.Parallel()
	schema := readSchema(t)
	described := 0
	check := func(what, description string) {
		described++
		if strings.TrimSpace(description) == "" {
			t.Errorf("%s has no description", what)
		}
	}
	for _, definition := range schema.Definitions {
		check(definition.Name, definition.Description)
		checkMembers(check, definition)
	}
	for _, extension := range schema.Extensions {
		checkMembers(check, extension)
	}
	for _, directive := range schema.Directives {
		check("@"+directive.Name, directive.Description)
		checkArguments(check, "@"+directive.Name, directive.Arguments)
	}
	if described < 500 {
		t.Errorf("only %d descriptions were looked at", described)
	}
}

func checkMembers(check func(what, description string), definition *ast.Definition) {
	for _, field := range definition.Fields {
		check(definition.Name+"."+field.Name, field.Description)
		checkArguments(check, definition.Name+"."+field.Name, field.Arguments)
	}
	for _, value := range definition.EnumValues {
		check(definition.Name+"."+value.Name, value.Description)
	}
}

func checkArguments(check func(what, description string), of string, arguments ast.ArgumentDefinitionList) {
	for _, argument := range arguments {
		check(of+"("+argument.Name+")", argument.Description)
	}
}

func readSchema(t *testing.T) *ast.SchemaDocument {
	t.Helper()
	names, err := filepath.Glob("schema/*.graphql")
	if err != nil || len(names) == 0 {
		t.Fatalf("found the schema files %v %v", names, err)
	}
	sources := make([]*ast.Source, 0, len(names))
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: name, Input: string(content)})
	}
	document, err := parser.ParseSchemas(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return document
}
