import {
  type ConversationId,
  type HistoryFor,
  limits,
  type MessageId,
  type Role,
  type Seq,
  type SystemFacts,
  type UserId
} from '@rendezvous/contract'
import type { GroupMember } from '../ports/groups.ts'
import type { Message } from '../ports/messages.ts'
import { PUBLIC_COLUMNS, type SeenRow, seenBy, toSeen } from './personview.ts'

/** The columns of `MemberRow`, from a membership `s`, its conversation `c` and what `memberPerson` joins. */
export const MEMBER_COLUMNS = `${PUBLIC_COLUMNS}, h.sight, s.role, s.joined_at AS "joinedAt",
      CASE WHEN c.member_count <= ${limits.receiptMembers} AND NOT h.apart THEN s.delivered_seq END AS "deliveredSeq",
      CASE WHEN c.member_count <= ${limits.receiptMembers} AND NOT h.apart THEN s.read_seq END AS "readSeq"`

/** Joins to a membership `s` its person, and what `viewer` sees of him; both are parameters. */
export function memberPerson(viewer: string, everyone: string): string {
  return `JOIN LATERAL (SELECT * FROM person x WHERE x.id = s.user_id LIMIT 1) p ON true
    ${seenBy(`${viewer}::int`, `${everyone}::boolean`)}`
}

/** A member of a conversation, as a row. */
export interface MemberRow extends SeenRow, Omit<GroupMember, 'person' | 'role'> {
  readonly role: number
}

/** What system_message() answers, as JSON. */
export interface SaidRow {
  readonly seq: Seq
  readonly number: number
  readonly id: MessageId
  readonly client_id: string
  readonly content: string
  readonly metadata: { readonly system: SystemFacts }
  readonly created_at: string
}

const roles: Readonly<Record<number, Role>> = { 1: 'member', 2: 'admin', 3: 'owner' }

/** The role of a rank in the database. */
export function toRole(rank: number): Role {
  return roles[rank] ?? 'member'
}

/** The setting of a number in the database. */
export function toHistory(number: number): HistoryFor {
  return number === 2 ? 'all' : 'joined'
}

/** The number of a setting in the database. */
export function fromHistory(history: HistoryFor): number {
  return history === 'all' ? 2 : 1
}

/** The message that the server said in a group about what `actorId` did. */
export function toSaid(conversationId: ConversationId, actorId: UserId, row: SaidRow): Message {
  return {
    id: row.id,
    conversationId,
    seq: row.seq,
    changedSeq: row.seq,
    number: row.number,
    senderId: actorId,
    receiverId: null,
    clientId: row.client_id,
    kind: 2,
    content: row.content,
    createdAt: new Date(row.created_at),
    editedAt: null,
    pinnedAt: null,
    replyTo: null,
    mentions: [],
    system: row.metadata.system,
    reactions: [],
    status: 'sent',
    isRead: false
  }
}

/** The member of a row. */
export function toMember({ role, joinedAt, deliveredSeq, readSeq, ...person }: MemberRow): GroupMember {
  return { person: toSeen(person), role: toRole(role), joinedAt, deliveredSeq, readSeq }
}
