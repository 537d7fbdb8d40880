import { LRUCache } from 'lru-cache'
import type { Timers } from '../timers.ts'
import { StreamOrder } from './stream-order.ts'

/** Most streams whose order is kept. The one without events for longest is forgotten, and then starts again. */
export const STREAMS_MAX = 100_000

/** One stream of one owner. */
interface OwnedStream<Owner, T> {
  readonly owner: Owner
  readonly order: StreamOrder<T>
}

/** Restores the order of streams for many owners (topics). Each stream of each owner is ordered by itself. */
export interface Sequencer<Owner, T> {
  /** Takes the events `from`, `from + 1` ... of `stream`, which arrived for `owner`. */
  events(owner: Owner, stream: string, from: number, values: readonly T[]): void
  /** Takes values for `owner` that must not overtake the event `after`. Releases them at once when there is no `after`,
   *  or its stream is unknown. */
  courtesy(
    owner: Owner,
    after: { readonly stream: string; readonly seq: number } | undefined,
    values: readonly T[]
  ): void
  /** The highest `seq` of `stream` that was released to the owner of that epoch. Null when it is not known. */
  last(epoch: number, stream: string): number | null
  /** Releases at once all that waits for `owner`. Call it before the owner changes its `epoch`, which starts its
   *  streams again. */
  flush(owner: Owner): void
  /** Forgets everything. Releases nothing any more. */
  close(): void
}

/** Calls `release` with values in order, at once or by a timer, and never with none. No two owners ever have the same
 *  `epoch`. `streams` is `STREAMS_MAX` by default. */
export function sequencer<Owner extends { readonly epoch: number }, T>(options: {
  readonly timers: Timers
  readonly release: (owner: Owner, values: readonly T[]) => void
  readonly streams?: number
}): Sequencer<Owner, T> {
  const { timers, release, streams = STREAMS_MAX } = options
  const waiting = new Set<OwnedStream<Owner, T>>()
  const ownedStreams = new LRUCache<string, OwnedStream<Owner, T>>({
    max: streams,
    dispose: owned => releaseFrom(owned, owned.order.flush())
  })
  let cancelTick: (() => void) | null = null
  let open = true

  const keyOf = ({ epoch }: { readonly epoch: number }, stream: string) => `${epoch} ${stream}`

  function streamOf(owner: Owner, stream: string): OwnedStream<Owner, T> {
    const key = keyOf(owner, stream)
    const known = ownedStreams.get(key)
    if (known !== undefined) return known
    const owned = { owner, order: new StreamOrder<T>() }
    ownedStreams.set(key, owned)
    return owned
  }

  function releaseFrom(owned: OwnedStream<Owner, T>, released: readonly T[]): void {
    if (!open) return
    if (owned.order.deadline() === null) waiting.delete(owned)
    else waiting.add(owned)
    if (released.length > 0) release(owned.owner, released)
  }

  /** Sets one timer for all streams: a stream that begins to wait later is due later. */
  function arm(): void {
    if (!open || waiting.size === 0 || cancelTick !== null) return
    let earliest = Number.POSITIVE_INFINITY
    for (const { order } of waiting) earliest = Math.min(earliest, order.deadline() ?? earliest)
    cancelTick = timers.after(Math.max(0, earliest - timers.now()), tick)
  }

  function tick(): void {
    cancelTick = null
    const now = timers.now()
    for (const owned of [...waiting]) releaseFrom(owned, owned.order.expire(now))
    arm()
  }

  return {
    events(owner, stream, from, values) {
      const owned = streamOf(owner, stream)
      const now = timers.now()
      const released: T[] = []
      let seq = from
      for (const value of values) released.push(...owned.order.event(seq++, value, now))
      releaseFrom(owned, released)
      arm()
    },
    courtesy(owner, after, values) {
      const owned = after === undefined ? undefined : ownedStreams.get(keyOf(owner, after.stream))
      if (after === undefined || owned === undefined) return release(owner, values)
      const now = timers.now()
      const released = values.flatMap(value => owned.order.courtesy(after.seq, value, now))
      releaseFrom(owned, released)
      arm()
    },
    last: (epoch, stream) => ownedStreams.peek(keyOf({ epoch }, stream))?.order.last() ?? null,
    flush(owner) {
      for (const owned of [...waiting]) if (owned.owner === owner) releaseFrom(owned, owned.order.flush())
    },
    close() {
      open = false
      cancelTick?.()
      waiting.clear()
      ownedStreams.clear()
    }
  }
}
