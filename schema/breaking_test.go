package schema_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// breakingChanges are those after which an operation that was right before is wrong, or gets another kind of answer.
// What was deprecated before may go.
func breakingChanges(before, after *ast.Schema) []string {
	c := comparison{after: after}
	for _, name := range sortedKeys(before.Types) {
		if old := before.Types[name]; !old.BuiltIn {
			c.compareType(old, after.Types[name])
		}
	}
	for _, name := range sortedKeys(before.Directives) {
		c.compareDirective(before.Directives[name], after.Directives[name])
	}
	return c.changes
}

type comparison struct {
	after   *ast.Schema
	changes []string
}

func (c *comparison) reportf(format string, args ...any) {
	c.changes = append(c.changes, fmt.Sprintf(format, args...))
}

func (c *comparison) compareType(old, now *ast.Definition) {
	if now == nil {
		c.reportf("type %s is gone", old.Name)
		return
	}
	if old.Kind != now.Kind {
		c.reportf("%s is no %s any more, but a %s", old.Name, old.Kind, now.Kind)
		return
	}
	switch old.Kind {
	case ast.Enum:
		c.compareValues(old, now)
	case ast.Union:
		c.compareNames(old.Types, now.Types, old.Name+" has no member %s any more")
	case ast.InputObject:
		c.compareInputs(old, now)
	case ast.Object, ast.Interface:
		c.compareNames(old.Interfaces, now.Interfaces, old.Name+" is no %s any more")
		c.compareFields(old, now)
	case ast.Scalar:
	}
}

func (c *comparison) compareNames(old, now []string, message string) {
	for _, name := range old {
		if !slices.Contains(now, name) {
			c.reportf(message, name)
		}
	}
}

func (c *comparison) compareValues(old, now *ast.Definition) {
	for _, value := range old.EnumValues {
		if now.EnumValues.ForName(value.Name) == nil && !deprecated(value.Directives) {
			c.reportf("%s has no value %s any more", old.Name, value.Name)
		}
	}
}

func (c *comparison) compareInputs(old, now *ast.Definition) {
	for _, field := range old.Fields {
		name := old.Name + "." + field.Name
		switch present := now.Fields.ForName(field.Name); {
		case present == nil:
			if !deprecated(field.Directives) {
				c.reportf("%s is gone", name)
			}
		case !takes(present.Type, field.Type):
			c.reportf("%s takes %s instead of %s", name, present.Type, field.Type)
		case required(present.Type, present.DefaultValue) && !required(field.Type, field.DefaultValue):
			c.reportf("%s has to be given now", name)
		}
	}
	for _, field := range now.Fields {
		if old.Fields.ForName(field.Name) == nil && required(field.Type, field.DefaultValue) {
			c.reportf("%s.%s is new and has to be given", old.Name, field.Name)
		}
	}
}

func (c *comparison) compareFields(old, now *ast.Definition) {
	for _, field := range old.Fields {
		if strings.HasPrefix(field.Name, "__") {
			continue
		}
		name := old.Name + "." + field.Name
		present := now.Fields.ForName(field.Name)
		if present == nil {
			if !deprecated(field.Directives) {
				c.reportf("%s is gone", name)
			}
			continue
		}
		if !c.gives(present.Type, field.Type) {
			c.reportf("%s gives %s instead of %s", name, present.Type, field.Type)
		}
		c.compareArguments(name, field.Arguments, present.Arguments)
	}
}

func (c *comparison) compareArguments(name string, old, now ast.ArgumentDefinitionList) {
	for _, argument := range old {
		label := fmt.Sprintf("%s(%s:)", name, argument.Name)
		present := now.ForName(argument.Name)
		switch {
		case present == nil:
			if !deprecated(argument.Directives) {
				c.reportf("%s is gone", label)
			}
		case !takes(present.Type, argument.Type):
			c.reportf("%s takes %s instead of %s", label, present.Type, argument.Type)
		case required(present.Type, present.DefaultValue) && !required(argument.Type, argument.DefaultValue):
			c.reportf("%s has to be given now", label)
		case textOf(argument.DefaultValue) != textOf(present.DefaultValue):
			c.reportf("%s is %s by default instead of %s", label, textOf(present.DefaultValue), textOf(argument.DefaultValue))
		}
	}
	for _, argument := range now {
		if old.ForName(argument.Name) == nil && required(argument.Type, argument.DefaultValue) {
			c.reportf("%s(%s:) is new and has to be given", name, argument.Name)
		}
	}
}

func (c *comparison) compareDirective(old, now *ast.DirectiveDefinition) {
	name := "@" + old.Name
	if !usedByClients(old) {
		return
	}
	if now == nil {
		c.reportf("%s is gone", name)
		return
	}
	for _, location := range old.Locations {
		if !slices.Contains(now.Locations, location) {
			c.reportf("%s may not stand on %s any more", name, location)
		}
	}
	c.compareArguments(name, old.Arguments, now.Arguments)
}

// usedByClients says whether a directive stands in documents; others are between the schema and the server.
func usedByClients(d *ast.DirectiveDefinition) bool {
	return slices.ContainsFunc(d.Locations, func(l ast.DirectiveLocation) bool {
		return slices.Contains([]ast.DirectiveLocation{
			ast.LocationQuery, ast.LocationMutation, ast.LocationSubscription, ast.LocationField, ast.LocationFragmentDefinition,
			ast.LocationFragmentSpread, ast.LocationInlineFragment, ast.LocationVariableDefinition,
		}, l)
	})
}

