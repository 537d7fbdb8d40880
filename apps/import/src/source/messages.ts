import { columnsOf } from './column.ts'
import { threads } from './conversations.ts'
import type { Plan } from './plan.ts'

/** A message in the source. People are given by their keys. */
export interface SourceMessage {
  readonly key: string
  /** The two people of a direct conversation, ascending; null in a group, which `conversation` then names. */
  readonly pair: readonly [string | null, string | null] | null
  readonly conversation: string | null
  readonly sender: string | null
  readonly content: string | null
  readonly createdAt: Date | null
  readonly type: string | null
  readonly hasFile: boolean | null
  readonly isDeleted: boolean | null
  /** Whether everybody but the sender has read it. */
  readonly isRead: boolean
  readonly isDelivered: boolean
  /** The people who have read it, when the source has a table of them. */
  readonly readers: readonly string[]
}

/**
 * A query for all messages, as `SourceMessage`: conversation by conversation, and by time and key inside each. The
 * conversation with the newest message comes last, so lists show the conversations in the order of their use.
 */
export function selectMessages(plan: Plan): string {
  const { conversations, participants, messages, readers } = plan
  const m = columnsOf(messages, 'm')
  const r = readers === null ? null : columnsOf(readers, 'r')
  const isIn = conversations !== null && participants !== null
  const pair = isIn
    ? 't.pair'
    : `ARRAY[least(${m.key('sender')}, ${m.key('receiver')}), greatest(${m.key('sender')}, ${m.key('receiver')})]`
  const conversation = isIn ? m.text('conversation') : 'NULL::text'
  const status = `coalesce(lower(${m.text('status')}), '')`
  const isRead = [m.flag('is_read'), `${m.time('read_at')} IS NOT NULL`, `${status} IN ('read', 'seen')`]
  const isDelivered = [m.flag('is_delivered'), `${m.time('delivered_at')} IS NOT NULL`, `${status} = 'delivered'`]
  const who =
    readers === null || r === null
      ? "'{}'::text[]"
      : `ARRAY(SELECT ${r.text('person')} FROM ${readers.name} r WHERE ${r.key('message')} = ${m.key('id')})`
  return `${isIn ? `WITH thread AS (${threads(conversations, participants, messages)})` : ''}
    SELECT m.key, m.pair::text[] AS pair, m.conversation, m.sender, m.content, m.created_at AS "createdAt", m.type, m.has_file AS "hasFile",
      m.is_deleted AS "isDeleted", coalesce(m.is_read, false) AS "isRead", coalesce(m.is_delivered, false) AS "isDelivered", m.readers
    FROM (SELECT ${m.text('id')} AS key, ${m.key('id')} AS id, ${pair} AS pair, ${conversation} AS conversation, ${m.text('sender')} AS sender,
        ${m.text('content')} AS content, ${m.time('created_at')} AS created_at, ${m.text('type')} AS type, ${m.flag('file')} AS has_file,
        ${m.flag('is_deleted')} AS is_deleted, ${isRead.join(' OR ')} AS is_read, ${isDelivered.join(' OR ')} AS is_delivered, ${who} AS readers
      FROM ${messages.name} m ${isIn ? `LEFT JOIN thread t ON t.id = ${m.key('conversation')}` : ''}) m
    ORDER BY max(m.created_at) OVER (PARTITION BY m.pair, CASE WHEN m.pair IS NULL THEN m.conversation END),
      m.pair, CASE WHEN m.pair IS NULL THEN m.conversation END, m.created_at, m.id`
}
