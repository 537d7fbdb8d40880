import { type ConversationId, type DeliveryReport, limits, type Seq, type UserId } from '@rendezvous/contract'
import { LRUCache } from 'lru-cache'
import type { Timers } from '../timers.ts'

/** Most waiting reports, counted by user and conversation. Above it new ones are dropped, and the message counts as
 *  delivered when the receiver connects. */
export const REPORTS_MAX = 50_000

/** A queue of delivered reports for the api. */
export interface Deliveries {
  /** Reports soon that the messages up to `seq` were written to a device of the user. */
  report(conversationId: ConversationId, seq: Seq, userId: UserId): void
  /** Sends all waiting reports at once. Resolves when nothing waits or is under way. Never rejects. */
  flush(): Promise<void>
}

/** A conversation in which several users receive is reported once in this many times `delayMs`. In a busy group one
 *  report then covers several messages, and no user notices. */
const GROUP_DELAYS = 3
/** Conversations whose last report is remembered. */
const REMEMBERED = 50_000

/** Gathers reports for `delayMs` and keeps the highest `seq` of each user and conversation. Users of a conversation
 *  with the same `seq` share a report. Batches go to `deliver` one after the other, so that reports of a slow api
 *  wait here, where they are bounded. A rejected batch is tried once more and then dropped: the watermark moves with
 *  the next report, or when the receiver connects. */
export function coalescedDeliveries(options: {
  readonly deliver: (reports: readonly DeliveryReport[]) => Promise<void>
  readonly timers: Timers
  readonly delayMs: number
  readonly log: (error: unknown, what: string) => void
}): Deliveries {
  const { deliver, timers, delayMs, log } = options
  const waiting = new Map<ConversationId, Map<UserId, Seq>>()
  /** When each group was last reported. */
  const reportedAt = new LRUCache<ConversationId, number>({ max: REMEMBERED })
  /** Groups of which a batch took some users, and that wait with the others. */
  const groups = new Set<ConversationId>()
  let count = 0
  let running: Promise<void> | null = null
  let cancel: (() => void) | null = null

  function isDue(conversationId: ConversationId): boolean {
    const last = reportedAt.get(conversationId)
    return last === undefined || timers.elapsed() - last >= GROUP_DELAYS * delayMs
  }

  /** The next reports that are due, or any when `all` are asked for. */
  function takeBatch(all: boolean): DeliveryReport[] {
    const batch: DeliveryReport[] = []
    for (const [conversationId, reached] of waiting) {
      if (!all && !isDue(conversationId)) continue
      for (const report of reportsOf(conversationId, reached)) {
        if (batch.length === limits.backendBatch) return batch
        batch.push(report)
        count -= report.userIds.length
        for (const userId of report.userIds) reached.delete(userId)
        if (report.userIds.length > 1) groups.add(conversationId)
      }
      waiting.delete(conversationId)
      if (groups.delete(conversationId)) reportedAt.set(conversationId, timers.elapsed())
    }
    return batch
  }

  async function sendAll(all: boolean): Promise<void> {
    for (let batch = takeBatch(all); batch.length > 0; batch = takeBatch(all))
      await deliver(batch)
        .catch(() => deliver(batch))
        .catch(error => log(error, 'delivered reports were dropped after two attempts'))
  }

  function run(all: boolean): Promise<void> {
    cancel?.()
    cancel = null
    running ??= sendAll(all).finally(() => {
      running = null
      if (waiting.size > 0) arm()
    })
    return running
  }

  function arm(): void {
    cancel ??= timers.after(delayMs, () => void run(false))
  }

  return {
    report(conversationId, seq, userId) {
      const reached = waiting.get(conversationId) ?? new Map<UserId, Seq>()
      const known = reached.get(userId)
      if (known === undefined ? count >= REPORTS_MAX : known >= seq) return
      if (known === undefined) count += 1
      if (reached.size === 0) waiting.set(conversationId, reached)
      reached.set(userId, seq)
      arm()
    },
    async flush() {
      while (running !== null) await running
      await run(true)
      cancel?.()
      cancel = null
    }
  }
}

/** Makes one report for the users with the same `seq`, or several when they exceed `limits.receiptMembers`. */
function reportsOf(conversationId: ConversationId, reached: ReadonlyMap<UserId, Seq>): DeliveryReport[] {
  const bySeq = new Map<Seq, UserId[]>()
  for (const [userId, seq] of reached) {
    const sharing = bySeq.get(seq)
    if (sharing === undefined) bySeq.set(seq, [userId])
    else sharing.push(userId)
  }
  return [...bySeq].flatMap(([seq, userIds]) => inParts(userIds).map(part => ({ conversationId, seq, userIds: part })))
}

function inParts(userIds: readonly UserId[]): (readonly UserId[])[] {
  if (userIds.length <= limits.receiptMembers) return [userIds]
  const count = Math.ceil(userIds.length / limits.receiptMembers)
  return Array.from({ length: count }, (_, part) =>
    userIds.slice(part * limits.receiptMembers, (part + 1) * limits.receiptMembers)
  )
}
