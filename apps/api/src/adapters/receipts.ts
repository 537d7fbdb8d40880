import { type ConversationId, limits, type MessageId, type Seq, type UserId } from '@rendezvous/contract'
import type { Database, Statement } from '../database/port.ts'
import { retrying } from '../database/retry.ts'
import type { Advanced, Covered, Receipt, Receipts } from '../ports/receipts.ts'

const ADVANCE: Statement = {
  name: 'receipt_advance',
  text: `SELECT ord, old_delivered AS "oldDelivered", new_delivered AS "newDelivered", old_read AS "oldRead", new_read AS "newRead",
    user_low AS "userLow", user_high AS "userHigh", delivered_ids AS "deliveredIds", delivered_seqs AS "deliveredSeqs",
    delivered_senders AS "deliveredSenders", read_ids AS "readIds", read_seqs AS "readSeqs", read_senders AS "readSenders", old_own AS "oldOwn", new_own AS "newOwn", own_id AS "ownId",
    own_seq AS "ownSeq", told, members_seq AS "membersSeq"
    FROM receipt_advance($1, $2, $3, $4, $5)`
}

/** With how many messages at most it names when all of it is delivered. */
const WAITING: Statement = {
  name: 'receipt_waiting',
  text: `SELECT c.id, c.last_seq AS "lastSeq", CASE c.kind WHEN 1 THEN least(c.last_seq - s.delivered_seq, ${limits.receiptsPerAdvance}) ELSE 1 END AS named
    FROM membership s JOIN conversation c ON c.id = s.conversation_id
    WHERE s.user_id = $1 AND s.left_seq IS NULL AND c.last_seq > s.delivered_seq
    ORDER BY c.changed_at DESC LIMIT ${limits.recentConversations}`
}

interface WaitingRow {
  readonly id: ConversationId
  readonly lastSeq: Seq
  readonly named: number
}

interface AdvancedRow {
  readonly ord: number
  readonly oldDelivered: Seq
  readonly newDelivered: Seq
  readonly oldRead: Seq
  readonly newRead: Seq
  readonly userLow: UserId | null
  readonly userHigh: UserId | null
  readonly deliveredIds: MessageId[] | null
  readonly deliveredSeqs: Seq[] | null
  readonly deliveredSenders: UserId[] | null
  readonly readIds: MessageId[] | null
  readonly readSeqs: Seq[] | null
  readonly readSenders: UserId[] | null
  readonly oldOwn: Seq
  readonly newOwn: Seq
  readonly ownId: MessageId | null
  readonly ownSeq: Seq | null
  readonly told: boolean
  readonly membersSeq: Seq
}

/** Receipts in a database; `hot` is where watermarks are moved. */
export function receiptsIn(database: Database, hot: Database = database): Receipts {
  async function advance(receipts: readonly Receipt[]): Promise<(Advanced | null)[]> {
    if (receipts.length === 0) return []
    const rows = await retrying(() =>
      hot.query<AdvancedRow>(ADVANCE, [
        receipts.map(receipt => receipt.conversationId),
        receipts.map(receipt => receipt.userId),
        receipts.map(receipt => receipt.deliveredSeq ?? 0),
        receipts.map(receipt => receipt.readSeq ?? 0),
        receipts.map(receipt => receipt.private ?? false)
      ])
    )
    return place(receipts, rows)
  }

  return {
    advance,

    async deliverAll(userId) {
      const waiting = await database.query<WaitingRow>(WAITING, [userId])
      const moves: Advanced[] = []
      let left: number = limits.receiptsOnConnect
      for (const batch of batches(waiting)) {
        const receipts = batch.map(({ id, lastSeq }) => ({ conversationId: id, userId, deliveredSeq: lastSeq }))
        for (const move of await advance(receipts)) {
          if (move === null) continue
          const messages = move.delivered.messages.slice(-Math.max(left, 1))
          left -= messages.length
          moves.push({ ...move, delivered: { ...move.delivered, messages } })
        }
      }
      return moves
    }
  }
}

/** Conversations whose messages are read together: no more than one of them alone may name, unless it is one. */
function batches(waiting: readonly WaitingRow[]): WaitingRow[][] {
  const found: WaitingRow[][] = []
  let left = 0
  for (const row of waiting) {
    const last = found.at(-1)
    left -= row.named
    if (last !== undefined && left >= 0) last.push(row)
    else {
      found.push([row])
      left = limits.receiptsPerAdvance - row.named
    }
  }
  return found
}

/** Puts each row under its receipt; a repeated member's later receipts get a move that went nowhere. */
function place(receipts: readonly Receipt[], rows: readonly AdvancedRow[]): (Advanced | null)[] {
  const rowOf = new Map<string, AdvancedRow>()
  for (const row of rows) {
    const receipt = receipts[row.ord - 1]
    if (receipt !== undefined) rowOf.set(key(receipt), row)
  }
  return receipts.map((receipt, index) => {
    const row = rowOf.get(key(receipt))
    if (row === undefined) return null
    return toAdvanced(receipt, row.ord === index + 1 ? row : settled(row))
  })
}

function key(receipt: Receipt): string {
  return `${receipt.conversationId}:${receipt.userId}`
}

function settled(row: AdvancedRow): AdvancedRow {
  const still = { oldDelivered: row.newDelivered, oldRead: row.newRead, oldOwn: row.newOwn }
  return { ...row, ...still, deliveredIds: null, readIds: null, ownId: null }
}

function toAdvanced({ conversationId, userId }: Receipt, row: AdvancedRow): Advanced {
  return {
    conversationId,
    userId,
    peerId: row.userLow === userId ? row.userHigh : row.userLow,
    delivered: {
      from: row.oldDelivered,
      to: row.newDelivered,
      messages: covered(row.deliveredIds, row.deliveredSeqs, row.deliveredSenders)
    },
    read: { from: row.oldRead, to: row.newRead, messages: covered(row.readIds, row.readSeqs, row.readSenders) },
    own: {
      from: row.oldOwn,
      to: row.newOwn,
      last: row.ownId === null || row.ownSeq === null ? null : { id: row.ownId, seq: row.ownSeq }
    },
    told: row.told,
    membersSeq: row.membersSeq
  }
}

function covered(ids: MessageId[] | null, seqs: Seq[] | null, senders: UserId[] | null): Covered[] {
  return (ids ?? []).flatMap((id, index) => {
    const seq = seqs?.[index]
    const senderId = senders?.[index]
    return seq === undefined || senderId === undefined ? [] : [{ id, seq, senderId }]
  })
}
