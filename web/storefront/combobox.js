// The search field with its suggestions, after the combobox pattern of the WAI-ARIA Authoring Practices: the focus
// stays in the field, arrows move through the list, Enter takes, Escape closes, and a second Escape empties.

import { h } from './elements.js'

const pause = 60

/**
 * Makes a combobox of the field and the list.
 * `suggest(text, signal)` returns what to offer, `option(suggestion)` its content, `choose(suggestion)` takes one,
 * and `announce(count)` says how many there are.
 */
export class Combobox {
  #field
  #list
  #o
  #offered = []
  #active = -1
  #asked
  #timer

  constructor(field, list, options) {
    this.#field = field
    this.#list = list
    this.#o = options
    field.addEventListener('input', () => this.#later())
    field.addEventListener('keydown', event => this.#key(event))
    field.addEventListener('blur', () => this.close())
    // The field must not lose the focus, or the list would be closed before the click.
    list.addEventListener('pointerdown', event => event.preventDefault())
    list.addEventListener('click', event => this.#click(event))
  }

  /** Closes the list and forgets what was asked. */
  close() {
    this.#stopAsking()
    this.#show([])
  }

  #stopAsking() {
    clearTimeout(this.#timer)
    this.#asked?.abort()
  }

  #later() {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#ask(), pause)
  }

  async #ask() {
    this.#asked?.abort()
    const asked = this.#asked = new AbortController()
    try {
      const offered = await this.#o.suggest(this.#field.value, asked.signal)
      if (asked.signal.aborted || document.activeElement !== this.#field) return
      this.#show(offered)
      this.#o.announce(offered.length)
    } catch {
      // Suggestions are a help: without them the search works as well.
      if (!asked.signal.aborted) this.#show([])
    }
  }

  #show(offered) {
    this.#offered = offered
    this.#list.replaceChildren(...offered.map((suggestion, i) =>
      h('li', { role: 'option', id: `suggestion-${i}`, 'aria-selected': 'false' }, this.#o.option(suggestion))))
    this.#list.hidden = offered.length === 0
    this.#field.setAttribute('aria-expanded', String(offered.length > 0))
    this.#activate(-1)
  }

  // Who moves in the list chooses from what it shows: a late answer must not change it.
  #move(index) {
    this.#stopAsking()
    this.#activate(index)
  }

  #activate(index) {
    this.#active = index
    for (const [i, option] of [...this.#list.children].entries()) option.setAttribute('aria-selected', String(i === index))
    if (index < 0) {
      this.#field.removeAttribute('aria-activedescendant')
      return
    }
    this.#field.setAttribute('aria-activedescendant', `suggestion-${index}`)
    this.#list.children[index].scrollIntoView({ block: 'nearest' })
  }

  #key(event) {
    const count = this.#offered.length
    switch (event.key) {
      case 'ArrowDown':
        if (count) this.#move((this.#active + 1) % count)
        else this.#ask()
        break
      case 'ArrowUp':
        if (count) this.#move(this.#active <= 0 ? count - 1 : this.#active - 1)
        break
      case 'Enter':
        if (this.#active < 0) return this.close() // the form searches for what was typed
        this.#choose(this.#active)
        break
      case 'Escape':
        if (!count) return // the browser empties the field
        this.close()
        break
      default:
        return
    }
    event.preventDefault()
  }

  #click(event) {
    const index = [...this.#list.children].indexOf(event.target.closest('[role=option]'))
    if (index >= 0) this.#choose(index)
  }

  #choose(index) {
    const chosen = this.#offered[index]
    this.close()
    this.#o.choose(chosen)
  }
}
