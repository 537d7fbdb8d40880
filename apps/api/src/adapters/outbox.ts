import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import type { Database, Statement } from '../database/port.ts'
import type { Outbox } from '../ports/outbox.ts'
import { type Range, readChanges } from './changes.ts'
import { type PersonalRange, readPersonal } from './personal.ts'

const TAKE: Statement = {
  name: 'outbox_take',
  text: `SELECT id, streams, from_seqs AS "fromSeqs", to_seqs AS "toSeqs" FROM outbox
    WHERE created_at < clock_timestamp() - $1::int * interval '1 millisecond' ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED`
}

const FORGET: Statement = { name: 'outbox_forget', text: 'DELETE FROM outbox WHERE id = ANY ($1::bigint[])' }

interface OwedRow {
  readonly id: number
  readonly streams: number[]
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
        const { conversations, people } = rangesOf(owed)
        await publish(await readChanges(transaction, conversations), await readPersonal(transaction, people))
        await transaction.query(FORGET, [owed.map(({ id }) => id)])
        return owed.length
      })
  }
}

/** What the rows owe, of conversations in the order of their places. A stream below zero is minus a person's id. */
function rangesOf(owed: readonly OwedRow[]): { conversations: Range[]; people: PersonalRange[] } {
  const conversations: Range[] = []
  const people: PersonalRange[] = []
  for (const { streams, fromSeqs, toSeqs } of owed) {
    for (const [index, stream] of streams.entries()) {
      const [fromSeq, toSeq] = [fromSeqs[index], toSeqs[index]]
      if (fromSeq === undefined || toSeq === undefined) continue
      if (stream < 0) people.push({ userId: -stream as UserId, fromSeq, toSeq })
      else conversations.push({ conversationId: stream as ConversationId, fromSeq, toSeq })
    }
  }
  return { conversations: conversations.sort(byPlace), people }
}

function byPlace(a: Range, b: Range): number {
  return a.conversationId - b.conversationId || a.fromSeq - b.fromSeq
}
