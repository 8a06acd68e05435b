// Makes elements. Texts always become text nodes: nothing that comes from the API is read as HTML.

const svg = 'http://www.w3.org/2000/svg'
const svgTags = new Set(['svg', 'path', 'circle', 'rect', 'g', 'ellipse'])

/** h('a', {href: '/'}, 'Home'): functions become listeners, true and false boolean attributes, null is left out. */
export function h(tag, attributes, ...children) {
  const element = svgTags.has(tag) ? document.createElementNS(svg, tag) : document.createElement(tag)
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue
    if (typeof value === 'function') element.addEventListener(name, value)
    else element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false))
  return element
}

/** Text of the API in which `<mark>` stands around matches and everything else is escaped, as nodes. */
export function marked(html) {
  return html.split(/(<mark>.*?<\/mark>)/s).filter(Boolean).map(part => {
    const inner = /^<mark>(.*)<\/mark>$/s.exec(part)
    return inner ? h('mark', null, unescape(inner[1])) : unescape(part)
  })
}

/** The text of a description, which may be HTML or plain. */
export function plainText(text) {
  if (!/<[a-z/!]|&[a-z#]/i.test(text)) return text
  return new DOMParser().parseFromString(text, 'text/html').body.textContent
}

const entities = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"', '&#34;': '"', '&#39;': "'" }

function unescape(text) {
  return text.replace(/&(?:lt|gt|amp|quot|#34|#39);/g, entity => entities[entity])
}
