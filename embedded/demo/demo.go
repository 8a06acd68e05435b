// Package demo is the catalogue of a small invented shop for electronics, home and outdoor: every text was
// written for this repository and every brand is made up. It fills an empty shop for a first look and
// gives tests something real to search in.
package demo

import (
	"bytes"
	_ "embed"
	"io"
)

//go:embed catalogue.json
var catalogue []byte

//go:embed products.ndjson
var products []byte

// Catalogue returns what products refer to as one JSON object: price lists, countries, VAT groups,
// attribute types with their values, product types and categories, parents before their children.
// The slice is the caller's own.
func Catalogue() []byte { return bytes.Clone(catalogue) }

// Products returns a new reader of the products, in the importer's format: one JSON object a line.
func Products() io.Reader { return bytes.NewReader(products) }
