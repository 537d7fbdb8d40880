import {
  type ConversationId,
  conversationStream,
  type MissedConversation,
  type Seq,
  type UserId,
  userStream
} from '@rendezvous/contract'
import type { Loss } from '../hub/hub.ts'
import type { Node } from '../node.ts'

/** The longest a useful answer may take, in milliseconds. The api looks back from when the question reaches its
 *  database, so the question covers this much more time. */
const ANSWER_MS = 5_000

/** A time, up to now, in which messages of a user's own topic may have been lost. */
export interface Interruption {
  /** When it began, by `Timers.elapsed`. Null when it is not known. */
  readonly since: number | null
  /** The last `seq` of a stream that arrived before it. Null when it is not known. */
  heard(stream: string): number | null
}

/** What a socket knows when it finds out which events an interruption lost. */
export interface Knowledge {
  readonly userId: UserId
  /** The head of its user's own stream, as the socket was last told. */
  readonly head: number
  /** The last change by which its user joined or left the group, as far as it knows. Null when none is known. */
  lastOwnChange(conversationId: ConversationId): Seq | null
}

/** Makes one interruption of `losses`, reported at `now` (by `Timers.elapsed`). Null when there are none. */
export function interruptionOf(losses: readonly Loss[], now: number): Interruption | null {
  const interruptions = losses.map(({ deafMs, heard }) => ({ since: deafMs === null ? null : now - deafMs, heard }))
  return interruptions.reduce<Interruption | null>(merged, null)
}

/** Both as one interruption: it began with the earlier of the two, and `heard` is that of `first`. */
export function merged(first: Interruption | null, second: Interruption | null): Interruption | null {
  if (first === null || second === null) return first ?? second
  const since = first.since === null || second.since === null ? null : Math.min(first.since, second.since)
  return { since, heard: first.heard }
}

/** Asks the api in which conversations events for the user happened during the interruption. Null when they are too
 *  many, or cannot be known.
 *  @throws whatever the api's call rejects with. */
export async function askMissed(
  { since }: Interruption,
  userId: UserId,
  { backend, timers }: Pick<Node, 'backend' | 'timers'>
): Promise<readonly MissedConversation[] | null> {
  if (since === null) return null
  const askedAt = timers.elapsed()
  const missed = await backend.missed({ userId, deafMs: askedAt - since + ANSWER_MS })
  return timers.elapsed() - askedAt > ANSWER_MS ? null : missed
}

/** The streams of which a socket with this `knowledge` has lost events, or may have. Null when it may be any stream.
 *  `head` is the head of the user's own stream. */
export function lostStreams(
  { heard }: Interruption,
  { missed, head }: { readonly missed: readonly MissedConversation[] | null; readonly head: number },
  knowledge: Knowledge
): readonly string[] | null {
  if (missed === null) return null
  const own = userStream(knowledge.userId)
  const lost = missed.flatMap(({ conversationId, headSeq, receipts }) => {
    const stream = conversationStream(conversationId)
    const last = heard(stream) ?? knowledge.lastOwnChange(conversationId)
    return receipts || last === null || headSeq > last ? [stream] : []
  })
  return head > Math.max(knowledge.head, heard(own) ?? 0) ? [own, ...lost] : lost
}
