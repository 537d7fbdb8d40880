import {
  type ConversationId,
  conversationStream,
  type MissedConversation,
  type Seq,
  type UserId,
  userStream
} from '@rendezvous/contract'
import type { Loss } from './hub.ts'
import type { Node } from './node.ts'

/** The api looks back from when the question reached its database. An answer that took longer than so many milliseconds says too little. */
const ANSWER_MS = 5_000

/** A time, up to now, in which what was published to a person's own topic may have been lost. */
export interface Lapse {
  /** When it began, by `Timers.elapsed`; null when that is not known. */
  readonly since: number | null
  /** The last value of a stream that came before it; null when that is not known. */
  heard(stream: string): number | null
}

/** What a socket knows when it is told what a lapse cost. */
export interface Knowledge {
  readonly userId: UserId
  /** The last value of its person's own stream that it was told of by `ready`, or had to fetch since. */
  readonly head: number
  /** The last coming to a group, or going, of its person that it knows of; null when none is known. */
  lastMove(conversationId: ConversationId): Seq | null
}

/** The lapse that `losses` are, told at the moment `now` of `Timers.elapsed`. Null for none. */
export function lapseOf(losses: readonly Loss[], now: number): Lapse | null {
  const lapses = losses.map(({ deafMs, heard }) => ({ since: deafMs === null ? null : now - deafMs, heard }))
  return lapses.reduce<Lapse | null>(joined, null)
}

/** Both as one: it began with the earlier, and what was heard before `first` counts. */
export function joined(first: Lapse | null, second: Lapse | null): Lapse | null {
  if (first === null || second === null) return first ?? second
  const since = first.since === null || second.since === null ? null : Math.min(first.since, second.since)
  return { since, heard: first.heard }
}

/** Asks the api what the person's own topic may have told during the lapse. Null when that is too much, or not known. @throws whatever the
 *  api's call rejects with. */
export async function askMissed(
  { since }: Lapse,
  userId: UserId,
  { backend, timers }: Pick<Node, 'backend' | 'timers'>
): Promise<readonly MissedConversation[] | null> {
  if (since === null) return null
  const askedAt = timers.elapsed()
  const missed = await backend.missed({ userId, deafMs: askedAt - since + ANSWER_MS })
  return timers.elapsed() - askedAt > ANSWER_MS ? null : missed
}

/** The streams of which something was lost, for sure or perhaps, on who has this `knowledge`; `head` is the last value of his own. Null for all. */
export function lostStreams(
  { heard }: Lapse,
  { missed, head }: { readonly missed: readonly MissedConversation[] | null; readonly head: number },
  knowledge: Knowledge
): readonly string[] | null {
  if (missed === null) return null
  const own = userStream(knowledge.userId)
  const lost = missed.flatMap(({ conversationId, headSeq, receipts }) => {
    const stream = conversationStream(conversationId)
    const last = heard(stream) ?? knowledge.lastMove(conversationId)
    return receipts || last === null || headSeq > last ? [stream] : []
  })
  return head > Math.max(knowledge.head, heard(own) ?? 0) ? [own, ...lost] : lost
}
