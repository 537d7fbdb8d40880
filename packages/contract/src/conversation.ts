import { type Static, Type } from 'typebox'
import { ConversationType, HistoryFor, Receipt, Role } from './group.ts'
import { limits } from './limits.ts'
import { Message, MessageText } from './message.ts'
import { ClientId, ConversationId, Nullable, ref, Seq, Timestamp, UserId } from './scalar.ts'
import { User } from './user.ts'

/** A conversation as the caller, one of its members, sees it. `name` repeats `title` for clients that read that
 *  field. */
export const Conversation = Type.Object(
  {
    id: ConversationId,
    type: ConversationType,
    is_group: Type.Boolean(),
    title: Nullable(Type.String()),
    name: Nullable(Type.String()),
    participants: Type.Array(ref(User)),
    participant_ids: Type.Array(UserId),
    last_message: Nullable(ref(Message)),
    unread_count: Type.Integer({
      minimum: 0,
      maximum: limits.unreadCount,
      description: `Messages of others that the caller has not read. At most ${limits.unreadCount}, counted in the last ${limits.unreadChanges} changes only`
    }),
    last_seq: Seq,
    member_count: Type.Integer({ minimum: 0, maximum: limits.groupMembers }),
    created_by: UserId,
    /** The caller's own role, and below it the caller's own watermarks. */
    role: Role,
    history: HistoryFor,
    delivered_seq: Seq,
    read_seq: Seq,
    /** Watermarks of the other members; empty in conversations of more than 32 members. */
    receipts: Type.Array(ref(Receipt), { maxItems: limits.receiptMembers }),
    created_at: Timestamp,
    updated_at: Type.String({
      format: 'date-time',
      description: 'When the last message came, or when the caller joined if that was later. Lists go by it'
    })
  },
  { $id: 'Conversation' }
)
export type Conversation = Static<typeof Conversation>

/** The conversation that a request opened. `duplicate` is true when nothing was created or changed: the caller was
 *  already a member, or created this group before with the same `client_id`. */
export const OpenedConversation = Type.Object(
  { ...Conversation.properties, duplicate: Type.Boolean() },
  { $id: 'OpenedConversation' }
)
export type OpenedConversation = Static<typeof OpenedConversation>

/** The answer to leaving a conversation. */
export const LeftConversation = Type.Object({ detail: Type.String() }, { $id: 'LeftConversation' })

/** A request to open a conversation with `participants`; the caller's own id among them is ignored. `client_id` is
 *  the idempotency key of a new group, and of `message`: the first message, which the caller sends. */
export const CreateConversation = Type.Object(
  {
    participants: Type.Array(UserId, { minItems: 1, maxItems: limits.idsPerRequest }),
    title: Type.Optional(Nullable(Type.String({ maxLength: limits.shortTextCharacters }))),
    is_group: Type.Optional(Type.Boolean()),
    history: Type.Optional(HistoryFor),
    client_id: Type.Optional(ClientId),
    message: Type.Optional(MessageText)
  },
  { $id: 'CreateConversation' }
)
