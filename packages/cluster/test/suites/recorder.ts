import type { BusListener } from '../../src/bus.ts'
import type { Envelope } from '../../src/envelope.ts'
import type { Topic } from '../../src/topics.ts'

/** One call of a listener. */
export type Received =
  | { readonly topic: Topic; readonly envelope: Envelope }
  | { readonly interrupted: readonly Topic[] | 'all' }

/** A listener that keeps its calls until `next` takes them. */
export interface Recorder extends BusListener {
  /** Takes the oldest call, or waits for one. */
  next(): Promise<Received>
  /** Calls that `next` has not taken yet. */
  readonly unread: readonly Received[]
  /** The `deafMs` of each interruption so far. */
  readonly losses: readonly (number | null)[]
}

/** A new recorder. */
export function recorder(): Recorder {
  const unread: Received[] = []
  const losses: (number | null)[] = []
  const waiting: ((call: Received) => void)[] = []
  const record = (call: Received) => {
    const resolve = waiting.shift()
    if (resolve === undefined) unread.push(call)
    else resolve(call)
  }

  return {
    unread,
    losses,
    onMessage: (topic, envelope) => record({ topic, envelope }),
    onInterruption(topics, deafMs) {
      losses.push(deafMs)
      record({ interrupted: topics })
    },
    next() {
      const call = unread.shift()
      return call === undefined ? new Promise(resolve => waiting.push(resolve)) : Promise.resolve(call)
    }
  }
}
