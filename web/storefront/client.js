// The client of the GraphQL API. Queries go as automatic persisted queries: a GET with the hash of the text, which
// caches between browser and server can keep. Only a server that has not seen the text yet is sent it, once.

const maxKept = 60
const keptFor = 60_000

/** An answer of the API that is an error. */
export class ApiError extends Error {
  constructor(message, code) {
    super(message)
    this.code = code
  }
}

export class Client {
  #endpoint
  #hashes = new Map()
  #answers = new Map()

  constructor(endpoint) {
    this.#endpoint = endpoint
  }

  /** Returns the data of a query; for a minute from memory, so that the back button does not wait. */
  async query(text, variables, signal) {
    const key = JSON.stringify([text, variables])
    const kept = this.#answers.get(key)
    if (kept && Date.now() - kept.at < keptFor) return kept.data
    const data = read(await this.#askByHash(text, variables, signal))
    this.#answers.delete(key)
    this.#answers.set(key, { data, at: Date.now() })
    if (this.#answers.size > maxKept) this.#answers.delete(this.#answers.keys().next().value)
    return data
  }

  /** Runs a mutation, also while the page is being left. */
  async mutate(text, variables) {
    return read(await this.#post({ query: text, variables }, { keepalive: true }))
  }

  async #askByHash(text, variables, signal) {
    const hash = await this.#hash(text)
    if (!hash) return this.#post({ query: text, variables }, { signal })
    const extensions = { persistedQuery: { version: 1, sha256Hash: hash } }
    const parameters = new URLSearchParams({ variables: JSON.stringify(variables), extensions: JSON.stringify(extensions) })
    const response = await fetch(`${this.#endpoint}?${parameters}`, { signal, headers: { Accept: 'application/json' } })
    const answer = await response.json()
    if (!isUnknown(answer)) return answer
    return this.#post({ query: text, variables, extensions }, { signal })
  }

  async #post(body, options) {
    const response = await fetch(this.#endpoint, {
      ...options, method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify(body),
    })
    return response.json()
  }

  // Browsers hash on https and on localhost only; elsewhere the text goes by POST.
  async #hash(text) {
    if (!globalThis.crypto?.subtle) return undefined
    if (!this.#hashes.has(text)) {
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
      this.#hashes.set(text, Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join(''))
    }
    return this.#hashes.get(text)
  }
}

function isUnknown(answer) {
  return answer.errors?.some(error => error.extensions?.code === 'PERSISTED_QUERY_NOT_FOUND')
}

function read({ data, errors }) {
  if (errors?.length) throw new ApiError(errors[0].message, errors[0].extensions?.code)
  return data
}
