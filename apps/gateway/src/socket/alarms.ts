import type { Timers } from '../timers.ts'

/** The `position` of an alarm that is not set. */
export const UNSET = -1

/** An alarm that can be set for one moment at a time. Only `Alarms` may change the two fields: they stand here because
 *  a separate record for each alarm would double the memory. */
export interface Alarm {
  /** When it fires, by `Timers.elapsed`. */
  firesAt: number
  /** Its position in the queue. `UNSET` at first. */
  position: number
  /** Called once the moment has come. The alarm is then unset. Must not throw. */
  fire(): void
}

/** The alarms of a node's sockets, on one timer. A timer for each, with the function that cancels it, would take 260
 *  bytes a socket. */
export interface Alarms {
  /** Lets `alarm` fire once, `ms` from now or soon after. Replaces the moment that it was set for. */
  set(alarm: Alarm, ms: number): void
  /** Unsets `alarm`. */
  clear(alarm: Alarm): void
}

/** Alarms on `timers`, none set. */
export function openAlarms(timers: Timers): Alarms {
  const queue = new AlarmQueue()
  let armedFor = Number.POSITIVE_INFINITY
  let cancel: (() => void) | null = null

  /** Sets the timer unless it ends early enough. It stays when the first alarm is cleared: a timer that ends too early
   *  costs less than a new one each time. */
  function arm(): void {
    const firesAt = queue.first?.firesAt ?? Number.POSITIVE_INFINITY
    if (firesAt >= armedFor) return
    cancel?.()
    armedFor = firesAt
    cancel = timers.after(firesAt - timers.elapsed(), fireDue)
  }

  function disarm(): void {
    cancel?.()
    cancel = null
    armedFor = Number.POSITIVE_INFINITY
  }

  function fireDue(): void {
    cancel = null
    armedFor = Number.NEGATIVE_INFINITY // so that `set`, called by an alarm that fires, starts no timer
    const now = timers.elapsed()
    for (let first = queue.first; first !== undefined && first.firesAt <= now; first = queue.first) {
      queue.remove(first)
      first.fire()
    }
    disarm()
    arm()
  }

  return {
    set(alarm, ms) {
      queue.remove(alarm)
      queue.add(alarm, timers.elapsed() + ms)
      arm()
    },
    clear(alarm) {
      queue.remove(alarm)
      if (queue.first === undefined) disarm()
    }
  }
}

/** A binary heap, earliest first. Each alarm knows its position, so that it can be removed from anywhere. */
class AlarmQueue {
  readonly #heap: Alarm[] = []

  get first(): Alarm | undefined {
    return this.#heap[0]
  }

  add(alarm: Alarm, firesAt: number): void {
    alarm.firesAt = firesAt
    this.#put(alarm, this.#heap.length)
    this.#rise(alarm)
  }

  remove(alarm: Alarm): void {
    const { position } = alarm
    if (position === UNSET) return
    alarm.position = UNSET
    const last = this.#heap.pop()
    if (last === undefined || last === alarm) return
    this.#put(last, position)
    this.#rise(last)
    this.#sink(last)
  }

  #put(alarm: Alarm, position: number): void {
    this.#heap[position] = alarm
    alarm.position = position
  }

  #swap(one: Alarm, other: Alarm): void {
    const { position } = one
    this.#put(one, other.position)
    this.#put(other, position)
  }

  #rise(alarm: Alarm): void {
    for (;;) {
      const parent = this.#heap[(alarm.position - 1) >> 1]
      if (parent === undefined || parent.firesAt <= alarm.firesAt) return
      this.#swap(alarm, parent)
    }
  }

  #sink(alarm: Alarm): void {
    for (;;) {
      const left = this.#heap[2 * alarm.position + 1]
      const right = this.#heap[2 * alarm.position + 2]
      const child = left !== undefined && right !== undefined && right.firesAt < left.firesAt ? right : left
      if (child === undefined || child.firesAt >= alarm.firesAt) return
      this.#swap(alarm, child)
    }
  }
}
