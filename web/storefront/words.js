// What the page itself says, in the languages it knows. Texts of the shop come from the API.

const words = {
  en: {
    skip: 'Skip to the content', search: 'Search', searchFor: 'Search for products', language: 'Language', country: 'Country and currency',
    suggestions: 'Suggestions', PRODUCT: 'product', CATEGORY: 'category', BRAND: 'brand', QUERY: 'popular search',
    suggested: { one: '# suggestion', other: '# suggestions' },
    categories: 'Categories', breadcrumbs: 'You are here', home: 'Home', newest: 'New in the shop',
    welcome: 'Find what you are looking for', welcomeText: 'Try a typing error, another word form, or leave the accents out. It will be found.',
    products: { one: '# product', other: '# products' }, resultsFor: 'Results for “%”', whatFor: 'What are you looking for?',
    corrected: 'Nothing was found for “%”. These are the results for:', relaxed: 'No product has all of these words. These have some of them.',
    degraded: 'The search is not at its best right now; some results may be missing.', nothing: 'Nothing was found.',
    nothingHint: 'Try other words, or take filters away.', filters: 'Filters', clear: 'Remove all filters', remove: 'Remove the filter %',
    brand: 'Brand', category: 'Category', availability: 'Availability', inStock: 'In stock', outOfStock: 'Sold out', price: 'Price without VAT',
    from: 'from', to: 'to', fromOf: '%, from', toOf: '%, to', yes: 'yes', no: 'no', more: 'Show more', less: 'Show fewer', shownOf: '% of #',
    sort: 'Sort by', best: 'best match', byNewest: 'newest', byTitle: 'name', byPrice: 'price, lowest first', byPriceDown: 'price, highest first',
    startingAt: 'from %', withoutVat: '% without VAT', discount: '−% %', before: 'Before: %', noPrice: 'Price on request', variant: 'Variant',
    inStockCount: 'In stock: %', details: 'Properties', code: 'Code', ean: 'EAN', picture: 'Picture % of #', onlyIn: 'This text is only available in another language: %.',
    missing: 'This page is not here.', missingHint: 'Perhaps it has moved. Search for it, or start from the beginning.', failed: 'The shop does not answer right now.', again: 'Try again',
    about: 'An example storefront on the GraphQL API: what it asks is in queries.js. Nothing can be ordered here.',
  },
  cs: {
    skip: 'Přejít na obsah', search: 'Hledat', searchFor: 'Hledat zboží', language: 'Jazyk', country: 'Země a měna',
    suggestions: 'Návrhy', PRODUCT: 'zboží', CATEGORY: 'kategorie', BRAND: 'značka', QUERY: 'časté hledání',
    suggested: { one: '# návrh', few: '# návrhy', other: '# návrhů' },
    categories: 'Kategorie', breadcrumbs: 'Kde jste', home: 'Úvod', newest: 'Novinky v obchodě',
    welcome: 'Najděte, co hledáte', welcomeText: 'Udělejte překlep, slovo vyskloňujte nebo vynechte háčky a čárky. I tak se to najde.',
    products: { one: '# produkt', few: '# produkty', other: '# produktů' }, resultsFor: 'Výsledky hledání „%“', whatFor: 'Co hledáte?',
    corrected: 'Pro „%“ se nic nenašlo. Toto jsou výsledky pro:', relaxed: 'Všechna tato slova nemá žádný produkt. Tyto mají některá z nich.',
    degraded: 'Vyhledávání je teď omezené, některé výsledky mohou chybět.', nothing: 'Nic se nenašlo.',
    nothingHint: 'Zkuste jiná slova nebo zrušte některé filtry.', filters: 'Filtry', clear: 'Zrušit všechny filtry', remove: 'Zrušit filtr %',
    brand: 'Značka', category: 'Kategorie', availability: 'Dostupnost', inStock: 'Skladem', outOfStock: 'Vyprodáno', price: 'Cena bez DPH',
    from: 'od', to: 'do', fromOf: '%, od', toOf: '%, do', yes: 'ano', no: 'ne', more: 'Zobrazit další', less: 'Zobrazit méně', shownOf: '% z #',
    sort: 'Řadit podle', best: 'nejlepší shody', byNewest: 'novinek', byTitle: 'názvu', byPrice: 'ceny od nejnižší', byPriceDown: 'ceny od nejvyšší',
    startingAt: 'od %', withoutVat: '% bez DPH', discount: '−% %', before: 'Původně: %', noPrice: 'Cena na dotaz', variant: 'Varianta',
    inStockCount: 'Skladem: %', details: 'Vlastnosti', code: 'Kód', ean: 'EAN', picture: 'Obrázek % z #', onlyIn: 'Tento text je jen v jiném jazyce: %.',
    missing: 'Tato stránka tu není.', missingHint: 'Možná se přestěhovala. Zkuste ji vyhledat nebo začněte od úvodu.', failed: 'Obchod teď neodpovídá.', again: 'Zkusit znovu',
    about: 'Ukázkový obchod nad GraphQL API: na co se ptá, je v souboru queries.js. Objednat se tu nic nedá.',
  },
  sk: {
    skip: 'Prejsť na obsah', search: 'Hľadať', searchFor: 'Hľadať tovar', language: 'Jazyk', country: 'Krajina a mena',
    suggestions: 'Návrhy', PRODUCT: 'tovar', CATEGORY: 'kategória', BRAND: 'značka', QUERY: 'časté hľadanie',
    suggested: { one: '# návrh', few: '# návrhy', other: '# návrhov' },
    categories: 'Kategórie', breadcrumbs: 'Kde ste', home: 'Úvod', newest: 'Novinky v obchode',
    welcome: 'Nájdite, čo hľadáte', welcomeText: 'Urobte preklep, slovo vyskloňujte alebo vynechajte mäkčene a dĺžne. Aj tak sa to nájde.',
    products: { one: '# produkt', few: '# produkty', other: '# produktov' }, resultsFor: 'Výsledky hľadania „%“', whatFor: 'Čo hľadáte?',
    corrected: 'Pre „%“ sa nič nenašlo. Toto sú výsledky pre:', relaxed: 'Všetky tieto slová nemá žiadny produkt. Tieto majú niektoré z nich.',
    degraded: 'Vyhľadávanie je teraz obmedzené, niektoré výsledky môžu chýbať.', nothing: 'Nič sa nenašlo.',
    nothingHint: 'Skúste iné slová alebo zrušte niektoré filtre.', filters: 'Filtre', clear: 'Zrušiť všetky filtre', remove: 'Zrušiť filter %',
    brand: 'Značka', category: 'Kategória', availability: 'Dostupnosť', inStock: 'Na sklade', outOfStock: 'Vypredané', price: 'Cena bez DPH',
    from: 'od', to: 'do', fromOf: '%, od', toOf: '%, do', yes: 'áno', no: 'nie', more: 'Zobraziť ďalšie', less: 'Zobraziť menej', shownOf: '% z #',
    sort: 'Zoradiť podľa', best: 'najlepšej zhody', byNewest: 'noviniek', byTitle: 'názvu', byPrice: 'ceny od najnižšej', byPriceDown: 'ceny od najvyššej',
    startingAt: 'od %', withoutVat: '% bez DPH', discount: '−% %', before: 'Pôvodne: %', noPrice: 'Cena na vyžiadanie', variant: 'Variant',
    inStockCount: 'Na sklade: %', details: 'Vlastnosti', code: 'Kód', ean: 'EAN', picture: 'Obrázok % z #', onlyIn: 'Tento text je len v inom jazyku: %.',
    missing: 'Táto stránka tu nie je.', missingHint: 'Možno sa presťahovala. Skúste ju vyhľadať alebo začnite od úvodu.', failed: 'Obchod teraz neodpovedá.', again: 'Skúsiť znova',
    about: 'Ukážkový obchod nad GraphQL API: na čo sa pýta, je v súbore queries.js. Objednať sa tu nič nedá.',
  },
}

/** Returns what says things in a language, in English where the page does not know it. */
export function speaker(language) {
  const known = words[language] ?? words.en
  const plural = new Intl.PluralRules(words[language] ? language : 'en')
  const number = new Intl.NumberFormat(language)
  /** say('remove', 'Lumora') puts the text where the word has %, and a number where it has #, in the plural it needs. */
  return (name, text, count) => {
    let word = known[name]
    if (typeof word === 'object') word = word[plural.select(count)] ?? word.other
    if (count !== undefined) word = word.replace('#', number.format(count))
    return text === undefined ? word : word.replace('%', () => text)
  }
}

/** The name of a language in itself: Čeština. */
export function languageName(code) {
  const name = new Intl.DisplayNames([code], { type: 'language' }).of(code)
  return name.charAt(0).toLocaleUpperCase(code) + name.slice(1)
}
