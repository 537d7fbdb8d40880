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
import { joinVisibility, PUBLIC_COLUMNS, type SeenRow, toSeen } from '../../people/users/rows.ts'
import type { Message } from '../messages/port.ts'
import type { GroupMember } from './port.ts'

/** The columns of `MemberRow`, from a membership `s`, its conversation `c` and what `memberPerson` joins. */
export const MEMBER_COLUMNS = `${PUBLIC_COLUMNS}, h.rank, s.role, s.joined_at AS "joinedAt",
      CASE WHEN c.member_count <= ${limits.receiptMembers} AND NOT h.unavailable THEN s.delivered_seq END AS "deliveredSeq",
      CASE WHEN c.member_count <= ${limits.receiptMembers} AND NOT h.unavailable THEN s.read_seq END AS "readSeq"`

/** Joins to a membership `s` its person, and what the viewer may see of them. Both arguments are SQL parameters. */
export function memberPerson(viewer: string, includeNonContacts: string): string {
  return `JOIN LATERAL (SELECT * FROM person x WHERE x.id = s.user_id LIMIT 1) p ON true
    ${joinVisibility(`${viewer}::int`, `${includeNonContacts}::boolean`)}`
}

/** A row of a member of a conversation. */
export interface MemberRow extends SeenRow, Omit<GroupMember, 'person' | 'role'> {
  readonly role: number
}

/** The JSON that the SQL function system_message_append() returns. */
export interface SystemMessageRow {
  readonly seq: Seq
  readonly number: number
  readonly id: MessageId
  readonly client_id: string
  readonly content: string
  readonly metadata: { readonly system: SystemFacts }
  readonly created_at: string
  /** Members of the group when it was stored. */
  readonly member_count: number
}

const roles: Readonly<Record<number, Role>> = { 1: 'member', 2: 'admin', 3: 'owner' }

/** The role of a rank in the database. */
export function toRole(rank: number): Role {
  return roles[rank] ?? 'member'
}

/** The history setting of a number in the database. */
export function toHistory(number: number): HistoryFor {
  return number === 2 ? 'all' : 'joined'
}

/** The number of a history setting in the database. */
export function fromHistory(history: HistoryFor): number {
  return history === 'all' ? 2 : 1
}

/** The system message of a group about an action of `actorId`. */
export function toSystemMessage(conversationId: ConversationId, actorId: UserId, row: SystemMessageRow): Message {
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
    replyGone: false,
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
