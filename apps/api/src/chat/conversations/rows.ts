import { type ConversationId, limits, type Receipt, type UserId } from '@rendezvous/contract'
import { grouped } from '../../database/grouped.ts'
import type { Queryable, Statement } from '../../database/port.ts'
import { joinVisibility, PUBLIC_COLUMNS, type SeenRow, telling, toSeen } from '../../people/users/rows.ts'
import type { PresenceAudience } from '../../people/visibility/port.ts'
import { toHistory, toRole } from '../groups/rows.ts'
import { ACTIVE_AT, type MessageRow, messageColumns, OTHERS, toMessage, VISIBLE, WATERMARKS } from '../messages/rows.ts'
import type { Conversation } from './port.ts'

/** The conversations of `page` as the member $1 sees them. Unread messages are counted in a range of seqs: with a LIMIT
 *  the planner would sort all messages. */
export const CONVERSATION_VIEW = `SELECT c.id, c.kind, c.title, c.created_by AS "createdBy", c.created_at AS "createdAt", ${ACTIVE_AT} AS "activeAt",
    c.last_seq AS "lastSeq", c.members_seq AS "membersSeq", c.member_count AS "memberCount", c.history, s.role, s.delivered_seq AS "deliveredSeq",
    greatest(s.read_seq, s.private_read_seq) AS "readSeq", g.receipts,
    CASE WHEN c.kind = 1 AND across_block(c.user_low, c.user_high) THEN 0 ELSE least(u.unread, ${limits.unreadCount})::int END AS "unreadCount",
    ${messageColumns('s.user_id')}
  FROM page
  JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = page.id LIMIT 1) c ON true
  JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = page.id AND x.user_id = $1 LIMIT 1) s ON true
  ${OTHERS}
  LEFT JOIN LATERAL (SELECT * FROM message x WHERE x.conversation_id = page.id AND ${VISIBLE} ORDER BY x.seq DESC LIMIT 1) m ON true
  ${WATERMARKS}
  CROSS JOIN LATERAL (SELECT count(*) AS unread FROM message x WHERE x.conversation_id = page.id
    AND x.seq > greatest(s.read_seq, s.private_read_seq, c.last_seq - ${limits.unreadChanges}) AND x.sender_id <> $1 AND x.kind <> 2 AND ${VISIBLE}) u
  LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('user_id', x.user_id, 'delivered_seq', x.delivered_seq, 'read_seq', x.read_seq)
    ORDER BY x.user_id) AS receipts FROM ${telling('$1::int', 'page.id')} AND x.left_seq IS NULL) g ON true
  ORDER BY ${ACTIVE_AT} DESC, c.id DESC`

const FIND: Statement = {
  name: 'conversation_find',
  text: `WITH page AS MATERIALIZED (
    SELECT s.conversation_id AS id FROM unnest($2::bigint[]) AS o(id)
    JOIN LATERAL (SELECT * FROM membership x WHERE x.conversation_id = o.id AND x.user_id = $1 LIMIT 1) s ON true
    WHERE s.left_seq IS NULL) ${CONVERSATION_VIEW}`
}

const PARTICIPANTS: Statement = {
  name: 'conversation_participants',
  text: `SELECT o.id AS "conversationId", ${PUBLIC_COLUMNS}, h.rank
    FROM unnest($2::bigint[]) AS o(id)
    JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = o.id LIMIT 1) c ON true
    JOIN LATERAL (SELECT u.id AS user_id FROM unnest(CASE c.user_low WHEN c.user_high THEN ARRAY[c.user_low] ELSE ARRAY[c.user_low, c.user_high] END) AS u(id) WHERE c.kind = 1
      UNION ALL SELECT x.user_id FROM members_above(o.id, 0, ${limits.shownMembers}) x WHERE c.kind = 2) s ON true
    JOIN LATERAL (SELECT * FROM person x WHERE x.id = s.user_id LIMIT 1) p ON true
    ${joinVisibility('$1::int', '$3::boolean')}
    ORDER BY o.id, p.id`
}

/** A row of `CONVERSATION_VIEW`. */
export interface ConversationRow
  extends MessageRow,
    Omit<Conversation, 'kind' | 'participants' | 'lastMessage' | 'role' | 'history' | 'receipts'> {
  readonly kind: number
  readonly role: number
  readonly history: number
  readonly receipts: Receipt[] | null
}

interface ParticipantRow extends SeenRow {
  readonly conversationId: ConversationId
}

/** The conversations of `ids` that the viewer is in, the last active first. */
export async function readConversations(
  database: Queryable,
  viewerId: UserId,
  ids: readonly ConversationId[],
  audience: PresenceAudience
): Promise<Conversation[]> {
  if (ids.length === 0) return []
  const rows = await database.query<ConversationRow>(FIND, [viewerId, ids])
  return withParticipants(database, viewerId, rows, audience)
}

/** The conversations of `rows` with their participants, in the order of the rows. */
export async function withParticipants(
  database: Queryable,
  viewerId: UserId,
  rows: readonly ConversationRow[],
  audience: PresenceAudience
): Promise<Conversation[]> {
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const people = await database.query<ParticipantRow>(PARTICIPANTS, [viewerId, ids, audience === 'everyone'])
  const of = grouped(people, ({ conversationId }) => conversationId)
  return rows.map(row => toConversation(row, of.get(row.id) ?? []))
}

function toConversation(row: ConversationRow, people: readonly ParticipantRow[]): Conversation {
  return {
    id: row.id,
    kind: row.kind === 1 ? 'direct' : 'group',
    title: row.title,
    createdBy: row.createdBy,
    createdAt: row.createdAt,
    activeAt: row.activeAt,
    lastSeq: row.lastSeq,
    membersSeq: row.membersSeq,
    participants: people.map(({ conversationId, ...person }) => toSeen(person)),
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
