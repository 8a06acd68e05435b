package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"ecoseller/models"
)

// work is one kind of question, as the server is asked it and as what it is measured against is asked the same.
type work struct {
	name  string
	title string
	// graph are bodies of GraphQL requests; yardstick are targets of the yardstick, each for the body at its place.
	graph     [][]byte
	yardstick []string
	// search works are compared with the requests that they cause in Elasticsearch.
	search bool
	// token works need a permission; cached ones may be answered by the read cache: the whole answer, or the products that
	// a search has found.
	token, cached bool
}

func newWork(name string) *work {
	k := kindOf(name)
	return &work{name: name, title: k.title, search: k.against == againstElastic, token: name == workEmail, cached: k.against == againstMemory || k.against == againstElastic}
}

// kind is how results call a work and the other side, which is empty where there is none.
type kind struct{ name, title, against string }

// kinds are the works in the order of the tables.
var kinds = []kind{
	{workDetail, "product detail", againstSQL},
	{workList, "page of 24, picture and lowest price", againstSQL},
	{workFullList, "page of 24, all variants and prices", againstSQL},
	{workSearchFacets, "search of 24 with facets", againstElastic},
	{workSearch, "search of 24", againstElastic},
	{workSuggestions, "suggestions", againstElastic},
	{workEmail, "sendEmail", ""},
	{workDetail + cachedSuffix, "product detail, cached", againstMemory},
	{workList + cachedSuffix, "page of 24, picture and lowest price, cached", againstMemory},
	{workFullList + cachedSuffix, "page of 24, all variants and prices, cached", againstMemory},
}

func kindOf(name string) kind {
	return kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })]
}

// The GraphQL documents. The statements of bench/yardstick give the same.
const (
	detailDocument = `query Detail($slug: String!, $language: LanguageCode) {
	product(slug: $slug, language: $language) {
		id title slug language shortDescription description brand
		media { url position }
		variants { sku ean stockQuantity
			attributes { value name type { code name unit } }
			price { net { amount currency } gross { amount currency } vatRate discountPercent }
		}
	}
}`
	listDocument = `query List($category: String!, $after: String, $language: LanguageCode) {
	products(first: 24, after: $after, filter: {categorySlugs: [$category]}, language: $language) {
		nodes { id title slug brand media { url } priceRange { lowestNet { amount currency } lowestGross { amount currency } } }
		pageInfo { hasNextPage endCursor }
	}
}`
	fullListDocument = `query FullList($category: String!, $after: String, $language: LanguageCode) {
	products(first: 24, after: $after, filter: {categorySlugs: [$category]}, language: $language) {
		nodes { id title slug brand media { url }
			variants { sku stockQuantity price { net { amount currency } gross { amount currency } vatRate discountPercent } }
		}
		pageInfo { hasNextPage endCursor }
	}
}`
	searchDocument = `query Search($text: String!, $language: LanguageCode) {
	searchProducts(query: $text, language: $language, first: 24) {
		totalCount engine nodes { id title slug brand media { url } priceRange { lowestGross { amount currency } } } FACETS
	}
}`
	facetsSelection = `facets {
		attributes { type { code name } values { attribute { value name } productCount } }
		brands { brand productCount } price { min max }
	}`
	suggestionsDocument = `query Suggestions($text: String!, $language: LanguageCode) {
	searchSuggestions(query: $text, language: $language, first: 8) { engine nodes { type text highlighted product { slug } } }
}`
	emailDocument = `mutation Send($to: [String!]!, $text: String!) {
	sendEmail(input: {to: $to, subject: "Your order", text: $text}) { email { id state } userErrors { message code } }
}`
)

// Names of the works, as flags and results have them.
const (
	workDetail       = "detail"
	workList         = "list"
	workFullList     = "list-full"
	workSearchFacets = "search-facets"
	workSearch       = "search"
	workSuggestions  = "suggestions"
	workEmail        = "email"
)

// What the server is measured against.
const (
	againstSQL     = "SQL yardstick"
	againstMemory  = "in-memory yardstick"
	againstElastic = "bare search"
)

// variety bounds the questions of a work: enough that none comes soon again.
const variety = 5000

// cachedSuffix marks works whose questions come again and again.
const cachedSuffix = "-cached"

// repeated is how many questions a cached run has.
const repeated = 100

// catalogue is what can be asked for in a database.
type catalogue struct {
	slugs []string
	pages []pageStart
	texts []string
}

// pageStart is a page of a category, and the product before it; none before the first page.
type pageStart struct {
	category  string
	createdAt *string
	id        *uuid.UUID
}

const language = "en"

// readCatalogue finds what can be asked for. A few texts will do for searches: Elasticsearch keeps no answers with hits.
func readCatalogue(ctx context.Context, db *bun.DB, texts int) (*catalogue, error) {
	c := new(catalogue)
	err := db.NewRaw(`
		SELECT t.slug FROM product_translations AS t JOIN products AS p ON p.id = t.product_id
		WHERE t.language = ? AND p.published ORDER BY md5(t.slug) LIMIT ?`, language, variety).Scan(ctx, &c.slugs)
	if err != nil {
		return nil, fmt.Errorf("read slugs: %w", err)
	}
	err = db.NewRaw(`
		SELECT text FROM (
			SELECT DISTINCT lower(split_part(title, ' ', 1) || ' ' || split_part(title, ' ', 2)) AS text
			FROM product_translations WHERE language = ?
		) AS texts ORDER BY md5(text) LIMIT ?`, language, texts).Scan(ctx, &c.texts)
	if err != nil {
		return nil, fmt.Errorf("read titles: %w", err)
	}
	if c.pages, err = readPages(ctx, db); err != nil {
		return nil, err
	}
	if len(c.slugs) == 0 || len(c.pages) == 0 || len(c.texts) == 0 {
		return nil, errors.New("the catalogue has nothing to ask for")
	}
	return c, nil
}

