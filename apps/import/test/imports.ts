import type { Database, Statement } from '@rendezvous/api'
import type { MappingFile } from '../src/mapping.ts'
import type { Report } from '../src/report.ts'
import { runImport } from '../src/run.ts'
import { type Shape, shapes } from '../src/shapes.ts'
import { planOf } from '../src/source/plan.ts'
import { openSource } from '../src/source/source.ts'

export interface Import {
  readonly from: string
  readonly shape: Shape
  readonly database: Pick<Database, 'transaction'>
  readonly mapping?: MappingFile
  readonly name?: string
  readonly batch?: number
  readonly longestBatchMs?: number
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
}

const silent = { begin() {}, advance() {}, end() {} }

/** Imports everything, as the command does. */
export async function bringOver({ from, shape, database, mapping = {}, ...given }: Import): Promise<Report> {
  const source = await openSource(from)
  try {
    const plan = await planOf(source, { ...shapes[shape], given: mapping })
    const preset = {
      name: shape,
      batch: 500,
      longestBatchMs: Number.POSITIVE_INFINITY,
      dryRun: false,
      signal: new AbortController().signal,
      progress: silent
    }
    return await runImport({ ...preset, ...given, source, plan, database })
  } finally {
    await source.close()
  }
}

/** The rows of a query that only tests need. */
export async function rowsOf<Row = Record<string, unknown>>(database: Database, text: string): Promise<Row[]> {
  const name = `test_${Buffer.from(text).toString('base64url').slice(-40)}`
  const statement: Statement = { name, text }
  return database.query<Row>(statement)
}

/** The conversations that break an invariant which the schema cannot enforce, with the names of these invariants. */
export async function brokenInvariants(database: Database): Promise<Record<string, unknown>[]> {
  return rowsOf(
    database,
    `SELECT c.id, v.broken FROM conversation c CROSS JOIN LATERAL (SELECT
        (SELECT count(*)::int FROM message m WHERE m.conversation_id = c.id) AS messages,
        (SELECT count(DISTINCT m.seq)::int FROM message m WHERE m.conversation_id = c.id) AS seqs,
        (SELECT coalesce(max(m.seq), 0) FROM message m WHERE m.conversation_id = c.id) AS last,
        (SELECT count(*)::int FROM membership s WHERE s.conversation_id = c.id AND s.left_seq IS NULL) AS members,
        (SELECT count(*)::int FROM membership s WHERE s.conversation_id = c.id AND s.role = 3 AND s.left_seq IS NULL) AS owners,
        (SELECT count(DISTINCT s.changed_seq)::int FROM membership s WHERE s.conversation_id = c.id AND s.changed_seq > 0) AS changes,
        (SELECT count(*)::int FROM (SELECT m.number, row_number() OVER (ORDER BY m.seq) AS n FROM message m WHERE m.conversation_id = c.id) x
          WHERE x.number <> x.n) AS misnumbered,
        (SELECT array_agg(s.user_id ORDER BY s.user_id) FROM membership s WHERE s.conversation_id = c.id) AS people,
        (SELECT count(*)::int FROM membership s WHERE s.conversation_id = c.id AND (s.read_seq > s.delivered_seq OR s.delivered_seq > c.last_seq
          OR s.joined_seq NOT BETWEEN 1 AND c.last_seq OR s.visible_from_seq NOT BETWEEN 1 AND c.last_seq OR s.changed_seq > c.members_seq)) AS astray
      ) f CROSS JOIN LATERAL (SELECT array_remove(ARRAY[
        CASE WHEN f.messages <> c.message_count OR f.seqs <> f.messages THEN 'message_count' END,
        CASE WHEN c.last_seq <> f.messages + f.changes THEN 'last_seq is not dense' END,
        CASE WHEN f.last > c.last_seq THEN 'last_seq' END,
        CASE WHEN f.members <> c.member_count THEN 'member_count' END,
        CASE WHEN c.kind = 2 AND f.owners <> 1 THEN 'owner' END,
        CASE WHEN c.kind = 1 AND f.people IS DISTINCT FROM (SELECT array_agg(DISTINCT u ORDER BY u) FROM unnest(ARRAY[c.user_low, c.user_high]) u) THEN 'a direct conversation has exactly its two' END,
        CASE WHEN f.misnumbered > 0 THEN 'number' END,
        CASE WHEN f.astray > 0 THEN 'membership' END], NULL) AS broken) v
      WHERE cardinality(v.broken) > 0 ORDER BY c.id`
  )
}
