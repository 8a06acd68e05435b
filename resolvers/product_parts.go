package resolvers

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"ecoseller/graph"
	"ecoseller/models"
	"ecoseller/store"
)

// selectedParts looks ahead at what the operation selects of products, so that it is read together with them. The
// paths lead from the resolved field to the products, such as "edges.node"; without any the field is a product itself.
// What it does not see, such as prices in a second list, loaders read later.
func selectedParts(ctx context.Context, paths ...string) (parts store.ProductParts, err error) {
	operation, field := graphql.GetOperationContext(ctx), graphql.GetFieldContext(ctx).Field
	if len(paths) == 0 {
		return parts, addParts(ctx, &parts, operation, field.Selections)
	}
	for _, path := range paths {
		for _, selected := range selectedAt(ctx, path) {
			if err := addParts(ctx, &parts, operation, selected.Selections); err != nil {
				return parts, err
			}
		}
	}
	return parts, nil
}

// selectedAt follows a path of names, such as "edges.node", down from the resolved field; none of the fields on it is of
// an abstract type.
func selectedAt(ctx context.Context, path string) []graphql.CollectedField {
	operation, fields := graphql.GetOperationContext(ctx), []graphql.CollectedField{graphql.GetFieldContext(ctx).Field}
	for name := range strings.SplitSeq(path, ".") {
		var below []graphql.CollectedField
		for _, field := range fields {
			typeName := field.Definition.Type.Name()
			for _, selected := range graphql.CollectFields(operation, field.Selections, []string{typeName}) {
				if selected.Name == name {
					below = append(below, selected)
				}
			}
		}
		fields = below
	}
	return fields
}

// readProducts returns the products that exist among the ids, and tells the loaders of their parts.
func readProducts(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode, parts store.ProductParts) (map[uuid.UUID]*models.Product, error) {
	request := graph.FromContext(ctx)
	read, err := request.Catalogue.ProductsWithParts(ctx, ids, chain, parts)
	if err != nil {
		return nil, err
	}
	request.Loaders.KnowProducts(read, parts)
	products := make(map[uuid.UUID]*models.Product, len(read))
	for _, p := range read {
		products[p.ID] = &p.Product
	}
	return products, nil
}

func addParts(ctx context.Context, parts *store.ProductParts, operation *graphql.OperationContext, ofProduct ast.SelectionSet) error {
	for _, field := range graphql.CollectFields(operation, ofProduct, []string{"Product", "Node"}) {
		switch field.Name {
		case "variants":
			if err := addVariantParts(ctx, parts, operation, field.Selections); err != nil {
				return err
			}
		case "priceRange":
			wanted, err := takePriceList(ctx, parts, operation, field)
			if err != nil {
				return err
			}
			parts.PriceRange = parts.PriceRange || wanted
		case "description":
			parts.Description = true
		case "media":
			parts.Media = true
		case "categories":
			parts.Categories = true
		case "productType":
			parts.ProductType = true
		}
	}
	return nil
}

func addVariantParts(ctx context.Context, parts *store.ProductParts, operation *graphql.OperationContext, ofVariant ast.SelectionSet) error {
	parts.Variants = true
	for _, field := range graphql.CollectFields(operation, ofVariant, []string{"ProductVariant", "Node"}) {
		switch field.Name {
		case "attributes":
			parts.Attributes = true
		case "price":
			wanted, err := takePriceList(ctx, parts, operation, field)
			if err != nil {
				return err
			}
			parts.Prices = parts.Prices || wanted
		}
	}
	return nil
}

// takePriceList says whether the field's prices are of the one list that can be read ahead: the first that is selected.
func takePriceList(ctx context.Context, parts *store.ProductParts, operation *graphql.OperationContext, field graphql.CollectedField) (bool, error) {
	list, err := priceListOfField(ctx, field.ArgumentMap(operation.Variables))
	if err != nil || list == "" {
		return false, err
	}
	if parts.PriceList == "" {
		parts.PriceList = list
	}
	return parts.PriceList == list, nil
}

// priceListOfField reads the arguments of price and priceRange. Those that are wrong are left for their resolvers to
// refuse.
func priceListOfField(ctx context.Context, arguments map[string]any) (string, error) {
	if list, given := arguments["priceList"].(string); given {
		return list, nil
	}
	var country *models.CountryCode
	if given := arguments["country"]; given != nil {
		text, _ := given.(string)
		if code, err := models.ParseCountryCode(text); err == nil {
			country = &code
		}
	}
	market, err := marketOr(ctx, country)
	if err != nil || market == nil {
		return "", err
	}
	return market.PriceList, nil
}
