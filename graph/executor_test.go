package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/uuid"

	"ecoseller/models"
)

// fewResolvers resolve products of which the second has faults.
type fewResolvers struct {
	ResolverRoot
}

func (r *fewResolvers) Query() QueryResolver                         { return fewQueries{} }
func (r *fewResolvers) Product() ProductResolver                     { return faultyProducts{} }
func (r *fewResolvers) ProductConnection() ProductConnectionResolver { return faultyConnections{} }
func (r *fewResolvers) ProductMedia() ProductMediaResolver           { return sizedMedia{} }
func (r *fewResolvers) ProductVariant() ProductVariantResolver       { return faultyVariants{} }

type fewQueries struct{ QueryResolver }

func (fewQueries) Products(
	context.Context, *int32, *string, *int32, *string, *ProductFilter, *ProductSort, *models.LanguageCode,
) (*models.ProductConnection, error) {
	sound, faulty := &models.Product{Brand: "sound", ID: uuid.UUID{1}}, &models.Product{Brand: "faulty", ID: uuid.UUID{2}}
	return &models.ProductConnection{Edges: []*models.ProductEdge{{Node: sound}, {Node: faulty}}}, nil
}

type faultyProducts struct{ ProductResolver }

func (faultyProducts) Variants(_ context.Context, p *models.Product) ([]*models.ProductVariant, error) {
	return []*models.ProductVariant{{SKU: p.Brand + "-1"}, {SKU: p.Brand + "-2"}}, nil
}

func (faultyProducts) Categories(_ context.Context, p *models.Product) ([]*models.Category, error) {
	if p.Brand == "faulty" {
		return []*models.Category{{}, nil}, nil
	}
	return []*models.Category{{}}, nil
}

func (faultyProducts) Media(context.Context, *models.Product) ([]*models.ProductMedia, error) {
	return []*models.ProductMedia{{Address: "1"}, {Address: "2"}}, nil
}

func (faultyProducts) ProductType(_ context.Context, p *models.Product) (*models.ProductType, error) {
	if p.Brand == "faulty" {
		panic("no type")
	}
	return &models.ProductType{Code: "lamp"}, nil
}

type faultyVariants struct{ ProductVariantResolver }

func (faultyVariants) Attributes(_ context.Context, v *models.ProductVariant) ([]*models.Attribute, error) {
	if v.SKU == "faulty-2" {
		return nil, errors.New("no attributes")
	}
	return []*models.Attribute{}, nil
}

func (faultyVariants) Price(_ context.Context, v *models.ProductVariant, _ *string, _ *models.CountryCode) (*models.Price, error) {
	if v.SKU == "faulty-1" {
		return nil, errors.New("no price")
	}
	return nil, nil
}

type faultyConnections struct{ ProductConnectionResolver }

func (faultyConnections) TotalCount(context.Context, *models.ProductConnection) (int32, error) {
	panic("nobody counts")
}

type sizedMedia struct{ ProductMediaResolver }

func (sizedMedia) URL(_ context.Context, m *models.ProductMedia, width *int32) (string, error) {
	if width == nil {
		return m.Address, nil
	}
	return fmt.Sprint(m.Address, "-", *width), nil
}

// TestExecutor compares answers with what the specification of GraphQL says: names in the order of the query and each
// once, errors with the path of their field, and null as far up as it has to go.
func TestExecutor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, query, variables, want string }{
		{
			"names come once, in the order of the query",
			`{ products { nodes { brand ...F b: brand ... on Product { brand published } } } } fragment F on Product { published brand }`, `{}`,
			`{"data":{"products":{"nodes":[{"brand":"sound","published":false,"b":"sound"},{"brand":"faulty","published":false,"b":"faulty"}]}}}`,
		},
		{
			"fields of a list below a list",
			`{ products { nodes { variants { sku stockQuantity __typename } } } }`, `{}`,
			`{"data":{"products":{"nodes":[` +
				`{"variants":[{"sku":"sound-1","stockQuantity":0,"__typename":"ProductVariant"},{"sku":"sound-2","stockQuantity":0,"__typename":"ProductVariant"}]},` +
				`{"variants":[{"sku":"faulty-1","stockQuantity":0,"__typename":"ProductVariant"},{"sku":"faulty-2","stockQuantity":0,"__typename":"ProductVariant"}]}]}}}`,
		},
		{
			"an error where null may be",
			`{ products { nodes { variants { sku price { net { amount } } } } } }`, `{}`,
			`{"errors":[{"message":"no price","path":["products","nodes",1,"variants",0,"price"],"locations":[{"line":1,"column":37}]}],"data":{"products":{"nodes":[` +
				`{"variants":[{"sku":"sound-1","price":null},{"sku":"sound-2","price":null}]},` +
				`{"variants":[{"sku":"faulty-1","price":null},{"sku":"faulty-2","price":null}]}]}}}`,
		},
		{
			"an error where null must not be",
			`{ products { nodes { v: variants { attributes { value } } } } }`, `{}`,
			`{"errors":[{"message":"no attributes","path":["products","nodes",1,"v",1,"attributes"],"locations":[{"line":1,"column":36}]}],"data":null}`,
		},
		{
			"an element that must not be null",
			`{ products { nodes { categories { position } } } }`, `{}`,
			`{"errors":[{"message":"cannot return null for non-null element of field Product.categories (Category!): the list element was nil","path":["products","nodes",1,"categories",1]}],"data":null}`,
		},
		{
			"a panic where null may be",
			`{ products { nodes { productType { code } } } }`, `{}`,
			`{"errors":[{"message":"internal system error","path":["products","nodes",1,"productType"]}],` +
				`"data":{"products":{"nodes":[{"productType":{"code":"lamp"}},{"productType":null}]}}}`,
		},
		{
			"a panic beside other fields",
			`{ products { totalCount nodes { brand } } }`, `{}`,
			`{"errors":[{"message":"internal system error","path":["products","totalCount"]}],"data":null}`,
		},
		{
			"arguments, which are read once for a list",
			`query($w: Int) { products { nodes { media { url a: url(width: 7) b: url(width: $w) } } } }`, `{"w":9}`,
			`{"data":{"products":{"nodes":[` +
				`{"media":[{"url":"1","a":"1-7","b":"1-9"},{"url":"2","a":"2-7","b":"2-9"}]},` +
				`{"media":[{"url":"1","a":"1-7","b":"1-9"},{"url":"2","a":"2-7","b":"2-9"}]}]}}}`,
		},
		{
			"what is left out by a variable",
			`query($w: Boolean!) { products { nodes { brand @skip(if: $w) published } } }`, `{"w":true}`,
			`{"data":{"products":{"nodes":[{"published":false},{"published":false}]}}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := execute(t, test.query, test.variables); got != test.want {
				t.Errorf("%s\n got %s\nwant %s", test.query, got, test.want)
			}
		})
	}
}

func execute(t *testing.T, query, variables string) string {
	t.Helper()
	e := executor.New(NewExecutableSchema(Config{Resolvers: &fewResolvers{}}))
	params := &graphql.RawParams{Query: query}
	decoder := json.NewDecoder(strings.NewReader(variables))
	decoder.UseNumber()
	if err := decoder.Decode(&params.Variables); err != nil {
		t.Fatal(err)
	}
	ctx := graphql.StartOperationTrace(t.Context())
	var response *graphql.Response
	if operation, errs := e.CreateOperationContext(ctx, params); errs != nil {
		response = &graphql.Response{Errors: errs}
	} else {
		run, ctx := e.DispatchOperation(ctx, operation)
		response = run(ctx)
	}
	text, err := json.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
