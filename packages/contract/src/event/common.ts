import { Type } from 'typebox'
import { type ConversationId, Seq, Timestamp, type UserId } from '../scalar.ts'

/** Version of the event schemas. New fields do not change it: clients ignore fields that they do not know. */
export const EVENT_VERSION = 1

/** The name of a stream: `conversation:<id>`, or `user:<id>` for a user's personal stream. */
export const Stream = Type.String({
  maxLength: 32,
  pattern: '^(conversation|user):[1-9][0-9]{0,15}$',
  description: "The stream in which `seq` counts: `conversation:<id>`, or the receiver's own `user:<id>`"
})
const V = Type.Literal(EVENT_VERSION)

/** Fields of every event that has a `seq` in its stream. */
export const sequenced = { v: V, stream: Stream, seq: Seq, at: Timestamp }
/** Fields of every event without a `seq`. Such an event is not repeated by sync. */
export const live = { v: V, at: Timestamp }

/** The stream of a conversation's changes. */
export function conversationStream(id: ConversationId): string {
  return `conversation:${id}`
}

/** A user's personal stream: the events that concern this user alone. */
export function userStream(id: UserId): string {
  return `user:${id}`
}
