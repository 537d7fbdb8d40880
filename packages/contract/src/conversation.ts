import { type Static, Type } from 'typebox'
import { ConversationType, HistoryFor, Receipt, Role } from './group.ts'
import { limits } from './limits.ts'
import { Message } from './message.ts'
import { ClientId, ConversationId, Nullable, ref, Seq, Timestamp, UserId } from './scalar.ts'
import { User } from './user.ts'

/** A conversation as one of its members sees it. `name` is `title`, for clients that look there. */
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
      description: `Messages of others that I have not read. There may be more when it is ${limits.unreadCount}, or when \`read_seq\` is more than ${limits.unreadChanges} below \`last_seq\`: they are looked for no further back`
    }),
    last_seq: Seq,
    member_count: Type.Integer({ minimum: 0, maximum: limits.groupMembers }),
    created_by: UserId,
    /** My own place in it. */
    role: Role,
    history: HistoryFor,
    delivered_seq: Seq,
    read_seq: Seq,
    /** Where others stand, in conversations of 32 at most; empty above that. */
    receipts: Type.Array(ref(Receipt), { maxItems: limits.receiptMembers }),
    created_at: Timestamp,
    updated_at: Timestamp
  },
  { $id: 'Conversation' }
)
export type Conversation = Static<typeof Conversation>

/** A conversation just opened: `duplicate` is true when nothing was made or changed, since one was in it already, or had made this group by the same
 *  `client_id`. */
export const OpenedConversation = Type.Object(
  { ...Conversation.properties, duplicate: Type.Boolean() },
  { $id: 'OpenedConversation' }
)
export type OpenedConversation = Static<typeof OpenedConversation>

/** The people to talk with; one's own id among them is ignored. `client_id` is a group's: two people have one conversation anyway. */
export const CreateConversation = Type.Object(
  {
    participants: Type.Array(UserId, { minItems: 1, maxItems: limits.idsPerRequest }),
    title: Type.Optional(Nullable(Type.String({ maxLength: limits.shortTextCharacters }))),
    is_group: Type.Optional(Type.Boolean()),
    history: Type.Optional(HistoryFor),
    client_id: Type.Optional(ClientId)
  },
  { $id: 'CreateConversation' }
)
