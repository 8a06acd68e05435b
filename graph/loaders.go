package graph

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/store"
)

// Loaders join the reads of one operation's fields. Texts are read for a language, so that an operation in
// two languages gets each in its own.
//
// Whoever returns a list of products or categories tells ExpectProducts or ExpectCategories; what hangs on
// them is then read for the whole list at once.
type Loaders struct {
	Variants          *Loader[LocalKey[uuid.UUID], []*models.ProductVariant]
	Attributes        *Loader[LocalKey[string], []*models.Attribute]
	ProductTypes      *Loader[LocalKey[uuid.UUID], *models.ProductType]
	ProductCategories *Loader[LocalKey[uuid.UUID], []*models.Category]
	Categories        *Loader[LocalKey[uuid.UUID], *models.Category]
	CategoryChildren  *Loader[LocalKey[uuid.UUID], []*models.Category]
	CategoryPaths     *Loader[LocalKey[uuid.UUID], []*models.Category]
	Media             *Loader[uuid.UUID, []*models.ProductMedia]
	// What hangs on product types and attribute types.
	TypeAttributeTypes *Loader[LocalKey[uuid.UUID], []*models.AttributeType]
	TypeVatGroups      *Loader[LocalKey[uuid.UUID], []*models.VatGroup]
	TypeAttributes     *Loader[LocalKey[uuid.UUID], []*models.Attribute]
	PriceRanges        *Loader[PriceRangeKey, *models.ProductPriceRange]
	// Products are those that ExpectSuggested was told of.
	Products *Loader[LocalKey[uuid.UUID], *models.Product]

	EmailEvents      *Loader[uuid.UUID, []*models.EmailEvent]
	EmailAttachments *Loader[uuid.UUID, []*models.EmailAttachment]

	Markets *Loader[models.CountryCode, *models.Market]
	Prices  *Loader[PriceKey, *models.ProductPrice]

	suggested      groups[LocalKey[uuid.UUID]]
	products       groups[LocalKey[uuid.UUID]]
	productIDs     groups[uuid.UUID]
	productTypes   groups[LocalKey[uuid.UUID]]
	variants       groups[LocalKey[string]]
	skus           groups[string]
	attributeTypes groups[LocalKey[uuid.UUID]]
	categories     groups[LocalKey[uuid.UUID]]
	parents        groups[LocalKey[uuid.UUID]]
	emails         groups[uuid.UUID]
}

// LocalKey is a key and the language its texts are wanted in.
type LocalKey[K comparable] struct {
	Key      K
	Language models.LanguageCode
}

// Local makes the key for a reader with the chain.
func Local[K comparable](key K, chain []models.LanguageCode) LocalKey[K] {
	return LocalKey[K]{Key: key, Language: chain[0]}
}

// PriceKey is a variant's price in a price list.
type PriceKey struct{ SKU, PriceList string }

// PriceRangeKey is what a product costs in a price list.
type PriceRangeKey struct {
	ProductID uuid.UUID
	PriceList string
}

// NewLoaders returns the loaders of one operation.
func NewLoaders(s *store.Store, catalogue Catalogue, languages models.Languages) *Loaders {
	l := &Loaders{}
	l.Variants = NewLoader(l.products.siblings, byLanguage(languages, l.fetchVariants(s)))
	l.Attributes = NewLoader(l.variants.siblings, byLanguage(languages, l.fetchAttributes(s)))
	l.ProductTypes = NewLoader(l.productTypes.siblings, byLanguage(languages, fetchProductTypes(s)))
	l.ProductCategories = NewLoader(l.products.siblings, byLanguage(languages, l.fetchCategories(s.CategoriesByProductIDs)))
	l.Categories = NewLoader(l.parents.siblings, byLanguage(languages, l.fetchParents(s)))
	l.CategoryChildren = NewLoader(l.categories.siblings, byLanguage(languages, l.fetchCategories(s.CategoryChildrenByParentIDs)))
	l.CategoryPaths = NewLoader(l.categories.siblings, byLanguage(languages, l.fetchCategories(s.CategoryPathsByIDs)))
	l.Products = NewLoader(l.suggested.siblings, byLanguage(languages, l.fetchProducts(s)))
	l.Media = NewLoader(l.productIDs.siblings, s.ProductMediaByProductIDs)
	l.TypeAttributeTypes = NewLoader(l.productTypes.siblings, byLanguage(languages, l.fetchTypeAttributeTypes(s)))
	l.TypeVatGroups = NewLoader(l.productTypes.siblings, byLanguage(languages, fetchTypeVatGroups(s)))
	l.TypeAttributes = NewLoader(l.attributeTypes.siblings, byLanguage(languages, fetchTypeAttributes(s)))
	l.EmailEvents = NewLoader(l.emails.siblings, s.EmailEvents)
	l.EmailAttachments = NewLoader(l.emails.siblings, s.EmailAttachmentNames)
	l.Markets = NewLoader(func(models.CountryCode) []models.CountryCode { return nil }, catalogue.MarketsByCountries)
	l.Prices = NewLoader(l.priceSiblings, fetchPrices(s))
	l.PriceRanges = NewLoader(l.priceRangeSiblings, fetchPriceRanges(s))
	return l
}

