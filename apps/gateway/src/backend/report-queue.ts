import { limits } from '@rendezvous/contract'
import type { Timers } from '../timers.ts'

/** A queue of reports for the api. */
export interface ReportQueue<Report> {
  /** Sends the report soon, together with others. Replaces a waiting report with the same key. */
  add(report: Report): void
  /** Whether `test` holds for a report that waits or is under way. */
  some(test: (report: Report) => boolean): boolean
  /** Sends all waiting reports at once. Resolves when nothing waits or is under way, or when the api refused a batch. A
   *  refused batch waits for the next `add` or `flush`. Never rejects. */
  flush(): Promise<void>
}

/** Gathers reports for `delayMs` and passes them to `send`, `limits.backendBatch` at a time, one batch after the other.
 *  At most `max` reports wait: above it the oldest is dropped. */
export function reportQueue<Key, Report>(options: {
  readonly keyOf: (report: Report) => Key
  readonly send: (batch: readonly Report[]) => Promise<void>
  readonly max: number
  readonly delayMs: number
  readonly timers: Timers
  /** Called with the reason when a batch was refused. */
  readonly onRefused: (error: unknown) => void
}): ReportQueue<Report> {
  const { keyOf, send, max, delayMs, timers, onRefused } = options
  const waiting = new Map<Key, Report>()
  let underWay: readonly Report[] = []
  let running: Promise<void> | null = null
  let cancel: (() => void) | null = null

  /** Queues refused reports again, unless a newer one with the same key waits or the queue is full. */
  function requeue(refused: readonly Report[]): void {
    for (const report of refused)
      if (!waiting.has(keyOf(report)) && waiting.size < max) waiting.set(keyOf(report), report)
  }

  function takeBatch(): Report[] {
    const batch: Report[] = []
    for (const [key, report] of waiting) {
      if (batch.length === limits.backendBatch) break
      waiting.delete(key)
      batch.push(report)
    }
    return batch
  }

  async function sendAll(): Promise<void> {
    while (waiting.size > 0) {
      underWay = takeBatch()
      try {
        await send(underWay)
      } catch (error) {
        requeue(underWay)
        return onRefused(error)
      } finally {
        underWay = []
      }
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
    add(report) {
      waiting.delete(keyOf(report)) // so that the newer report waits behind all others
      waiting.set(keyOf(report), report)
      const [oldest] = waiting.keys()
      if (waiting.size > max && oldest !== undefined) waiting.delete(oldest)
      cancel ??= timers.after(delayMs, () => void flush())
    },
    some(test) {
      if (underWay.some(test)) return true
      for (const report of waiting.values()) if (test(report)) return true
      return false
    },
    flush
  }
}
