import { type DeliveryReport, limits } from '@rendezvous/contract'
import type { Timers } from './timers.ts'

/** People and conversations with a report waiting, at most; what comes above it is dropped, and made good when the receiver connects. */
export const REPORTS_MAX = 50_000

/** Delivered reports on their way to the api. */
export interface Deliveries {
  /** A message was written to a device: soon reported, together with those before it. */
  report(report: DeliveryReport): void
  /** Sends what waits, at once. Never rejects. */
  flush(): Promise<void>
}

/** Gathers reports for `delayMs`, keeps the highest of each person and conversation, and hands them to `deliver` in batches. A batch that is
 *  rejected is tried once more and then dropped: the watermark moves with the next report, or when the receiver connects. */
export function coalescedDeliveries(options: {
  readonly deliver: (reports: readonly DeliveryReport[]) => Promise<void>
  readonly timers: Timers
  readonly delayMs: number
  readonly log: (error: unknown, what: string) => void
}): Deliveries {
  const { deliver, timers, delayMs, log } = options
  let waiting = new Map<string, DeliveryReport>()
  let cancel: (() => void) | null = null

  async function send(batch: readonly DeliveryReport[]): Promise<void> {
    await deliver(batch)
      .catch(() => deliver(batch))
      .catch(error => log(error, 'delivered reports were dropped'))
  }

  async function flush(): Promise<void> {
    cancel?.()
    cancel = null
    const reports = [...waiting.values()]
    waiting = new Map()
    for (let start = 0; start < reports.length; start += limits.backendBatch)
      await send(reports.slice(start, start + limits.backendBatch))
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
