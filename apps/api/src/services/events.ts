import {
  conversationStream,
  EVENT_VERSION,
  type Event,
  type PersonalEvent,
  type Seq,
  timestamp,
  type UserId,
  userStream
} from '@rendezvous/contract'
import type { Change, MessageChange, Placed } from '../ports/changes.ts'
import type { PersonalChange } from '../ports/personal.ts'
import type { Advanced, Covered } from '../ports/receipts.ts'

type OfType<Type extends Change['type']> = Change & { readonly type: Type }

/** What each change is told as. */
const writers: { readonly [Type in Change['type']]: (change: OfType<Type>) => Event } = {
  message_created: messageCreated,
  message_edited: change => ({
    type: change.type,
    ...ofMessage(change),
    content: change.content,
    mentions: [...change.mentions],
    edited_at: timestamp(change.at)
  }),
  message_deleted: change => ({ type: change.type, ...ofMessage(change) }),
  message_pinned: change => ({ type: change.type, ...ofMessage(change), pinned_at: timestamp(change.at) }),
  message_unpinned: change => ({ type: change.type, ...ofMessage(change) }),
  reaction_added: change => ({ type: change.type, ...ofMessage(change), emoji: change.emoji }),
  reaction_removed: change => ({ type: change.type, ...ofMessage(change), emoji: change.emoji }),
  conversation_created: change => ({
    type: change.type,
    ...ofConversation(change),
    conversation_type: change.memberIds === null ? 'group' : 'direct',
    title: named(change.title),
    participant_ids: [...change.userIds],
    created_by: change.by,
    created_at: timestamp(change.at)
  }),
  conversation_updated: change => ({
    type: change.type,
    ...ofConversation(change),
    user_id: change.by,
    title: named(change.title),
    name: named(change.title),
    history: change.history
  }),
  member_joined: change => ({ type: change.type, ...ofConversation(change), ...people(change) }),
  member_left: change => ({
    type: change.type,
    ...ofConversation(change),
    ...people(change),
    owner_id: change.ownerId
  }),
  member_updated: change => ({
    type: change.type,
    ...ofConversation(change),
    members: change.members.map(({ userId, role }) => ({ user_id: userId, role })),
    by: change.by
  }),
  superseded: change => resync(change, change.at)
}

/** The event of one value of a conversation's sequence. */
export function changeEvent(change: Change): Event {
  return (writers[change.type] as (change: Change) => Event)(change) // the writer of this very type
}

/** The event of one value of a person's own stream. */
export function personalEvent({ userId, seq, at, facts }: PersonalChange): PersonalEvent {
  return { ...facts, ...placedIn(userStream(userId), seq, at) }
}

function ofConversation(change: Change & { readonly at: Date }) {
  return { conversation_id: change.conversationId, ...placed(change, change.at) }
}

function ofMessage(change: Placed & MessageChange) {
  const { messageId, messageSeq, userId } = change
  return { id: messageId, message_seq: messageSeq, user_id: userId, ...ofConversation(change) }
}

function people({ userIds, by }: { readonly userIds: readonly UserId[]; readonly by: UserId }) {
  return { user_id: userIds[0] ?? by, user_ids: [...userIds], by }
}

function named(title: string): string | null {
  return title === '' ? null : title
}

/** That a message reached, or was read by, who moved his watermark over it. */
export function receiptEvent(
  type: 'message_delivered' | 'message_read',
  { conversationId, userId }: Advanced,
  { id, seq }: Omit<Covered, 'senderId'>,
  at: Date,
  isPrivate = false
): Event {
  const facts = {
    id,
    conversation_id: conversationId,
    user_id: userId,
    seq,
    v: EVENT_VERSION,
    at: timestamp(at)
  } as const
  return isPrivate && type === 'message_read' ? { type, ...facts, private: true } : { type, ...facts }
}

/** The `presence_update` of a person who came or went at `at`; `lastSeen` null when he was never there. */
export function presenceEvent(userId: UserId, online: boolean, lastSeen: Date | null, at: Date): Event {
  const seen = lastSeen === null ? null : timestamp(lastSeen)
  return { type: 'presence_update', user_id: userId, online, last_seen: seen, v: EVENT_VERSION, at: timestamp(at) }
}

/** The `presence_snapshot` of who is online of those whose presence a person sees. */
export function snapshotEvent(online: readonly UserId[], at: Date): Event {
  return { type: 'presence_snapshot', online_user_ids: [...online], v: EVENT_VERSION, at: timestamp(at) }
}

function messageCreated(change: OfType<'message_created'>): Event {
  const { message } = change
  return {
    type: 'message_created',
    id: message.id,
    from: message.senderId,
    to: message.receiverId,
    content: message.content,
    message_type: messageType(message.kind),
    created_at: timestamp(message.createdAt),
    status: message.status,
    conversation_id: message.conversationId,
    client_id: message.clientId,
    reply_to: message.replyTo,
    mentions: [...message.mentions],
    system: message.system,
    ...placed(change, message.createdAt)
  }
}

/** What happened at this value is known no more, only that something did: who hears it fetches the state. */
function resync({ conversationId }: Change, at: Date): Event {
  return { type: 'resync', stream: conversationStream(conversationId), v: EVENT_VERSION, at: timestamp(at) }
}

function placed({ conversationId, seq }: Change, at: Date) {
  return placedIn(conversationStream(conversationId), seq, at)
}

function placedIn(stream: string, seq: Seq, at: Date): { v: 1; stream: string; seq: Seq; at: string } {
  return { v: EVENT_VERSION, stream, seq, at: timestamp(at) }
}

/** What a message of this kind is called on the wire. */
export function messageType(kind: number): 'text' | 'system' {
  return kind === 2 ? 'system' : 'text'
}
