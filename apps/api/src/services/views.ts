import {
  type Conversation as ConversationView,
  type Member,
  type Message as MessageView,
  type SentMessage,
  timestamp,
  type UserId
} from '@rendezvous/contract'
import type { Conversation } from '../ports/conversations.ts'
import type { GroupMember } from '../ports/groups.ts'
import type { Message } from '../ports/messages.ts'
import { messageType } from './events.ts'
import { seenUser } from './profile.ts'

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
    message_type: messageType(message.kind),
    status: message.status,
    is_read: message.isRead,
    created_at: timestamp(message.createdAt),
    client_id: message.clientId,
    seq: message.seq,
    changed_seq: message.changedSeq,
    edited_at: dated(message.editedAt),
    reply_to: message.replyTo,
    mentions: [...message.mentions],
    reactions: [...message.reactions],
    pinned_at: dated(message.pinnedAt),
    system: message.system
  }
}

/** The answer to a send. */
export function sentView(message: Message, duplicate: boolean): SentMessage {
  return Object.assign(messageView(message), { duplicate })
}

/** A conversation as one of its members gets it. `online` are those of its people who are seen online. */
export function conversationView(conversation: Conversation, online: ReadonlySet<UserId>): ConversationView {
  const title = conversation.title === '' ? null : conversation.title
  return {
    id: conversation.id,
    type: conversation.kind,
    is_group: conversation.kind === 'group',
    title,
    name: title,
    participants: conversation.participants.map(person => seenUser(person, online)),
    participant_ids: conversation.participants.map(person => person.id),
    last_message: conversation.lastMessage === null ? null : messageView(conversation.lastMessage),
    unread_count: conversation.unreadCount,
    last_seq: conversation.lastSeq,
    member_count: conversation.memberCount,
    created_by: conversation.createdBy,
    role: conversation.role,
    history: conversation.history,
    delivered_seq: conversation.deliveredSeq,
    read_seq: conversation.readSeq,
    receipts: [...conversation.receipts],
    created_at: timestamp(conversation.createdAt),
    updated_at: timestamp(conversation.changedAt)
  }
}

/** A member as clients get him. */
export function memberView(member: GroupMember, online: ReadonlySet<UserId>): Member {
  const { person, role, joinedAt, deliveredSeq, readSeq } = member
  return {
    user: seenUser(person, online),
    user_id: person.id,
    role,
    joined_at: timestamp(joinedAt),
    delivered_seq: deliveredSeq,
    read_seq: readSeq
  }
}

function dated(moment: Date | null): string | null {
  return moment === null ? null : timestamp(moment)
}
