import { limits, type PersonalFacts, type Seq, type UserId } from '@rendezvous/contract'
import type { Queryable, Statement, Transaction } from '../database/port.ts'
import type { PersonalChange, PersonalStretch, Told } from '../ports/personal.ts'

const APPEND: Statement = {
  name: 'personal_append',
  text: `SELECT ord, seq, created_at AS "createdAt", outbox_id AS "outboxId" FROM personal_append($1, $2, $3::text[]::jsonb[], $4)`
}

const EVENTS = `e.user_id AS "userId", e.seq, e.kind, e.payload, e.created_at AS "createdAt"`

/** A row at least for who exists, without an event when there is none. */
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

/** Values of one person's stream, both ends included. */
export interface PersonalRange {
  readonly userId: UserId
  readonly fromSeq: Seq
  readonly toSeq: Seq
}

/** The person's events above `after`, the first `limit` of them, as of one moment. Nothing at all for who does not exist. */
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

/** Tells `facts` on the person's stream, in the transaction that stores what they tell. Locks the person: call it, or lock him, before
 *  anything but conversations is locked. Nothing for a person who does not exist. */
export async function tell(transaction: Transaction, userId: UserId, facts: readonly PersonalFacts[]): Promise<Told> {
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
    const told = facts[ord - 1]
    return told === undefined ? [] : [{ userId, seq, at, facts: told }]
  })
  return { events, outboxIds: [...new Set(rows.map(({ outboxId }) => outboxId))] }
}

/** The events of several ranges, ascending within each person. What is no longer kept is left out: later values, which are kept, show
 *  the gap. */
export async function readPersonal(database: Queryable, ranges: readonly PersonalRange[]): Promise<PersonalChange[]> {
  if (ranges.length === 0) return []
  const rows = await database.query<EventRow>(BETWEEN, [
    ranges.map(({ userId }) => userId),
    ranges.map(({ fromSeq }) => fromSeq),
    ranges.map(({ toSeq }) => toSeq)
  ])
  return rows.map(toChange)
}

function toChange({ userId, seq, kind, payload, createdAt }: EventRow): PersonalChange {
  return { userId, seq, at: createdAt, facts: { type: kind, ...payload } as PersonalFacts } // as `tell` took them apart
}
