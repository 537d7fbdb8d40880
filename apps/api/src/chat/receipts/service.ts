import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import type { ChatAnnouncer } from '../announcer.ts'
import { gathering, takingTurns } from '../gather.ts'
import type { Advanced, Delivered, Receipt, Receipts } from './port.ts'

/** What the service uses. */
export interface ReceiptServiceOptions {
  readonly receipts: Receipts
  readonly announcer: Pick<ChatAnnouncer, 'receipts' | 'reached'>
}

/** Moves watermarks, and tells how they moved. */
export type ReceiptService = ReturnType<typeof receiptService>

/** Moves the watermarks of `receipts`, and tells each move over `announcer`. */
export function receiptService({ receipts, announcer }: ReceiptServiceOptions) {
  const advance = gathering({ keyOf: receipt => receipt.conversationId, carryOut: advanceAll })
  /** One at a time: reports of gateways are batches already, and a gateway waits for the answer to its last report. */
  const report = takingTurns(1)
  /** A limit of its own. After a restart all clients connect at once, and readers must not wait for them. */
  const turn = takingTurns()

  async function advanceAll(moves: readonly Receipt[]): Promise<(Advanced | null)[]> {
    const advanced = await receipts.advance(moves)
    announcer.receipts(advanced.flatMap(move => move ?? []))
    return advanced
  }

  return {
    /** Marks everything up to `seq` as read and delivered. With `isPrivate` it counts for the user alone, and nobody
     *  else is told of either. Answers the user's read position; null when the conversation is not theirs, or across a
     *  block. */
    async read(userId: UserId, conversationId: ConversationId, seq: Seq, isPrivate = false): Promise<Seq | null> {
      const advanced = await advance({ conversationId, userId, readSeq: seq, private: isPrivate })
      return advanced?.own.to ?? null
    },

    /** Marks everything up to `seq` as delivered to the user. Answers the delivered watermark, or null as `read`
     *  does. */
    async deliver(userId: UserId, conversationId: ConversationId, seq: Seq): Promise<Seq | null> {
      const advanced = await advance({ conversationId, userId, deliveredSeq: seq })
      return advanced?.delivered.to ?? null
    },

    /** Marks messages as delivered to the members that each report names, in one transaction for all reports. */
    async reach(reports: readonly Delivered[]): Promise<void> {
      announcer.reached(await report(() => receipts.deliver(reports)))
    },

    /** Marks everything that waits for the user as delivered. */
    async deliverWaiting(userId: UserId): Promise<void> {
      announcer.receipts(await turn(() => receipts.deliverAll(userId)))
    }
  }
}
