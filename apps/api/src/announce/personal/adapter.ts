import { limits, type PersonalFacts, type Seq, type UserId } from '@rendezvous/contract'
import type { Queryable, Statement, Transaction } from '../../database/port.ts'
import type { AppendedEvents, PersonalChange, PersonalRange, PersonalStreams, PersonalStretch } from './port.ts'

const APPEND: Statement = {
  name: 'personal_append',
  text: `SELECT ord, seq, created_at AS "createdAt", outbox_id AS "outboxId" FROM personal_append($1, $2, $3::text[]::jsonb[], $4)`
}

const EVENTS = `e.user_id AS "userId", e.seq, e.kind, e.payload, e.created_at AS "createdAt"`

/** Returns at least one row for an existing person. Its event columns are null when there is no event. */
const SINCE: Statement = {
  name: 'personal_since',
  text: `SELECT p.stream_seq AS head, p.stream_floor AS floor, ${EVENTS} FROM person p
    LEFT JOIN LATERAL (SELECT * FROM personal_event x WHERE x.user_id = p.id AND x.seq > greatest($2, p.stream_floor)
      ORDER BY x.seq LIMIT $3) e ON true
    WHERE p.id = $1 ORDER BY e.seq`
}

const BETWEEN: Statement = {
  name: 'personal_between',
  text: `SELECT ${EVENTS} FROM unnest($1::int[], $2::int[], $3::int[]) AS r(id, from_seq, to_seq)
    JOIN LATERAL (SELECT * FROM personal_event x WHERE x.user_id = r.id AND x.seq BETWEEN r.from_seq AND r.to_seq
      ORDER BY x.seq LIMIT ${limits.personalEvents}) e ON true
    ORDER BY e.user_id, e.seq`
}

interface EventRow {
  readonly userId: UserId
  readonly seq: Seq
  readonly kind: PersonalFacts['type']
  readonly payload: Omit<PersonalFacts, 'type'>
  readonly createdAt: Date
}
interface SinceRow extends Omit<EventRow, 'seq'> {
  readonly head: Seq
  readonly floor: Seq
  readonly seq: Seq | null
}

/** The person's first `limit` events above `after`, read in one statement. Empty, with head 0, for an unknown
 *  person. */
export async function readStretch(
  database: Queryable,
  userId: UserId,
  after: Seq,
  limit: number
): Promise<PersonalStretch> {
  const rows = await database.query<SinceRow>(SINCE, [userId, after, limit])
  const [{ head, floor } = { head: 0 as Seq, floor: 0 as Seq }] = rows
  return {
    head,
    floor,
    events: rows.flatMap(row => (row.seq === null ? [] : [toChange({ ...row, seq: row.seq })]))
  }
}

/** Appends `facts` to the person's stream, in the transaction that stores what the facts report. It locks the person.
 *  Lock order: conversations, then the person, then all other rows. Appends nothing for an unknown person. */
export async function appendPersonalEvents(
  transaction: Transaction,
  userId: UserId,
  facts: readonly PersonalFacts[]
): Promise<AppendedEvents> {
  if (facts.length === 0) return { events: [], outboxIds: [] }
  const kinds = facts.map(({ type }) => type)
  const payloads = facts.map(({ type, ...payload }) => JSON.stringify(payload))
  const rows = await transaction.query<{ ord: number; seq: Seq; createdAt: Date; outboxId: number }>(APPEND, [
    facts.map(() => userId),
    kinds,
    payloads,
    limits.personalEvents
  ])
  const events = rows.flatMap(({ ord, seq, createdAt: at }) => {
    const appended = facts[ord - 1]
    return appended === undefined ? [] : [{ userId, seq, at, facts: appended }]
  })
  return { events, outboxIds: [...new Set(rows.map(({ outboxId }) => outboxId))] }
}

/** The `PersonalStreams` port over a database. */
export function personalStreamsIn(database: Queryable): PersonalStreams {
  return { read: ranges => readBetween(database, ranges) }
}

async function readBetween(database: Queryable, ranges: readonly PersonalRange[]): Promise<PersonalChange[]> {
  if (ranges.length === 0) return []
  const rows = await database.query<EventRow>(BETWEEN, [
    ranges.map(({ userId }) => userId),
    ranges.map(({ fromSeq }) => fromSeq),
    ranges.map(({ toSeq }) => toSeq)
  ])
  return rows.map(toChange)
}

function toChange({ userId, seq, kind, payload, createdAt }: EventRow): PersonalChange {
  return { userId, seq, at: createdAt, facts: { type: kind, ...payload } as PersonalFacts } // the reverse of `appendPersonalEvents`
}
