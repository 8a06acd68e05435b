// What a list can be narrowed by, and what it is narrowed by now.

import { h } from './elements.js'
import { noFilter } from './place.js'

const shortList = 7

/** The filters as groups of a form. `change(filter)` is called with the filter that the customer wants. */
export function facetForm({ facets, filter, say, names, currency, change }) {
  const groups = [
    categoryGroup(facets, filter, say, names, change), brandGroup(facets, filter, say, change), stockGroup(facets, filter, say, change),
    priceGroup(facets, filter, say, currency, change), ...facets.attributes.map(facet => attributeGroup(facet, filter, say, names, change)),
  ]
  return h('form', { class: 'facets', id: 'facets', submit: event => event.preventDefault() }, groups)
}

function categoryGroup({ categories }, filter, say, names, change) {
  if (!categories?.length) return null
  const options = []
  const collect = (nodes, depth) => nodes.forEach(({ category, productCount, children }) => {
    names.set(category.id, category.title)
    options.push({ value: category.id, label: category.title, count: productCount, depth })
    collect(children ?? [], depth + 1)
  })
  collect(categories, 0)
  return checkboxGroup('category', say('category'), options, filter.categories, say, categories => change({ ...filter, categories }))
}

function brandGroup({ brands }, filter, say, change) {
  if (!brands?.length) return null
  const options = brands.map(({ brand, productCount }) => ({ value: brand, label: brand, count: productCount }))
  return checkboxGroup('brand', say('brand'), options, filter.brands, say, brands => change({ ...filter, brands }))
}

function stockGroup({ inStockCount }, filter, say, change) {
  if (inStockCount === 0 && !filter.inStock) return null
  const options = [{ value: '1', label: say('inStock'), count: inStockCount }]
  return checkboxGroup('stock', say('availability'), options, filter.inStock ? ['1'] : [], say, chosen => change({ ...filter, inStock: chosen.length > 0 }))
}

function priceGroup({ price }, filter, say, currency, change) {
  if (price === null) return null // nothing that was found has a price
  const label = `${say('price')} (${currency})`
  const most = Math.max(1, ...(price?.buckets ?? []).map(bucket => bucket.productCount))
  const bars = (price?.buckets ?? []).map(bucket => {
    const bar = h('span', null)
    bar.style.height = `${Math.round(100 * bucket.productCount / most)}%`
    return bar
  })
  return h('fieldset', null, h('legend', null, label), bars.length > 1 && h('div', { class: 'bars', 'aria-hidden': 'true' }, bars),
    rangeInputs('price', label, filter, price, say, range => change({ ...filter, min: range.min, max: range.max })))
}

function attributeGroup(facet, filter, say, names, change) {
  const { type, values } = facet
  const chosen = filter.attributes[type.code] ?? []
  if (values.length < 2 && chosen.length === 0 && !filter.ranges[type.code]) return null // there is nothing to choose
  const label = type.unit ? `${typeName(type)} (${type.unit})` : typeName(type)
  names.set(type.code, typeName(type))
  const numeric = type.valueType === 'INTEGER' || type.valueType === 'DECIMAL'
  if (numeric && values.length > shortList) {
    const setRange = range => change({ ...filter, ranges: { ...filter.ranges, [type.code]: range } })
    return h('fieldset', null, h('legend', null, label), rangeInputs('a-' + type.code, label, filter.ranges[type.code] ?? {}, facet, say, setRange))
  }
  const options = values.map(({ attribute, productCount }) => {
    const text = valueName(attribute, type, say)
    names.set(type.code + '=' + attribute.value, text)
    return { value: attribute.value, label: text, count: productCount }
  })
  if (numeric) options.sort((a, b) => Number(a.value) - Number(b.value))
  return checkboxGroup('a-' + type.code, label, options, chosen, say,
    values => change({ ...filter, attributes: { ...filter.attributes, [type.code]: values } }))
}

/** A property as people read it, also where the shop has no name for it but its code. */
export function typeName({ code, name }) {
  return name === code ? code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ') : name
}

/** A value as people read it. */
export function valueName(attribute, type, say) {
  if (type.valueType === 'BOOLEAN' && (attribute.name === 'true' || attribute.name === 'false')) return say(attribute.name === 'true' ? 'yes' : 'no')
  return type.unit ? `${attribute.name} ${type.unit}` : attribute.name
}

