import { type Static, Type } from 'typebox'
import { CommandRef } from './event/socket.ts'
import { limits } from './limits.ts'
import { EditMessage, Emoji, SendToConversation } from './message.ts'
import type { RateClass } from './rates.ts'
import { ConversationId, MessageId, Seq, UserId } from './scalar.ts'
import { SyncRequest } from './sync.ts'

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

const message = { ...ref, conversation_id: ConversationId, id: MessageId }
export const EditMessageCommand = Type.Object(
  { type: Type.Literal('edit_message'), ...message, ...EditMessage.properties },
  { $id: 'EditMessageCommand', description: 'Give a message of mine another text', ...strict }
)
export const DeleteMessage = Type.Object(
  { type: Type.Literal('delete_message'), ...message },
  { $id: 'DeleteMessage', description: 'Delete a message: mine, or as an admin', ...strict }
)
export const AddReaction = Type.Object(
  { type: Type.Literal('add_reaction'), ...message, emoji: Emoji },
  { $id: 'AddReaction', description: 'React to a message', ...strict }
)
export const RemoveReaction = Type.Object(
  { type: Type.Literal('remove_reaction'), ...message, emoji: Emoji },
  { $id: 'RemoveReaction', description: 'Take a reaction of mine back', ...strict }
)

const watermark = { ...ref, conversation_id: ConversationId, seq: Seq }
export const MarkRead = Type.Object(
  { type: Type.Literal('mark_read'), ...watermark, private: Type.Optional(Type.Boolean()) },
  {
    $id: 'MarkRead',
    description: 'Everything up to `seq` was read. `private`: it counts as read for me, and nobody else is told',
    ...strict
  }
)
export const MarkDelivered = Type.Object(
  { type: Type.Literal('mark_delivered'), ...watermark },
  { $id: 'MarkDelivered', description: 'Everything up to `seq` reached this device', ...strict }
)

const found = { ...ref, id: MessageId }
const asFirst = `for clients of the first backend, which know no conversations. Found in the ${limits.recentConversations} of mine that changed last`
export const MessageReadCommand = Type.Object(
  { type: Type.Literal('message_read'), ...found },
  { $id: 'MessageReadCommand', description: `The message, and all before it, was read: ${asFirst}`, ...strict }
)
export const ReadAck = Type.Object(
  { type: Type.Literal('read_ack'), ...found },
  { $id: 'ReadAck', description: 'The same as `message_read`', ...strict }
)

export const SetTyping = Type.Object(
  {
    type: Type.Literal('typing'),
    ...ref,
    conversation_id: Type.Optional(ConversationId),
    to: Type.Optional(UserId),
    is_typing: Type.Boolean()
  },
  {
    $id: 'SetTyping',
    description:
      'I type there, or to a person I talk with, or stopped. Say it again every few seconds while typing goes on',
    ...strict
  }
)
export const Sync = Type.Object(
  { type: Type.Literal('sync'), ...ref, ...SyncRequest.properties },
  { $id: 'Sync', description: 'The same as `POST /api/v1/sync/`; its ack carries the answer as `sync`', ...strict }
)
export const Ping = Type.Object(
  { type: Type.Literal('ping'), ...ref },
  { $id: 'Ping', description: "Answered by an ack: the application's own heartbeat", ...strict }
)

/** Every frame a client may send, by `type`. */
export const commands = Object.freeze({
  send_message: SendMessage,
  edit_message: EditMessageCommand,
  delete_message: DeleteMessage,
  add_reaction: AddReaction,
  remove_reaction: RemoveReaction,
  mark_read: MarkRead,
  mark_delivered: MarkDelivered,
  message_read: MessageReadCommand,
  read_ack: ReadAck,
  typing: SetTyping,
  sync: Sync,
  ping: Ping
})

/** The limit class that each command counts in, together with the endpoint that does the same. Null where there is none: saying what was
 *  delivered answers what others send, which must not use up what one may send. */
export const commandClasses = Object.freeze({
  send_message: 'write',
  edit_message: 'write',
  delete_message: 'write',
  add_reaction: 'write',
  remove_reaction: 'write',
  mark_read: 'write',
  mark_delivered: null,
  message_read: 'write',
  read_ack: 'write',
  typing: 'write',
  sync: 'sync',
  ping: null
} satisfies Record<keyof typeof commands, RateClass | null>)

/** A limit class of commands. */
export type CommandClass = NonNullable<(typeof commandClasses)[keyof typeof commandClasses]>

/** Any frame a client may send. */
export type Command = { [Name in keyof typeof commands]: Static<(typeof commands)[Name]> }[keyof typeof commands]