// ExpectProducts says that the products came in one list.
func (l *Loaders) ExpectProducts(products []*models.Product) {
	var local, types []LocalKey[uuid.UUID]
	var ids []uuid.UUID
	for _, p := range products {
		local, ids = append(local, Local(p.ID, p.Chain)), append(ids, p.ID)
		if p.ProductTypeID != nil {
			types = append(types, Local(*p.ProductTypeID, p.Chain))
		}
	}
	l.products.add(local)
	l.productIDs.add(ids)
	l.productTypes.add(types)
}

// KnowProducts says that the products came in one list, with these parts.
func (l *Loaders) KnowProducts(products []*store.ProductWithParts, parts store.ProductParts) {
	plain := make([]*models.Product, len(products))
	for i, p := range products {
		plain[i] = &p.Product
	}
	l.ExpectProducts(plain)
	if parts.Variants || parts.Attributes || parts.Prices {
		l.knowVariants(products, parts)
	}
	if parts.PriceRange {
		know(l.PriceRanges, products, func(p *store.ProductWithParts) (PriceRangeKey, *models.ProductPriceRange) {
			return PriceRangeKey{p.ID, parts.PriceList}, p.PriceRange
		})
	}
	if parts.Media {
		know(l.Media, products, func(p *store.ProductWithParts) (uuid.UUID, []*models.ProductMedia) { return p.ID, p.Media })
	}
	if parts.Categories {
		know(l.ProductCategories, products, func(p *store.ProductWithParts) (LocalKey[uuid.UUID], []*models.Category) {
			return Local(p.ID, p.Chain), p.Categories
		})
		var all []*models.Category
		for _, p := range products {
			all = append(all, p.Categories...)
		}
		l.ExpectCategories(all)
	}
	if parts.ProductType {
		types := map[LocalKey[uuid.UUID]]*models.ProductType{}
		for _, p := range products {
			if p.ProductType != nil {
				types[Local(p.ProductType.ID, p.Chain)] = p.ProductType
			}
		}
		l.ProductTypes.Know(types)
	}
}

func (l *Loaders) knowVariants(products []*store.ProductWithParts, parts store.ProductParts) {
	var variants []*store.VariantWithParts
	var local []LocalKey[string]
	var skus []string
	var types []*models.AttributeType
	for _, p := range products {
		for _, v := range p.Variants {
			variants, local, skus = append(variants, v), append(local, Local(v.SKU, v.Chain)), append(skus, v.SKU)
			for _, a := range v.Attributes {
				types = append(types, a.Type)
			}
		}
	}
	l.variants.add(local)
	l.skus.add(skus)
	l.ExpectAttributeTypes(types)
	know(l.Variants, products, func(p *store.ProductWithParts) (LocalKey[uuid.UUID], []*models.ProductVariant) {
		plain := make([]*models.ProductVariant, len(p.Variants))
		for i, v := range p.Variants {
			plain[i] = &v.ProductVariant
		}
		return Local(p.ID, p.Chain), plain
	})
	if parts.Attributes {
		know(l.Attributes, variants, func(v *store.VariantWithParts) (LocalKey[string], []*models.Attribute) {
			return Local(v.SKU, v.Chain), v.Attributes
		})
	}
	if parts.Prices {
		know(l.Prices, variants, func(v *store.VariantWithParts) (PriceKey, *models.ProductPrice) {
			return PriceKey{v.SKU, parts.PriceList}, v.Price
		})
	}
}

// know tells a loader the value of each row.
func know[R any, K comparable, V any](loader *Loader[K, V], rows []R, entry func(R) (K, V)) {
	values := make(map[K]V, len(rows))
	for _, row := range rows {
		key, value := entry(row)
		values[key] = value
	}
	loader.Know(values)
}

