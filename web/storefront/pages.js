// What the pages look like: each function makes the content of <main> from an answer of the API.

import { drawing, picture, productDrawing } from './drawings.js'
import { h, marked, plainText } from './elements.js'
import { countFilters, facetForm, filterChips, typeName, valueName } from './facets.js'
import { sortNames } from './place.js'
import { languageName } from './words.js'

/** The first page: categories and what is new. */
export function homePage({ say, href, place }, shop, answer) {
  const tiles = shop.categories.map(category => h('li', null, h('a', { class: 'tile', href: href({ page: 'category', slug: category.slug }) },
    drawing([category.code], category.code), h('span', null, category.title))))
  return [
    h('section', { class: 'welcome' }, heading(say('welcome')), h('p', null, say('welcomeText'))),
    tiles.length > 0 && h('section', { 'aria-label': say('categories') }, h('ul', { class: 'tiles' }, tiles)),
    h('section', { 'aria-labelledby': 'newest' }, h('h2', { id: 'newest' }, say('newest')), cards({ say, href, place }, answer.products.nodes.map(node => ({ node })))),
  ]
}

/** Results of a search. */
export function searchPage(context, answer) {
  const { say, href, place } = context
  const { result } = answer
  const notes = []
  if (result.correctedQuery && result.totalCount > 0) {
    notes.push(h('p', { class: 'note', id: 'corrected' }, say('corrected', place.query), ' ', h('a', { href: href({ page: 'search', query: result.correctedQuery }) }, result.correctedQuery)))
  }
  if (result.relaxed) notes.push(h('p', { class: 'note', id: 'relaxed' }, say('relaxed')))
  if (result.degraded) notes.push(h('p', { class: 'note' }, say('degraded')))
  return [heading(say('resultsFor', place.query)), ...notes, list(context, result, result.facets, 'best')]
}

/** The products of a category. */
export function categoryPage(context, answer) {
  const { say, href, place } = context
  const { category, result } = answer
  const children = category.children.map(child => h('li', null, h('a', { href: href({ page: 'category', slug: child.slug }) }, child.title)))
  return [
    breadcrumbs(context, category.path.slice(0, -1)), heading(category.title, category.language, place.language),
    category.description && h('p', { class: 'lead' }, plainText(category.description)),
    children.length > 0 && h('nav', { 'aria-label': category.title, class: 'below' }, h('ul', null, children)),
    list(context, result, { attributes: widespreadFirst(result.facets) }, 'byNewest'),
  ]
}

// Lists of products have their facets in the order of codes, searches in this one.
function widespreadFirst(facets) {
  const products = ({ values }) => values.reduce((sum, { productCount }) => sum + productCount, 0)
  return facets.toSorted((a, b) => products(b) - products(a))
}

/** One product with its variants. */
export function productPage(context, product) {
  const { say, href, place } = context
  const foreign = product.language && product.language !== place.language
  const language = foreign ? product.language : null
  const buying = h('div', { class: 'buying' })
  const choose = variant => buying.replaceChildren(...variantDetails(context, variant))
  const chosen = product.variants.find(({ sku }) => sku === place.sku) ?? product.variants.find(({ stockQuantity }) => stockQuantity > 0) ?? product.variants[0]
  if (chosen) choose(chosen)
  const path = product.categories[0]?.path ?? []
  return [
    breadcrumbs(context, path),
    h('article', { class: 'product' },
      gallery(context, product),
      h('div', { class: 'facts' },
        product.brand && h('p', { class: 'brand' }, h('a', { href: href({ page: 'search', query: product.brand }) }, product.brand)),
        heading(product.title ?? '', product.language, place.language),
        foreign && h('p', { class: 'note' }, say('onlyIn', languageName(product.language))),
        product.shortDescription && h('p', { class: 'lead', lang: language }, plainText(product.shortDescription)),
        product.variants.length > 1 && variantChoice(context, product, chosen, choose),
        buying),
      product.description && h('p', { class: 'description', lang: language }, plainText(product.description))),
  ]
}

/** A page that is not there, or a shop that does not answer. */
export function sorryPage(title, hint, action) {
  return [heading(title), hint && h('p', null, hint), action]
}

// The heading takes the focus when a page is opened, so that screen readers begin there.
function heading(text, language, shown) {
  return h('h1', { id: 'title', tabindex: '-1', lang: language && language !== shown ? language : null }, text)
}

function breadcrumbs({ say, href }, path) {
  const links = path.map(({ title, slug }) => h('li', null, h('a', { href: href({ page: 'category', slug }) }, title)))
  return h('nav', { class: 'breadcrumbs', 'aria-label': say('breadcrumbs') }, h('ol', null, h('li', null, h('a', { href: href({ page: 'home' }) }, say('home'))), links))
}

function list(context, result, facets, ownOrder) {
  const { say, place, currency, names, changeFilter, showMore } = context
  const shared = { filter: place.filter, say, names, currency, change: changeFilter }
  const form = facetForm({ ...shared, facets })
  const count = countFilters(place.filter)
  const filters = h('details', { class: 'filters', open: matchMedia('(min-width: 60rem)').matches || context.filtersOpen },
    h('summary', null, say('filters'), count > 0 && ` (${count})`), form)
  const found = h('section', { class: 'results', 'aria-labelledby': 'count' },
    h('div', { class: 'bar' }, h('h2', { id: 'count' }, say('products', undefined, result.totalCount)), sortChoice(context, ownOrder)),
    filterChips(shared),
    result.totalCount === 0
      ? h('div', { class: 'empty' }, h('p', null, h('strong', null, say('nothing'))), h('p', null, say('nothingHint')))
      : cards(context, result.edges),
    result.pageInfo.hasNextPage && h('p', { class: 'further' },
      h('button', { type: 'button', id: 'more', click: showMore }, say('more')),
      h('span', null, say('shownOf', String(result.edges.length), result.totalCount))))
  return h('div', { class: 'list' }, filters, found)
}

