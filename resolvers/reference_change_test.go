package resolvers_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"ecoseller/models"
)

// scenario is a mutation, and the user error it is answered with; empty when the change is made.
type scenario struct {
	name, mutation string
	want           string
}

// run runs the mutations one after another. The alias m and the selection of user errors are added here.
func (s *shop) run(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, c := range scenarios {
		e := s.edit(t, `mutation @inContext(language: "cs") { m: `+c.mutation+` { userErrors { field code } } }`, nil)
		if got := e.problem(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// text answers a query with the JSON of its data.
func (s *shop) text(t *testing.T, query string) string {
	t.Helper()
	var data json.RawMessage
	s.data(t, &data, query, nil)
	return string(data)
}

func TestCategoriesAreEdited(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ids := map[string]string{}
	var rows []struct {
		ID   uuid.UUID
		Code string
	}
	if err := s.db.NewRaw("SELECT id, code FROM categories").Scan(t.Context(), &rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		ids[r.Code] = models.GlobalID(models.KindCategory, r.ID.String())
	}
	var tree struct {
		Categories []struct {
			ID, Code string
			Children []struct{ ID, Code string }
		}
	}
	s.data(t, &tree, `{ categories { id code children { id code } } }`, nil)
	i := slices.IndexFunc(tree.Categories, func(c struct {
		ID, Code string
		Children []struct{ ID, Code string }
	},
	) bool {
		return len(c.Children) > 1
	})
	root, children := tree.Categories[i], tree.Categories[i].Children
	quoted := func(ids ...string) string { return `"` + strings.Join(ids, `", "`) + `"` }
	nowhere := models.GlobalID(models.KindCategory, uuid.NewString())
	s.indexed(t)

	s.run(t, []scenario{
		{"new below a root", `createCategory(code: "new", parentId: "` + root.ID + `", input: {translations: [{language: "cs", title: "Nová"}]})`, ""},
		{"code twice", `createCategory(code: "new", input: {})`, "TAKEN code"},
		{"no code", `createCategory(code: "", input: {})`, "REQUIRED code"},
		{"below nothing", `createCategory(code: "lost", parentId: "` + nowhere + `", input: {})`, "NOT_FOUND parentId"},
		{"rename", `updateCategory(id: "` + root.ID + `", version: 1, input: {translations: [{language: "cs", title: "Jiná"}]})`, ""},
		{"stale rename", `updateCategory(id: "` + root.ID + `", version: 1, input: {})`, "STALE_VERSION version"},
		{"below itself", `moveCategory(id: "` + root.ID + `", version: 2, parentId: "` + root.ID + `")`, "CYCLE parentId"},
		{"below its child", `moveCategory(id: "` + root.ID + `", version: 2, parentId: "` + children[0].ID + `")`, "CYCLE parentId"},
		{"to the root", `moveCategory(id: "` + children[0].ID + `", version: 1)`, ""},
		{"back", `moveCategory(id: "` + children[0].ID + `", version: 2, parentId: "` + root.ID + `")`, ""},
		{"order without some", `reorderCategories(parentId: "` + root.ID + `", ids: [` + quoted(children[0].ID) + `])`, "INVALID ids"},
		{"delete a stale one", `deleteCategory(id: "` + root.ID + `", version: 1)`, "STALE_VERSION version"},
	})
	if len(s.indexed(t)) == 0 {
		t.Error("the products of a renamed category are not to be indexed")
	}
	var after struct {
		Category struct {
			Title    string
			Children []struct{ ID, Code string }
		}
	}
	const query = `query($id: ID!) @inContext(language: "cs") { category(id: $id) { title children { id code } } }`
	s.data(t, &after, query, object{"id": root.ID})
	n := len(after.Category.Children)
	if after.Category.Title != "Jiná" || after.Category.Children[n-1].Code != children[0].Code || after.Category.Children[n-2].Code != "new" {
		t.Fatalf("%+v", after)
	}
	wanted := make([]string, n)
	for i, c := range after.Category.Children {
		wanted[n-1-i] = c.ID
	}
	s.run(t, []scenario{{"the other way round", `reorderCategories(parentId: "` + root.ID + `", ids: [` + quoted(wanted...) + `])`, ""}})
	s.data(t, &after, query, object{"id": root.ID})
	for i, c := range after.Category.Children {
		if c.ID != wanted[i] {
			t.Errorf("child %d is %s", i, c.Code)
		}
	}
}

func TestReferencesAreEdited(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var attribute struct{ ID uuid.UUID }
	err := s.db.NewRaw("SELECT id FROM attributes WHERE attribute_type_id = (SELECT id FROM attribute_types WHERE code = 'colour') AND value = 'black'").
		Scan(t.Context(), &attribute.ID)
	if err != nil {
		t.Fatal(err)
	}
	black := models.GlobalID(models.KindAttribute, attribute.ID.String())
	var used int
	err = s.db.NewRaw("SELECT count(DISTINCT product_id) FROM product_variants JOIN product_variant_attributes USING (sku) WHERE attribute_id = ?", attribute.ID).
		Scan(t.Context(), &used)
	if err != nil || used < 3 {
		t.Fatalf("%d products are black, %v", used, err)
	}
	s.indexed(t)
	s.run(t, []scenario{{"rename black", `updateAttribute(id: "` + black + `", version: 1, input: {name: [{language: "cs", text: "jako noc"}, {language: "en"}]})`, ""}})
	if n := len(s.indexed(t)); n != used {
		t.Errorf("%d products are to be indexed after a rename, want %d", n, used)
	}
	if text := s.text(t, `query @inContext(language: "cs") { node(id: "`+black+`") { ... on Attribute { name value type { code } } } }`); !strings.Contains(text, "jako noc") {
		t.Error(text)
	}

	s.run(t, []scenario{
		{"attribute of a stale version", `updateAttribute(id: "` + black + `", version: 1, input: {})`, "STALE_VERSION version"},
		{"attribute with the value of another", `updateAttribute(id: "` + black + `", version: 2, input: {value: "white"})`, "TAKEN input.value"},
		{"attribute without a value", `createAttribute(type: "colour", input: {})`, "REQUIRED input.value"},
		{"attribute of no type", `createAttribute(type: "none", input: {value: "x"})`, "NOT_FOUND type"},
		{"new attribute", `createAttribute(type: "colour", input: {value: "plum", name: [{language: "cs", text: "švestková"}], position: 7})`, ""},
		{"attribute twice", `createAttribute(type: "colour", input: {value: "plum"})`, "TAKEN input.value"},

		{"new attribute type", `createAttributeType(code: "depth", valueType: INTEGER, input: {unit: "mm", name: [{language: "cs", text: "Hloubka"}]})`, ""},
		{"attribute type twice", `createAttributeType(code: "depth", valueType: TEXT, input: {})`, "TAKEN code"},
		{"number that is none", `createAttribute(type: "depth", input: {value: "deep"})`, "INVALID input.value"},
		{"number with a fraction", `createAttribute(type: "depth", input: {value: "1.5"})`, "INVALID input.value"},
		{"number", `createAttribute(type: "depth", input: {value: "15"})`, ""},
		{"name in a foreign language", `updateAttributeType(code: "depth", version: 1, input: {name: [{language: "de", text: "Tiefe"}]})`, "UNKNOWN_LANGUAGE input.name.0.language"},
		{"attribute type that is none", `updateAttributeType(code: "none", version: 1, input: {})`, "NOT_FOUND code"},
		{"without a unit", `updateAttributeType(code: "depth", version: 1, input: {unit: null})`, ""},

		{"new price list", `createPriceList(code: "pln", currency: "PLN", input: {name: "Złoty", rounding: "0.05"})`, ""},
		{"price list twice", `createPriceList(code: "pln", currency: "PLN", input: {name: "Złoty"})`, "TAKEN code"},
		{"price list without a currency", `createPriceList(code: "x", currency: "XQX", input: {name: "X"})`, "INVALID currency"},
		{"price list without a name", `createPriceList(code: "x", currency: "EUR", input: {})`, "REQUIRED input.name"},
		{"rounding to nothing", `updatePriceList(code: "pln", version: 1, input: {rounding: "0"})`, "INVALID input.rounding"},
		{"another default", `updatePriceList(code: "pln", version: 1, input: {isDefault: true})`, ""},
		{"no default", `updatePriceList(code: "pln", version: 2, input: {isDefault: false})`, "IN_USE input.isDefault"},
		{"delete the default", `deletePriceList(code: "pln", version: 2)`, "IN_USE code"},
		{"delete a country's", `deletePriceList(code: "czk", version: 2)`, "IN_USE code"},

		{"new country", `createCountry(code: "PL", input: {locale: "pl-PL", defaultPriceList: "pln", name: [{language: "cs", text: "Polsko"}]})`, ""},
		{"country twice", `createCountry(code: "PL", input: {locale: "pl-PL", defaultPriceList: "pln"})`, "TAKEN code"},
		{"country without a locale", `createCountry(code: "AT", input: {defaultPriceList: "eur"})`, "REQUIRED input.locale"},
		{"country with no price list", `updateCountry(code: "PL", version: 1, input: {defaultPriceList: "none"})`, "NOT_FOUND input.defaultPriceList"},

		{"new VAT group", `createVatGroup(code: "pl-23", country: "PL", input: {name: "23 %", rate: 23, isDefault: true})`, ""},
		{"another", `createVatGroup(code: "pl-8", country: "PL", input: {name: "8 %", rate: 8, isDefault: true})`, ""},
		{"VAT above all", `updateVatGroup(code: "pl-8", version: 1, input: {rate: "100.01"})`, "INVALID input.rate"},
		{"VAT group of no country", `createVatGroup(code: "xx", country: "XX", input: {name: "x", rate: 1})`, "NOT_FOUND country"},

		{"new product type", `createProductType(code: "boots", input: {attributeTypes: ["depth", "colour"], vatGroups: ["pl-8"]})`, ""},
		{"two rates in a country", `updateProductType(code: "boots", version: 1, input: {vatGroups: ["pl-8", "pl-23"]})`, "INVALID input.vatGroups"},
		{"unknown attribute type", `updateProductType(code: "boots", version: 1, input: {attributeTypes: ["colour", "none"]})`, "NOT_FOUND input.attributeTypes.1"},
		{"product type in use", `deleteProductType(code: "headphones", version: 1)`, "IN_USE code"},
	})
	got := s.text(t, `query @inContext(language: "cs") {
		priceLists { code isDefault version } productTypes { code attributeTypes { code unit } vatGroups { code rate } }
		countries { code name vatGroups { code isDefault } } }`)
	for _, part := range []string{
		`{"code":"pln","isDefault":true,"version":2}`, `{"code":"czk","isDefault":false,"version":2}`,
		`{"code":"boots","attributeTypes":[{"code":"colour","unit":null},{"code":"depth","unit":null}],"vatGroups":[{"code":"pl-8","rate":"8"}]}`,
		`{"code":"PL","name":"Polsko","vatGroups":[{"code":"pl-8","isDefault":true},{"code":"pl-23","isDefault":false}]}`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("%s is not in %s", part, got)
		}
	}
}

// TestWhatIsDeletedComesBack deletes and restores an object of each kind, and compares every row of the catalogue.
func TestWhatIsDeletedComesBack(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	one := func(sql string) string {
		var key string
		if err := s.db.NewRaw(sql).Scan(t.Context(), &key); err != nil {
			t.Fatal(err)
		}
		return key
	}
	if _, err := s.db.Exec("INSERT INTO product_types (code) VALUES ('unused'); INSERT INTO price_lists (code, name, currency) VALUES ('b2b', 'B2B', 'EUR'); INSERT INTO product_prices (sku, price_list, amount) SELECT sku, 'b2b', 1 FROM product_variants"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec("INSERT INTO product_type_attribute_types SELECT (SELECT id FROM product_types WHERE code = 'unused'), id FROM attribute_types ON CONFLICT DO NOTHING"); err != nil {
		t.Fatal(err)
	}
	category := one("SELECT parent_id FROM categories WHERE parent_id IS NOT NULL LIMIT 1")
	attribute := one("SELECT id FROM attributes WHERE value = 'black' LIMIT 1")
	product := one("SELECT product_id FROM product_variants GROUP BY product_id HAVING count(*) > 1 LIMIT 1")
	deletions := map[string]string{
		models.KindProduct:        `deleteProduct(id: "` + models.GlobalID(models.KindProduct, product) + `", version: 1)`,
		models.KindProductVariant: `deleteProductVariant(sku: "` + one("SELECT sku FROM product_variants ORDER BY sku LIMIT 1") + `", version: 1)`,
		models.KindCategory:       `deleteCategory(id: "` + models.GlobalID(models.KindCategory, category) + `", version: 1)`,
		models.KindAttributeType:  `deleteAttributeType(code: "colour", version: 1)`,
		models.KindAttribute:      `deleteAttribute(id: "` + models.GlobalID(models.KindAttribute, attribute) + `", version: 1)`,
		models.KindProductType:    `deleteProductType(code: "unused", version: 1)`,
		models.KindPriceList:      `deletePriceList(code: "b2b", version: 1)`,
		models.KindCountry:        `deleteCountry(code: "CZ", version: 1)`,
		models.KindVatGroup:       `deleteVatGroup(code: "` + one("SELECT tg.vat_group FROM product_type_vat_groups AS tg JOIN vat_groups AS vg ON vg.code = tg.vat_group WHERE vg.country = 'SK' LIMIT 1") + `", version: 1)`,
	}
	for _, kind := range slices.Sorted(maps.Keys(deletions)) {
		before := s.rows(t)
		s.indexed(t)
		deleted := s.edit(t, `mutation { m: `+deletions[kind]+` { deletion { id kind key title } userErrors { field code } } }`, nil)
		if deleted.M.Deletion == nil || deleted.M.Deletion.Kind != kind || deleted.M.Deletion.Title == "" {
			t.Errorf("%s: %+v", kind, deleted.M)
			continue
		}
		if cmp.Equal(before, s.rows(t)) {
			t.Errorf("%s: nothing is gone", kind)
		}
		touched := len(s.indexed(t))
		if list := s.text2(t, `{ deletions(kind: "`+kind+`") { nodes { id } pageInfo { hasNextPage } } }`); !strings.Contains(list, deleted.M.Deletion.ID) {
			t.Errorf("%s is not among the deletions: %s", kind, list)
		}
		restore := `mutation { m: restore(deletionId: "` + deleted.M.Deletion.ID + `") { userErrors { field code } } }`
		if e := s.edit(t, restore, nil); e.problem() != "" {
			t.Errorf("%s: %s", kind, e.problem())
		}
		if diff := cmp.Diff(before, s.rows(t)); diff != "" {
			t.Errorf("%s came back otherwise (-before +after):\n%.2000s", kind, diff)
		}
		if again := len(s.indexed(t)); again != touched {
			t.Errorf("%s: %d products are to be indexed after deleting, %d after restoring", kind, touched, again)
		}
		if e := s.edit(t, restore, nil); e.problem() != "NOT_FOUND deletionId" {
			t.Errorf("%s restored twice: %q", kind, e.problem())
		}
	}
}

// text2 is text for a caller who may do everything.
func (s *shop) text2(t *testing.T, query string) string {
	t.Helper()
	var data json.RawMessage
	s.data(t, &data, query, nil, "Authorization", "Bearer "+s.token)
	return string(data)
}

// rows are all rows of the catalogue, without what grows with every change.
func (s *shop) rows(t *testing.T) map[string][]string {
	t.Helper()
	tables := []string{
		"price_lists", "countries", "vat_groups", "attribute_types", "attributes", "product_types", "product_type_attribute_types",
		"product_type_vat_groups", "categories", "category_translations", "products", "product_translations", "product_categories",
		"product_media", "product_variants", "product_variant_attributes", "product_prices",
	}
	rows := map[string][]string{}
	for _, table := range tables {
		var texts []string
		err := s.db.NewRaw("SELECT (to_jsonb(t) - '{version,index_version,updated_at}'::text[])::text AS row FROM "+table+" AS t ORDER BY row").Scan(t.Context(), &texts)
		if err != nil {
			t.Fatal(err)
		}
		rows[table] = texts
	}
	return rows
}

func TestRestoringFindsItsPlaceTaken(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const makeProduct = `mutation { m: createProduct(input: {translations: [{language: "cs", title: "Jedinečný"}]}) { product { id version } userErrors { field code } } }`
	remove := func(id string) string {
		e := s.edit(t, `mutation($id: ID!) { m: deleteProduct(id: $id, version: 1) { deletion { id } userErrors { field code } } }`, object{"id": id})
		if e.M.Deletion == nil {
			t.Fatalf("%+v", e.M)
		}
		return e.M.Deletion.ID
	}
	restore := func(id string) string {
		return s.edit(t, `mutation($id: ID!) { m: restore(deletionId: $id) { userErrors { field code } } }`, object{"id": id}).problem()
	}
	first := s.edit(t, makeProduct, nil).M.Product
	deletion := remove(first.ID)
	s.edit(t, makeProduct, nil)
	if got := restore(deletion); got != "TAKEN deletionId" {
		t.Errorf("a product with the slug of another: %q", got)
	}

	// A variant whose product is gone waits for the product.
	var demo struct{ Product editedProduct }
	s.data(t, &demo, `{ product(sku: "HAL-SWAY") { id version variants { sku } } }`, nil)
	e := s.edit(t, `mutation { m: deleteProductVariant(sku: "`+demo.Product.Variants[0].Sku+`", version: 1) { deletion { id } userErrors { field code } } }`, nil)
	product := remove(demo.Product.ID)
	if got := restore(e.M.Deletion.ID); got != "NOT_FOUND deletionId" {
		t.Errorf("a variant without its product: %q", got)
	}
	if got := restore(product) + restore(e.M.Deletion.ID); got != "" {
		t.Errorf("both in order: %q", got)
	}
	// Who has it open from before it was deleted has a stale version.
	if got := s.edit(t, updateProduct, object{"id": demo.Product.ID, "version": 1, "input": object{}}).problem(); got != "STALE_VERSION version" {
		t.Errorf("an edit of before: %q", got)
	}
}
