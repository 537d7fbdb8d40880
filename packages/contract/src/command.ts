import { type Static, Type } from 'typebox'
import { CommandRef } from './event/socket.ts'
import { SendToConversation } from './message.ts'
import { ConversationId, Seq, UserId } from './scalar.ts'

const ref = { ref: Type.Optional(CommandRef) }
const strict = { additionalProperties: false }

/** Exactly one of `conversation_id` and `to` says where it goes. */
export const SendMessage = Type.Object(
  {
    type: Type.Literal('send_message'),
    ...ref,
    conversation_id: Type.Optional(ConversationId),
    to: Type.Optional(UserId),
    ...SendToConversation.properties
  },
  { $id: 'SendMessage', description: 'Store a message; the ack comes after it is durable', ...strict }
)
const watermark = { ...ref, conversation_id: ConversationId, seq: Seq }
export const MarkRead = Type.Object(
  { type: Type.Literal('mark_read'), ...watermark },
  { $id: 'MarkRead', description: 'Everything up to `seq` was read', ...strict }
)
export const MarkDelivered = Type.Object(
  { type: Type.Literal('mark_delivered'), ...watermark },
  { $id: 'MarkDelivered', description: 'Everything up to `seq` reached this device', ...strict }
)
export const Ping = Type.Object(
  { type: Type.Literal('ping'), ...ref },
  { $id: 'Ping', description: "Answered by an ack: the application's own heartbeat", ...strict }
)

/** Every frame a client may send, by `type`. */
export const commands = Object.freeze({
  send_message: SendMessage,
  mark_read: MarkRead,
  mark_delivered: MarkDelivered,
  ping: Ping
})

/** Any frame a client may send. */
export type Command = { [Name in keyof typeof commands]: Static<(typeof commands)[Name]> }[keyof typeof commands]
