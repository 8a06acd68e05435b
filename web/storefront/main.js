// The storefront: reads the address, asks the API, shows the page. There is no state besides the address.

import { Client } from './client.js'
import { Combobox } from './combobox.js'
import { h, marked } from './elements.js'
import { categoryPage, homePage, productPage, searchPage, sorryPage } from './pages.js'
import { addressOf, pageSize, productFilter, productSort, readPlace } from './place.js'
import * as queries from './queries.js'
import { languageName, speaker } from './words.js'

const mostAtOnce = 100

class Storefront {
  #client
  #languages
  #defaultCountry
  #shopName
  #main = document.getElementById('main')
  #announcement = document.getElementById('announcement')
  #field = document.getElementById('query')
  #combobox
  #place
  #say
  #shop
  #names = new Map() // of categories, attributes and their values, for what a list is narrowed by
  #shown // what the page is about: {kind, id} of a product or category, to find it in another language
  #answer
  #showing = new AbortController()

  constructor({ endpoint, languages, country, shop }) {
    this.#client = new Client(endpoint)
    this.#languages = languages.split(',')
    this.#defaultCountry = country
    this.#shopName = shop
  }

  start() {
    history.scrollRestoration = 'manual'
    addEventListener('popstate', event => this.#show({ scroll: event.state?.scroll ?? 0, back: true }))
    addEventListener('pagehide', () => this.#rememberScroll())
    document.addEventListener('click', event => this.#followLink(event))
    document.getElementById('search').addEventListener('submit', event => {
      event.preventDefault()
      const query = this.#field.value.trim()
      if (query) this.#open({ page: 'search', query })
    })
    document.getElementById('language').addEventListener('change', event => this.#switchLanguage(event.target.value))
    document.getElementById('country').addEventListener('change', event => this.#go({ ...this.#place, country: event.target.value, filter: { ...this.#place.filter, min: '', max: '' } }))
    this.#combobox = new Combobox(this.#field, document.getElementById('suggestions'), {
      suggest: (query, signal) => this.#suggest(query, signal),
      option: suggestion => this.#option(suggestion),
      choose: suggestion => this.#choose(suggestion),
      announce: count => this.#announce(this.#say('suggested', undefined, count)),
    })
    this.#show({ scroll: history.state?.scroll ?? 0, first: true })
  }

  // Going from place to place.

  /** The address of a place in the present language and country. */
  #href = place => addressOf({ language: this.#place.language, country: this.#place.country, ...place }, this.#defaultCountry)

  #open(place) {
    this.#go({ language: this.#place.language, country: this.#place.country, ...place }, { opened: true })
  }

  #go(place, how = {}) {
    this.#rememberScroll()
    history.pushState(null, '', addressOf(place, this.#defaultCountry))
    this.#show(how)
  }

  #rememberScroll() {
    history.replaceState({ ...history.state, scroll: scrollY }, '')
  }

  #followLink(event) {
    const link = event.target.closest('a')
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const url = new URL(link.href)
    if (url.origin !== location.origin || !url.pathname.startsWith('/demo/') || url.hash) return
    event.preventDefault()
    this.#go(readPlace(url, this.#languages, this.#defaultCountry), { opened: true })
  }

  /** Shows the same in another language: products and categories have other addresses there. */
  async #switchLanguage(language) {
    const place = { ...this.#place, language }
    if (this.#shown) {
      const text = this.#shown.kind === 'product' ? queries.productSlug : queries.categorySlug
      const { found } = await this.#client.query(text, { id: this.#shown.id, language }).catch(() => ({}))
      place.slug = found?.slug ?? place.slug
    }
    this.#names.clear()
    this.#go(place)
  }

  // Showing a place.

  async #show({ scroll, opened, back, first } = {}) {
    this.#showing.abort()
    const showing = this.#showing = new AbortController()
    this.#combobox.close()
    this.#place = readPlace(new URL(location.href), this.#languages, this.#defaultCountry)
    if (!this.#place.language) {
      this.#place.language = this.#preferredLanguage()
      if (this.#place.page !== 'missing') history.replaceState(history.state, '', addressOf(this.#place, this.#defaultCountry))
    }
    this.#say = speaker(this.#place.language)
    // Before the answer comes: what is typed meanwhile stays.
    this.#field.value = this.#place.page === 'search' ? this.#place.query : ''
    const { activeElement } = document
    const typed = this.#field.value
    this.#main.setAttribute('aria-busy', 'true')
    let content
    try {
      this.#shop = await this.#client.query(queries.shop, { language: this.#place.language })
      content = await this.#contentOf(this.#place, showing.signal)
    } catch (error) {
      if (showing.signal.aborted) return
      console.error(error)
      content = sorryPage(this.#say('failed'), null, h('button', { type: 'button', click: () => this.#show({ opened: true }) }, this.#say('again')))
    }
    if (showing.signal.aborted) return
    this.#frame()
    this.#fill(content)
    this.#main.removeAttribute('aria-busy')
    // Who does something else by now is left there.
    const waited = [activeElement, document.body].includes(document.activeElement) && this.#field.value === typed
    if (opened && !first && waited) document.getElementById('title')?.focus({ preventScroll: true })
    if (opened || back || first) scrollTo({ top: scroll ?? 0, behavior: 'instant' })
    this.#announceList()
  }

  #preferredLanguage() {
    const wanted = navigator.languages.map(tag => tag.split('-')[0])
    return wanted.find(language => this.#languages.includes(language)) ?? this.#languages[0]
  }

  /** Puts the content into the page. A control that has the focus keeps it, if the new content has it too. */
  #fill(content) {
    const focused = this.#main.contains(document.activeElement) ? document.activeElement.id : ''
    const opened = [...this.#main.querySelectorAll('button[aria-expanded=true]')].map(({ id }) => id)
    this.#main.replaceChildren(...content.filter(Boolean))
    opened.forEach(id => document.getElementById(id)?.click())
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true })
    const title = document.getElementById('title')?.textContent
    document.title = this.#place.page === 'home' || !title ? this.#shopName : `${title} – ${this.#shopName}`
  }

