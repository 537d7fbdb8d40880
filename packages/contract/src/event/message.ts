import { Type } from 'typebox'
import { limits } from '../limits.ts'
import { Emoji, Mentions, MessageStatus, MessageText, MessageType, SystemFacts } from '../message.ts'
import { ClientId, ConversationId, MessageId, Nullable, Seq, Timestamp, UserId } from '../scalar.ts'
import { live, sequenced } from './common.ts'

export const MessageCreated = Type.Object(
  {
    type: Type.Literal('message_created'),
    id: MessageId,
    from: UserId,
    to: Nullable(UserId),
    content: Type.String(),
    message_type: MessageType,
    created_at: Timestamp,
    status: MessageStatus,
    conversation_id: ConversationId,
    client_id: ClientId,
    reply_to: Nullable(MessageId),
    mentions: Mentions,
    system: Nullable(SystemFacts),
    ...sequenced
  },
  {
    $id: 'MessageCreated',
    description: 'A message was stored. Goes to every device of every member, the sender included.'
  }
)

/** Members of every event that changes a message: which, and who did it. */
const changed = {
  id: MessageId,
  conversation_id: ConversationId,
  message_seq: Seq,
  user_id: UserId,
  ...sequenced
}

export const MessageEdited = Type.Object(
  {
    type: Type.Literal('message_edited'),
    ...changed,
    content: MessageText,
    mentions: Mentions,
    edited_at: Timestamp
  },
  { $id: 'MessageEdited', description: 'The message has another text' }
)
export const MessageDeleted = Type.Object(
  { type: Type.Literal('message_deleted'), ...changed },
  { $id: 'MessageDeleted', description: 'The message is gone, its text and reactions too' }
)
export const ReactionAdded = Type.Object(
  { type: Type.Literal('reaction_added'), ...changed, emoji: Emoji },
  { $id: 'ReactionAdded', description: '`user_id` reacted to the message: its count of `emoji` rises by one' }
)
export const ReactionRemoved = Type.Object(
  { type: Type.Literal('reaction_removed'), ...changed, emoji: Emoji },
  { $id: 'ReactionRemoved', description: '`user_id` took a reaction back: its count of `emoji` falls by one' }
)
export const MessagePinned = Type.Object(
  { type: Type.Literal('message_pinned'), ...changed, pinned_at: Timestamp },
  { $id: 'MessagePinned', description: `The message was pinned; a conversation has ${limits.pins} pins at most` }
)
export const MessageUnpinned = Type.Object(
  { type: Type.Literal('message_unpinned'), ...changed },
  { $id: 'MessageUnpinned', description: 'The message is pinned no more' }
)

const receipt = { id: MessageId, conversation_id: ConversationId, user_id: UserId, seq: Seq, ...live }
export const MessageDelivered = Type.Object(
  { type: Type.Literal('message_delivered'), ...receipt },
  {
    $id: 'MessageDelivered',
    description:
      'The message reached a device of `user_id`, and so did all before its `seq`. Told to its sender; in a group of 32 at most to everybody, for the newest message alone.'
  }
)
export const MessageRead = Type.Object(
  { type: Type.Literal('message_read'), ...receipt, private: Type.Optional(Type.Literal(true)) },
  {
    $id: 'MessageRead',
    description:
      "The message was read by `user_id`, and so were all before its `seq`. Told to its sender and to the reader's devices; in a group of 32 at most to everybody, for the newest message alone. `private`: told to the reader's own devices only."
  }
)
