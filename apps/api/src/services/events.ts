import { conversationStream, EVENT_VERSION, type Event, type Seq, timestamp, type UserId } from '@rendezvous/contract'
import type { Change } from '../ports/changes.ts'
import type { Advanced, Covered } from '../ports/receipts.ts'

/** The event of one value of a conversation's sequence. */
export function changeEvent(change: Change): Event {
  switch (change.type) {
    case 'message_created':
      return messageCreated(change)
    case 'conversation_created':
      return {
        type: 'conversation_created',
        conversation_id: change.conversationId,
        conversation_type: 'direct',
        participant_ids: [...(change.memberIds ?? [])].sort((a, b) => a - b),
        created_by: change.createdBy,
        created_at: timestamp(change.createdAt),
        ...placed(change, change.createdAt)
      }
    case 'member_joined':
    case 'member_left':
      return {
        type: change.type,
        conversation_id: change.conversationId,
        user_id: change.userId,
        ...placed(change, change.at)
      }
    case 'superseded':
      return resync(change, change.at)
  }
}

/** That a message reached, or was read by, who moved his watermark over it. */
export function receiptEvent(
  type: 'message_delivered' | 'message_read',
  { conversationId, userId }: Advanced,
  { id, seq }: Covered,
  at: Date
): Event {
  return { type, id, conversation_id: conversationId, user_id: userId, seq, v: EVENT_VERSION, at: timestamp(at) }
}

/** The `presence_update` of a person who came or went at `at`; `lastSeen` null when he was never there. */
export function presenceEvent(userId: UserId, online: boolean, lastSeen: Date | null, at: Date): Event {
  const seen = lastSeen === null ? null : timestamp(lastSeen)
  return { type: 'presence_update', user_id: userId, online, last_seen: seen, v: EVENT_VERSION, at: timestamp(at) }
}

type MessageChange = Extract<Change, { type: 'message_created' }>

function messageCreated(change: MessageChange): Event {
  const { message } = change
  return {
    type: 'message_created',
    id: message.id,
    from: message.senderId,
    to: message.receiverId,
    content: message.content,
    message_type: 'text',
    created_at: timestamp(message.createdAt),
    status: message.status,
    conversation_id: message.conversationId,
    client_id: message.clientId,
    ...placed(change, message.createdAt)
  }
}

/** What happened at this value is known no more, only that something did: who hears it fetches the state. */
function resync({ conversationId }: Change, at: Date): Event {
  return { type: 'resync', stream: conversationStream(conversationId), v: EVENT_VERSION, at: timestamp(at) }
}

function placed({ conversationId, seq }: Change, at: Date): { v: 1; stream: string; seq: Seq; at: string } {
  return { v: EVENT_VERSION, stream: conversationStream(conversationId), seq, at: timestamp(at) }
}
