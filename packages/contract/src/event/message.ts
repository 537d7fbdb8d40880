import { Type } from 'typebox'
import { MessageStatus } from '../message.ts'
import { ClientId, ConversationId, MessageId, Nullable, Seq, Timestamp, UserId } from '../scalar.ts'
import { live, sequenced } from './common.ts'

export const MessageCreated = Type.Object(
  {
    type: Type.Literal('message_created'),
    id: MessageId,
    from: UserId,
    to: Nullable(UserId),
    content: Type.String(),
    message_type: Type.Literal('text'),
    created_at: Timestamp,
    status: MessageStatus,
    conversation_id: ConversationId,
    client_id: ClientId,
    ...sequenced
  },
  {
    $id: 'MessageCreated',
    description: 'A message was stored. Goes to every device of both people, the sender included.'
  }
)

const receipt = { id: MessageId, conversation_id: ConversationId, user_id: UserId, seq: Seq, ...live }
export const MessageDelivered = Type.Object(
  { type: Type.Literal('message_delivered'), ...receipt },
  {
    $id: 'MessageDelivered',
    description: 'The message reached a device of `user_id`, and so did all before its `seq`. Told to its sender.'
  }
)
export const MessageRead = Type.Object(
  { type: Type.Literal('message_read'), ...receipt },
  {
    $id: 'MessageRead',
    description:
      "The message was read by `user_id`, and so were all before its `seq`. Told to its sender and to the reader's devices."
  }
)
