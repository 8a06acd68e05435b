// Command go searches the shop and shows what the first hit costs:
//
//	go run ./examples/go http://127.0.0.1:8080 "sluchatka bez dratu"
//
// Documents go by their hash. A server that does not know one yet is sent the document with it, once.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// documents is the folder with the documents, seen from the repository.
const documents = "examples/documents"

// found is the answer to search.graphql.
type found struct {
	SearchProducts struct {
		TotalCount int
		Nodes      []struct{ Slug, Title string }
	}
}

// product is the answer to product.graphql.
type product struct {
	Product struct {
		Title    string
		Variants []struct {
			SKU   string
			Price struct{ Gross struct{ Formatted string } }
		}
	}
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go run ./examples/go SERVER TEXT")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	err := show(ctx, shop{endpoint: os.Args[1] + "/graphql"}, os.Args[2])
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func show(ctx context.Context, s shop, text string) error {
	var hits found
	if err := s.run(ctx, "search", map[string]any{"text": text, "language": "cs"}, &hits); err != nil {
		return err
	}
	fmt.Println(hits.SearchProducts.TotalCount, "products")
	if len(hits.SearchProducts.Nodes) == 0 {
		return nil
	}
	for _, node := range hits.SearchProducts.Nodes {
		fmt.Println(node.Title)
	}
	var first product
	if err := s.run(ctx, "product", map[string]any{"slug": hits.SearchProducts.Nodes[0].Slug, "language": "cs"}, &first); err != nil {
		return err
	}
	for _, variant := range first.Product.Variants {
		fmt.Println(variant.SKU, variant.Price.Gross.Formatted)
	}
	return nil
}

// shop is the API of one server.
type shop struct{ endpoint string }

// run reads the data of a query's answer into a struct.
func (s shop) run(ctx context.Context, name string, variables map[string]any, data any) error {
	document, err := os.ReadFile(filepath.Join(documents, name+".graphql"))
	if err != nil {
		return fmt.Errorf("read document: %w", err)
	}
	hash := sha256.Sum256(document)
	encoded, err := json.Marshal(variables)
	if err != nil {
		return fmt.Errorf("encode variables: %w", err)
	}
	parameters := url.Values{
		"variables":  {string(encoded)},
		"extensions": {fmt.Sprintf(`{"persistedQuery":{"version":1,"sha256Hash":%q}}`, hex.EncodeToString(hash[:]))},
	}
	err = s.get(ctx, parameters, data)
	if unknown, ok := errors.AsType[*failure](err); ok && unknown.Extensions.Code == "PERSISTED_QUERY_NOT_FOUND" {
		parameters.Set("query", string(document))
		err = s.get(ctx, parameters, data)
	}
	return err
}

// failure is an error of GraphQL.
type failure struct {
	Message    string
	Extensions struct{ Code string }
}

// Error returns message and code.
func (f *failure) Error() string { return f.Message + " (" + f.Extensions.Code + ")" }

func (s shop) get(ctx context.Context, parameters url.Values, data any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.endpoint+"?"+parameters.Encode(), nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the shop: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer := struct {
		Data   any
		Errors []*failure
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if len(answer.Errors) > 0 {
		return answer.Errors[0]
	}
	return nil
}