// gives says whether who expects the old type can read the new one.
func (c *comparison) gives(now, old *ast.Type) bool {
	if old.NonNull && !now.NonNull {
		return false
	}
	if old.Elem != nil || now.Elem != nil {
		return old.Elem != nil && now.Elem != nil && c.gives(now.Elem, old.Elem)
	}
	if old.NamedType == now.NamedType {
		return true
	}
	// An object in place of its interface, or of a union it is in.
	return slices.ContainsFunc(c.after.PossibleTypes[old.NamedType], func(d *ast.Definition) bool { return d.Name == now.NamedType })
}

// takes says whether what has been right for the old type is right for the new one; that it is not null any more is
// looked at apart, because of defaults.
func takes(now, old *ast.Type) bool {
	if old.Elem != nil || now.Elem != nil {
		return old.Elem != nil && now.Elem != nil && takes(now.Elem, old.Elem) && (!now.Elem.NonNull || old.Elem.NonNull)
	}
	return old.NamedType == now.NamedType && (!now.NonNull || old.NonNull || now.Elem == nil)
}

func required(t *ast.Type, byDefault *ast.Value) bool { return t.NonNull && byDefault == nil }

func deprecated(directives ast.DirectiveList) bool { return directives.ForName("deprecated") != nil }

func textOf(value *ast.Value) string {
	if value == nil {
		return "nothing"
	}
	return value.String()
}

func TestBreakingChangesAreFound(t *testing.T) {
	t.Parallel()
	const before = `
		directive @inContext(language: String) on QUERY | MUTATION
		directive @cost(weight: Int!) on FIELD_DEFINITION
		interface Node { id: ID! }
		union Thing = Product | Shop
		enum Size { SMALL LARGE OLD @deprecated(reason: "Use SMALL.") }
		input Filter { brand: String sizes: [Size!] limit: Int = 1 }
		type Product implements Node { id: ID! title: String! note: String old: String @deprecated(reason: "Use note.") tags: [String!]! node: Node price(list: String, vat: Boolean = true): Int }
		type Shop implements Node { id: ID! }
		type Query { product(sku: String!): Product products(filter: Filter, first: Int! = 24): [Product!]! things: [Thing!]! }`
	for _, test := range []struct{ old, now, want string }{
		{"note: String", "note: String!", ""},
		{"old: String @deprecated(reason: \"Use note.\")", "", ""},
		{" OLD @deprecated(reason: \"Use SMALL.\")", "", ""},
		{"SMALL", "SMALL MIDDLE", ""},
		{"brand: String", "brand: String title: String other: Int! = 1", ""},
		{"sku: String!", "sku: String, slug: String", ""},
		{"first: Int! = 24", "first: Int = 24", ""},
		{"sizes: [Size!]", "sizes: [Size]", ""},
		{"node: Node", "node: Product", ""},
		{"directive @cost(weight: Int!) on FIELD_DEFINITION", "", ""},
		{"title: String!", "title: String", "Product.title gives String instead of String!"},
		{"title: String!", "", "Product.title is gone"},
		{"title: String!", "title: Int!", "Product.title gives Int! instead of String!"},
		{"tags: [String!]!", "tags: [String]!", "Product.tags gives [String]! instead of [String!]!"},
		{"tags: [String!]!", "tags: String!", "Product.tags gives String! instead of [String!]!"},
		{"Product implements Node", "Product", "Product is no Node any more"},
		{"= Product | Shop", "= Product", "Thing has no member Shop any more"},
		{"SMALL", "TINY", "Size has no value SMALL any more"},
		{"enum Size", "scalar Size enum Unused", "Size is no ENUM any more, but a SCALAR"},
		{"brand: String", "", "Filter.brand is gone"},
		{"brand: String", "brand: Int", "Filter.brand takes Int instead of String"},
		{"brand: String", "brand: String!", "Filter.brand has to be given now"},
		{"brand: String", "brand: String title: String!", "Filter.title is new and has to be given"},
		{"sizes: [Size!]", "sizes: Size", "Filter.sizes takes Size instead of [Size!]"},
		{"(list: String,", "(", "Product.price(list:) is gone"},
		{"(list: String,", "(list: String!,", "Product.price(list:) has to be given now"},
		{"(list: String,", "(list: String, at: String!,", "Product.price(at:) is new and has to be given"},
		{"vat: Boolean = true", "vat: Boolean = false", "Product.price(vat:) is false by default instead of true"},
		{"vat: Boolean = true", "vat: String = \"true\"", "Product.price(vat:) takes String instead of Boolean"},
		{"first: Int! = 24", "first: Int!", "Query.products(first:) has to be given now"},
		{"@inContext(language: String) on QUERY | MUTATION", "@inContext(language: String) on QUERY", "@inContext may not stand on MUTATION any more"},
		{"@inContext(language: String)", "@inContext(country: String)", "@inContext(language:) is gone"},
		{"@inContext(", "@context(", "@inContext is gone"},
	} {
		changed := strings.Replace(before, test.old, test.now, 1)
		if changed == before {
			t.Fatalf("%s is not there", test.old)
		}
		changes := breakingChanges(load(t, before), load(t, changed))
		if got := strings.Join(changes, ", "); got != test.want {
			t.Errorf("%q instead of %q: found %q, want %q", test.now, test.old, got, test.want)
		}
	}
	gone := strings.Replace(strings.Replace(before, "type Shop implements Node { id: ID! }", "", 1), " | Shop", "", 1)
	if got := breakingChanges(load(t, before), load(t, gone)); len(got) != 2 || got[0] != "type Shop is gone" {
		t.Errorf("a type less: %q", got)
	}
}

func load(t *testing.T, text string) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: text})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
