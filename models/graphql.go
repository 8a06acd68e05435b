package models

// Node is anything with a global id.
type Node interface{ IsNode() }

// IsNode marks a product as a Node.
func (*Product) IsNode() {}

// IsNode marks a variant as a Node.
func (*ProductVariant) IsNode() {}

// IsNode marks a category as a Node.
func (*Category) IsNode() {}

// IsNode marks an attribute as a Node.
func (*Attribute) IsNode() {}

// IsNode marks a picture as a Node.
func (*ProductMedia) IsNode() {}

// IsNode marks a mail as a Node.
func (*EmailMessage) IsNode() {}

// PageInfo is where a page stands in the whole list.
type PageInfo struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
	EndCursor       *string
}

// SearchEngine is who answers a search.
type SearchEngine string

// The engines.
const (
	SearchElasticsearch SearchEngine = "ELASTICSEARCH"
	SearchPostgres      SearchEngine = "POSTGRES"
)

// ProductConnection is a page of products.
type ProductConnection struct {
	Edges    []*ProductEdge
	PageInfo *PageInfo
	// Query is what the page was asked with; the total is counted only when a client wants it.
	Query ProductQuery
}

// Nodes returns the products of the page.
func (c *ProductConnection) Nodes() []*Product {
	nodes := make([]*Product, len(c.Edges))
	for i, edge := range c.Edges {
		nodes[i] = edge.Node
	}
	return nodes
}

// ProductEdge is a product in a list.
type ProductEdge struct {
	Place ProductCursor
	Node  *Product
}

// Cursor is the place as clients carry it: most of them ask for the last one alone.
func (e *ProductEdge) Cursor() (string, error) { return EncodeCursor(e.Place) }

// ProductSearchConnection is a page of found products.
type ProductSearchConnection struct {
	Edges      []*ProductSearchEdge
	PageInfo   *PageInfo
	TotalCount int
	Engine     SearchEngine
	Degraded   bool
	Language   LanguageCode
	// CorrectedQuery is the text that was searched when the typed one found nothing; empty otherwise.
	CorrectedQuery string
	// Relaxed says that no product has all words of the text.
	Relaxed bool
	// SearchID names the search when its hits are clicked.
	SearchID string
	// Facets are nil when they are not selected.
	Facets *ProductSearchFacets
}

// Nodes returns the products of the page.
func (c *ProductSearchConnection) Nodes() []*Product {
	nodes := make([]*Product, len(c.Edges))
	for i, edge := range c.Edges {
		nodes[i] = edge.Node
	}
	return nodes
}

// CorrectedQueryOrNil is nil when the text was searched as it was typed.
func (c *ProductSearchConnection) CorrectedQueryOrNil() *string { return orNil(c.CorrectedQuery) }

// ProductSearchEdge is a found product.
type ProductSearchEdge struct {
	// Place is what the search knows of the hit.
	Place any
	Score float64
	Node  *Product
	// Highlight is empty unless it is selected.
	Highlight ProductSearchHighlight
}

// Cursor is the place as clients carry it.
func (e *ProductSearchEdge) Cursor() (string, error) { return EncodeCursor(e.Place) }

// orNil returns nil for an empty value, which GraphQL writes as null.
func orNil[T ~string](s T) *T {
	if s == "" {
		return nil
	}
	return &s
}