function sortChoice({ say, place, changeSort }, ownOrder) {
  const label = { price: 'byPrice', '-price': 'byPriceDown', title: 'byTitle', newest: 'byNewest' }
  const names = ['', ...sortNames.filter(name => label[name] !== ownOrder)]
  return h('label', { class: 'sort' }, say('sort') + ' ', h('select', { id: 'sort', change: event => changeSort(event.target.value) },
    names.map(name => h('option', { value: name, selected: name === place.sort }, say(name ? label[name] : ownOrder)))))
}

function cards(context, edges) {
  return h('ul', { class: 'cards' }, edges.map(({ node, highlight }, i) => h('li', null, card(context, node, highlight, i + 1))))
}

function card({ say, href, place, clicked }, product, highlight, position) {
  const language = product.language !== place.language ? product.language : null
  const discount = Math.max(0, ...product.variants.map(({ price }) => Number(price?.discountPercent ?? 0)))
  const available = product.variants.some(({ stockQuantity }) => stockQuantity > 0)
  return h('article', { class: 'card' },
    h('div', { class: 'picture' }, picture(product.media[0], '', product, '(min-width: 60rem) 20rem, 50vw'),
      discount > 0 && h('span', { class: 'badge' }, say('discount', String(discount)))),
    h('h3', { lang: language }, h('a', { href: href({ page: 'product', slug: product.slug }), click: () => clicked?.(product, position) },
      highlight?.title ? marked(highlight.title) : product.title)),
    product.shortDescription && h('p', { class: 'short', lang: language }, plainText(product.shortDescription)),
    h('p', { class: 'price' }, rangeOfPrices(say, product.priceRange)),
    h('p', { class: available ? 'stock' : 'stock gone' }, say(available ? 'inStock' : 'outOfStock')))
}

function rangeOfPrices(say, range) {
  if (!range) return say('noPrice')
  if (!range.lowestGross) return say('withoutVat', range.lowestNet.formatted)
  const single = range.lowestGross.formatted === range.highestGross.formatted
  return single ? range.lowestGross.formatted : say('startingAt', range.lowestGross.formatted)
}

function priceText(say, price) {
  if (!price) return say('noPrice')
  return price.gross?.formatted ?? say('withoutVat', price.net.formatted)
}

function gallery({ say }, product) {
  const pictures = product.media.map((media, i) =>
    picture(media, product.media.length > 1 ? `${product.title}, ${say('picture', String(i + 1), product.media.length)}` : product.title, product, '(min-width: 60rem) 36rem, 100vw'))
  return h('div', { class: 'gallery' }, pictures.length ? pictures : productDrawing(product))
}

function variantChoice(context, product, chosen, choose) {
  const { say, selectVariant } = context
  const telling = tellingTypes(product.variants)
  const options = product.variants.map(variant => h('li', null, h('label', null,
    h('input', {
      type: 'radio', name: 'variant', value: variant.sku, checked: variant === chosen,
      change: () => { choose(variant); selectVariant(variant.sku) },
    }),
    h('span', { class: variant.stockQuantity > 0 ? null : 'gone' }, variantName(variant, telling, say)))))
  return h('fieldset', { class: 'variants' }, h('legend', null, say('variant')), h('ul', null, options))
}

// Only properties in which the variants differ tell them apart.
function tellingTypes(variants) {
  const values = new Map()
  for (const { attributes } of variants) {
    for (const { type, value } of attributes) values.set(type.code, (values.get(type.code) ?? new Set()).add(value))
  }
  return [...values].filter(([code, set]) => set.size > 1 || variants.some(({ attributes }) => !attributes.some(({ type }) => type.code === code))).map(([code]) => code)
}

function variantName(variant, telling, say) {
  const parts = variant.attributes.filter(({ type }) => telling.includes(type.code)).map(attribute => valueName(attribute, attribute.type, say))
  return parts.length ? parts.join(', ') : variant.sku
}

function variantDetails({ say }, variant) {
  const { price } = variant
  const discounted = price && Number(price.discountPercent) > 0 && price.gross
  const rows = [
    ...[...Map.groupBy(variant.attributes, ({ type }) => typeName(type))].map(([name, attributes]) => [name, attributes.map(attribute => valueName(attribute, attribute.type, say)).join(', ')]),
    [say('code'), variant.sku],
    ...(variant.ean.length ? [[say('ean'), variant.ean.join(', ')]] : []),
  ]
  return [
    h('div', { class: 'offer', 'aria-live': 'polite' },
      h('p', { class: 'price' }, h('strong', null, priceText(say, price)),
        discounted && [' ', h('span', { class: 'badge' }, say('discount', String(Number(price.discountPercent)))), ' ',
          h('s', null, h('span', { class: 'hidden' }, say('before', '')), price.grossBeforeDiscount.formatted)]),
      price?.gross && h('p', { class: 'net' }, say('withoutVat', price.net.formatted)),
      h('p', { class: variant.stockQuantity > 0 ? 'stock' : 'stock gone' },
        variant.stockQuantity > 0 ? say('inStockCount', String(variant.stockQuantity)) : say('outOfStock'))),
    h('h2', null, say('details')),
    h('dl', null, rows.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value)))),
  ]
}
