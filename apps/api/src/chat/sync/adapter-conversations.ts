import { type ConversationId, limits, type UserId } from '@rendezvous/contract'
import type { Queryable, Statement } from '../../database/port.ts'
import type { Conversation } from '../conversations/port.ts'
import type { ChangedConversations, SyncCursor } from './port.ts'

/** Runs first in the snapshot, so everything that is committed later has a later time. */
const NOW: Statement = {
  name: 'sync_now',
  text: 'SELECT statement_timestamp() AS at, tag AS origin FROM origin WHERE id = 1'
}

/** The memberships of person $1 that changed after ($2, $3), ended ones only with $4. Where members see receipts,
 *  any member's watermark counts as a change; a private one counts for its own member alone. It reads all
 *  memberships of the person, because no index has the time of a change. */
const CHANGED: Statement = {
  name: 'sync_changed',
  text: `SELECT s.conversation_id AS id, s.left_seq IS NOT NULL AS left, i.at AS "changedAt", least(c.member_count, ${limits.shownMembers}) AS people
    FROM membership s
    JOIN LATERAL (SELECT * FROM conversation x WHERE x.id = s.conversation_id LIMIT 1) c ON true
    CROSS JOIN LATERAL (SELECT max(x.changed_at) AS changed_at FROM membership x WHERE x.conversation_id = s.conversation_id
      AND x.left_seq IS NULL AND s.left_seq IS NULL AND c.member_count <= ${limits.receiptMembers}) r
    CROSS JOIN LATERAL (SELECT CASE WHEN s.left_seq IS NULL THEN greatest(c.changed_at, s.changed_at, s.private_read_at, r.changed_at) ELSE s.changed_at END AS at) i
    WHERE s.user_id = $1 AND (s.left_seq IS NULL OR $4) AND (i.at, s.conversation_id) > (coalesce($2::timestamptz, '-infinity'), $3::bigint)
    ORDER BY i.at, s.conversation_id LIMIT $5`
}

/** Estimated bytes of a conversation in an answer, and of each of its participants. */
const CONVERSATION_BYTES = 1_500
const PERSON_BYTES = 350

interface ChangedRow {
  readonly id: ConversationId
  readonly left: boolean
  readonly changedAt: Date
  readonly people: number
}

/** The conversations that changed, before their views are read. */
export interface ReadChanged {
  /** The conversations whose views `answer` needs. */
  readonly ids: readonly ConversationId[]
  answer(viewOf: (id: ConversationId) => Conversation | null): ChangedConversations
}

/** Where a scan begins, and the time up to which the client is in sync after its last page. */
interface Scan {
  readonly restart: boolean
  readonly whole: boolean
  readonly after: readonly [changedAt: Date | null, id: number]
  readonly origin: string
  readonly at: number
}

/** The conversations of `userId` that changed after `since`, as many as fit. */
export async function readChanged(
  snapshot: Queryable,
  question: {
    readonly userId: UserId
    readonly since: SyncCursor | null
    readonly limit: number
    readonly longestWriteMs: number
  }
): Promise<ReadChanged> {
  const [now] = await snapshot.query<{ at: Date; origin: string }>(NOW)
  if (now === undefined) throw new Error('the table origin has no row: apply the migrations')
  const scan = begin(question.since, now, question.longestWriteMs)
  const limit = Math.min(question.limit, limits.syncConversations)
  const rows = await snapshot.query<ChangedRow>(CHANGED, [question.userId, ...scan.after, !scan.whole, limit + 1])
  const shown = fitting(rows.slice(0, limit))
  return {
    ids: shown.filter(({ left }) => !left).map(({ id }) => id),
    answer: viewOf => toChanged(scan, shown, rows.length > shown.length, viewOf)
  }
}

/** A `since` from the future (the database's clock went back) counts as the newest possible one. */
function begin(
  since: SyncCursor | null,
  { at: now, origin }: { at: Date; origin: string },
  longestWriteMs: number
): Scan {
  const at = now.getTime() - longestWriteMs
  const isStale = since !== null && (since.origin !== origin || now.getTime() - since.at > limits.syncAgeMs)
  if (since === null || isStale) return { restart: isStale, whole: true, after: [null, 0], origin, at }
  const { scan } = since
  if (scan === undefined)
    return {
      restart: false,
      whole: false,
      after: [new Date(Math.min(since.at, at)), Number.MAX_SAFE_INTEGER],
      origin,
      at
    }
  return { restart: false, whole: scan.whole, after: [new Date(scan.changedAt), scan.id], origin, at: since.at }
}

function fitting(rows: readonly ChangedRow[]): readonly ChangedRow[] {
  let bytes = 0
  const end = rows.findIndex(({ people }, index) => {
    bytes += CONVERSATION_BYTES + people * PERSON_BYTES
    return bytes > limits.syncBytes && index > 0
  })
  return end === -1 ? rows : rows.slice(0, end)
}

function toChanged(
  { restart, whole, origin, at }: Scan,
  rows: readonly ChangedRow[],
  more: boolean,
  viewOf: (id: ConversationId) => Conversation | null
): ChangedConversations {
  const entries = rows.map(({ id, left, changedAt }) => ({
    id,
    changedAt: changedAt.getTime(),
    conversation: left ? null : viewOf(id)
  }))
  const last = entries.at(-1)
  const scan = { changedAt: last?.changedAt ?? at, id: last?.id ?? (0 as ConversationId), whole }
  return { restart, entries, more, next: { origin, at, scan } }
}
