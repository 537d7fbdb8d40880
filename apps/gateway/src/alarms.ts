import type { Timers } from './timers.ts'

/** The place of who waits for nothing. */
export const AWAKE = -1

/** Who waits for one moment at a time. The two fields are for `Alarms` alone to change: it would need as much again to keep them apart. */
export interface Sleeper {
  /** When it is to be woken, by `Timers.elapsed`. */
  wakesAt: number
  /** Where in the queue it stands; `AWAKE` at first. */
  place: number
  /** The moment has come, and it waits for nothing any more. Must not throw. */
  wake(): void
}

/** The moments that the sockets of a node wait for, on one timer: a timer each, and what cancels it, would be 300 bytes a socket. */
export interface Alarms {
  /** Wakes `sleeper` once, `ms` from now or soon after, and not when it was to be woken before. */
  set(sleeper: Sleeper, ms: number): void
  /** It waits for nothing. */
  clear(sleeper: Sleeper): void
}

/** Nobody waits yet. */
export function openAlarms(timers: Timers): Alarms {
  const queue = new SleeperQueue()
  let armedFor = Number.POSITIVE_INFINITY
  let cancel: (() => void) | null = null

  /** Once the first was cleared, the timer rings for nobody while others wait: cheaper than a new one each time. */
  function arm(): void {
    const wakesAt = queue.first?.wakesAt ?? Number.POSITIVE_INFINITY
    if (wakesAt >= armedFor) return
    cancel?.()
    armedFor = wakesAt
    cancel = timers.after(wakesAt - timers.elapsed(), ring)
  }

  function disarm(): void {
    cancel?.()
    cancel = null
    armedFor = Number.POSITIVE_INFINITY
  }

  function ring(): void {
    cancel = null
    armedFor = Number.NEGATIVE_INFINITY // not anew for each who is set meanwhile
    const now = timers.elapsed()
    for (let first = queue.first; first !== undefined && first.wakesAt <= now; first = queue.first) {
      queue.remove(first)
      first.wake()
    }
    disarm()
    arm()
  }

  return {
    set(sleeper, ms) {
      queue.remove(sleeper)
      queue.add(sleeper, timers.elapsed() + ms)
      arm()
    },
    clear(sleeper) {
      queue.remove(sleeper)
      if (queue.first === undefined) disarm()
    }
  }
}

/** A binary heap: nobody wakes later than the two below him. Each knows his place, so that he can be taken out from anywhere. */
class SleeperQueue {
  readonly #heap: Sleeper[] = []

  get first(): Sleeper | undefined {
    return this.#heap[0]
  }

  add(sleeper: Sleeper, wakesAt: number): void {
    sleeper.wakesAt = wakesAt
    this.#put(sleeper, this.#heap.length)
    this.#rise(sleeper)
  }

  remove(sleeper: Sleeper): void {
    const { place } = sleeper
    if (place === AWAKE) return
    sleeper.place = AWAKE
    const last = this.#heap.pop()
    if (last === undefined || last === sleeper) return
    this.#put(last, place)
    this.#rise(last)
    this.#sink(last)
  }

  #put(sleeper: Sleeper, place: number): void {
    this.#heap[place] = sleeper
    sleeper.place = place
  }

  #swap(one: Sleeper, other: Sleeper): void {
    const { place } = one
    this.#put(one, other.place)
    this.#put(other, place)
  }

  #rise(sleeper: Sleeper): void {
    for (;;) {
      const above = this.#heap[(sleeper.place - 1) >> 1]
      if (above === undefined || above.wakesAt <= sleeper.wakesAt) return
      this.#swap(sleeper, above)
    }
  }

  #sink(sleeper: Sleeper): void {
    for (;;) {
      const left = this.#heap[2 * sleeper.place + 1]
      const right = this.#heap[2 * sleeper.place + 2]
      const below = left !== undefined && right !== undefined && right.wakesAt < left.wakesAt ? right : left
      if (below === undefined || below.wakesAt >= sleeper.wakesAt) return
      this.#swap(sleeper, below)
    }
  }
}