function checkboxGroup(name, legend, options, chosen, say, choose) {
  const items = options.map(({ value, label, count, depth = 0 }) => h('li', { class: `depth-${depth}` }, h('label', null,
    h('input', {
      type: 'checkbox', id: `${name}:${value}`, name, value, checked: chosen.includes(value),
      change: event => choose(event.target.checked ? [...chosen, value] : chosen.filter(other => other !== value)),
    }),
    h('span', { class: 'label' }, label), count !== undefined && h('span', { class: 'count' }, String(count)))))
  return h('fieldset', null, h('legend', null, legend), h('ul', null, items), lessAndMore(items, chosen, options, name, say))
}

// A long list begins short; what is chosen is always in sight.
function lessAndMore(items, chosen, options, name, say) {
  if (items.length <= shortList + 2) return null
  const set = open => items.forEach((item, i) => { item.hidden = !open && i >= shortList && !chosen.includes(options[i].value) })
  const button = h('button', {
    type: 'button', class: 'plain', id: name + '-more', 'aria-expanded': 'false',
    click: () => {
      const open = button.getAttribute('aria-expanded') === 'false'
      button.setAttribute('aria-expanded', String(open))
      button.textContent = say(open ? 'less' : 'more')
      set(open)
    },
  }, say('more'))
  set(false)
  return button
}

function rangeInputs(name, label, range, bounds, say, choose) {
  const input = (bound, word, longWord) => h('label', null, h('span', null, say(word)), h('input', {
    type: 'number', id: `${name}.${bound}`, step: 'any', inputmode: 'decimal', 'aria-label': say(longWord, label),
    value: range[bound] || null, placeholder: bounds?.[bound] ?? null,
    change: event => choose({ min: range.min ?? '', max: range.max ?? '', [bound]: event.target.value }),
  }))
  return h('div', { class: 'range' }, input('min', 'from', 'fromOf'), input('max', 'to', 'toOf'))
}

/** How many conditions a filter has. */
export const countFilters = filter => conditions(filter).length

/** The conditions as buttons that take them away. */
export function filterChips({ filter, say, names, currency, change }) {
  const all = conditions(filter)
  if (all.length === 0) return null
  const chips = all.map(condition => {
    const text = condition.text({ say, names, currency })
    return h('li', null, h('button', { type: 'button', class: 'chip', 'aria-label': say('remove', text), click: () => change(condition.without) },
      text, h('span', { 'aria-hidden': 'true' }, '×')))
  })
  chips.push(h('li', null, h('button', { type: 'button', class: 'plain', click: () => change(noFilter()) }, say('clear'))))
  return h('ul', { class: 'chips' }, chips)
}

function conditions(filter) {
  const list = []
  filter.categories.forEach(id => list.push({ text: ({ names, say }) => names.get(id) ?? say('category'), without: { ...filter, categories: filter.categories.filter(other => other !== id) } }))
  filter.brands.forEach(brand => list.push({ text: () => brand, without: { ...filter, brands: filter.brands.filter(other => other !== brand) } }))
  if (filter.inStock) list.push({ text: ({ say }) => say('inStock'), without: { ...filter, inStock: false } })
  if (filter.min || filter.max) list.push({ text: ({ say, currency }) => `${say('price')} ${rangeText(filter, say)} ${currency}`, without: { ...filter, min: '', max: '' } })
  for (const [code, values] of Object.entries(filter.attributes)) {
    values.forEach(value => list.push({
      text: ({ names }) => `${names.get(code) ?? code}: ${names.get(code + '=' + value) ?? value}`,
      without: { ...filter, attributes: { ...filter.attributes, [code]: values.filter(other => other !== value) } },
    }))
  }
  for (const [code, range] of Object.entries(filter.ranges)) {
    if (!range.min && !range.max) continue
    list.push({ text: ({ say, names }) => `${names.get(code) ?? code} ${rangeText(range, say)}`, without: { ...filter, ranges: { ...filter.ranges, [code]: {} } } })
  }
  return list
}

function rangeText({ min, max }, say) {
  return [min && `${say('from')} ${min}`, max && `${say('to')} ${max}`].filter(Boolean).join(' ')
}
