import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import { appendAudit } from '../../audit/adapter.ts'
import { roleChanged } from '../../audit/port.ts'
import { grouped } from '../../database/grouped.ts'
import type { Database, Statement, Transaction } from '../../database/port.ts'
import { retrying } from '../../database/retry.ts'
import type { PresenceAudience } from '../../people/visibility/port.ts'
import { type SystemMessageRow, toSystemMessage } from '../groups/rows.ts'
import { ACTIVE_AT, pair } from '../messages/rows.ts'
import type { Conversations, Head, Opened, Recipients } from './port.ts'
import { CONVERSATION_VIEW, type ConversationRow, readConversations, withParticipants } from './rows.ts'

const OPEN: Statement = {
  name: 'conversation_open_direct',
  text: 'SELECT id, status, seq, outbox_id AS "outboxId" FROM direct_open($1, $2)'
}

const LEAVE: Statement = {
  name: 'conversation_leave',
  text: `SELECT seq, user_low AS "userLow", user_high AS "userHigh", owner_id AS "ownerId", outbox_id AS "outboxId", message
    FROM conversation_leave($1, $2)`
}

const FIND_DIRECT: Statement = {
  name: 'conversation_find_direct',
  text: `SELECT c.id FROM conversation c JOIN membership s ON s.conversation_id = c.id AND s.user_id = $1
    WHERE c.user_low = least($1::int, $2::int) AND c.user_high = greatest($1::int, $2::int) AND s.left_seq IS NULL`
}

const LIST: Statement = {
  name: 'conversation_list',
  text: `WITH page AS MATERIALIZED (
    SELECT c.id FROM membership s JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = s.conversation_id LIMIT 1) c ON true
    WHERE s.user_id = $1 AND s.left_seq IS NULL
      AND (${ACTIVE_AT}, c.id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::bigint, 0))
    ORDER BY ${ACTIVE_AT} DESC, c.id DESC LIMIT $4) ${CONVERSATION_VIEW}`
}

const AUDIENCE: Statement = {
  name: 'conversation_audience',
  text: `SELECT CASE c.kind WHEN 1 THEN ARRAY(SELECT x.user_id FROM membership x WHERE x.conversation_id = c.id AND x.user_id <> $2
      AND x.left_seq IS NULL) END AS "otherIds", c.members_seq AS "membersSeq", c.member_count AS "memberCount"
    FROM membership s JOIN conversation c ON c.id = s.conversation_id
    WHERE s.conversation_id = $1 AND s.user_id = $2 AND s.left_seq IS NULL AND NOT (c.kind = 1 AND across_block(c.user_low, c.user_high))`
}

const ROOMS: Statement = {
  name: 'conversation_rooms',
  text: `SELECT o.id AS "userId", r.id, r.last_seq AS "lastSeq", r.members_seq AS "membersSeq" FROM (SELECT DISTINCT id FROM unnest($1::int[]) AS d(id)) o
    JOIN LATERAL (SELECT c.id, c.last_seq, c.members_seq FROM membership s
      JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = s.conversation_id AND x.kind = 2 LIMIT 1) c ON true
      WHERE s.user_id = o.id AND s.left_seq IS NULL) r ON true`
}

const PRESENT: Statement = {
  name: 'conversation_present',
  text: `SELECT c.id, c.last_seq AS "lastSeq", c.members_seq AS "membersSeq", coalesce(m.ids, '{}') AS "userIds"
    FROM (SELECT conv, array_agg(usr) AS users FROM unnest($1::bigint[], $2::int[]) AS i(conv, usr) GROUP BY conv) o
    JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = o.conv AND x.kind = 2 LIMIT 1) c ON true
    LEFT JOIN LATERAL (SELECT array_agg(s.user_id) AS ids FROM unnest(o.users) AS u(id)
      JOIN LATERAL (SELECT x.user_id FROM membership x WHERE x.conversation_id = o.conv AND x.user_id = u.id AND x.left_seq IS NULL LIMIT 1) s ON true) m ON true`
}

interface OpenedRow {
  readonly id: ConversationId
  readonly status: Opened['status']
  readonly seq: Seq
  readonly outboxId: number
}

interface LeftRow {
  readonly seq: Seq
  readonly userLow: UserId | null
  readonly userHigh: UserId | null
  readonly ownerId: UserId | null
  readonly outboxId: number
  readonly message: SystemMessageRow | null
}

/** Stores conversations in `database`. `audience` says who may see the presence of their people. */
export function conversationsIn(database: Database, audience: PresenceAudience = 'contacts'): Conversations {
  return {
    async openDirect(callerId, peerId) {
      const [row] = await retrying(() => database.query<OpenedRow>(OPEN, [callerId, peerId]))
      if (row === undefined) return null
      const { id, status, seq, outboxId } = row
      return status === 'existing' ? { status, id, seq } : { status, id, seq, outboxId }
    },

    async findDirect(callerId, peerId) {
      const [row] = await database.query<{ id: ConversationId }>(FIND_DIRECT, [callerId, peerId])
      return row?.id ?? null
    },

    async listFor(userId, { limit, before }) {
      const cursor = [before?.activeAt ?? null, before?.id ?? null]
      const rows = await database.query<ConversationRow>(LIST, [userId, ...cursor, limit + 1])
      const conversations = await withParticipants(database, userId, rows.slice(0, limit), audience)
      return { conversations, hasMore: rows.length > limit }
    },

    async findForMember(id, userId) {
      const [conversation] = await readConversations(database, userId, [id], audience)
      return conversation ?? null
    },

    async leave(id, userId, ip = '') {
      const left = await retrying(() => database.transaction(transaction => leave(transaction, id, userId, ip)))
      if (left === null) return null
      const { row, audited } = left
      return {
        audited,
        seq: row.seq,
        memberIds: pair(userId, row.userLow, row.userHigh),
        ownerId: row.ownerId,
        outboxId: row.outboxId,
        systemMessage: row.message === null ? null : toSystemMessage(id, userId, row.message),
        memberCount: row.message?.member_count ?? null
      }
    },

    async recipients(id, userId) {
      const [row] = await database.query<Recipients>(AUDIENCE, [id, userId])
      return row ?? null
    },

    async rooms(userIds) {
      if (userIds.length === 0) return []
      const rows = await database.query<Head & { readonly userId: UserId }>(ROOMS, [userIds])
      const of = grouped(rows, ({ userId }) => userId)
      return userIds.map(userId => (of.get(userId) ?? []).map(({ userId: _, ...head }) => head))
    },

    async present(questions) {
      const asked = questions.flatMap(
        ({ id, userIds }) => [[id, null], ...userIds.map(userId => [id, userId])] as const
      )
      if (asked.length === 0) return []
      const columns = [asked.map(([id]) => id), asked.map(([, userId]) => userId)] as [number[], (number | null)[]]
      const rows = await database.query<Head & { readonly userIds: UserId[] }>(PRESENT, columns)
      const of = new Map(rows.map(row => [row.id, row]))
      return questions.map(({ id, userIds }) => {
        const found = of.get(id)
        if (found === undefined) return null
        const present = new Set(found.userIds)
        return { ...found, userIds: userIds.filter(userId => present.has(userId)) }
      })
    }
  }
}

async function leave(transaction: Transaction, conversationId: ConversationId, actorId: UserId, ip: string) {
  const [row] = await transaction.query<LeftRow>(LEAVE, [conversationId, actorId])
  if (row === undefined) return null
  const audited = row.ownerId === null ? [] : [roleChanged({ conversationId, actorId, ip }, row.ownerId, 'owner')]
  await appendAudit(transaction, audited)
  return { row, audited }
}
