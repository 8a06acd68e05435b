package resolvers_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// userError is a user error as clients see it.
type userError struct {
	Field []string
	Code  string
}

// edited is the answer to any mutation under the alias m.
type edited struct {
	M struct {
		Product    *editedProduct
		Products   []editedProduct
		Variant    *editedVariant
		Deletion   *struct{ ID, Kind, Key, Title string }
		UserErrors []userError

		ChangedCount int
	}
}

type editedProduct struct {
	ID, Title, Slug, Brand, Language, ShortDescription string
	Published                                          bool
	Version                                            int64
	Categories                                         []struct{ ID, Code string }
	Variants                                           []editedVariant
}

type editedVariant struct {
	Sku            string
	Ean            []string
	WeightGrams    *int
	StockQuantity  int
	Version        int64
	Attributes     []struct{ Value string }
	Price          *struct{ NetBeforeDiscount struct{ Amount string } }
	ManufacturerNo string
}

const productFields = `product { id title slug brand language shortDescription published version categories { id code } variants { sku version } }`

// edit runs a mutation with the token of someone who may do everything; the mutation has the alias m.
func (s *shop) edit(t *testing.T, mutation string, variables map[string]any) edited {
	t.Helper()
	var e edited
	s.data(t, &e, mutation, variables, "Authorization", "Bearer "+s.token)
	return e
}

// problem is the only user error, as "CODE field.path"; empty without one.
func (e edited) problem() string {
	if len(e.M.UserErrors) == 0 {
		return ""
	}
	return e.M.UserErrors[0].Code + " " + strings.Join(e.M.UserErrors[0].Field, ".")
}

const createProduct = `mutation($input: ProductInput!) @inContext(language: "cs") { m: createProduct(input: $input) { ` + productFields + ` userErrors { field code } } }`

const updateProduct = `mutation($id: ID!, $version: Int!, $input: ProductInput!) @inContext(language: "cs") {
	m: updateProduct(id: $id, version: $version, input: $input) { ` + productFields + ` userErrors { field code } } }`

type object = map[string]any

// indexed returns how many times each product was enqueued for indexing since the last call.
func (s *shop) indexed(t *testing.T) map[uuid.UUID]int {
	t.Helper()
	var jobs []models.Job
	if err := s.db.NewRaw("DELETE FROM jobs WHERE kind = ? RETURNING *", models.IndexProducts{}.JobPolicy().Kind).Scan(t.Context(), &jobs); err != nil {
		t.Fatal(err)
	}
	counts := map[uuid.UUID]int{}
	for _, job := range jobs {
		var payload models.IndexProducts
		if err := json.Unmarshal(job.Payload, &payload); err != nil {
			t.Fatal(err)
		}
		for _, id := range payload.ProductIDs {
			counts[id]++
		}
	}
	return counts
}

func TestProductIsMadeAndChanged(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.indexed(t)
	var tree struct{ Categories []struct{ ID, Code string } }
	s.data(t, &tree, `{ categories { id code } }`, nil)
	first, second := tree.Categories[0], tree.Categories[1]

	made := s.edit(t, createProduct, object{"input": object{
		"brand": "Zvuk", "published": true, "categoryIds": []string{second.ID, first.ID},
		"translations": []object{{"language": "cs", "title": "Žluťoučký reproduktor", "shortDescription": "Hraje."}},
	}}).M.Product
	if made == nil || made.Slug != "zlutoucky-reproduktor" || made.Version != 1 || made.Language != "cs" {
		t.Fatalf("made %+v", made)
	}
	if made.Categories[0].Code != second.Code || made.Categories[1].Code != first.Code {
		t.Errorf("categories %v, want those given, in that order", made.Categories)
	}
	if n := len(s.indexed(t)); n != 1 {
		t.Errorf("%d products are to be indexed", n)
	}

	// Absent is not null: the brand goes, the short description stays.
	changed := s.edit(t, updateProduct, object{"id": made.ID, "version": 1, "input": object{
		"brand": nil, "translations": []object{{"language": "cs", "title": "Reproduktor"}, {"language": "en", "title": "Speaker"}},
	}}).M.Product
	if changed == nil || changed.Brand != "" || changed.ShortDescription != "Hraje." || changed.Title != "Reproduktor" ||
		changed.Slug != made.Slug || changed.Version != 2 || len(changed.Categories) != 2 {
		t.Fatalf("changed to %+v", changed)
	}
	removed := s.edit(t, updateProduct, object{"id": made.ID, "version": 2, "input": object{"removeTranslations": []string{"cs"}, "categoryIds": []string{}}}).M.Product
	if removed == nil || removed.Language != "en" || len(removed.Categories) != 0 {
		t.Errorf("without Czech texts and categories: %+v", removed)
	}
}

func TestProductChangesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var demo struct{ Product editedProduct }
	s.data(t, &demo, `query @inContext(language: "cs") { product(sku: "HAL-SWAY") { id slug language version } }`, nil)
	nowhere := models.GlobalID(models.KindProduct, uuid.NewString())
	noCategory := models.GlobalID(models.KindCategory, uuid.NewString())
	text := func(fields object) object { return object{"translations": []object{fields}} }
	tests := []struct {
		name    string
		id      string
		version int64
		input   object
		want    string
	}{
		{"stale version", demo.Product.ID, demo.Product.Version - 1, object{"brand": "X"}, "STALE_VERSION version"},
		{"no such product", nowhere, 1, object{"brand": "X"}, "NOT_FOUND id"},
		{"no such category", demo.Product.ID, demo.Product.Version, object{"categoryIds": []string{noCategory}}, "NOT_FOUND input.categoryIds.0"},
		{"no id", demo.Product.ID, demo.Product.Version, object{"categoryIds": []string{"x"}}, "INVALID input.categoryIds.0"},
		{"no such type", demo.Product.ID, demo.Product.Version, object{"productType": "none"}, "NOT_FOUND input.productType"},
		{"foreign language", demo.Product.ID, demo.Product.Version, text(object{"language": "de", "title": "X"}), "UNKNOWN_LANGUAGE input.translations.0.language"},
		{"empty title", demo.Product.ID, demo.Product.Version, text(object{"language": "cs", "title": " "}), "REQUIRED input.translations.0.title"},
		{"broken slug", demo.Product.ID, demo.Product.Version, text(object{"language": "cs", "slug": "A b"}), "INVALID input.translations.0.slug"},
		{"null published", demo.Product.ID, demo.Product.Version, object{"published": nil}, "INVALID input.published"},
		{"long brand", demo.Product.ID, demo.Product.Version, object{"brand": strings.Repeat("x", 201)}, "TOO_LONG input.brand"},
		{"NUL", demo.Product.ID, demo.Product.Version, object{"brand": "a\x00b"}, "INVALID input.brand"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := s.edit(t, updateProduct, object{"id": test.id, "version": test.version, "input": test.input})
			if got := e.problem(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	t.Run("slug of another product", func(t *testing.T) {
		e := s.edit(t, createProduct, object{"input": text(object{"language": demo.Product.Language, "title": "Jiný", "slug": demo.Product.Slug})})
		if got := e.problem(); got != "TAKEN input.translations.0.slug" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("title of another product", func(t *testing.T) {
		first := s.edit(t, createProduct, object{"input": text(object{"language": "cs", "title": "Stejný"})}).M.Product
		second := s.edit(t, createProduct, object{"input": text(object{"language": "cs", "title": "Stejný"})}).M.Product
		if first == nil || second == nil || first.Slug == second.Slug || !strings.HasPrefix(second.Slug, "stejny-") {
			t.Errorf("%+v and %+v", first, second)
		}
	})
	t.Run("without permission", func(t *testing.T) {
		token, err := s.store.CreateAccessToken(t.Context(), "reader", []models.Permission{models.PermissionReadUnpublished})
		if err != nil {
			t.Fatal(err)
		}
		variables := object{"input": object{"brand": "X"}}
		if a := s.ask(t, createProduct, variables, "Authorization", "Bearer "+token); a.code() != "FORBIDDEN" {
			t.Errorf("got %+v", a.Errors)
		}
		if a := s.ask(t, createProduct, variables); a.code() != "UNAUTHENTICATED" {
			t.Errorf("got %+v", a.Errors)
		}
	})
}

func TestProductsArePublishedTogether(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var list struct {
		Products struct{ Nodes []struct{ ID string } }
	}
	s.data(t, &list, `{ products(first: 3) { nodes { id } } }`, nil)
	ids := []string{list.Products.Nodes[0].ID, list.Products.Nodes[2].ID}
	s.indexed(t)
	const publish = `mutation($ids: [ID!]!, $published: Boolean!) { m: publishProducts(ids: $ids, published: $published) {
		products { id published version } userErrors { field code } } }`

	nowhere := append(slices.Clone(ids), models.GlobalID(models.KindProduct, uuid.NewString()))
	if e := s.edit(t, publish, object{"ids": nowhere, "published": false}); e.problem() != "NOT_FOUND ids.2" {
		t.Errorf("got %+v", e.M)
	}
	e := s.edit(t, publish, object{"ids": ids, "published": false})
	if len(e.M.Products) != 2 || e.M.Products[0].Published || e.M.Products[0].ID != ids[0] {
		t.Fatalf("hidden %+v", e.M)
	}
	if n := len(s.indexed(t)); n != 2 {
		t.Errorf("%d products are to be indexed", n)
	}
	var after struct {
		Products struct{ Nodes []struct{ ID string } }
	}
	s.data(t, &after, `{ products(first: 100) { nodes { id } } }`, nil)
	for _, p := range after.Products.Nodes {
		if slices.Contains(ids, p.ID) {
			t.Errorf("customers see %s", p.ID)
		}
	}
}

func TestVariantIsMadeAndChanged(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var demo struct{ Product editedProduct }
	s.data(t, &demo, `{ product(sku: "HAL-SWAY") { id version } }`, nil)
	const fields = `{ variant { sku ean weightGrams stockQuantity version attributes { value } } userErrors { field code } }`
	const create = `mutation($product: ID!, $sku: String!, $input: ProductVariantInput!) { m: createProductVariant(productId: $product, sku: $sku, input: $input) ` + fields + ` }`
	const update = `mutation($sku: String!, $version: Int!, $input: ProductVariantInput!) { m: updateProductVariant(sku: $sku, version: $version, input: $input) ` + fields + ` }`

	e := s.edit(t, create, object{"product": demo.Product.ID, "sku": "HAL-SWAY-2", "input": object{
		"ean": []string{"8590''000,\"\\{}"}, "weightGrams": 250, "stockQuantity": 3,
		"attributes": []object{{"type": "colour", "value": "ultraviolet"}},
	}})
	v := e.M.Variant
	if v == nil || v.Sku != "HAL-SWAY-2" || !slices.Equal(v.Ean, []string{"8590''000,\"\\{}"}) || *v.WeightGrams != 250 || v.StockQuantity != 3 || len(v.Attributes) != 1 {
		t.Fatalf("made %+v", e.M)
	}
	e = s.edit(t, update, object{"sku": v.Sku, "version": v.Version, "input": object{"weightGrams": nil, "attributes": []object{}}})
	if v := e.M.Variant; v == nil || v.WeightGrams != nil || len(v.Ean) != 1 || len(v.Attributes) != 0 || v.Version != 2 {
		t.Errorf("changed to %+v", e.M)
	}
	var after struct{ Product editedProduct }
	s.data(t, &after, `{ product(sku: "HAL-SWAY") { version } }`, nil)
	if after.Product.Version != demo.Product.Version {
		t.Errorf("the version of the product went from %d to %d with its variant", demo.Product.Version, after.Product.Version)
	}

	tests := []struct {
		name  string
		input object
		want  string
	}{
		{"unknown attribute type", object{"attributes": []object{{"type": "none", "value": "x"}}}, "NOT_FOUND input.attributes.0.type"},
		{"attribute twice", object{"attributes": []object{{"type": "colour", "value": "x"}, {"type": "colour", "value": "x"}}}, "INVALID input.attributes.1"},
		{"negative weight", object{"weightGrams": -1}, "INVALID input.weightGrams"},
		{"empty article number", object{"ean": []string{" "}}, "REQUIRED input.ean.0"},
		{"null stock", object{"stockQuantity": nil}, "INVALID input.stockQuantity"},
	}
	for _, test := range tests {
		if e := s.edit(t, update, object{"sku": v.Sku, "version": 2, "input": test.input}); e.problem() != test.want {
			t.Errorf("%s: got %q, want %q", test.name, e.problem(), test.want)
		}
	}
	if e := s.edit(t, update, object{"sku": v.Sku, "version": 1, "input": object{}}); e.problem() != "STALE_VERSION version" {
		t.Errorf("got %q", e.problem())
	}
	if e := s.edit(t, create, object{"product": demo.Product.ID, "sku": v.Sku, "input": object{}}); e.problem() != "TAKEN sku" {
		t.Errorf("got %q", e.problem())
	}
	if e := s.edit(t, create, object{"product": demo.Product.ID, "sku": "a b", "input": object{}}); e.problem() != "INVALID sku" {
		t.Errorf("got %q", e.problem())
	}
}

func TestStockAndPricesInBulk(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var skus []string
	if err := s.db.NewRaw("SELECT sku FROM product_variants ORDER BY sku LIMIT 2").Scan(t.Context(), &skus); err != nil {
		t.Fatal(err)
	}
	// 1,000 variants, most of them made for this.
	_, err := s.db.Exec(`INSERT INTO product_variants (sku, product_id)
		SELECT 'BULK-' || i, (SELECT id FROM products ORDER BY id OFFSET i % 50 LIMIT 1) FROM generate_series(1, 998) AS i`)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 998; i++ {
		skus = append(skus, fmt.Sprintf("BULK-%d", i))
	}
	s.indexed(t)
	const updateStock = `mutation($input: [StockInput!]!) { m: updateStock(input: $input) { changedCount userErrors { field code } } }`
	const updatePrices = `mutation($input: [ProductPriceInput!]!) { m: updateProductPrices(input: $input) { changedCount userErrors { field code } } }`
	var stock, prices []object
	for _, sku := range skus {
		stock = append(stock, object{"sku": sku, "quantity": 7})
		prices = append(prices, object{"sku": sku, "priceList": "czk", "amount": "100.5", "discountPercent": "10"})
	}

	started := time.Now()
	if e := s.edit(t, updateStock, object{"input": stock}); e.M.ChangedCount != 1000 {
		t.Fatalf("%+v", e.M)
	}
	if e := s.edit(t, updatePrices, object{"input": prices}); e.M.ChangedCount != 1000 {
		t.Fatalf("%+v", e.M)
	}
	t.Logf("stock and prices of 1,000 variants in %s", time.Since(started))
	stock[0] = object{"sku": skus[0], "change": -9}
	s.edit(t, updateStock, object{"input": stock[:1]})

	var after struct {
		Product struct{ Variants []editedVariant }
	}
	s.data(t, &after, `query($sku: String!) { product(sku: $sku) { variants { sku stockQuantity price(priceList: "czk") { netBeforeDiscount { amount } } } } }`,
		object{"sku": skus[0]})
	for _, v := range after.Product.Variants {
		if v.Sku == skus[0] && (v.StockQuantity != -2 || v.Price.NetBeforeDiscount.Amount != "100.50") {
			t.Errorf("%+v", v)
		}
	}
	var products int
	if err := s.db.NewRaw("SELECT count(DISTINCT product_id) FROM product_variants WHERE sku = ANY(?)", pgdialect.Array(skus)).Scan(t.Context(), &products); err != nil {
		t.Fatal(err)
	}
	if n := len(s.indexed(t)); n != products {
		t.Errorf("%d products are to be indexed, want %d", n, products)
	}

	refusals := []struct {
		mutation string
		input    []object
		want     string
	}{
		{updateStock, append(stock, stock[0]), "TOO_MANY input"},
		{updateStock, []object{stock[1], stock[1]}, "INVALID input.1.sku"},
		{updateStock, []object{{"sku": skus[0]}}, "INVALID input.0"},
		{updateStock, []object{{"sku": skus[0], "quantity": 1, "change": 1}}, "INVALID input.0"},
		{updateStock, []object{stock[1], {"sku": "none", "quantity": 1}}, "NOT_FOUND input.1.sku"},
		{updatePrices, []object{{"sku": "none", "priceList": "czk", "amount": "1"}}, "NOT_FOUND input.0.sku"},
		{updatePrices, []object{{"sku": skus[0], "priceList": "none", "amount": "1"}}, "NOT_FOUND input.0.priceList"},
		{updatePrices, []object{{"sku": skus[0], "priceList": "czk", "amount": "-1"}}, "INVALID input.0.amount"},
		{updatePrices, []object{{"sku": skus[0], "priceList": "czk", "amount": "1.23456"}}, "INVALID input.0.amount"},
		{updatePrices, []object{{"sku": skus[0], "priceList": "czk", "amount": "1", "discountPercent": "100.5"}}, "INVALID input.0.discountPercent"},
		{updatePrices, []object{prices[0], prices[0]}, "INVALID input.1"},
	}
	for _, refusal := range refusals {
		if e := s.edit(t, refusal.mutation, object{"input": refusal.input}); e.problem() != refusal.want || e.M.ChangedCount != 0 {
			t.Errorf("got %+v, want %s", e.M, refusal.want)
		}
	}

	gone := s.edit(t, updatePrices, object{"input": []object{{"sku": skus[0], "priceList": "czk", "amount": nil}}})
	if gone.M.ChangedCount != 1 {
		t.Errorf("%+v", gone.M)
	}
	var left int
	if err := s.db.NewRaw("SELECT count(*) FROM product_prices WHERE sku = ? AND price_list = 'czk'", skus[0]).Scan(t.Context(), &left); err != nil || left != 0 {
		t.Errorf("%d prices are left, %v", left, err)
	}
}

func TestPicturesAreAddedOrderedAndRemoved(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	type media []struct{ ID, URL string }
	var demo struct {
		Product struct {
			ID      string
			Version int64
			Media   media
		}
	}
	load := func() {
		t.Helper()
		demo.Product.Media = nil
		s.data(t, &demo, `{ product(sku: "HAL-SWAY") { id version media { id url } } }`, nil)
	}
	run := func(mutation string) string {
		t.Helper()
		load()
		p := demo.Product
		e := s.edit(t, fmt.Sprintf(`mutation { m: %s { product { id version } userErrors { field code } } }`,
			strings.NewReplacer("PRODUCT", fmt.Sprintf(`productId: "%s", version: %d`, p.ID, p.Version), "FIRST", p.Media[0].ID).Replace(mutation)), nil)
		load()
		return e.problem()
	}
	if got := run(`addProductMedia(PRODUCT, url: "https://example.com/second.jpg")`); got != "" || len(demo.Product.Media) != 2 {
		t.Fatalf("%q, %v", got, demo.Product.Media)
	}
	first, second := demo.Product.Media[0], demo.Product.Media[1]
	if got := run(`reorderProductMedia(PRODUCT, ids: ["` + second.ID + `", "` + first.ID + `"])`); got != "" || demo.Product.Media[0] != second {
		t.Errorf("%q, %v", got, demo.Product.Media)
	}
	for mutation, want := range map[string]string{
		`addProductMedia(PRODUCT, url: "https://example.com/second.jpg")`:                                       "TAKEN url",
		`addProductMedia(PRODUCT, url: "javascript:alert(1)")`:                                                  "INVALID url",
		`reorderProductMedia(PRODUCT, ids: ["FIRST"])`:                                                          "INVALID ids",
		`reorderProductMedia(PRODUCT, ids: ["FIRST", "FIRST"])`:                                                 "INVALID ids",
		`removeProductMedia(PRODUCT, id: "` + models.GlobalID(models.KindProductMedia, uuid.NewString()) + `")`: "NOT_FOUND id",
	} {
		if got := run(mutation); got != want {
			t.Errorf("%s: got %q, want %q", mutation, got, want)
		}
	}
	if got := run(`removeProductMedia(PRODUCT, id: "FIRST")`); got != "" || len(demo.Product.Media) != 1 || demo.Product.Media[0] != first {
		t.Errorf("%q, %v", got, demo.Product.Media)
	}
	if text := s.text(t, `{ node(id: "`+first.ID+`") { ... on ProductMedia { url } } }`); !strings.Contains(text, first.URL) {
		t.Error(text)
	}
}
