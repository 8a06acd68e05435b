// A place is what the address says: the page, the language, the country, and what a list is narrowed by. Everything
// the page shows follows from it, so that addresses can be shared and the back button works.

const root = '/demo/'

/** How many products a list shows at first, and how many more each time. */
export const pageSize = 24

/** A filter that narrows nothing. */
export const noFilter = () => ({ brands: [], categories: [], attributes: {}, ranges: {}, min: '', max: '', inStock: false })

/** Reads an address. A place without a language has `language` undefined. */
export function readPlace(url, languages, defaultCountry) {
  const [language, page = 'home', slug = ''] = url.pathname.slice(root.length).split('/').filter(Boolean).map(decode)
  const place = {
    language: languages.includes(language) ? language : undefined,
    country: (url.searchParams.get('country') ?? defaultCountry).toUpperCase(),
    page: ['home', 'search', 'category', 'product'].includes(page) ? page : 'missing',
    slug, query: (url.searchParams.get('q') ?? '').trim(), sku: url.searchParams.get('sku') ?? '',
    sort: url.searchParams.get('sort') ?? '', shown: Math.max(pageSize, Number(url.searchParams.get('shown')) || 0),
    filter: readFilter(url.searchParams),
  }
  if (language && !place.language) place.page = 'missing'
  return place
}

// A broken address is shown as a page that is not there.
function decode(part) {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function readFilter(parameters) {
  const filter = noFilter()
  filter.brands = parameters.getAll('brand')
  filter.categories = parameters.getAll('category')
  filter.inStock = parameters.get('stock') === '1'
  filter.min = decimal(parameters.get('min'))
  filter.max = decimal(parameters.get('max'))
  for (const [name, value] of parameters) {
    const [, code, bound] = /^a\.([^.]+)(?:\.(min|max))?$/.exec(name) ?? []
    if (!code) continue
    if (!bound) (filter.attributes[code] ??= []).push(value)
    else if (decimal(value)) (filter.ranges[code] ??= {})[bound] = decimal(value)
  }
  return filter
}

function decimal(text) {
  return /^-?\d+(\.\d+)?$/.test(text ?? '') ? text : ''
}

/** Writes a place as an address; what is as always stays out of it. */
export function addressOf(place, defaultCountry) {
  const parts = [place.language, ...(place.page === 'home' ? [] : [place.page]), ...(place.slug ? [place.slug] : [])]
  const parameters = new URLSearchParams()
  const put = (name, value) => { if (value) parameters.append(name, value) }
  put('q', place.page === 'search' ? place.query : '')
  put('sku', place.sku)
  writeFilter(place.filter ?? noFilter(), put)
  put('sort', place.sort)
  put('shown', place.shown > pageSize ? String(place.shown) : '')
  put('country', place.country === defaultCountry ? '' : place.country)
  const query = parameters.toString()
  return root + parts.map(encodeURIComponent).join('/') + (place.page === 'home' ? '/' : '') + (query ? '?' + query : '')
}

function writeFilter(filter, put) {
  filter.categories.forEach(id => put('category', id))
  filter.brands.forEach(brand => put('brand', brand))
  put('stock', filter.inStock ? '1' : '')
  put('min', filter.min)
  put('max', filter.max)
  for (const [code, values] of Object.entries(filter.attributes)) values.forEach(value => put('a.' + code, value))
  for (const [code, { min, max }] of Object.entries(filter.ranges)) {
    put(`a.${code}.min`, min)
    put(`a.${code}.max`, max)
  }
}

/** The filter as the API takes it. */
export function productFilter(filter) {
  const attributes = Object.entries(filter.attributes).filter(([, values]) => values.length).map(([type, values]) => ({ type, values }))
  for (const [type, range] of Object.entries(filter.ranges)) {
    if (range.min || range.max) attributes.push({ type, min: range.min || undefined, max: range.max || undefined })
  }
  return {
    brands: filter.brands.length ? filter.brands : undefined,
    categoryIds: filter.categories.length ? filter.categories : undefined,
    inStock: filter.inStock || undefined,
    price: filter.min || filter.max ? { min: filter.min || undefined, max: filter.max || undefined } : undefined,
    attributes: attributes.length ? attributes : undefined,
  }
}

const sorts = {
  price: { key: 'PRICE', direction: 'ASC' }, '-price': { key: 'PRICE', direction: 'DESC' },
  title: { key: 'TITLE', direction: 'ASC' }, newest: { key: 'CREATED_AT', direction: 'DESC' },
}

/** The names of the orders that lists know besides their own. */
export const sortNames = Object.keys(sorts)

/** The order as the API takes it; undefined for the list's own. */
export const productSort = name => sorts[name]
