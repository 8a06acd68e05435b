package graph

import (
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

const (
	// defaultPage is the length of a page when neither the operation nor the schema says it.
	defaultPage = 24
	// assumedItems is how many items a list has about which the schema says nothing by @listSize.
	assumedItems = 10
	// mutationWeight is for what a change costs beyond the fields of its answer.
	mutationWeight = 10
	// schemaWeight is for reading the schema, whose lists are long.
	schemaWeight = 1000
)

// fieldPrice is what a field adds to the complexity of an operation.
type fieldPrice struct {
	// weight is the field's own part: 1, or what @cost says.
	weight int
	// items is how many items the field's list is taken to have; 0 when it is no list.
	items int
	// page is how long the page is when the arguments first and last do not say it; 0 when there are none.
	page int
	// ofPage says that the list is the page of a connection, whose size the field outside knows.
	ofPage bool
	// introspects says that the field reads the schema.
	introspects bool
}

// priceList has the prices of all fields of the schema.
type priceList map[*ast.FieldDefinition]fieldPrice

func newPriceList(schema *ast.Schema) priceList {
	prices := priceList{}
	for _, definition := range schema.Types {
		for _, field := range definition.Fields {
			prices[field] = priceOf(schema, definition, field)
		}
	}
	return prices
}

// of returns the price of a field; __typename is in no type of the schema.
func (p priceList) of(field *ast.FieldDefinition) fieldPrice {
	if price, known := p[field]; known {
		return price
	}
	return fieldPrice{weight: 1}
}

func priceOf(schema *ast.Schema, definition *ast.Definition, field *ast.FieldDefinition) fieldPrice {
	switch {
	case field.Name == "__schema" || field.Name == "__type":
		return fieldPrice{weight: schemaWeight, introspects: true}
	case strings.HasPrefix(definition.Name, "__"):
		return fieldPrice{weight: 1} // paid for as a whole
	}
	price := fieldPrice{weight: 1, page: pageOf(field)}
	if definition == schema.Mutation {
		price.weight = mutationWeight
	}
	if weight, ok := directiveNumber(field, "cost", "weight"); ok {
		price.weight = weight
	}
	if field.Type.Elem == nil {
		return price
	}
	price.ofPage = strings.HasSuffix(definition.Name, "Connection") && (field.Name == "nodes" || field.Name == "edges")
	price.items = assumedItems
	if size, ok := directiveNumber(field, "listSize", "assumedSize"); ok {
		price.items = size
	}
	return price
}

func pageOf(field *ast.FieldDefinition) int {
	first := field.Arguments.ForName("first")
	if first == nil {
		return 0
	}
	if first.DefaultValue != nil {
		if size, err := strconv.Atoi(first.DefaultValue.Raw); err == nil {
			return size
		}
	}
	return defaultPage
}

func directiveNumber(field *ast.FieldDefinition, directive, argument string) (int, bool) {
	found := field.Directives.ForName(directive)
	if found == nil {
		return 0, false
	}
	number, err := strconv.Atoi(found.Arguments.ForName(argument).Value.Raw)
	return number, err == nil
}
