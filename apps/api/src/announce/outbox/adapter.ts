import type { Seq } from '@rendezvous/contract'
import type { Database, Statement } from '../../database/port.ts'
import type { Outbox, OwedRow, StreamRange } from './port.ts'

const CLAIM: Statement = {
  name: 'outbox_claim',
  text: `UPDATE outbox SET claimed_until = clock_timestamp() + $2::int * interval '1 millisecond'
    WHERE id IN (SELECT id FROM outbox WHERE created_at < clock_timestamp() - $1::int * interval '1 millisecond'
        AND (claimed_until IS NULL OR claimed_until < clock_timestamp()) ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)
    RETURNING id, streams, from_seqs AS "fromSeqs", to_seqs AS "toSeqs"`
}
const RELEASE: Statement = {
  name: 'outbox_release',
  text: 'UPDATE outbox SET claimed_until = NULL WHERE id = ANY ($1::bigint[])'
}
const REMOVE: Statement = { name: 'outbox_forget', text: 'DELETE FROM outbox WHERE id = ANY ($1::bigint[])' }
/** Reads the oldest $3 rows, whatever the size of the table: ids grow with time. */
const EXPIRE: Statement = {
  name: 'outbox_expire_oldest',
  text: `DELETE FROM outbox WHERE id = ANY (ARRAY(SELECT o.id
    FROM (SELECT id, created_at, streams FROM outbox ORDER BY id LIMIT $3) x
    CROSS JOIN LATERAL (SELECT id FROM outbox y WHERE y.id = x.id FOR UPDATE SKIP LOCKED) o
    WHERE x.created_at < clock_timestamp() - CASE WHEN 0 > ANY (x.streams) THEN $2::bigint ELSE $1::bigint END * interval '1 millisecond'))
    RETURNING id`
}

interface ClaimedRow {
  readonly id: number
  readonly streams: readonly number[]
  readonly fromSeqs: readonly Seq[]
  readonly toSeqs: readonly Seq[]
}

/** The `Outbox` port over a database. */
export function outboxIn(database: Database): Outbox {
  return {
    async done(ids) {
      if (ids.length > 0) await database.query(REMOVE, [ids])
    },
    async claim({ olderThanMs, leaseMs, limit }) {
      const rows = await database.query<ClaimedRow>(CLAIM, [olderThanMs, leaseMs, limit])
      return rows.map(toOwed).sort((a, b) => a.id - b.id) // an UPDATE returns its rows in any order
    },
    async release(ids) {
      if (ids.length > 0) await database.query(RELEASE, [ids])
    },
    async expire({ maxAgeMs, userMaxAgeMs, limit }) {
      return (await database.query(EXPIRE, [maxAgeMs, userMaxAgeMs, limit])).length
    }
  }
}

function toOwed({ id, streams, fromSeqs, toSeqs }: ClaimedRow): OwedRow {
  const ranges = streams.flatMap((stream, index): StreamRange[] => {
    const [fromSeq, toSeq] = [fromSeqs[index], toSeqs[index]]
    return fromSeq === undefined || toSeq === undefined ? [] : [{ stream, fromSeq, toSeq }]
  })
  return { id, ranges }
}
