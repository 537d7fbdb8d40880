import type { Timers } from './timers.ts'

/** The position of who waits for nothing. */
export const AWAKE = -1

/** Who waits for one moment at a time. The two fields are for `Alarms` alone to change: it would need as much again to keep them apart. */
export interface Sleeper {
  /** When it is to be woken, by `Timers.elapsed`. */
  wakesAt: number
  /** Where it stands in the queue; `AWAKE` at first. */
  position: number
  /** The moment has come, and it waits for nothing any more. Must not throw. */
  wake(): void
}

/** The moments that the sockets of a node wait for, on one timer: a timer each, and what cancels it, would be 260 bytes a socket. */
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

/** A binary heap: nobody wakes later than the two below him. Each knows his position, so that he can be taken out from anywhere. */
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
    const { position } = sleeper
    if (position === AWAKE) return
    sleeper.position = AWAKE
    const last = this.#heap.pop()
    if (last === undefined || last === sleeper) return
    this.#put(last, position)
    this.#rise(last)
    this.#sink(last)
  }

  #put(sleeper: Sleeper, position: number): void {
    this.#heap[position] = sleeper
    sleeper.position = position
  }

  #swap(one: Sleeper, other: Sleeper): void {
    const { position } = one
    this.#put(one, other.position)
    this.#put(other, position)
  }

  #rise(sleeper: Sleeper): void {
    for (;;) {
      const above = this.#heap[(sleeper.position - 1) >> 1]
      if (above === undefined || above.wakesAt <= sleeper.wakesAt) return
      this.#swap(sleeper, above)
    }
  }

  #sink(sleeper: Sleeper): void {
    for (;;) {
      const left = this.#heap[2 * sleeper.position + 1]
      const right = this.#heap[2 * sleeper.position + 2]
      const below = left !== undefined && right !== undefined && right.wakesAt < left.wakesAt ? right : left
      if (below === undefined || below.wakesAt >= sleeper.wakesAt) return
      this.#swap(sleeper, below)
    }
  }
}
