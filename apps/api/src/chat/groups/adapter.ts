import { type ConversationId, limits, type Role, roleRanks, type Seq, type UserId } from '@rendezvous/contract'
import { appendAudit } from '../../audit/adapter.ts'
import { roleChanged } from '../../audit/port.ts'
import type { Database, Parameter, Queryable, Statement, Transaction } from '../../database/port.ts'
import { retrying } from '../../database/retry.ts'
import type { PresenceAudience } from '../../people/visibility/port.ts'
import type { GroupAction, GroupCreation, Groups, MembersChanged, NoChange, Updated } from './port.ts'
import {
  fromHistory,
  MEMBER_COLUMNS,
  type MemberRow,
  memberPerson,
  type SystemMessageRow,
  toHistory,
  toMember,
  toSystemMessage
} from './rows.ts'

const CREATE: Statement = {
  name: 'group_create',
  text: `SELECT status, id, created_at AS "createdAt", user_ids AS "userIds", outbox_id AS "outboxId"
    FROM group_create($1, $2, $3, $4::smallint, $5, $6)`
}
const ADD: Statement = {
  name: 'group_add',
  text: 'SELECT status, seq, user_ids AS "userIds", outbox_id AS "outboxId", message FROM group_add($1, $2, $3, $4, $5, $6)'
}
const REMOVE: Statement = {
  name: 'group_remove',
  text: 'SELECT status, seq, user_ids AS "userIds", outbox_id AS "outboxId", message FROM group_remove($1, $2, $3, $4)'
}
const ROLE: Statement = {
  name: 'group_role',
  text: 'SELECT status, seq, members_seq AS "membersSeq", outbox_id AS "outboxId" FROM group_role($1, $2, $3, $4, $5)'
}
const TITLE: Statement = {
  name: 'group_title',
  text: `SELECT c.title FROM membership s JOIN conversation c ON c.id = s.conversation_id
    WHERE s.conversation_id = $1 AND s.user_id = $2 AND s.left_seq IS NULL`
}
const UPDATE: Statement = {
  name: 'group_update',
  text: `SELECT status, seq, members_seq AS "membersSeq", title, history, outbox_id AS "outboxId", message
    FROM group_update($1, $2, $3, $4::smallint, $5)`
}
const MEMBERS: Statement = {
  name: 'group_members',
  text: `SELECT ${MEMBER_COLUMNS}
    FROM membership v
    JOIN LATERAL (SELECT x.member_count FROM conversation x WHERE x.id = v.conversation_id LIMIT 1) c ON true
    JOIN LATERAL members_above(v.conversation_id, $3, $4) s ON true
    ${memberPerson('$2', '$5')}
    WHERE v.conversation_id = $1 AND v.user_id = $2 AND v.left_seq IS NULL ORDER BY p.id`
}
const IS_MEMBER: Statement = {
  name: 'group_is_member',
  text: 'SELECT 1 FROM membership WHERE conversation_id = $1 AND user_id = $2 AND left_seq IS NULL'
}

interface ChangedRow {
  readonly status: 'ok' | NoChange['status']
  readonly seq: Seq
  readonly userIds: UserId[] | null
  readonly outboxId: number
  readonly message: SystemMessageRow
}

interface CreatedRow {
  readonly status: GroupCreation['status']
  readonly id: ConversationId
  readonly createdAt: Date
  readonly userIds: UserId[]
  readonly outboxId: number
}

interface NonMemberChangeRow extends Omit<ChangedRow, 'userIds' | 'message'> {
  readonly membersSeq: Seq
}

interface UpdatedRow extends NonMemberChangeRow {
  readonly title: string
  readonly history: number
  readonly message: SystemMessageRow | null
}

