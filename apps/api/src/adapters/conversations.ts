import type { ConversationId, Receipt, Seq, UserId } from '@rendezvous/contract'
import { grouped } from '../database/grouped.ts'
import type { Database, Statement } from '../database/port.ts'
import { retrying } from '../database/retry.ts'
import type { Audience, Conversation, Conversations, Head, Opened, Participant } from '../ports/conversations.ts'
import { type SaidRow, toHistory, toRole, toSaid } from './groupview.ts'
import {
  type MessageRow,
  messageColumns,
  OTHER_MEMBERSHIP,
  pair,
  toMessage,
  VISIBLE,
  WATERMARKS
} from './messageview.ts'

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

/** What a member sees of the conversations `page`. Unread are looked for among the last 5,000 changes: a range, since of a limit
 *  the planner makes a sort of all. */
const VIEW = `SELECT c.id, c.kind, c.title, c.created_by AS "createdBy", c.created_at AS "createdAt", c.changed_at AS "changedAt",
    c.last_seq AS "lastSeq", c.members_seq AS "membersSeq", c.member_count AS "memberCount", c.history, s.role, s.delivered_seq AS "deliveredSeq",
    greatest(s.read_seq, s.private_read_seq) AS "readSeq", g.receipts,
    CASE WHEN c.kind = 1 AND across_block(c.user_low, c.user_high) THEN 0 ELSE least(u.unread, 1000)::int END AS "unreadCount",
    ${messageColumns('s.user_id')}
  FROM page
  JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = page.id LIMIT 1) c ON true
  JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = page.id AND x.user_id = $1 LIMIT 1) s ON true
  ${OTHER_MEMBERSHIP}
  LEFT JOIN LATERAL (SELECT * FROM message x WHERE x.conversation_id = page.id AND ${VISIBLE} ORDER BY x.seq DESC LIMIT 1) m ON true
  ${WATERMARKS}
  CROSS JOIN LATERAL (SELECT count(*) AS unread FROM message x WHERE x.conversation_id = page.id
    AND x.seq > greatest(s.read_seq, s.private_read_seq, c.last_seq - 5000) AND x.sender_id <> $1 AND x.kind <> 2 AND ${VISIBLE}) u
  LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('user_id', x.user_id, 'delivered_seq', x.delivered_seq, 'read_seq', x.read_seq)
    ORDER BY x.user_id) AS receipts FROM membership x WHERE x.conversation_id = page.id AND x.left_seq IS NULL AND x.user_id <> $1
      AND NOT (c.kind = 1 AND across_block(c.user_low, c.user_high))) g ON c.member_count <= 32
  ORDER BY c.changed_at DESC, c.id DESC`

const LIST: Statement = {
  name: 'conversation_list',
  text: `WITH page AS MATERIALIZED (
    SELECT c.id FROM membership s JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = s.conversation_id LIMIT 1) c ON true
    WHERE s.user_id = $1 AND s.left_seq IS NULL
      AND (c.changed_at, c.id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::bigint, 0))
    ORDER BY c.changed_at DESC, c.id DESC LIMIT $4) ${VIEW}`
}

const FIND: Statement = {
  name: 'conversation_find',
  text: `WITH page AS MATERIALIZED (
    SELECT s.conversation_id AS id FROM membership s WHERE s.conversation_id = $2 AND s.user_id = $1 AND s.left_seq IS NULL) ${VIEW}`
}

const PARTICIPANTS: Statement = {
  name: 'conversation_participants',
  text: `SELECT o.id AS "conversationId", p.id, p.username, p.first_name AS "firstName", p.last_name AS "lastName", p.bio, p.avatar,
      p.gender, p.location, p.date_joined AS "dateJoined", CASE WHEN h.hidden THEN NULL ELSE p.last_seen END AS "lastSeen", h.hidden
    FROM unnest($2::bigint[]) AS o(id)
    JOIN LATERAL (SELECT x.kind FROM conversation x WHERE x.id = o.id LIMIT 1) c ON true
    JOIN LATERAL (SELECT x.user_id FROM membership x WHERE x.conversation_id = o.id AND (c.kind = 1 OR x.left_seq IS NULL)
      ORDER BY x.user_id LIMIT 50) s ON true
    JOIN LATERAL (SELECT * FROM person x WHERE x.id = s.user_id LIMIT 1) p ON true
    CROSS JOIN LATERAL (SELECT p.deleted_at IS NOT NULL OR NOT p.is_active OR across_block($1::int, p.id) AS hidden) h
    ORDER BY o.id, p.id`
}

