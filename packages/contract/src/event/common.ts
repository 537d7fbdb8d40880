import { Type } from 'typebox'
import { type ConversationId, Seq, Timestamp, type UserId } from '../scalar.ts'

/** Version of the events' shapes. A client ignores fields it does not know. */
export const EVENT_VERSION = 1

/** Names a sequence: `conversation:<id>`, or `user:<id>` for a person's own. */
export const Stream = Type.String({
  maxLength: 32,
  pattern: '^(conversation|user):[1-9][0-9]{0,15}$',
  description: "A sequence that `seq` counts in: `conversation:<id>`, or one's own `user:<id>`"
})
const V = Type.Literal(EVENT_VERSION)

/** Members of every event that takes a value of its stream. */
export const sequenced = { v: V, stream: Stream, seq: Seq, at: Timestamp }
/** Members of every event that takes none. */
export const live = { v: V, at: Timestamp }

/** The stream of a conversation's changes. */
export function conversationStream(id: ConversationId): string {
  return `conversation:${id}`
}

/** A person's own stream: what concerns him alone. */
export function userStream(id: UserId): string {
  return `user:${id}`
}
