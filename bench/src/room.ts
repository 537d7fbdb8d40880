import type { ConversationId, Event, MessageId, Seq, UserId } from '@rendezvous/contract'
import { conversationStream, EVENT_VERSION, timestamp } from '@rendezvous/contract'

/** People in one of the rooms that are small. */
export const SMALL = 10

/** How people are spread over rooms. */
export interface Rooms {
  /** The first people are ten each in the rooms 1 to `small`, all others together in the next. */
  readonly small: number
}

/** The room of a person. */
export function roomOf(user: number, { small }: Rooms): number {
  return Math.min(Math.ceil(user / SMALL), small + 1)
}

/** What an api node tells the members of `room` of its message `seq`: the event as text. */
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
    mentions: [],
    system: null,
    v: EVENT_VERSION,
    stream: conversationStream(conversation),
    seq: seq as Seq,
    at
  }
  return JSON.stringify(event)
}
