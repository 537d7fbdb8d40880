/** How long an early event or a courtesy waits for the events before it (docs/design.md, The one rule of sync). */
export const HOLD_MS = 500
/** Most events of one stream that may wait, and most courtesies. */
export const HOLD_EVENTS = 256
/** How far below the highest released `seq` the order still knows which events were released. */
export const WINDOW = 256

interface Held<T> {
  readonly value: T
  readonly at: number
}

interface HeldCourtesy<T> extends Held<T> {
  readonly after: number
}

/**
 * Restores the order of one stream for one topic. Each call returns the values to release now, in order.
 *
 * - A stream starts at the first event that arrives.
 * - An early event waits until the events before it came, `HOLD_MS` passed, or more than `HOLD_EVENTS` wait. Then it is
 *   released, and clients see the gap.
 * - A late event is released unless it was released before. Within `WINDOW` a double is always dropped; below it only
 *   when it is known to be one.
 *
 * Times are in milliseconds. A class, because there is one for each stream.
 */
export class StreamOrder<T> {
  /** From here on it is known which events were released: all below `#next` except the `#missing`. */
  #start = 0
  /** The next `seq` to release. Null before the first event. */
  #next: number | null = null
  #missing = new Set<number>()
  #early = new Map<number, Held<T>>()
  #courtesies: HeldCourtesy<T>[] = []

  /** Takes the event `seq`. */
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

  /** The highest `seq` that was released. Null before the first event. */
  last(): number | null {
    return this.#next === null ? null : this.#next - 1
  }

  /** Takes a courtesy that must not overtake the event `after`. It waits only while that event may still come. */
  courtesy(after: number, value: T, now: number): T[] {
    if (this.#next === null || after < this.#next) return [value]
    this.#courtesies.push({ after, value, at: now })
    const oldest = this.#courtesies.length > HOLD_EVENTS ? this.#courtesies.shift() : undefined
    return oldest === undefined ? [] : [oldest.value]
  }

  /** Releases values that have waited for `HOLD_MS`, and those that must precede them. */
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

  /** When `expire` must be called next. Null when nothing waits. */
  deadline(): number | null {
    if (this.#early.size === 0 && this.#courtesies.length === 0) return null
    let earliest = Number.POSITIVE_INFINITY
    for (const { at } of this.#early.values()) earliest = Math.min(earliest, at)
    for (const { at } of this.#courtesies) earliest = Math.min(earliest, at)
    return earliest + HOLD_MS
  }

  /** Whether the late event `seq` must be released, as far as known. If so, marks it as released. */
  #isLate(seq: number): boolean {
    const next = this.#next ?? 0
    if (this.#missing.delete(seq)) return true
    if (seq >= this.#start) return false
    if (seq < next - WINDOW) return true // a client drops a double, but could not recover a lost event

    for (let between = seq + 1; between < this.#start; between += 1) this.#missing.add(between)
    this.#start = seq
    return true
  }

  /** Releases the waiting events that directly follow, and the courtesies that waited for them. */
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

  /** Stops waiting for the events before `seq`, and continues from there. */
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
