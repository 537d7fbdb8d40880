import {
  type Conversation as ConversationView,
  type DirectMessage,
  type Member,
  type Message as MessageView,
  type SentMessage,
  timestamp,
  type UserId
} from '@rendezvous/contract'
import { seenUser } from '../../people/users/view.ts'
import type { Conversation } from '../conversations/port.ts'
import type { GroupMember } from '../groups/port.ts'
import { messageType } from './kind.ts'
import type { Message } from './port.ts'

/** A message as clients get it over HTTP. */
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
    is_read_by_recipient: message.isRead,
    attachment: null,
    created_at: timestamp(message.createdAt),
    client_id: message.clientId,
    seq: message.seq,
    changed_seq: message.changedSeq,
    edited_at: dated(message.editedAt),
    reply_to: message.replyTo,
    reply_to_deleted: message.replyGone,
    mentions: [...message.mentions],
    reactions: [...message.reactions],
    pinned_at: dated(message.pinnedAt),
    system: message.system
  }
}

/** A message as the first backend's paths answer it. */
export function directMessageView<View extends MessageView>(message: View): Omit<View, 'from' | 'to'> & DirectMessage {
  const { from: _from, to: _to, ...row } = message
  return { ...row, file: null }
}

/** The answer to a send. */
export function sentView(
  message: Message,
  { duplicate, deleted, dropped_mentions }: Pick<SentMessage, 'duplicate' | 'deleted' | 'dropped_mentions'>
): SentMessage {
  return Object.assign(messageView(message), { duplicate, deleted, dropped_mentions })
}

/** A conversation as one of its members gets it. `online` are its people whom the member may see online. */
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
    updated_at: timestamp(conversation.activeAt)
  }
}

/** A member as clients get them. */
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
