import type { BusListener } from '../../src/bus.ts'
import type { Envelope } from '../../src/envelope.ts'
import type { Topic } from '../../src/topics.ts'

/** One thing a listener was told. */
export type Heard =
  | { readonly topic: Topic; readonly envelope: Envelope }
  | { readonly interrupted: readonly Topic[] | 'all' }

/** A listener that keeps what it hears until it is asked for. */
export interface Recorder extends BusListener {
  /** The next thing heard, as soon as it is. */
  next(): Promise<Heard>
  /** What was heard and not asked for yet. */
  readonly unread: readonly Heard[]
  /** Of each interruption so far how long the node may have been deaf. */
  readonly losses: readonly (number | null)[]
}

/** A recorder that heard nothing yet. */
export function recorder(): Recorder {
  const unread: Heard[] = []
  const losses: (number | null)[] = []
  const waiting: ((heard: Heard) => void)[] = []
  const hear = (heard: Heard) => {
    const take = waiting.shift()
    if (take === undefined) unread.push(heard)
    else take(heard)
  }

  return {
    unread,
    losses,
    onMessage: (topic, envelope) => hear({ topic, envelope }),
    onInterruption(topics, deafMs) {
      losses.push(deafMs)
      hear({ interrupted: topics })
    },
    next() {
      const heard = unread.shift()
      return heard === undefined ? new Promise(resolve => waiting.push(resolve)) : Promise.resolve(heard)
    }
  }
}