/** Stores groups in `database`. `audience` says who may see the presence of their members. */
export function groupsIn(database: Database, audience: PresenceAudience = 'contacts'): Groups {
  const one = <Row>(statement: Statement, parameters: readonly Parameter[]): Promise<Row> =>
    retrying(() => oneRow<Row>(database, statement, parameters))

  return {
    async create({ ownerId, memberIds, title, history, clientId = null }) {
      const parameters = [ownerId, memberIds, title, fromHistory(history), limits.roomsPerPerson, clientId]
      const { status, id, createdAt, userIds, outboxId } = await one<CreatedRow>(CREATE, parameters)
      if (status === 'ok') return { status, id, createdAt, memberIds: userIds, outboxId }
      return status === 'unknown' ? { status, userIds } : { status, id }
    },

    async add(action, userIds) {
      const bounds = [limits.groupMembers, limits.roomsPerPerson]
      return toMembersChanged(
        action,
        await one(ADD, [action.conversationId, action.actorId, userIds, action.requiredRank, ...bounds])
      )
    },

    async remove(action, userIds) {
      return toMembersChanged(
        action,
        await one(REMOVE, [action.conversationId, action.actorId, userIds, action.requiredRank])
      )
    },

    async setRole(action, userId, role: Role) {
      const { conversationId, actorId, requiredRank } = action
      const parameters = [conversationId, actorId, userId, roleRanks[role], requiredRank]
      const audited = [roleChanged(action, userId, role)]
      const change = (transaction: Transaction) => oneRow<NonMemberChangeRow>(transaction, ROLE, parameters)
      const row = await retrying(() =>
        database.transaction(async transaction => {
          const row = await change(transaction)
          if (row.status === 'ok') await appendAudit(transaction, audited)
          return row
        })
      )
      const { status, seq, membersSeq, outboxId } = row
      return status === 'ok' ? { status, seq, membersSeq, outboxId, audited } : toNoChange(row)
    },

    async title(id, userId) {
      const [row] = await database.query<{ title: string }>(TITLE, [id, userId])
      return row?.title ?? null
    },

    async update(action, { title, history }) {
      const setting = history === undefined ? null : fromHistory(history)
      return toUpdated(
        action,
        await one(UPDATE, [action.conversationId, action.actorId, title ?? null, setting, action.requiredRank])
      )
    },

    async members(conversationId, viewerId, { limit, after }) {
      const parameters = [conversationId, viewerId, after, limit, audience === 'everyone']
      const rows = await database.query<MemberRow>(MEMBERS, parameters)
      if (rows.length > 0) return rows.map(toMember)
      const mine = await database.query(IS_MEMBER, [conversationId, viewerId])
      return mine.length === 0 ? null : []
    }
  }
}

/** The row of a statement that always answers one. */
async function oneRow<Row>(database: Queryable, statement: Statement, parameters: readonly Parameter[]): Promise<Row> {
  const [row] = await database.query<Row>(statement, parameters)
  if (row === undefined) throw new Error(`${statement.name} answered no row`)
  return row
}

function toNoChange({ status, userIds }: { readonly status: string; readonly userIds?: UserId[] | null }): NoChange {
  return { status: status as NoChange['status'], userIds: userIds ?? [] } // the SQL functions answer no other status
}

function toMembersChanged({ conversationId, actorId }: GroupAction, row: ChangedRow): MembersChanged {
  if (row.status !== 'ok') return toNoChange(row)
  const systemMessage = toSystemMessage(conversationId, actorId, row.message)
  const { member_count: memberCount } = row.message
  return { status: 'ok', seq: row.seq, userIds: row.userIds ?? [], memberCount, outboxId: row.outboxId, systemMessage }
}

function toUpdated({ conversationId, actorId }: GroupAction, row: UpdatedRow): Updated {
  if (row.status !== 'ok') return toNoChange(row)
  return {
    status: 'ok',
    seq: row.seq,
    membersSeq: row.membersSeq,
    title: row.title,
    history: toHistory(row.history),
    outboxId: row.outboxId,
    systemMessage: row.message === null ? null : toSystemMessage(conversationId, actorId, row.message),
    memberCount: row.message?.member_count ?? null
  }
}
