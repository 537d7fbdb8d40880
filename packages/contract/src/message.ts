import { type Static, Type } from 'typebox'
import { limits } from './limits.ts'
import { ClientId, ConversationId, MessageId, Nullable, Seq, Timestamp, UserId } from './scalar.ts'

export const MessageStatus = Type.Union([Type.Literal('sent'), Type.Literal('delivered'), Type.Literal('read')], {
  description:
    'In a direct conversation, whether the receiver got or read the message. Always `sent` in a group, which has `receipts`'
})
export type MessageStatus = Static<typeof MessageStatus>

/** `text` is written by the sender, `system` by the server about something the sender did. */
export const MessageType = Type.Union([Type.Literal('text'), Type.Literal('system')])
export type MessageType = Static<typeof MessageType>
const SentType = Type.Union([Type.Literal('text')])

/** The text of a message. */
export const MessageText = Type.String({
  minLength: 1,
  maxLength: limits.messageCharacters,
  description: `Text of 1 to ${limits.messageCharacters} characters (not bytes), at least one of them visible`
})

/** Members whom a message mentions. */
export const Mentions = Type.Array(UserId, { maxItems: limits.mentions })

/** One emoji, or a short word that the app defines, such as `:party:`. `emojiProblem` says which may be added. */
export const Emoji = Type.String({
  minLength: 1,
  maxLength: limits.emojiCharacters,
  pattern: '^[^\\p{C}\\p{Z}]([^\\p{Cc}\\p{Cs}\\p{Cn}\\p{Z}]*)$',
  description: 'An emoji, or a short word that the app defines. U+FE0E and U+FE0F make no difference'
})

/** The facts of a system message, from which a client makes its own text. */
export const SystemFacts = Type.Object(
  {
    action: Type.Union([Type.Literal('joined'), Type.Literal('left'), Type.Literal('removed'), Type.Literal('titled')]),
    user_ids: Type.Array(UserId, { maxItems: limits.idsPerRequest }),
    title: Nullable(Type.String())
  },
  { $id: 'SystemFacts' }
)
export type SystemFacts = Static<typeof SystemFacts>

/** How many users reacted to a message with one emoji, and whether the caller is among them. */
export const Reaction = Type.Object(
  { emoji: Emoji, count: Type.Integer({ minimum: 1 }), mine: Type.Boolean() },
  { $id: 'Reaction' }
)
export type Reaction = Static<typeof Reaction>

/** One user's reaction to a message. */
export const Reactor = Type.Object({ user_id: UserId, emoji: Emoji, created_at: Timestamp }, { $id: 'Reactor' })

/**
 * A message. `from` repeats `sender` and `to` repeats `receiver`, for the clients of the second backend, and
 * `is_read_by_recipient` repeats `is_read`.
 * `changed_seq` is the `seq` of its last change: a client ignores an event about the message unless its `seq` is
 * higher.
 */
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
    is_read: Type.Boolean({
      description:
        "Of the caller's own message: whether another member read it (in groups of at most 32). Of other messages: whether the caller did"
    }),
    is_read_by_recipient: Type.Boolean({ description: 'The same as `is_read`' }),
    attachment: Nullable(Type.String({ description: 'URL of a file; null for a text' })),
    created_at: Timestamp,
    client_id: ClientId,
    seq: Seq,
    changed_seq: Seq,
    edited_at: Nullable(Timestamp),
    reply_to: Nullable(MessageId),
    reply_to_deleted: Type.Boolean({ description: 'Whether the message `reply_to` was deleted' }),
    mentions: Mentions,
    reactions: Type.Array(Reaction, { maxItems: limits.reactionKinds }),
    pinned_at: Nullable(Timestamp),
    system: Nullable(SystemFacts)
  },
  { $id: 'Message' }
)
export type Message = Static<typeof Message>

const DroppedMentions = Type.Array(UserId, {
  maxItems: limits.mentions,
  description: 'Mentions that were not stored, because these users left the conversation'
})

/** The message that a request sent. `duplicate` is true if this `client_id` was stored before; this is then the first
 *  message. `client_id` is spelled as in the request. */
export const SentMessage = Type.Object(
  {
    ...Message.properties,
    duplicate: Type.Boolean(),
    deleted: Type.Boolean({
      description: 'The message with this `client_id` was stored, and deleted since. `content` is then empty'
    }),
    dropped_mentions: DroppedMentions
  },
  { $id: 'SentMessage' }
)
export type SentMessage = Static<typeof SentMessage>

const { from: _from, to: _to, ...row } = Message.properties
const directRow = {
  ...row,
  file: Nullable(Type.String({ description: 'URL of an audio or video file; null for a text' }))
}

/** A message as the first backend answers it over HTTP. Its frontend takes a row with `from`, `text` or `type` for one
 *  that it made itself. The socket's events keep `from` and `to`. */
export const DirectMessage = Type.Object(directRow, { $id: 'DirectMessage' })
export type DirectMessage = Static<typeof DirectMessage>

/** A sent message as the first backend answers it. `duplicate`: see `SentMessage`. */
export const SentDirectMessage = Type.Object({ ...directRow, duplicate: Type.Boolean() }, { $id: 'SentDirectMessage' })
export type SentDirectMessage = Static<typeof SentDirectMessage>

const written = {
  content: MessageText,
  message_type: Type.Optional(SentType),
  client_id: Type.Optional(ClientId),
  reply_to: Type.Optional(Nullable(MessageId)),
  mentions: Type.Optional(Mentions)
}

/** A message to a conversation of which the caller is a member. */
export const SendToConversation = Type.Object(written, { $id: 'SendToConversation' })

/** A message to a user. The direct conversation with them is created if there is none. */
export const SendToUser = Type.Object({ receiver: UserId, ...written }, { $id: 'SendToUser' })

/** The message that a request marked read, with a sentence for people. */
export const ReadMessage = Type.Object({ ...Message.properties, detail: Type.String() }, { $id: 'ReadMessage' })
export type ReadMessage = Static<typeof ReadMessage>

/** The new text of one of the caller's messages. `mentions` replaces the earlier ones; without it there are none. */
export const EditMessage = Type.Object(
  { content: MessageText, mentions: Type.Optional(Mentions) },
  { $id: 'EditMessage', additionalProperties: false }
)

/** The message that a request edited. */
export const EditedMessage = Type.Object(
  { ...Message.properties, dropped_mentions: DroppedMentions },
  { $id: 'EditedMessage' }
)
export type EditedMessage = Static<typeof EditedMessage>

/** An earlier text of a message, and when it was replaced. */
export const Edit = Type.Object({ content: Type.String(), replaced_at: Timestamp, seq: Seq }, { $id: 'Edit' })
export type Edit = Static<typeof Edit>
