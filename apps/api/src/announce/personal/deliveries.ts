import { type Delivery, userTopic } from '@rendezvous/cluster'
import { EVENT_VERSION, type PersonalEvent, timestamp, userStream } from '@rendezvous/contract'
import { frameOf, runs } from '../runs.ts'
import type { PersonalChange } from './port.ts'

/** Announces personal events to all devices of their users. Each run of consecutive values is one envelope. */
export function personalDeliveries(changes: readonly PersonalChange[]): Delivery[] {
  return runs(changes, ({ userId }) => userId).map(run => {
    const [{ userId, seq: from }] = run
    const header = { kind: 'events' as const, stream: userStream(userId), from, to: run.at(-1)?.seq ?? from }
    return { topics: [userTopic(userId)], envelope: { header, frames: run.map(each => frameOf(personalEvent(each))) } }
  })
}

/** The event that clients get for one value of a personal stream. */
export function personalEvent({ userId, seq, at, facts }: PersonalChange): PersonalEvent {
  return { ...facts, v: EVENT_VERSION, stream: userStream(userId), seq, at: timestamp(at) }
}
