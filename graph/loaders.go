package graph

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/vikstrous/dataloadgen"

	"ecoseller/models"
	"ecoseller/store"
)

// loaderWait is how long a loader collects keys. Fields of one list ask within microseconds of each other.
const loaderWait = time.Millisecond

// Loaders join the reads that the fields of one operation ask for one by one. Each has a key for what is
// read; texts are read for a language, so that a page in two languages gets each in its own.
type Loaders struct {
	Variants          *dataloadgen.Loader[LocalKey[uuid.UUID], []*models.ProductVariant]
	Attributes        *dataloadgen.Loader[LocalKey[string], []*models.Attribute]
	ProductTypes      *dataloadgen.Loader[LocalKey[uuid.UUID], *models.ProductType]
	ProductCategories *dataloadgen.Loader[LocalKey[uuid.UUID], []*models.Category]
	Categories        *dataloadgen.Loader[LocalKey[uuid.UUID], *models.Category]
	CategoryChildren  *dataloadgen.Loader[LocalKey[uuid.UUID], []*models.Category]
	Media             *dataloadgen.Loader[uuid.UUID, []*models.ProductMedia]
	Markets           *dataloadgen.Loader[models.CountryCode, *models.Market]
	Prices            *dataloadgen.Loader[PriceKey, *models.ProductPrice]
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

// NewLoaders returns loaders for one operation.
func NewLoaders(s *store.Store, languages models.Languages) *Loaders {
	return &Loaders{
		Variants: newLoader(byLanguage(languages, func(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID][]*models.ProductVariant, error) {
			variants, err := s.ProductVariantsByProductIDs(ctx, ids)
			for _, ofProduct := range variants {
				for _, v := range ofProduct {
					v.Chain = chain
				}
			}
			return variants, err
		})),
		Attributes: newLoader(byLanguage(languages, func(ctx context.Context, skus []string, chain []models.LanguageCode) (map[string][]*models.Attribute, error) {
			attributes, err := s.AttributesBySKUs(ctx, skus)
			for _, ofVariant := range attributes {
				for _, a := range ofVariant {
					a.Chain, a.Type.Chain = chain, chain
				}
			}
			return attributes, err
		})),
		ProductTypes: newLoader(byLanguage(languages, func(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID]*models.ProductType, error) {
			types, err := s.ProductTypesByIDs(ctx, ids)
			for _, t := range types {
				t.Chain = chain
			}
			return keyBy(types, func(t *models.ProductType) uuid.UUID { return t.ID }), err
		})),
		ProductCategories: newLoader(byLanguage(languages, s.CategoriesByProductIDs)),
		CategoryChildren:  newLoader(byLanguage(languages, s.CategoryChildrenByParentIDs)),
		Categories: newLoader(byLanguage(languages, func(ctx context.Context, ids []uuid.UUID, chain []models.LanguageCode) (map[uuid.UUID]*models.Category, error) {
			categories, err := s.CategoriesByIDs(ctx, ids, chain)
			return keyBy(categories, func(c *models.Category) uuid.UUID { return c.ID }), err
		})),
		Media:   newLoader(s.ProductMediaByProductIDs),
		Markets: newLoader(s.MarketsByCountries),
		Prices:  newLoader(pricesByKeys(s)),
	}
}

// newLoader makes a loader out of a batch read. A key that the read does not return has the zero value:
// an empty list, or nil.
func newLoader[K comparable, V any](fetch func(context.Context, []K) (map[K]V, error)) *dataloadgen.Loader[K, V] {
	return dataloadgen.NewMappedLoader(func(ctx context.Context, keys []K) (map[K]V, error) {
		found, err := fetch(ctx, keys)
		if err != nil {
			return nil, err
		}
		all := make(map[K]V, len(keys))
		for _, key := range keys {
			all[key] = found[key]
		}
		return all, nil
	}, dataloadgen.WithWait(loaderWait))
}

// byLanguage runs a read once for each language among the keys, which is once in nearly all operations.
func byLanguage[K comparable, V any](languages models.Languages, fetch func(context.Context, []K, []models.LanguageCode) (map[K]V, error)) func(context.Context, []LocalKey[K]) (map[LocalKey[K]]V, error) {
	return func(ctx context.Context, keys []LocalKey[K]) (map[LocalKey[K]]V, error) {
		byLanguage := map[models.LanguageCode][]K{}
		for _, key := range keys {
			byLanguage[key.Language] = append(byLanguage[key.Language], key.Key)
		}
		all := make(map[LocalKey[K]]V, len(keys))
		for language, ofLanguage := range byLanguage {
			found, err := fetch(ctx, ofLanguage, languages.Chain(language))
			if err != nil {
				return nil, err
			}
			for key, value := range found {
				all[LocalKey[K]{key, language}] = value
			}
		}
		return all, nil
	}
}

func pricesByKeys(s *store.Store) func(context.Context, []PriceKey) (map[PriceKey]*models.ProductPrice, error) {
	return func(ctx context.Context, keys []PriceKey) (map[PriceKey]*models.ProductPrice, error) {
		skus, lists := make([]string, len(keys)), make([]string, len(keys))
		for i, key := range keys {
			skus[i], lists[i] = key.SKU, key.PriceList
		}
		prices, err := s.ProductPrices(ctx, skus, lists)
		return keyBy(prices, func(p *models.ProductPrice) PriceKey { return PriceKey{p.SKU, p.PriceListCode} }), err
	}
}

func keyBy[K comparable, V any](rows []V, key func(V) K) map[K]V {
	keyed := make(map[K]V, len(rows))
	for _, row := range rows {
		keyed[key(row)] = row
	}
	return keyed
}