  async #contentOf(place, signal) {
    this.#shown = undefined
    switch (place.page) {
      case 'home':
        return homePage(this.#context(), this.#shop, await this.#client.query(queries.home, this.#market(), signal))
      case 'search':
        return place.query ? this.#searchContent(signal) : sorryPage(this.#say('whatFor'), null)
      case 'category':
        return this.#categoryContent(signal)
      case 'product':
        return this.#productContent(signal)
      default:
        return this.#missing()
    }
  }

  async #searchContent(signal) {
    const variables = { ...this.#listVariables(), query: this.#place.query }
    this.#answer = await this.#wholeList(queries.search, variables, signal)
    return searchPage(this.#context(), this.#answer)
  }

  async #categoryContent(signal) {
    const { slug, filter } = this.#place
    const ask = (which, condition) => this.#wholeList(queries.category, { ...this.#listVariables(), ...which, filter: { ...productFilter(filter), ...condition } }, signal)
    this.#answer = await ask({ slug }, { categorySlugs: [slug] })
    if (!this.#answer.category) {
      const id = await this.#idOfForeignSlug(queries.categoryOfSlug, signal)
      if (!id) return this.#missing()
      this.#answer = await ask({ id }, { categoryIds: [id] })
    }
    this.#shown = { kind: 'category', id: this.#answer.category.id }
    return categoryPage(this.#context(), this.#answer)
  }

  async #productContent(signal) {
    let { product } = await this.#client.query(queries.product, { ...this.#market(), slug: this.#place.slug }, signal)
    if (!product) {
      const id = await this.#idOfForeignSlug(queries.productOfSlug, signal)
      if (!id) return this.#missing()
      product = (await this.#client.query(queries.product, { ...this.#market(), id }, signal)).product
    }
    this.#shown = { kind: 'product', id: product.id }
    return productPage(this.#context(), product)
  }

  async #idOfForeignSlug(text, signal) {
    for (const language of this.#languages.filter(language => language !== this.#place.language)) {
      const { found } = await this.#client.query(text, { slug: this.#place.slug, language }, signal)
      if (found) return found.id
    }
    return undefined
  }

  #missing() {
    return sorryPage(this.#say('missing'), this.#say('missingHint'), h('p', null, h('a', { href: this.#href({ page: 'home' }) }, this.#say('home'))))
  }

  // Lists.

  #market() {
    return { language: this.#place.language, country: this.#place.country }
  }

  #listVariables() {
    return { ...this.#market(), filter: productFilter(this.#place.filter), sort: productSort(this.#place.sort), first: pageSize }
  }

  /** As many pages of a list as the place says, in one answer. */
  async #wholeList(text, variables, signal) {
    const first = Math.min(this.#place.shown, mostAtOnce)
    const answer = structuredClone(await this.#client.query(text, { ...variables, first }, signal))
    while (answer.result.edges.length < this.#place.shown && answer.result.pageInfo.hasNextPage) {
      const rest = Math.min(this.#place.shown - answer.result.edges.length, mostAtOnce)
      const { result } = await this.#client.query(text, { ...variables, first: rest, after: answer.result.pageInfo.endCursor }, signal)
      answer.result.edges.push(...result.edges)
      answer.result.pageInfo = result.pageInfo
    }
    return answer
  }

  #context() {
    const country = this.#shop.countries.find(({ code }) => code === this.#place.country)
    const priceList = country?.defaultPriceList ?? this.#shop.priceLists.find(({ isDefault }) => isDefault)
    return {
      place: this.#place, say: this.#say, href: this.#href, names: this.#names, currency: priceList?.currency ?? '',
      filtersOpen: this.#main.querySelector('.filters')?.open,
      changeFilter: filter => this.#go({ ...this.#place, filter, shown: pageSize }),
      changeSort: sort => this.#go({ ...this.#place, sort, shown: pageSize }),
      showMore: () => this.#showMore(),
      selectVariant: sku => history.replaceState(history.state, '', addressOf({ ...this.#place, sku }, this.#defaultCountry)),
      clicked: (product, position) => this.#recordClick(product, position),
    }
  }

  // The address is replaced: the back button leads to the page before, not to a shorter list.
  async #showMore() {
    const before = this.#answer.result.edges.length
    history.replaceState(history.state, '', addressOf({ ...this.#place, shown: before + pageSize }, this.#defaultCountry))
    await this.#show()
    this.#main.querySelectorAll('.card a')[before]?.focus({ preventScroll: true })
  }

  #recordClick(product, position) {
    if (this.#place.page !== 'search') return
    const { searchId } = this.#answer.result
    // Statistics are not worth an error message.
    this.#client.mutate(queries.recordClick, { searchId, productId: product.id, position }).catch(() => {})
  }

  #announceList() {
    const count = document.getElementById('count')?.textContent
    if (count) this.#announce(count)
  }

  #announce(text) {
    this.#announcement.textContent = text
  }

  // Suggestions.

  async #suggest(query, signal) {
    const { searchSuggestions } = await this.#client.query(queries.suggestions, { ...this.#market(), query }, signal)
    return searchSuggestions.nodes
  }

  #option({ type, highlighted, product, category }) {
    const path = category?.path.slice(0, -1).map(({ title }) => title).join(' › ')
    const side = product?.priceRange?.lowestGross?.formatted ?? (path || this.#say(type))
    return [h('span', { class: 'text' }, marked(highlighted)), h('span', { class: 'side' }, side)]
  }

  #choose({ text, product, category }) {
    if (product?.slug) return this.#open({ page: 'product', slug: product.slug })
    if (category?.slug) return this.#open({ page: 'category', slug: category.slug })
    this.#field.value = text
    return this.#open({ page: 'search', query: text })
  }

  // What is around the content.

  #frame() {
    const { language, country } = this.#place
    document.documentElement.lang = language
    const texts = { skip: 'skip', 'query-label': 'searchFor', submit: 'search', 'language-label': 'language', 'country-label': 'country', about: 'about' }
    for (const [id, word] of Object.entries(texts)) document.getElementById(id).textContent = this.#say(word)
    this.#field.placeholder = this.#say('searchFor')
    document.getElementById('suggestions').setAttribute('aria-label', this.#say('suggestions'))
    document.getElementById('home').href = this.#href({ page: 'home' })
    fillSelect('language', this.#languages.map(code => [code, languageName(code)]), language)
    fillSelect('country', (this.#shop?.countries ?? []).map(({ code, name, defaultPriceList }) => [code, `${name} · ${defaultPriceList.currency}`]), country)
    document.getElementById('country').hidden = !this.#shop?.countries.length
    this.#navigation()
  }

  #navigation() {
    const links = (this.#shop?.categories ?? []).map(({ title, slug }) => {
      const current = this.#place.page === 'category' && this.#place.slug === slug
      return h('li', null, h('a', { href: this.#href({ page: 'category', slug }), 'aria-current': current ? 'page' : null }, title))
    })
    const navigation = document.getElementById('categories')
    navigation.setAttribute('aria-label', this.#say('categories'))
    navigation.replaceChildren(h('ul', null, links))
  }
}

function fillSelect(id, options, chosen) {
  document.getElementById(id).replaceChildren(...options.map(([value, text]) => h('option', { value, selected: value === chosen }, text)))
}

new Storefront(document.body.dataset).start()
