import { type DeliveryReport, limits } from '@rendezvous/contract'
import type { Timers } from './timers.ts'

/** People and conversations with a report waiting, at most; what comes above it is dropped, and made good when the receiver connects. */
export const REPORTS_MAX = 50_000

/** Delivered reports on their way to the api. */
export interface Deliveries {
  /** A message was written to a device: soon reported, together with those before it. */
  report(report: DeliveryReport): void
  /** Sends what waits, at once, and resolves when nothing waits or is under way. Never rejects. */
  flush(): Promise<void>
}

/** Gathers reports for `delayMs`, keeps the highest of each person and conversation, and hands them to `deliver` in batches, one after the
 *  other: while the api is slow they wait here, where there is a bound. A batch that is rejected is tried once more and then dropped: the
 *  watermark moves with the next report, or when the receiver connects. */
export function coalescedDeliveries(options: {
  readonly deliver: (reports: readonly DeliveryReport[]) => Promise<void>
  readonly timers: Timers
  readonly delayMs: number
  readonly log: (error: unknown, what: string) => void
}): Deliveries {
  const { deliver, timers, delayMs, log } = options
  const waiting = new Map<string, DeliveryReport>()
  let running: Promise<void> | null = null
  let cancel: (() => void) | null = null

  function takeBatch(): DeliveryReport[] {
    const batch: DeliveryReport[] = []
    for (const [key, report] of waiting) {
      if (batch.length === limits.backendBatch) break
      waiting.delete(key)
      batch.push(report)
    }
    return batch
  }

  async function sendAll(): Promise<void> {
    while (waiting.size > 0) {
      const batch = takeBatch()
      await deliver(batch)
        .catch(() => deliver(batch))
        .catch(error => log(error, 'delivered reports were dropped'))
    }
  }

  function flush(): Promise<void> {
    cancel?.()
    cancel = null
    running ??= sendAll().finally(() => {
      running = null
    })
    return running
  }

  return {
    report(report) {
      const key = `${report.userId} ${report.conversationId}`
      const known = waiting.get(key)
      if (known === undefined ? waiting.size >= REPORTS_MAX : known.seq >= report.seq) return
      waiting.set(key, report)
      cancel ??= timers.after(delayMs, () => void flush())
    },
    flush
  }
}