const CONTACTS: Statement = {
  name: 'conversation_contacts',
  text: `SELECT o.id AS "userId", p.user_id AS "contactId"
    FROM (SELECT DISTINCT id FROM unnest($1::int[]) AS d(id)) o
    JOIN LATERAL (
      SELECT peer.user_id
      FROM membership s
      JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = s.conversation_id AND x.kind = 1 LIMIT 1) c ON true
      JOIN LATERAL (SELECT x.user_id FROM membership x WHERE x.conversation_id = c.id AND x.left_seq IS NULL
        AND x.user_id = CASE o.id WHEN c.user_low THEN c.user_high ELSE c.user_low END LIMIT 1) peer ON true
      WHERE s.user_id = o.id AND s.left_seq IS NULL AND NOT across_block(o.id, peer.user_id)
      ORDER BY c.changed_at DESC LIMIT 500) p ON true`
}

const HEADS: Statement = {
  name: 'conversation_heads',
  text: `SELECT c.id, c.last_seq AS "lastSeq", c.members_seq AS "membersSeq" FROM unnest($1::bigint[]) AS o(id)
    JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = o.id LIMIT 1) c ON true`
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
  text: `SELECT o.id AS "userId", r.id, r.members_seq AS "membersSeq" FROM (SELECT DISTINCT id FROM unnest($1::int[]) AS d(id)) o
    JOIN LATERAL (SELECT c.id, c.members_seq FROM membership s
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
  readonly message: SaidRow | null
}

interface ConversationRow
  extends MessageRow,
    Omit<Conversation, 'kind' | 'participants' | 'lastMessage' | 'role' | 'history' | 'receipts'> {
  readonly kind: number
  readonly role: number
  readonly history: number
  readonly receipts: Receipt[] | null
}

interface ParticipantRow extends Participant {
  readonly conversationId: ConversationId
}

/** Conversations in a database. */
export function conversationsIn(database: Database): Conversations {
  async function withParticipants(viewerId: UserId, rows: readonly ConversationRow[]): Promise<Conversation[]> {
    if (rows.length === 0) return []
    const people = await database.query<ParticipantRow>(PARTICIPANTS, [viewerId, rows.map(({ id }) => id)])
    const of = grouped(people, ({ conversationId }) => conversationId)
    return rows.map(row => toConversation(row, of.get(row.id) ?? []))
  }

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
      const cursor = [before?.changedAt ?? null, before?.id ?? null]
      const rows = await database.query<ConversationRow>(LIST, [userId, ...cursor, limit + 1])
      const conversations = await withParticipants(userId, rows.slice(0, limit))
      return { conversations, hasMore: rows.length > limit }
    },

    async findForMember(id, userId) {
      const rows = await database.query<ConversationRow>(FIND, [userId, id])
      const [conversation] = await withParticipants(userId, rows)
      return conversation ?? null
    },

    async contacts(userIds) {
      if (userIds.length === 0) return []
      const rows = await database.query<{ userId: UserId; contactId: UserId }>(CONTACTS, [userIds])
      const of = grouped(rows, ({ userId }) => userId)
      return userIds.map(userId => (of.get(userId) ?? []).map(({ contactId }) => contactId))
    },

    async leave(id, userId) {
      const [row] = await retrying(() => database.query<LeftRow>(LEAVE, [id, userId]))
      if (row === undefined) return null
      return {
        seq: row.seq,
        memberIds: pair(userId, row.userLow, row.userHigh),
        ownerId: row.ownerId,
        outboxId: row.outboxId,
        said: row.message === null ? null : toSaid(id, userId, row.message)
      }
    },

    async audience(id, userId) {
      const [row] = await database.query<Audience>(AUDIENCE, [id, userId])
      return row ?? null
    },

    async rooms(userIds) {
      if (userIds.length === 0) return []
      const rows = await database.query<{ userId: UserId; id: ConversationId; membersSeq: Seq }>(ROOMS, [userIds])
      const of = grouped(rows, ({ userId }) => userId)
      return userIds.map(userId => (of.get(userId) ?? []).map(({ id, membersSeq }) => ({ id, membersSeq })))
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
    },

    async heads(ids) {
      return ids.length === 0 ? [] : database.query<Head>(HEADS, [ids])
    }
  }
}

function toConversation(row: ConversationRow, people: readonly ParticipantRow[]): Conversation {
  return {
    id: row.id,
    kind: row.kind === 1 ? 'direct' : 'group',
    title: row.title,
    createdBy: row.createdBy,
    createdAt: row.createdAt,
    changedAt: row.changedAt,
    lastSeq: row.lastSeq,
    membersSeq: row.membersSeq,
    participants: people.map(({ conversationId, ...person }) => person),
    lastMessage: toMessage(row),
    unreadCount: row.unreadCount,
    deliveredSeq: row.deliveredSeq,
    readSeq: row.readSeq,
    memberCount: row.memberCount,
    role: toRole(row.role),
    history: toHistory(row.history),
    receipts: row.receipts ?? []
  }
}
