import type { Seq } from '@rendezvous/contract'

const NONE: readonly [] = []

/** Guests, and as of which change of members each is known to belong. Most rooms have one of this node's sockets, for which a Map would be 180 bytes.
 *  They may come and go while one goes through them, as with a Map. */
export class Guests<Guest extends object> {
  /** Unless there are `#many`. */
  #only: Guest | null = null
  #since = 0 as Seq
  #many: Map<Guest, Seq> | null = null

  get size(): number {
    return this.#many?.size ?? (this.#only === null ? 0 : 1)
  }

  get(guest: Guest): Seq | undefined {
    if (this.#many !== null) return this.#many.get(guest)
    return this.#only === guest ? this.#since : undefined
  }

  set(guest: Guest, since: Seq): void {
    if (this.#many === null && this.#only !== null && this.#only !== guest) {
      this.#many = new Map([[this.#only, this.#since]])
      this.#only = null
    }
    if (this.#many !== null) this.#many.set(guest, since)
    else {
      this.#only = guest
      this.#since = since
    }
  }

  /** Whether it was here. */
  delete(guest: Guest): boolean {
    if (this.#many !== null) return this.#many.delete(guest)
    if (this.#only !== guest) return false
    this.#only = null
    return true
  }

  all(): Iterable<Guest> {
    return this.#many?.keys() ?? (this.#only === null ? NONE : [this.#only])
  }

  [Symbol.iterator](): Iterator<[Guest, Seq]> {
    return (this.#many ?? this.#entry())[Symbol.iterator]()
  }

  #entry(): [Guest, Seq][] {
    return this.#only === null ? [] : [[this.#only, this.#since]]
  }
}
