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
    reply_to_deleted: Type.Boolean(),
    mentions: Mentions,
    system: Nullable(SystemFacts),
    ...sequenced
  },
  {
    $id: 'MessageCreated',
    description: 'A message was stored. Sent to all devices of all members, including those of the sender.'
  }
)

/** Fields of every event that changes a message: which message, and the user who changed it. */
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
  { $id: 'MessageEdited', description: 'The text of the message changed' }
)
export const MessageDeleted = Type.Object(
  { type: Type.Literal('message_deleted'), ...changed },
  { $id: 'MessageDeleted', description: 'The message was deleted, with its text and reactions' }
)
export const ReactionAdded = Type.Object(
  { type: Type.Literal('reaction_added'), ...changed, emoji: Emoji },
  { $id: 'ReactionAdded', description: '`user_id` reacted to the message: the count of `emoji` rises by one' }
)
export const ReactionRemoved = Type.Object(
  { type: Type.Literal('reaction_removed'), ...changed, emoji: Emoji },
  { $id: 'ReactionRemoved', description: '`user_id` removed a reaction: the count of `emoji` falls by one' }
)
export const MessagePinned = Type.Object(
  { type: Type.Literal('message_pinned'), ...changed, pinned_at: Timestamp },
  { $id: 'MessagePinned', description: `The message was pinned. A conversation has at most ${limits.pins} pins` }
)
export const MessageUnpinned = Type.Object(
  { type: Type.Literal('message_unpinned'), ...changed },
  { $id: 'MessageUnpinned', description: 'The message was unpinned' }
)

const receipt = { id: MessageId, conversation_id: ConversationId, user_id: UserId, seq: Seq, ...live }
export const MessageDelivered = Type.Object(
  { type: Type.Literal('message_delivered'), ...receipt },
  {
    $id: 'MessageDelivered',
    description:
      'The message and all with a lower `seq` were delivered to `user_id`. Sent to the sender of the message; in groups of at most 32, to all members and for the newest message only.'
  }
)
export const MessageRead = Type.Object(
  { type: Type.Literal('message_read'), ...receipt, private: Type.Optional(Type.Literal(true)) },
  {
    $id: 'MessageRead',
    description:
      "`user_id` read the message and all with a lower `seq`. Sent to the sender of the message and to the reader's devices; in groups of at most 32, to all members and for the newest message only. `private`: sent to the reader's own devices only."
  }
)
