import { limits, type MissedConversation, type MissedQuestion } from '@rendezvous/contract'
import { grouped } from '../../database/grouped.ts'
import type { Queryable, Statement } from '../../database/port.ts'

/** A receipt is committed at most this long after its time, in milliseconds, because one statement locks and writes it.
 *  A receipt that takes longer may be missed here. The client gets it with its next sync. */
const LONGEST_RECEIPT_MS = 2_000

/** The conversations of each user $1 with changes in the last $2 (`deaf_ms`) milliseconds, in which the user's topic may
 *  have lost messages. It looks back $3 milliseconds further for changes with a seq, and $4 for watermarks.
 *  - A user's topic carries all events of direct conversations (kind 1). Of a group it carries only the user's own joins
 *    and leaves, so `head` is then the seq of the last one.
 *  - A watermark starts at `joined_seq`. One above it has moved at least once.
 *  - Like `sync_changed` it reads all memberships of the user. */
const MISSED: Statement = {
  name: 'sync_missed',
  text: `SELECT o.ord, m.id AS "conversationId", m.head AS "headSeq", m.receipts FROM unnest($1::int[], $2::float8[]) WITH ORDINALITY AS o(user_id, deaf_ms, ord)
    CROSS JOIN LATERAL (SELECT statement_timestamp() - (o.deaf_ms + $3) * interval '1 ms' AS events,
      statement_timestamp() - (o.deaf_ms + $4) * interval '1 ms' AS receipts) since
    CROSS JOIN LATERAL (
      SELECT c.id, coalesce(s.left_seq, CASE c.kind WHEN 1 THEN c.last_seq ELSE s.joined_seq END) AS head, coalesce(s.left_seq IS NULL AND r.at > since.receipts, false) AS receipts
      FROM membership s
      JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = s.conversation_id LIMIT 1) c ON true
      CROSS JOIN LATERAL (SELECT greatest(s.private_read_at, CASE WHEN s.delivered_seq > s.joined_seq THEN s.changed_at END,
        (SELECT x.changed_at FROM membership x WHERE x.conversation_id = c.id AND x.delivered_seq > x.joined_seq
          AND x.user_id = CASE s.user_id WHEN c.user_low THEN c.user_high ELSE c.user_low END)) AS at) r
      WHERE s.user_id = o.user_id AND (s.changed_at > since.events
        OR s.left_seq IS NULL AND (c.kind = 1 AND c.changed_at > since.events OR r.at > since.receipts))
      LIMIT ${limits.missedConversations + 1}) m`
}

type MissedRow = MissedConversation & { readonly ord: number }

/** Keeps the promise of `Sync.missed`. A write may be committed up to `longestWriteMs` after its time. */
export async function readMissed(
  database: Queryable,
  questions: readonly MissedQuestion[],
  longestWriteMs: number
): Promise<(readonly MissedConversation[] | null)[]> {
  if (questions.length === 0) return []
  const rows = await database.query<MissedRow>(MISSED, [
    questions.map(({ userId }) => userId),
    questions.map(({ deafMs }) => deafMs),
    longestWriteMs,
    Math.min(LONGEST_RECEIPT_MS, longestWriteMs)
  ])
  const rowsOf = grouped(rows, ({ ord }) => ord)
  return questions.map((_, index) => {
    const found = rowsOf.get(index + 1) ?? [] // WITH ORDINALITY counts from 1
    return found.length > limits.missedConversations ? null : found.map(({ ord: _ord, ...missed }) => missed)
  })
}