// ExpectCategories says that the categories came in one list, or in lists that came together.
func (l *Loaders) ExpectCategories(categories []*models.Category) {
	var local, parents []LocalKey[uuid.UUID]
	for _, c := range categories {
		local = append(local, Local(c.ID, c.Chain))
		if c.ParentID != nil {
			parents = append(parents, Local(*c.ParentID, c.Chain))
		}
	}
	l.categories.add(local)
	l.parents.add(parents)
}

// ExpectSuggested says that the products and the categories with these ids came in one list of suggestions.
func (l *Loaders) ExpectSuggested(productIDs, categoryIDs []uuid.UUID, chain []models.LanguageCode) {
	products, categories := make([]LocalKey[uuid.UUID], len(productIDs)), make([]LocalKey[uuid.UUID], len(categoryIDs))
	for i, id := range productIDs {
		products[i] = Local(id, chain)
	}
	for i, id := range categoryIDs {
		categories[i] = Local(id, chain)
	}
	l.suggested.add(products)
	l.categories.add(categories)
}

// ExpectEmails says that the mails came in one list.
func (l *Loaders) ExpectEmails(emails []*models.EmailMessage) {
	ids := make([]uuid.UUID, len(emails))
	for i, m := range emails {
		ids[i] = m.ID
	}
	l.emails.add(ids)
}

// ExpectProductTypes says that the product types came in one list.
func (l *Loaders) ExpectProductTypes(types []*models.ProductType) {
	local := make([]LocalKey[uuid.UUID], len(types))
	for i, t := range types {
		local[i] = Local(t.ID, t.Chain)
	}
	l.productTypes.add(local)
}

// ExpectAttributeTypes says that the attribute types came in one list, or in lists that came together.
func (l *Loaders) ExpectAttributeTypes(types []*models.AttributeType) {
	local := make([]LocalKey[uuid.UUID], len(types))
	for i, t := range types {
		local[i] = Local(t.ID, t.Chain)
	}
	l.attributeTypes.add(local)
}

// fetchOf is a batch read of texts in a chain of languages.
type fetchOf[K comparable, V any] func(ctx context.Context, keys []K, chain []models.LanguageCode) (map[K]V, error)

func (l *Loaders) fetchVariants(s *store.Store) fetchOf[uuid.UUID, []*models.ProductVariant] {
	return func(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID][]*models.ProductVariant, error) {
		variants, err := s.ProductVariantsByProductIDs(ctx, ids)
		var local []LocalKey[string]
		var skus []string
		for _, ofProduct := range variants {
			for _, v := range ofProduct {
				v.Chain = chain
				local, skus = append(local, Local(v.SKU, chain)), append(skus, v.SKU)
			}
		}
		l.variants.add(local)
		l.skus.add(skus)
		return variants, err
	}
}

func (l *Loaders) fetchAttributes(s *store.Store) fetchOf[string, []*models.Attribute] {
	return func(ctx context.Context, skus []string, chain []models.LanguageCode) (map[string][]*models.Attribute, error) {
		attributes, err := s.AttributesBySKUs(ctx, skus)
		var types []*models.AttributeType
		for _, ofVariant := range attributes {
			for _, a := range ofVariant {
				a.Chain, a.Type.Chain = chain, chain
				types = append(types, a.Type)
			}
		}
		l.ExpectAttributeTypes(types)
		return attributes, err
	}
}

func fetchProductTypes(s *store.Store) fetchOf[uuid.UUID, *models.ProductType] {
	return func(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID]*models.ProductType, error) {
		types, err := s.ProductTypesByIDs(ctx, ids)
		for _, t := range types {
			t.Chain = chain
		}
		return keyBy(types, func(t *models.ProductType) uuid.UUID { return t.ID }), err
	}
}

func (l *Loaders) fetchTypeAttributeTypes(s *store.Store) fetchOf[uuid.UUID, []*models.AttributeType] {
	return func(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID][]*models.AttributeType, error) {
		types, err := s.AttributeTypesByProductTypeIDs(ctx, ids)
		var all []*models.AttributeType
		for _, ofType := range types {
			for _, t := range ofType {
				t.Chain = chain
			}
			all = append(all, ofType...)
		}
		l.ExpectAttributeTypes(all)
		return types, err
	}
}

func fetchTypeVatGroups(s *store.Store) fetchOf[uuid.UUID, []*models.VatGroup] {
	return func(ctx context.Context, ids []uuid.UUID, _ []models.LanguageCode) (map[uuid.UUID][]*models.VatGroup, error) {
		return s.VatGroupsByProductTypeIDs(ctx, ids)
	}
}

