import { type Static, Type } from 'typebox'
import { limits } from './limits.ts'
import { Nullable, ref, Seq, Timestamp, UserId } from './scalar.ts'
import { User } from './user.ts'

/** What kind of conversation it is: of two people, or of up to `limits.groupMembers`. */
export const ConversationType = Type.Union([Type.Literal('direct'), Type.Literal('group')])

/** What a member may do: see `rights`. Everybody in a direct conversation is a member. */
export const Role = Type.Union([Type.Literal('owner'), Type.Literal('admin'), Type.Literal('member')])
export type Role = Static<typeof Role>

/** The roles as the database has them, the higher the more. */
export const roleRanks = Object.freeze({ member: 1, admin: 2, owner: 3 } satisfies Record<Role, number>)

/**
 * Who may what in a group: the least role. This is the one table; documents and queries are made from it. Besides, nobody takes out or
 * re-ranks a member of his own role or a higher one. In a direct conversation both may do what a member may, and pin.
 */
export const rights = Object.freeze({
  read: 'member',
  send: 'member',
  react: 'member',
  edit_own_message: 'member',
  delete_own_message: 'member',
  leave: 'member',
  change_title: 'admin',
  add_members: 'admin',
  remove_members: 'admin',
  pin: 'admin',
  delete_any_message: 'admin',
  read_edits: 'admin',
  change_settings: 'owner',
  change_roles: 'owner',
  hand_over: 'owner'
} satisfies Record<string, Role>)
/** Something a member may or may not do. */
export type Right = keyof typeof rights

/** The rank that `right` needs, for a query. */
export function rankFor(right: Right): number {
  return roleRanks[rights[right]]
}

/** Which messages who joins a group may see: those from his joining on, or all. */
export const HistoryFor = Type.Union([Type.Literal('joined'), Type.Literal('all')], {
  description: 'What new members see: messages from their joining on, or all'
})
export type HistoryFor = Static<typeof HistoryFor>

/** Title of a group; trimmed, it has one visible character at least. */
export const Title = Type.String({ minLength: 1, maxLength: limits.shortTextCharacters })

/** A member of a conversation, and up to where he got; the watermarks are null in groups of more than 32. */
export const Member = Type.Object(
  {
    user: ref(User),
    user_id: UserId,
    role: Role,
    joined_at: Timestamp,
    delivered_seq: Nullable(Seq),
    read_seq: Nullable(Seq)
  },
  { $id: 'Member' }
)
export type Member = Static<typeof Member>

const strict = { additionalProperties: false }

/** People to add or to take out. */
export const MemberIds = Type.Object(
  { user_ids: Type.Array(UserId, { minItems: 1, maxItems: limits.idsPerRequest }) },
  { $id: 'MemberIds', ...strict }
)
/** A member's new role; `owner` hands the group over, and makes who did an admin. */
export const ChangeMember = Type.Object({ role: Role }, { $id: 'ChangeMember', ...strict })
/** What a group's admins (title) and owner (history) may change. */
export const ChangeConversation = Type.Object(
  { title: Type.Optional(Title), history: Type.Optional(HistoryFor) },
  { $id: 'ChangeConversation', ...strict }
)
/** Where a member stands: of others, in conversations of 32 at most. */
export const Receipt = Type.Object({ user_id: UserId, delivered_seq: Seq, read_seq: Seq }, { $id: 'Receipt' })
export type Receipt = Static<typeof Receipt>

/** Up to where I read; `private`: nobody else is told. */
export const ReadUpTo = Type.Object(
  { seq: Seq, private: Type.Optional(Type.Boolean()) },
  { $id: 'ReadUpTo', ...strict }
)
/** Whether I type. */
export const SayTyping = Type.Object({ is_typing: Type.Boolean() }, { $id: 'SayTyping', ...strict })
