import {
  type Conversation as ConversationView,
  type Message as MessageView,
  timestamp,
  type UserId
} from '@rendezvous/contract'
import type { Conversation } from '../ports/conversations.ts'
import type { Message } from '../ports/messages.ts'
import { publicUser } from './profile.ts'

/** A message as clients get it, over HTTP. */
export function messageView(message: Message): MessageView {
  return {
    id: message.id,
    conversation: message.conversationId,
    sender: message.senderId,
    receiver: message.receiverId,
    from: message.senderId,
    to: message.receiverId,
    content: message.content,
    message_type: 'text',
    status: message.status,
    is_read: message.status === 'read',
    created_at: timestamp(message.createdAt),
    client_id: message.clientId,
    seq: message.seq
  }
}

/** A conversation as one of its members gets it. `online` are those of its people who are seen online. */
export function conversationView(conversation: Conversation, online: ReadonlySet<UserId>): ConversationView {
  const title = conversation.title === '' ? null : conversation.title
  return {
    id: conversation.id,
    type: 'direct',
    is_group: conversation.kind === 'group',
    title,
    name: title,
    participants: conversation.participants.map(person => publicUser(person, !person.hidden && online.has(person.id))),
    participant_ids: conversation.participants.map(person => person.id),
    last_message: conversation.lastMessage === null ? null : messageView(conversation.lastMessage),
    unread_count: conversation.unreadCount,
    last_seq: conversation.lastSeq,
    created_at: timestamp(conversation.createdAt),
    updated_at: timestamp(conversation.changedAt)
  }
}
