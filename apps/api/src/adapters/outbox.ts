import type { ConversationId, Seq } from '@rendezvous/contract'
import type { Database, Statement } from '../database/port.ts'
import type { Outbox } from '../ports/outbox.ts'
import { type Range, readChanges } from './changes.ts'

const TAKE: Statement = {
  name: 'outbox_take',
  text: `SELECT id, streams, from_seqs AS "fromSeqs", to_seqs AS "toSeqs" FROM outbox
    WHERE created_at < clock_timestamp() - $1::int * interval '1 millisecond' ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED`
}

const FORGET: Statement = { name: 'outbox_forget', text: 'DELETE FROM outbox WHERE id = ANY ($1::bigint[])' }

interface OwedRow {
  readonly id: number
  readonly streams: ConversationId[]
  readonly fromSeqs: Seq[]
  readonly toSeqs: Seq[]
}

/** The outbox of a database. */
export function outboxIn(database: Database): Outbox {
  return {
    async done(ids) {
      if (ids.length > 0) await database.query(FORGET, [ids])
    },

    sweep: (olderThanMs, limit, publish) =>
      database.transaction(async transaction => {
        const owed = await transaction.query<OwedRow>(TAKE, [olderThanMs, limit])
        if (owed.length === 0) return 0
        await publish(await readChanges(transaction, owed.flatMap(ranges).sort(byPlace)))
        await transaction.query(FORGET, [owed.map(({ id }) => id)])
        return owed.length
      })
  }
}

function ranges({ streams, fromSeqs, toSeqs }: OwedRow): Range[] {
  return streams.flatMap((conversationId, index) => {
    const fromSeq = fromSeqs[index]
    const toSeq = toSeqs[index]
    return fromSeq === undefined || toSeq === undefined ? [] : [{ conversationId, fromSeq, toSeq }]
  })
}

function byPlace(a: Range, b: Range): number {
  return a.conversationId - b.conversationId || a.fromSeq - b.fromSeq
}
