import type { ConversationId, Event, MessageId, Seq, UserId } from '@rendezvous/contract'
import { conversationStream, EVENT_VERSION, timestamp } from '@rendezvous/contract'

/** People in a small room. */
export const SMALL = 10

/** How people are distributed over rooms. */
export interface Rooms {
  /** The rooms 1 to `small` have ten people each. All other people are in the next room. */
  readonly small: number
}

/** The room of a person. */
export function roomOf(user: number, { small }: Rooms): number {
  return Math.min(Math.ceil(user / SMALL), small + 1)
}

/** The first person of a room, who is its sender. */
export function firstOf(room: number): number {
  return (room - 1) * SMALL + 1
}

/** The event, as JSON, with which an api node tells the members of `room` of the message `seq`. */
export function messageText(room: number, seq: number): string {
  const conversation = room as ConversationId
  const at = timestamp(new Date())
  const event: Event = {
    type: 'message_created',
    id: (7_000_000_000_000 + seq) as MessageId,
    from: 1 as UserId,
    to: null,
    content: 'Did you see the boat that came in this morning? It is the one we talked about.',
    message_type: 'text',
    created_at: at,
    status: 'sent',
    conversation_id: conversation,
    client_id: '0b6e3f1c-6f0e-4a51-9c3e-0e8f5a3a9f10',
    reply_to: null,
    reply_to_deleted: false,
    mentions: [],
    system: null,
    v: EVENT_VERSION,
    stream: conversationStream(conversation),
    seq: seq as Seq,
    at
  }
  return JSON.stringify(event)
}
