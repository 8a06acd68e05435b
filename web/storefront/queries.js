// Everything this page asks the API for.

const card = `
fragment Card on Product {
  id title slug language brand shortDescription
  media { url(width: 480) srcset }
  productType { code }
  categories { code }
  variants { sku stockQuantity price { discountPercent } }
  priceRange { lowestGross { formatted } highestGross { formatted } lowestNet { formatted } }
}`

const attributeFacet = `
fragment Facet on AttributeFacet {
  type { code name valueType unit }
  values { productCount attribute { value name } }
  min max
}`

/** What the frame of the page needs. */
export const shop = `
query Shop($language: LanguageCode) @inContext(language: $language) {
  countries { code name defaultPriceList { currency } }
  priceLists { currency isDefault }
  categories { id code title slug children { code title slug } }
}`

export const home = `
query Home($language: LanguageCode, $country: CountryCode) @inContext(language: $language, country: $country) {
  products(first: 8) { nodes { ...Card } }
}${card}`

export const suggestions = `
query Suggestions($query: String!, $language: LanguageCode, $country: CountryCode) @inContext(language: $language, country: $country) {
  searchSuggestions(query: $query, first: 8) {
    nodes {
      type text highlighted
      product { slug priceRange { lowestGross { formatted } } }
      category { slug path { title } }
    }
  }
}`

export const search = `
query Search($query: String!, $language: LanguageCode, $country: CountryCode, $filter: ProductFilter, $sort: ProductSearchSort, $first: Int!, $after: String)
@inContext(language: $language, country: $country) {
  result: searchProducts(query: $query, filter: $filter, sort: $sort, first: $first, after: $after) {
    totalCount degraded correctedQuery relaxed searchId
    pageInfo { hasNextPage endCursor }
    edges { highlight { title } node { ...Card } }
    facets {
      attributes { ...Facet }
      brands { brand productCount }
      categories { ...CategoryCount children { ...CategoryCount children { ...CategoryCount } } }
      price { priceList min max buckets { from to productCount } }
      inStockCount outOfStockCount
    }
  }
}
fragment CategoryCount on CategoryFacetValue { productCount category { id title } }
${card}${attributeFacet}`

export const category = `
query Category($id: ID, $slug: String, $language: LanguageCode, $country: CountryCode, $filter: ProductFilter, $sort: ProductSort, $first: Int!, $after: String)
@inContext(language: $language, country: $country) {
  category(id: $id, slug: $slug) {
    id title description language
    path { title slug }
    children { code title slug }
  }
  result: products(filter: $filter, sort: $sort, first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges { node { ...Card } }
    facets { ...Facet }
  }
}${card}${attributeFacet}`

export const product = `
query Product($id: ID, $slug: String, $language: LanguageCode, $country: CountryCode) @inContext(language: $language, country: $country) {
  product(id: $id, slug: $slug) {
    id title slug language brand shortDescription description
    media { url(width: 960) srcset width height }
    productType { code }
    categories { code path { title slug } }
    variants {
      sku ean stockQuantity
      attributes { value name type { code name valueType unit } }
      price { discountPercent vatRate net { formatted } gross { formatted } grossBeforeDiscount { formatted } }
    }
  }
}`

/** The slug of something in another language, for the switch of languages. */
export const productSlug = 'query ProductSlug($id: ID, $language: LanguageCode) { found: product(id: $id, language: $language) { slug } }'
export const categorySlug = 'query CategorySlug($id: ID, $language: LanguageCode) { found: category(id: $id, language: $language) { slug } }'

/** The id behind a slug of another language: where a translation is missing, links have the slug of the text that stands in. */
export const productOfSlug = 'query ProductOfSlug($slug: String, $language: LanguageCode) { found: product(slug: $slug, language: $language) { id } }'
export const categoryOfSlug = 'query CategoryOfSlug($slug: String, $language: LanguageCode) { found: category(slug: $slug, language: $language) { id } }'

export const recordClick = `
mutation RecordClick($searchId: ID!, $productId: ID!, $position: Int!) {
  recordSearchClick(searchId: $searchId, productId: $productId, position: $position) { userErrors { message } }
}`
