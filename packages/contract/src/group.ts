import { type Static, Type } from 'typebox'
import { limits } from './limits.ts'
import { Nullable, ref, Seq, Timestamp, UserId } from './scalar.ts'
import { User } from './user.ts'

/** The type of a conversation: `direct` has two members, `group` up to `limits.groupMembers`. */
export const ConversationType = Type.Union([Type.Literal('direct'), Type.Literal('group')])

/** A member's role; `rights` says what each may do. In a direct conversation both have the role `member`. */
export const Role = Type.Union([Type.Literal('owner'), Type.Literal('admin'), Type.Literal('member')])
export type Role = Static<typeof Role>

/** The roles as the database stores them. A higher number has more rights. */
export const roleRanks = Object.freeze({ member: 1, admin: 2, owner: 3 } satisfies Record<Role, number>)

/**
 * The lowest role that each action in a group needs. Documents and queries are generated from this table. Also, members
 * cannot remove, or change the role of, anyone of an equal or higher role. In a direct conversation both may also pin.
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
/** An action that needs a role. */
export type Right = keyof typeof rights

/** The lowest rank that may do `right`, as queries compare it. */
export function rankFor(right: Right): number {
  return roleRanks[rights[right]]
}

/** Which messages new members of a group see: those sent after they joined, or all. */
export const HistoryFor = Type.Union([Type.Literal('joined'), Type.Literal('all')], {
  description: 'What new members see: messages sent after they joined, or all messages'
})
export type HistoryFor = Static<typeof HistoryFor>

/** Title of a group: a name, see `nameProblem`. */
export const Title = Type.String({
  minLength: 1,
  maxLength: limits.shortTextCharacters,
  description: 'Characters of a title are visible or spaces'
})

/** A member of a conversation with their watermarks, which are null in groups of more than 32 members. */
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

/** The users to add or remove. */
export const MemberIds = Type.Object(
  { user_ids: Type.Array(UserId, { minItems: 1, maxItems: limits.idsPerRequest }) },
  { $id: 'MemberIds', ...strict }
)
/** A member's new role. `owner` transfers the group to them, and the caller becomes an admin. */
export const ChangeMember = Type.Object({ role: Role }, { $id: 'ChangeMember', ...strict })
/** The settings of a group: admins may change `title`, the owner also `history`. */
export const ChangeConversation = Type.Object(
  { title: Type.Optional(Title), history: Type.Optional(HistoryFor) },
  { $id: 'ChangeConversation', ...strict }
)
/** Whether a conversation of `memberCount` members has receipts: members learn how far the others got. */
export function hasReceipts(memberCount: number): boolean {
  return memberCount <= limits.receiptMembers
}

/** The watermarks of another member, in conversations of at most 32 members. */
export const Receipt = Type.Object({ user_id: UserId, delivered_seq: Seq, read_seq: Seq }, { $id: 'Receipt' })
export type Receipt = Static<typeof Receipt>

/** How far the caller read. `private`: no other member is told. */
export const ReadUpTo = Type.Object(
  { seq: Seq, private: Type.Optional(Type.Boolean()) },
  { $id: 'ReadUpTo', ...strict }
)
/** Whether the caller is typing. */
export const SayTyping = Type.Object({ is_typing: Type.Boolean() }, { $id: 'SayTyping', ...strict })
