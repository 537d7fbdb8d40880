import { type ConversationId, limits, type MessageId, type Seq, type UserId } from '@rendezvous/contract'
import type { Database, Statement } from '../../database/port.ts'
import { retrying } from '../../database/retry.ts'
import { ACTIVE_AT } from '../messages/rows.ts'
import type { Advanced, Covered, Delivered, Reached, Receipt, Receipts } from './port.ts'

const ADVANCE: Statement = {
  name: 'watermark_advance',
  text: `SELECT ord, old_delivered AS "oldDelivered", new_delivered AS "newDelivered", old_read AS "oldRead", new_read AS "newRead",
    user_low AS "userLow", user_high AS "userHigh", delivered_ids AS "deliveredIds", delivered_seqs AS "deliveredSeqs",
    delivered_senders AS "deliveredSenders", read_ids AS "readIds", read_seqs AS "readSeqs", read_senders AS "readSenders",
    old_own AS "oldOwn", new_own AS "newOwn", own_id AS "ownId",
    own_seq AS "ownSeq", told, members_seq AS "membersSeq"
    FROM watermark_advance($1, $2, $3, $4, $5, ${limits.receiptMembers})`
}

const DELIVER: Statement = {
  name: 'watermark_deliver',
  text: `SELECT conversation_id AS "conversationId", user_ids AS "userIds", peer_id AS "peerId", seq, members_seq AS "membersSeq", ids, seqs, senders
    FROM watermark_deliver($1, $2, $3, $4, $5, ${limits.receiptMembers})`
}

/** The user's conversations with undelivered messages. `named`: how many messages at most a delivery of them all names.
 *  Large groups are left out, since they store no deliveries. */
const WAITING: Statement = {
  name: 'receipt_waiting',
  text: `SELECT c.id, c.last_seq AS "lastSeq", CASE c.kind WHEN 1 THEN least(c.last_seq - s.delivered_seq, ${limits.receiptsPerAdvance}) ELSE 1 END AS named
    FROM membership s JOIN conversation c ON c.id = s.conversation_id
    WHERE s.user_id = $1 AND s.left_seq IS NULL AND c.last_seq > s.delivered_seq AND (c.kind = 1 OR c.member_count <= ${limits.receiptMembers})
    ORDER BY ${ACTIVE_AT} DESC LIMIT ${limits.recentConversations}`
}

/** How often a watermark that another transaction keeps moving is tried. After that it moves with the next report. */
const ROUNDS = 5

interface WaitingRow {
  readonly id: ConversationId
  readonly lastSeq: Seq
  readonly named: number
}

interface ReachedRow extends Omit<Reached, 'messages'> {
  readonly seq: Seq
  /** Null when another transaction moved the watermarks of these members in the meantime. */
  readonly ids: MessageId[] | null
  readonly seqs: Seq[] | null
  readonly senders: UserId[] | null
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

/** Receipts in a database. Watermarks are moved on `hot`. */
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

  async function deliverOnce(delivered: readonly Delivered[]): Promise<ReachedRow[]> {
    const lasts: number[] = []
    for (const { userIds } of delivered) lasts.push((lasts.at(-1) ?? 0) + userIds.length)
    const parameters = [
      delivered.map(({ conversationId }) => conversationId),
      delivered.map(({ seq }) => seq),
      [1, ...lasts.slice(0, -1).map(last => last + 1)],
      lasts,
      delivered.flatMap(({ userIds }) => userIds)
    ]
    return await retrying(() => hot.query<ReachedRow>(DELIVER, parameters))
  }

  return {
    advance,

    async deliver(delivered) {
      const reached: Reached[] = []
      let due = delivered.filter(({ userIds }) => userIds.length > 0)
      for (let round = 0; due.length > 0 && round < ROUNDS; round += 1) {
        const rows = await deliverOnce(due).catch(error => {
          if (round === 0) throw error
          return [] // earlier rounds are stored and must be announced
        })
        due = rows.filter(({ ids }) => ids === null)
        reached.push(...rows.filter(({ ids }) => ids !== null).map(toReached))
      }
      return reached
    },

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

function toReached({ conversationId, userIds, peerId, membersSeq, ids, seqs, senders }: ReachedRow): Reached {
  return { conversationId, userIds, peerId, membersSeq, messages: covered(ids, seqs, senders) }
}

/** Groups conversations so that each batch names at most `limits.receiptsPerAdvance` messages. */
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

/** Puts each row under its receipt. Later receipts of the same member get a move from a seq to itself. */
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
