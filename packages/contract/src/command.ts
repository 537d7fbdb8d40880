import { type Static, Type } from 'typebox'
import { CommandRef } from './event/socket.ts'
import { limits } from './limits.ts'
import { EditMessage, Emoji, SendToConversation } from './message.ts'
import type { RateClass } from './rates.ts'
import { ConversationId, MessageId, Seq, UserId } from './scalar.ts'
import { SyncRequest } from './sync.ts'

const ref = { ref: Type.Optional(CommandRef) }
const strict = { additionalProperties: false }

/** Exactly one of `conversation_id` and `to` names the receiver of the message. */
export const SendMessage = Type.Object(
  {
    type: Type.Literal('send_message'),
    ...ref,
    conversation_id: Type.Optional(ConversationId),
    to: Type.Optional(UserId),
    ...SendToConversation.properties
  },
  { $id: 'SendMessage', description: 'Store a message. The ack is sent once the message is durable', ...strict }
)

const message = { ...ref, conversation_id: ConversationId, id: MessageId }
export const EditMessageCommand = Type.Object(
  { type: Type.Literal('edit_message'), ...message, ...EditMessage.properties },
  { $id: 'EditMessageCommand', description: "Change the text of one of the caller's own messages", ...strict }
)
export const DeleteMessage = Type.Object(
  { type: Type.Literal('delete_message'), ...message },
  {
    $id: 'DeleteMessage',
    description: "Delete one of the caller's own messages; a group's admins delete any message",
    ...strict
  }
)
export const AddReaction = Type.Object(
  { type: Type.Literal('add_reaction'), ...message, emoji: Emoji },
  { $id: 'AddReaction', description: 'React to a message', ...strict }
)
export const RemoveReaction = Type.Object(
  { type: Type.Literal('remove_reaction'), ...message, emoji: Emoji },
  { $id: 'RemoveReaction', description: "Remove one of the caller's own reactions", ...strict }
)

const watermark = { ...ref, conversation_id: ConversationId, seq: Seq }
export const MarkRead = Type.Object(
  { type: Type.Literal('mark_read'), ...watermark, private: Type.Optional(Type.Boolean()) },
  {
    $id: 'MarkRead',
    description: 'The caller read everything up to `seq`. `private`: no other member is told',
    ...strict
  }
)
export const MarkDelivered = Type.Object(
  { type: Type.Literal('mark_delivered'), ...watermark },
  { $id: 'MarkDelivered', description: 'Everything up to `seq` was delivered to this device', ...strict }
)

const found = { ...ref, id: MessageId }
const byMessageId = `For clients of the first backend, which do not know conversation ids. The message is looked for in the caller's ${limits.recentConversations} most recently active conversations`
export const MessageReadCommand = Type.Object(
  { type: Type.Literal('message_read'), ...found },
  {
    $id: 'MessageReadCommand',
    description: `The caller read this message and all before it. ${byMessageId}`,
    ...strict
  }
)
export const ReadAck = Type.Object(
  { type: Type.Literal('read_ack'), ...found },
  { $id: 'ReadAck', description: 'Same as `message_read`', ...strict }
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
      'The caller started or stopped typing in the conversation, or in the one with the user `to`. Repeat every few seconds while typing',
    ...strict
  }
)
export const Sync = Type.Object(
  { type: Type.Literal('sync'), ...ref, ...SyncRequest.properties },
  { $id: 'Sync', description: 'Same as `POST /api/v1/sync/`. The ack carries the answer as `sync`', ...strict }
)
export const Ping = Type.Object(
  { type: Type.Literal('ping'), ...ref },
  { $id: 'Ping', description: 'A heartbeat of the application, answered by an ack', ...strict }
)

/** Schema of every frame a client may send, by `type`. */
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

/** The limit class of each command, shared with the endpoint that does the same. Null: the command is not limited.
 *  `mark_delivered` is not, because it answers messages of others, whose number the caller does not choose. */
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
