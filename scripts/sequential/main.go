// Command sequential changes what gqlgen has generated, where it has no setting for it: the elements of a list are
// written one after another (see marshalSlice), and objects do not prepare for @defer, which the API does not have. Both
// together are a third of the processor time of a page of products.
//
//	go run ./scripts/sequential graph/*.generated.go
package main

import (
	"bytes"
	"fmt"
	"os"
)

// replacements are what stands in the generated code, and what comes in its place.
var replacements = [][2]string{
	{"graphql.MarshalSliceConcurrently(", "marshalSlice("},
	{"deferred := graphql.NewDeferredGroup(ctx)", "deferred := graphql.DeferredGroup{}"},
}

func main() {
	for _, path := range os.Args[1:] {
		if err := rewrite(path); err != nil {
			fmt.Fprintln(os.Stderr, "sequential:", err)
			os.Exit(1)
		}
	}
}

func rewrite(path string) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read generated code: %w", err)
	}
	for _, r := range replacements {
		source = bytes.ReplaceAll(source, []byte(r[0]), []byte(r[1]))
	}
	if err := os.WriteFile(path, source, 0o644); err != nil {
		return fmt.Errorf("write generated code: %w", err)
	}
	return nil
}
