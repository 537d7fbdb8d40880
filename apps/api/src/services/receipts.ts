import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import DataLoader from 'dataloader'
import type { Advanced, Receipt, Receipts } from '../ports/receipts.ts'
import type { Announcer } from './announcer.ts'

/** What receipts stand on. */
export interface ReceiptServiceOptions {
  readonly receipts: Receipts
  readonly announcer: Pick<Announcer, 'receipts'>
}

/** Watermarks of what reached people and what they read. */
export type ReceiptService = ReturnType<typeof receiptService>

/** Receipts that are moved in one transaction, and how long the first waits for others. */
const BATCH = 50
const BATCH_MS = 3

/** The watermarks kept in `receipts`, told by `announcer`. */
export function receiptService({ receipts, announcer }: ReceiptServiceOptions) {
  const batch = new DataLoader<Receipt, Advanced | null>(advanceAll, {
    cache: false,
    maxBatchSize: BATCH,
    batchScheduleFn: flush => setTimeout(flush, BATCH_MS)
  })

  async function advanceAll(moves: readonly Receipt[]): Promise<(Advanced | null)[]> {
    const advanced = await receipts.advance(moves)
    announcer.receipts(advanced.flatMap(move => move ?? []))
    return advanced
  }

  return {
    /** Everything up to `seq` was read, and with that delivered; `isPrivate`: it counts for himself, and nobody else learns of either.
     *  False when the conversation is not his, or across a block. */
    async read(userId: UserId, conversationId: ConversationId, seq: Seq, isPrivate = false): Promise<boolean> {
      return (await batch.load({ conversationId, userId, readSeq: seq, private: isPrivate })) !== null
    },

    /** Everything up to `seq` reached a device of his. False as above. */
    async deliver(userId: UserId, conversationId: ConversationId, seq: Seq): Promise<boolean> {
      return (await batch.load({ conversationId, userId, deliveredSeq: seq })) !== null
    },

    /** Everything that waits for him counts as delivered. */
    async deliverWaiting(userId: UserId): Promise<void> {
      announcer.receipts(await receipts.deliverAll(userId))
    }
  }
}
