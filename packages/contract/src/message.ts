import { type Static, Type } from 'typebox'
import { limits } from './limits.ts'
import { ClientId, ConversationId, MessageId, Nullable, Seq, Timestamp, UserId } from './scalar.ts'

export const MessageStatus = Type.Union([Type.Literal('sent'), Type.Literal('delivered'), Type.Literal('read')], {
  description: 'How far the other person of a direct conversation has got'
})
export type MessageStatus = Static<typeof MessageStatus>

const MessageType = Type.Union([Type.Literal('text')])
const Text = Type.String({
  minLength: 1,
  maxLength: limits.messageCharacters,
  description: `Text of 1 to ${limits.messageCharacters} characters (not bytes), of which one at least is visible`
})

/** A message. `sender` and `from`, `receiver` and `to` are the same ids, for the clients of both seeds. */
export const Message = Type.Object(
  {
    id: MessageId,
    conversation: ConversationId,
    sender: UserId,
    receiver: Nullable(UserId),
    from: UserId,
    to: Nullable(UserId),
    content: Type.String(),
    message_type: MessageType,
    status: MessageStatus,
    is_read: Type.Boolean(),
    created_at: Timestamp,
    client_id: ClientId,
    seq: Seq
  },
  { $id: 'Message' }
)
export type Message = Static<typeof Message>

/** A message just sent: `duplicate` is true when this `client_id` had been stored before, and the first message is answered. */
export const SentMessage = Type.Object({ ...Message.properties, duplicate: Type.Boolean() }, { $id: 'SentMessage' })
export type SentMessage = Static<typeof SentMessage>

/** A message to a conversation one is in. */
export const SendToConversation = Type.Object(
  { content: Text, message_type: Type.Optional(MessageType), client_id: Type.Optional(ClientId) },
  { $id: 'SendToConversation' }
)

/** A message to a person; the direct conversation with him is made when there is none. */
export const SendToUser = Type.Object(
  { receiver: UserId, content: Text, message_type: Type.Optional(MessageType), client_id: Type.Optional(ClientId) },
  { $id: 'SendToUser' }
)