func fetchTypeAttributes(s *store.Store) fetchOf[uuid.UUID, []*models.Attribute] {
	return func(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID][]*models.Attribute, error) {
		attributes, err := s.AttributesByTypeIDs(ctx, ids)
		for _, ofType := range attributes {
			for _, a := range ofType {
				a.Chain, a.Type.Chain = chain, chain
			}
		}
		return attributes, err
	}
}

// fetchCategories reads lists of categories, and expects all of these lists together.
func (l *Loaders) fetchCategories(read fetchOf[uuid.UUID, []*models.Category]) fetchOf[uuid.UUID, []*models.Category] {
	return func(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID][]*models.Category, error) {
		lists, err := read(ctx, ids, chain)
		var all []*models.Category
		for _, list := range lists {
			all = append(all, list...)
		}
		l.ExpectCategories(all)
		return lists, err
	}
}

func (l *Loaders) fetchProducts(s *store.Store) fetchOf[uuid.UUID, *models.Product] {
	return func(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID]*models.Product, error) {
		products, err := s.ProductsByIDs(ctx, ids, chain)
		l.ExpectProducts(products)
		return keyBy(products, func(p *models.Product) uuid.UUID { return p.ID }), err
	}
}

func (l *Loaders) fetchParents(s *store.Store) fetchOf[uuid.UUID, *models.Category] {
	return func(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID]*models.Category, error) {
		categories, err := s.CategoriesByIDs(ctx, ids, chain)
		l.ExpectCategories(categories)
		return keyBy(categories, func(c *models.Category) uuid.UUID { return c.ID }), err
	}
}

// priceSiblings are the prices of the variant's siblings in the same list.
func (l *Loaders) priceSiblings(key PriceKey) []PriceKey {
	var siblings []PriceKey
	for _, sku := range l.skus.siblings(key.SKU) {
		siblings = append(siblings, PriceKey{sku, key.PriceList})
	}
	return siblings
}

func fetchPrices(s *store.Store) func(context.Context, []PriceKey) (map[PriceKey]*models.ProductPrice, error) {
	return func(ctx context.Context, keys []PriceKey) (map[PriceKey]*models.ProductPrice, error) {
		skus := make([]string, len(keys))
		for i, key := range keys {
			skus[i] = key.SKU
		}
		// The keys of a batch are siblings, and so of one list.
		prices, err := s.ProductPrices(ctx, skus, []string{keys[0].PriceList})
		return keyBy(prices, func(p *models.ProductPrice) PriceKey { return PriceKey{p.SKU, p.PriceListCode} }), err
	}
}

// priceRangeSiblings are the price ranges of the product's siblings in the same list.
func (l *Loaders) priceRangeSiblings(key PriceRangeKey) []PriceRangeKey {
	var siblings []PriceRangeKey
	for _, id := range l.productIDs.siblings(key.ProductID) {
		siblings = append(siblings, PriceRangeKey{id, key.PriceList})
	}
	return siblings
}

func fetchPriceRanges(s *store.Store) func(context.Context, []PriceRangeKey) (map[PriceRangeKey]*models.ProductPriceRange, error) {
	return func(ctx context.Context, keys []PriceRangeKey) (map[PriceRangeKey]*models.ProductPriceRange, error) {
		ids := make([]uuid.UUID, len(keys))
		for i, key := range keys {
			ids[i] = key.ProductID
		}
		// The keys of a batch are siblings, and so of one list.
		ranges, err := s.ProductPriceRanges(ctx, ids, keys[0].PriceList)
		return keyBy(ranges, func(r *models.ProductPriceRange) PriceRangeKey { return PriceRangeKey{r.ProductID, r.PriceListCode} }), err
	}
}

// byLanguage adapts a read of texts to keys with a language; the keys of a batch have the same.
func byLanguage[K comparable, V any](languages models.Languages, fetch fetchOf[K, V]) func(context.Context, []LocalKey[K]) (map[LocalKey[K]]V, error) {
	return func(ctx context.Context, keys []LocalKey[K]) (map[LocalKey[K]]V, error) {
		language := keys[0].Language
		plain := make([]K, len(keys))
		for i, key := range keys {
			plain[i] = key.Key
		}
		found, err := fetch(ctx, plain, languages.Chain(language))
		if err != nil {
			return nil, err
		}
		local := make(map[LocalKey[K]]V, len(found))
		for key, value := range found {
			local[LocalKey[K]{key, language}] = value
		}
		return local, nil
	}
}

func keyBy[K comparable, V any](rows []V, key func(V) K) map[K]V {
	keyed := make(map[K]V, len(rows))
	for _, row := range rows {
		keyed[key(row)] = row
	}
	return keyed
}