// readPages chooses a category at random and then one of its first ten pages, so that small categories count as much
// as large ones in catalogues of any size. Only full pages are chosen, where there are any.
func readPages(ctx context.Context, db *bun.DB) ([]pageStart, error) {
	var starts []struct {
		Category  string
		Place     int
		Total     int
		CreatedAt string
		ID        uuid.UUID
	}
	err := db.NewRaw(`
		WITH RECURSIVE tree AS (
			SELECT id AS top, id FROM categories WHERE published
			UNION
			SELECT tree.top, c.id FROM categories AS c JOIN tree ON c.parent_id = tree.id WHERE c.published
		), numbered AS (
			SELECT top, p.id, p.created_at, row_number() OVER newest AS place, count(*) OVER (PARTITION BY top) AS total
			FROM (SELECT DISTINCT tree.top, pc.product_id FROM tree JOIN product_categories AS pc ON pc.category_id = tree.id) AS members
			JOIN products AS p ON p.id = members.product_id AND p.published
			WINDOW newest AS (PARTITION BY top ORDER BY p.created_at DESC, p.id DESC)
		)
		SELECT ct.slug AS category, n.place, n.total, n.created_at::text AS created_at, n.id
		FROM numbered AS n JOIN category_translations AS ct ON ct.category_id = n.top AND ct.language = ?
		WHERE n.place = 1 OR n.place % 24 = 0 AND n.place + 24 <= least(n.total, 240)
		ORDER BY ct.slug, n.place`, language).Scan(ctx, &starts)
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	full := map[string][]pageStart{}
	other := map[string][]pageStart{}
	for _, s := range starts {
		pages, start := full, pageStart{category: s.Category}
		if s.Total < 24 {
			pages = other
		}
		if s.Place > 1 {
			start.createdAt, start.id = &s.CreatedAt, &s.ID
		}
		pages[s.Category] = append(pages[s.Category], start)
	}
	if len(full) == 0 {
		full = other
	}
	return choosePages(full), nil
}

func choosePages(byCategory map[string][]pageStart) []pageStart {
	var categories [][]pageStart
	for _, pages := range byCategory {
		categories = append(categories, pages)
	}
	if len(categories) == 0 {
		return nil
	}
	chosen := make([]pageStart, variety)
	for i := range chosen {
		pages := categories[rand.IntN(len(categories))]
		chosen[i] = pages[rand.IntN(len(pages))]
	}
	return chosen
}

// works makes the questions.
func (c *catalogue) works() ([]*work, error) {
	detail := newWork(workDetail)
	for _, slug := range c.slugs {
		detail.ask(detailDocument, map[string]any{"slug": slug, "language": language})
		detail.yardstick = append(detail.yardstick, "/product?"+url.Values{"slug": {slug}, "language": {language}}.Encode())
	}
	list := newWork(workList)
	fullList := newWork(workFullList)
	for _, p := range c.pages {
		if err := list.askPage(listDocument, "/list", p); err != nil {
			return nil, err
		}
		if err := fullList.askPage(fullListDocument, "/list-full", p); err != nil {
			return nil, err
		}
	}
	withFacets, search, suggestions := newWork(workSearchFacets), newWork(workSearch), newWork(workSuggestions)
	for _, text := range c.texts {
		variables := map[string]any{"text": text, "language": language}
		withFacets.ask(strings.Replace(searchDocument, "FACETS", facetsSelection, 1), variables)
		search.ask(strings.Replace(searchDocument, "FACETS", "", 1), variables)
		runes := []rune(text)
		suggestions.ask(suggestionsDocument, map[string]any{"text": string(runes[:max(3, len(runes)-2)]), "language": language})
	}
	email := newWork(workEmail)
	for i := range variety {
		email.ask(emailDocument, map[string]any{"to": []string{fmt.Sprintf("customer-%d@shop.example", i)}, "text": fmt.Sprintf("Order %d is on its way.", i)})
	}
	all := []*work{detail, list, fullList, withFacets, search, suggestions, email}
	for _, w := range []*work{detail, list, fullList} {
		all = append(all, w.repeating())
	}
	return all, nil
}

func (w *work) ask(document string, variables map[string]any) {
	body, _ := json.Marshal(map[string]any{"query": document, "variables": variables})
	w.graph = append(w.graph, body)
}

func (w *work) askPage(document, path string, p pageStart) error {
	variables := map[string]any{"category": p.category, "language": language}
	values := url.Values{"category": {p.category}, "language": {language}}
	if p.id != nil {
		cursor, err := models.EncodeCursor(models.ProductCursor{SortKey: models.SortByCreatedAt, Value: *p.createdAt, ID: *p.id})
		if err != nil {
			return fmt.Errorf("make cursor: %w", err)
		}
		variables["after"] = cursor
		values.Set("after", *p.createdAt+"|"+p.id.String())
	}
	w.ask(document, variables)
	w.yardstick = append(w.yardstick, path+"?"+values.Encode())
	return nil
}

// repeating asks a few of the questions again and again, which a cache may answer.
func (w *work) repeating() *work {
	few := newWork(w.name + cachedSuffix)
	few.graph = w.graph[:min(repeated, len(w.graph))]
	for _, target := range w.yardstick[:len(few.graph)] {
		few.yardstick = append(few.yardstick, "/memory"+target)
	}
	return few
}
