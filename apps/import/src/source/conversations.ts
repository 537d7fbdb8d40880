import { columnsOf } from './column.ts'
import type { Plan, Table } from './plan.ts'

/** A conversation in the source. People are given by their keys, ascending. */
export interface SourceConversation {
  readonly key: string
  readonly title: string | null
  /** Whether it is between two people. Then `members` are these two, one of whom may have left it. */
  readonly isDirect: boolean
  readonly members: readonly string[]
  /** The people who are in it now. */
  readonly present: readonly string[]
  /** The members of a direct conversation who have left all conversations of these two. Empty for a group. */
  readonly gone: readonly string[]
  readonly createdBy: string | null
  /** When it began; for a direct one, when the first conversation of these two people began. */
  readonly createdAt: Date | null
}

/** A query for all conversations, as `SourceConversation`, in the order of their last messages; null when the source
 *  has no such table. */
export function selectConversations(plan: Plan): string | null {
  if (plan.conversations === null || plan.participants === null) return null
  const c = columnsOf(plan.conversations, 'c')
  const first = `min(${c.time('created_at')}) OVER (PARTITION BY t.pair)`
  return `WITH thread AS (${threads(plan.conversations, plan.participants, plan.messages)})
    SELECT ${c.text('id')} AS key, ${c.text('title')} AS title, t.pair IS NOT NULL AS "isDirect",
      coalesce(t.pair, t.present)::text[] AS members, t.present::text[] AS present,
      CASE WHEN t.pair IS NULL THEN '{}' ELSE array_remove(ARRAY[
        CASE WHEN NOT bool_or(t.pair[1] = ANY (t.present)) OVER (PARTITION BY t.pair) THEN t.pair[1]::text END,
        CASE WHEN NOT bool_or(t.pair[2] = ANY (t.present)) OVER (PARTITION BY t.pair) THEN t.pair[2]::text END], NULL) END AS gone,
      ${c.text('created_by')} AS "createdBy",
      CASE WHEN t.pair IS NULL THEN ${c.time('created_at')} ELSE ${first} END AS "createdAt"
    FROM ${plan.conversations.name} c JOIN thread t ON t.id = ${c.key('id')}
    ORDER BY CASE WHEN t.pair IS NULL THEN t.last ELSE max(t.last) OVER (PARTITION BY t.pair) END NULLS FIRST, ${c.key('id')}`
}

/**
 * A query for each conversation's `id`, its `present` members (ascending), the time of its `last` message, and the
 * `pair` of a direct one, else null. A conversation is direct when exactly two people are or were in it and its flag
 * does not make it a group. Without a flag, a title makes it a group.
 */
export function threads(
  conversations: Table<'conversations'>,
  participants: Table<'participants'>,
  messages: Table<'messages'>
): string {
  const [c, p, m] = [columnsOf(conversations, 'c'), columnsOf(participants, 'p'), columnsOf(messages, 'm')]
  const isGroup = `coalesce(${c.flag('is_group')}, coalesce(${c.text('title')}, '') <> '')`
  return `SELECT c.id, c.present, c.last, CASE WHEN NOT c.is_group AND cardinality(c.everybody) = 2 AND cardinality(c.present) > 0 THEN c.everybody END AS pair
    FROM (SELECT ${c.key('id')} AS id, ${isGroup} AS is_group, coalesce(i.present, '{}') AS present, s.last,
        ARRAY(SELECT DISTINCT x FROM unnest(i.present || s.senders) x ORDER BY x) AS everybody
      FROM ${conversations.name} c
      LEFT JOIN (SELECT ${p.key('conversation')} AS id, array_agg(DISTINCT ${p.key('person')} ORDER BY ${p.key('person')}) AS present
        FROM ${participants.name} p WHERE ${p.key('person')} IS NOT NULL GROUP BY 1) i ON i.id = ${c.key('id')}
      LEFT JOIN (SELECT ${m.key('conversation')} AS id, array_agg(DISTINCT ${m.key('sender')}) AS senders, max(${m.time('created_at')}) AS last
        FROM ${messages.name} m WHERE ${m.key('sender')} IS NOT NULL GROUP BY 1) s ON s.id = ${c.key('id')}) c`
}
