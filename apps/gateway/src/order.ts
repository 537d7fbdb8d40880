/** How long an early event, or a courtesy, waits for what lies before it. DESIGN.md, The one rule of sync. */
export const HOLD_MS = 500
/** Events of one stream that wait at most, and courtesies as well. */
export const HOLD_EVENTS = 256
/** How far behind the newest released value it is still known which values were released. */
export const WINDOW = 256

interface Held<T> {
  readonly value: T
  readonly at: number
}

interface HeldCourtesy<T> extends Held<T> {
  readonly after: number
}

/**
 * Restores the order of one stream for one topic. Each call returns what may go out now, in order. An unknown stream starts at whatever
 * comes first. An event that comes early waits until its predecessors came, `HOLD_MS` passed, or more than `HOLD_EVENTS` wait; then it
 * goes out with the gap visible. One that comes after its turn goes out late unless it went out before: doubles are dropped
 * for sure within `WINDOW`, and beyond it as far as known. Times are arguments, in milliseconds. A class, since there is one a stream.
 */
export class StreamOrder<T> {
  /** Which values went out is known from `#start` on: all below `#next` but the `#missing`. */
  #start = 0
  #next: number | null = null
  #missing = new Set<number>()
  #early = new Map<number, Held<T>>()
  #courtesies: HeldCourtesy<T>[] = []

  /** The change `seq` arrived. */
  event(seq: number, value: T, now: number): T[] {
    if (this.#next === null) this.#start = seq
    this.#next ??= seq
    if (seq < this.#next) return this.#isLate(seq) ? [value] : []

    const released: T[] = []
    if (seq === this.#next) {
      this.#next = seq + 1
      released.push(value)
      this.#releaseRun(released)
    } else if (!this.#early.has(seq)) {
      this.#early.set(seq, { value, at: now })
      if (this.#early.size > HOLD_EVENTS) this.#skipTo(Math.min(...this.#early.keys()), released)
    }
    return released
  }

  /** The highest value that went out; null as long as there is none. */
  last(): number | null {
    return this.#next === null ? null : this.#next - 1
  }

  /** Something arrived that may not overtake the change `after`. It waits only for what is still expected. */
  courtesy(after: number, value: T, now: number): T[] {
    if (this.#next === null || after < this.#next) return [value]
    this.#courtesies.push({ after, value, at: now })
    const crowdedOut = this.#courtesies.length > HOLD_EVENTS ? this.#courtesies.shift() : undefined
    return crowdedOut === undefined ? [] : [crowdedOut.value]
  }

  /** Releases what has waited for `HOLD_MS`, and what must go before it. */
  expire(now: number): T[] {
    const released: T[] = []
    const inOrder = [...this.#early].sort(([a], [b]) => a - b)
    const last = inOrder.findLastIndex(([, { at }]) => at + HOLD_MS <= now)
    for (const [seq] of inOrder.slice(0, last + 1)) if (this.#early.has(seq)) this.#skipTo(seq, released)
    this.#releaseCourtesies(released, ({ at }) => at + HOLD_MS <= now)
    return released
  }

  /** Releases everything that waits. */
  flush(): T[] {
    return this.expire(Number.POSITIVE_INFINITY)
  }

  /** When `expire` has something to do, unless events come first; null when nothing waits. */
  deadline(): number | null {
    if (this.#early.size === 0 && this.#courtesies.length === 0) return null
    let earliest = Number.POSITIVE_INFINITY
    for (const { at } of this.#early.values()) earliest = Math.min(earliest, at)
    for (const { at } of this.#courtesies) earliest = Math.min(earliest, at)
    return earliest + HOLD_MS
  }

  /** Whether `seq`, whose turn is over, has not gone out as far as known; then it is noted as gone. */
  #isLate(seq: number): boolean {
    const next = this.#next ?? 0
    if (this.#missing.delete(seq)) return true
    if (seq >= this.#start) return false
    if (seq < next - WINDOW) return true // it may be a double, and the client drops those; lost it would be lost

    for (let between = seq + 1; between < this.#start; between += 1) this.#missing.add(between)
    this.#start = seq
    return true
  }

  /** Releases those whose turn has come. */
  #releaseRun(released: T[]): void {
    let next = this.#next ?? 0
    for (let held = this.#early.get(next); held !== undefined; held = this.#early.get(next)) {
      this.#early.delete(next)
      released.push(held.value)
      next += 1
    }
    this.#next = next
    this.#releaseCourtesies(released, ({ after }) => after < next)
  }

  /** Gives up what lies before `seq`, and goes on from there. */
  #skipTo(seq: number, released: T[]): void {
    const from = Math.max(this.#next ?? 0, seq - WINDOW)
    if (from > (this.#next ?? 0)) this.#start = from
    for (let missed = from; missed < seq; missed += 1) this.#missing.add(missed)
    this.#boundMissing(seq)
    this.#next = seq
    this.#releaseRun(released)
  }

  #boundMissing(next: number): void {
    if (this.#missing.size <= WINDOW) return
    this.#start = Math.max(this.#start, next - WINDOW)
    for (const seq of this.#missing) if (seq < this.#start) this.#missing.delete(seq)
  }

  #releaseCourtesies(released: T[], isDue: (held: HeldCourtesy<T>) => boolean): void {
    if (this.#courtesies.length === 0) return
    for (const held of this.#courtesies) if (isDue(held)) released.push(held.value)
    this.#courtesies = this.#courtesies.filter(held => !isDue(held))
  }
}
