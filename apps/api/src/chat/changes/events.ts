import { conversationStream, EVENT_VERSION, type Event, type Seq, timestamp, type UserId } from '@rendezvous/contract'
import { messageType } from '../messages/kind.ts'
import type { Change, ChangeBase, MessageChange } from './port.ts'

type OfType<Type extends Change['type']> = Change & { readonly type: Type }

/** Builds the event of each type of change. */
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
    title: orNull(change.title),
    participant_ids: [...change.userIds],
    created_by: change.by,
    created_at: timestamp(change.at)
  }),
  conversation_updated: change => ({
    type: change.type,
    ...ofConversation(change),
    user_id: change.by,
    title: orNull(change.title),
    name: orNull(change.title),
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

/** The event of `change`, as clients get it. */
export function changeEvent(change: Change): Event {
  return (writers[change.type] as (change: Change) => Event)(change) // the key and the writer have the same type
}

function ofConversation(change: Change & { readonly at: Date }) {
  return { conversation_id: change.conversationId, ...position(change, change.at) }
}

function ofMessage(change: ChangeBase & MessageChange) {
  const { messageId, messageSeq, userId } = change
  return { id: messageId, message_seq: messageSeq, user_id: userId, ...ofConversation(change) }
}

function people({ userIds, by }: { readonly userIds: readonly UserId[]; readonly by: UserId }) {
  return { user_id: userIds[0] ?? by, user_ids: [...userIds], by }
}

function orNull(title: string): string | null {
  return title === '' ? null : title
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
    reply_to_deleted: message.replyGone,
    mentions: [...message.mentions],
    system: message.system,
    ...position(change, message.createdAt)
  }
}

/** The change at this seq can no longer be reconstructed. Clients refetch. */
function resync({ conversationId }: Change, at: Date): Event {
  return { type: 'resync', stream: conversationStream(conversationId), v: EVENT_VERSION, at: timestamp(at) }
}

/** The fields that every durable event of a conversation has. */
function position({ conversationId, seq }: Change, at: Date): { v: 1; stream: string; seq: Seq; at: string } {
  return { v: EVENT_VERSION, stream: conversationStream(conversationId), seq, at: timestamp(at) }
}
