// Drawings for products without a picture, by the product types and categories of the demo shop, and a parcel for the rest.

import { h } from './elements.js'

// Paths in a square of 48, drawn with lines.
const paths = {
  headphones: 'M8 30v-6a16 16 0 0 1 32 0v6M8 28h4a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-1a3 3 0 0 1-3-3zM40 28h-4a2 2 0 0 0-2 2v9a2 2 0 0 0 2 2h1a3 3 0 0 0 3-3z',
  speakers: 'M15 5h18a3 3 0 0 1 3 3v32a3 3 0 0 1-3 3H15a3 3 0 0 1-3-3V8a3 3 0 0 1 3-3zM24 10a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM24 22a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM24 27a3 3 0 1 1 0 6 3 3 0 0 1 0-6z',
  phones: 'M16 4h16a3 3 0 0 1 3 3v34a3 3 0 0 1-3 3H16a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3zM21 8h6M22 39h4',
  wearables: 'M18 14h12a5 5 0 0 1 5 5v10a5 5 0 0 1-5 5H18a5 5 0 0 1-5-5V19a5 5 0 0 1 5-5zM17 14l2-10h10l2 10M17 34l2 10h10l2-10M24 20v5l4 2',
  'phone-accessories': 'M17 6v9M31 6v9M12 15h24v7a12 12 0 0 1-24 0zM24 34v9',
  laptops: 'M11 10h26a2 2 0 0 1 2 2v20H9V12a2 2 0 0 1 2-2zM4 32h40v2a4 4 0 0 1-4 4H8a4 4 0 0 1-4-4zM20 35h8',
  'computer-accessories': 'M24 6a11 11 0 0 1 11 11v14a11 11 0 0 1-22 0V17A11 11 0 0 1 24 6zM24 6v14M13 20h22M24 11v5',
  kitchen: 'M8 18h28v16a6 6 0 0 1-6 6H14a6 6 0 0 1-6-6zM36 22h5a3 3 0 0 1 0 6h-5M6 18h32M16 12c-2-3 2-4 0-7M24 12c-2-3 2-4 0-7',
  'kitchen-appliances': 'M15 14h16l4 26a2 2 0 0 1-2 2H13a2 2 0 0 1-2-2zM17 14a6 6 0 0 1 12 0M15 16l-5-3M32 19c8-1 9 14 3 17M20 34h6',
  coffee: 'M9 18h26v12a10 10 0 0 1-10 10h-6A10 10 0 0 1 9 30zM35 21h2a5 5 0 0 1 0 10h-2M7 43h30M17 13c-2-3 2-4 0-7M25 13c-2-3 2-4 0-7',
  furniture: 'M12 24v-9a5 5 0 0 1 5-5h14a5 5 0 0 1 5 5v9M8 22a4 4 0 0 1 4 4v4h24v-4a4 4 0 0 1 8 0v10H4V26a4 4 0 0 1 4-4zM9 36v4M39 36v4',
  lighting: 'M18 6h12l7 16H11zM24 22v18M15 42h18M32 22v6',
  camping: 'M24 8 5 40h38zM24 8l-3-4M24 8l3-4M24 22 16 40h16z',
  cycling: 'M12 24a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM36 24a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 32l8-16h12l4 16M20 16l6 16h-6l12-14M17 16h6M30 12h5',
  'cycling-accessories': 'M6 30a18 18 0 0 1 36-2c0 3-3 4-6 4H10a4 4 0 0 1-4-2zM15 32c0-9 3-15 9-18M27 32c2-7 2-13-1-18M16 32l4 8h8l2-8',
  backpacks: 'M14 20a10 10 0 0 1 20 0v21a2 2 0 0 1-2 2H16a2 2 0 0 1-2-2zM20 10V8a4 4 0 0 1 8 0v2M18 29h12v9H18zM14 26h-2a3 3 0 0 0-3 3v8h5M34 26h2a3 3 0 0 1 3 3v8h-5M20 20h8',
  books: 'M24 12c-4-3-10-4-17-3v28c7-1 13 0 17 3 4-3 10-4 17-3V9c-7-1-13 0-17 3zM24 12v28M12 16c3 0 5 0 7 1M12 22c3 0 5 0 7 1M36 16c-3 0-5 0-7 1M36 22c-3 0-5 0-7 1',
  christmas: 'M24 5 14 18h5l-8 10h6L8 38h32l-9-10h6l-8-10h5zM24 38v6M20 26h.1M27 32h.1M25 17h.1',
  parcel: 'M24 5 7 13v22l17 8 17-8V13zM7 13l17 8 17-8M24 21v22M15 9l17 8v7',
}

const same = {
  electronics: 'phones', audio: 'speakers', computers: 'laptops', home: 'furniture', outdoor: 'camping', bags: 'backpacks', kitchenware: 'kitchen', bicycles: 'cycling',
}

const hues = 6

/** A drawing by the first of the codes that there is one for; the same name always has the same colour. */
export function drawing(codes, name) {
  const known = codes.map(code => same[code] ?? code).find(code => paths[code])
  const hue = [...(name ?? '')].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 997, 7) % hues
  return h('span', { class: `drawing hue-${hue}`, 'aria-hidden': 'true' },
    h('svg', { viewBox: '0 0 48 48', focusable: 'false' }, h('path', { d: paths[known ?? 'parcel'] })))
}

/** What stands for a product that has no picture. */
export function productDrawing({ productType, categories, title }) {
  return drawing([productType?.code, ...categories.map(({ code }) => code)], title)
}

/** A picture that gives way to a drawing when it cannot be loaded. Hosts of example.com have no pictures (RFC 2606). */
export function picture(media, alternative, product, sizes) {
  const standIn = () => productDrawing(product)
  if (!media || /^https?:\/\/([^/]+\.)?example\.(com|org|net)\//.test(media.url)) return standIn()
  const image = h('img', {
    alt: alternative, loading: 'lazy', decoding: 'async', srcset: media.srcset, sizes: media.srcset ? sizes : null, src: media.url,
    error: () => image.replaceWith(standIn()),
  })
  return image
}
