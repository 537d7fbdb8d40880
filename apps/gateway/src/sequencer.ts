import { LRUCache } from 'lru-cache'
import { StreamOrder } from './order.ts'
import type { Timers } from './timers.ts'

/** Streams whose order is kept at most; the one not heard of for longest is forgotten, and starts anew. */
export const STREAMS_MAX = 100_000

interface Lane<Owner, T> {
  readonly owner: Owner
  readonly order: StreamOrder<T>
}

/** Restores order in the streams of many owners (topics), each stream of each owner on its own. */
export interface Sequencer<Owner, T> {
  /** Consecutive changes `from`, `from + 1` ... of `stream` arrived for `owner`. */
  events(owner: Owner, stream: string, from: number, values: readonly T[]): void
  /** Values arrived for `owner` that may not overtake `after`; without it, or when its stream is unknown, they go out at once. */
  courtesy(
    owner: Owner,
    after: { readonly stream: string; readonly seq: number } | undefined,
    values: readonly T[]
  ): void
  /** The last value of `stream` that went out to the owner of that epoch; null as far as is known. */
  last(epoch: number, stream: string): number | null
  /** Releases at once what waits for `owner`, e.g. because the owner changes its `epoch` and with it starts all streams anew. */
  flush(owner: Owner): void
  /** Forgets everything. Nothing is released any more. */
  close(): void
}

/** What `release` gets, it gets in order, at once or by a timer. Never called with nothing. `epoch` is unique to one life of an owner. */
export function sequencer<Owner extends { readonly epoch: number }, T>(options: {
  readonly timers: Timers
  readonly release: (owner: Owner, values: readonly T[]) => void
  readonly streams?: number
}): Sequencer<Owner, T> {
  const { timers, release, streams = STREAMS_MAX } = options
  const waiting = new Set<Lane<Owner, T>>()
  const lanes = new LRUCache<string, Lane<Owner, T>>({
    max: streams,
    dispose: lane => settle(lane, lane.order.flush())
  })
  let cancelTick: (() => void) | null = null
  let open = true

  const keyOf = ({ epoch }: { readonly epoch: number }, stream: string) => `${epoch} ${stream}`

  function laneOf(owner: Owner, stream: string): Lane<Owner, T> {
    const key = keyOf(owner, stream)
    const known = lanes.get(key)
    if (known !== undefined) return known
    const lane = { owner, order: new StreamOrder<T>() }
    lanes.set(key, lane)
    return lane
  }

  function settle(lane: Lane<Owner, T>, released: readonly T[]): void {
    if (!open) return
    if (lane.order.deadline() === null) waiting.delete(lane)
    else waiting.add(lane)
    if (released.length > 0) release(lane.owner, released)
  }

  /** One timer for all: a lane that begins to wait later is due later. */
  function arm(): void {
    if (!open || waiting.size === 0 || cancelTick !== null) return
    let earliest = Number.POSITIVE_INFINITY
    for (const { order } of waiting) earliest = Math.min(earliest, order.deadline() ?? earliest)
    cancelTick = timers.after(Math.max(0, earliest - timers.now()), tick)
  }

  function tick(): void {
    cancelTick = null
    const now = timers.now()
    for (const lane of [...waiting]) settle(lane, lane.order.expire(now))
    arm()
  }

  return {
    events(owner, stream, from, values) {
      const lane = laneOf(owner, stream)
      const now = timers.now()
      const released: T[] = []
      let seq = from
      for (const value of values) released.push(...lane.order.event(seq++, value, now))
      settle(lane, released)
      arm()
    },
    courtesy(owner, after, values) {
      const lane = after === undefined ? undefined : lanes.get(keyOf(owner, after.stream))
      if (after === undefined || lane === undefined) return release(owner, values)
      const now = timers.now()
      const released = values.flatMap(value => lane.order.courtesy(after.seq, value, now))
      settle(lane, released)
      arm()
    },
    last: (epoch, stream) => lanes.peek(keyOf({ epoch }, stream))?.order.last() ?? null,
    flush(owner) {
      for (const lane of [...waiting]) if (lane.owner === owner) settle(lane, lane.order.flush())
    },
    close() {
      open = false
      cancelTick?.()
      waiting.clear()
      lanes.clear()
    }
  }
}
