import type { ConversationId, Seq, UserId } from '@rendezvous/contract'
import type { Advanced, Receipt, Receipts } from '../ports/receipts.ts'
import type { Announcer } from './announcer.ts'
import { gathering, oneAfterAnother, takingTurns } from './gather.ts'

/** What receipts stand on. */
export interface ReceiptServiceOptions {
  readonly receipts: Receipts
  readonly announcer: Pick<Announcer, 'receipts'>
}

/** Watermarks of what reached people and what they read. */
export type ReceiptService = ReturnType<typeof receiptService>

/** The watermarks kept in `receipts`, told by `announcer`. */
export function receiptService({ receipts, announcer }: ReceiptServiceOptions) {
  const advance = gathering(advanceAll, oneAfterAnother())
  /** Their own: after a restart everybody connects at once, and who reads meanwhile does not wait for that. */
  const turn = takingTurns()

  async function advanceAll(moves: readonly Receipt[]): Promise<(Advanced | null)[]> {
    const advanced = await receipts.advance(moves)
    announcer.receipts(advanced.flatMap(move => move ?? []))
    return advanced
  }

  return {
    /** Everything up to `seq` was read, and with that delivered; `isPrivate`: it counts for himself, and nobody else learns of either.
     *  Answers up to where he has read now; null when the conversation is not his, or across a block. */
    async read(userId: UserId, conversationId: ConversationId, seq: Seq, isPrivate = false): Promise<Seq | null> {
      const advanced = await advance({ conversationId, userId, readSeq: seq, private: isPrivate })
      return advanced?.own.to ?? null
    },

    /** Everything up to `seq` reached a device of his. Answers as above. */
    async deliver(userId: UserId, conversationId: ConversationId, seq: Seq): Promise<Seq | null> {
      const advanced = await advance({ conversationId, userId, deliveredSeq: seq })
      return advanced?.delivered.to ?? null
    },

    /** Everything that waits for him counts as delivered. */
    async deliverWaiting(userId: UserId): Promise<void> {
      announcer.receipts(await turn(() => receipts.deliverAll(userId)))
    }
  }
}
