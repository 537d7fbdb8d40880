import { type Static, Type } from 'typebox'
import { limits } from './limits.ts'
import { ClientId, ConversationId, MessageId, Nullable, Seq, Timestamp, UserId } from './scalar.ts'

export const MessageStatus = Type.Union([Type.Literal('sent'), Type.Literal('delivered'), Type.Literal('read')], {
  description: 'How far the other person of a direct conversation has got; `sent` in a group, which has receipts'
})
export type MessageStatus = Static<typeof MessageStatus>

/** What a message is: written by its sender, or by the server about what its sender did. */
export const MessageType = Type.Union([Type.Literal('text'), Type.Literal('system')])
export type MessageType = Static<typeof MessageType>
const SentType = Type.Union([Type.Literal('text')])

/** The text of a message. */
export const MessageText = Type.String({
  minLength: 1,
  maxLength: limits.messageCharacters,
  description: `Text of 1 to ${limits.messageCharacters} characters (not bytes), of which one at least is visible`
})

/** Members who are named in a message, for their clients to tell them apart. */
export const Mentions = Type.Array(UserId, { maxItems: limits.mentions })

/** One emoji, or a short word of the app's own such as `:party:`. */
export const Emoji = Type.String({
  minLength: 1,
  maxLength: limits.emojiCharacters,
  pattern: '^[^\\p{C}\\p{Z}]([^\\p{Cc}\\p{Cs}\\p{Cn}\\p{Z}]*)$',
  description: 'An emoji, or a short word of the app'
})

/** What a system message says, for a client that writes it in its own words. */
export const SystemFacts = Type.Object(
  {
    action: Type.Union([Type.Literal('joined'), Type.Literal('left'), Type.Literal('removed'), Type.Literal('titled')]),
    user_ids: Type.Array(UserId, { maxItems: limits.idsPerRequest }),
    title: Nullable(Type.String())
  },
  { $id: 'SystemFacts' }
)
export type SystemFacts = Static<typeof SystemFacts>

/** How often one emoji stands at a message, and whether by oneself too. */
export const Reaction = Type.Object(
  { emoji: Emoji, count: Type.Integer({ minimum: 1 }), mine: Type.Boolean() },
  { $id: 'Reaction' }
)
export type Reaction = Static<typeof Reaction>

/** Who reacted, and how. */
export const Reactor = Type.Object({ user_id: UserId, emoji: Emoji, created_at: Timestamp }, { $id: 'Reactor' })

/**
 * A message. `sender` and `from`, `receiver` and `to` are the same ids, for the clients of both seeds. `changed_seq` is the value of its last change:
 * an event about the message counts only if its `seq` is higher.
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
        "Of one's own message, whether anybody else has read it (in groups of 32 at most); of others', whether oneself has"
    }),
    created_at: Timestamp,
    client_id: ClientId,
    seq: Seq,
    changed_seq: Seq,
    edited_at: Nullable(Timestamp),
    reply_to: Nullable(MessageId),
    mentions: Mentions,
    reactions: Type.Array(Reaction, { maxItems: limits.reactionKinds }),
    pinned_at: Nullable(Timestamp),
    system: Nullable(SystemFacts)
  },
  { $id: 'Message' }
)
export type Message = Static<typeof Message>

/** A message just sent: `duplicate` is true when this `client_id` had been stored before, and the first message is answered. */
export const SentMessage = Type.Object({ ...Message.properties, duplicate: Type.Boolean() }, { $id: 'SentMessage' })
export type SentMessage = Static<typeof SentMessage>

const written = {
  content: MessageText,
  message_type: Type.Optional(SentType),
  client_id: Type.Optional(ClientId),
  reply_to: Type.Optional(Nullable(MessageId)),
  mentions: Type.Optional(Mentions)
}

/** A message to a conversation one is in. */
export const SendToConversation = Type.Object(written, { $id: 'SendToConversation' })

/** A message to a person; the direct conversation with him is made when there is none. */
export const SendToUser = Type.Object({ receiver: UserId, ...written }, { $id: 'SendToUser' })

/** Another text for a message of one's own. Mentions that are not named again are gone. */
export const EditMessage = Type.Object(
  { content: MessageText, mentions: Type.Optional(Mentions) },
  { $id: 'EditMessage', additionalProperties: false }
)

/** A text that a message had, and until when. */
export const Edit = Type.Object({ content: Type.String(), replaced_at: Timestamp, seq: Seq }, { $id: 'Edit' })
export type Edit = Static<typeof Edit>
