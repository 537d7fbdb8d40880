import { limits, type PresenceChange, type UserId } from '@rendezvous/contract'
import type { Timers } from './timers.ts'

/** People whose change waits to be reported, at most; above it the oldest is dropped, and corrected by the next snapshot. */
const CHANGES_MAX = 50_000

/** Changes of presence on their way to the api. */
export interface PresenceReport {
  /** To be reported soon. Of two changes of one person that wait, the newer counts. */
  add(change: PresenceChange): void
  /** Tries again with what the api did not take so far. Never rejects. */
  retry(): Promise<void>
}

/** Hands changes to `tell` in batches, gathered for `delayMs`. What is rejected waits for `retry`. */
export function presenceReport(options: {
  readonly tell: (changes: readonly PresenceChange[]) => Promise<void>
  readonly timers: Timers
  readonly delayMs: number
  readonly log: (error: unknown, what: string) => void
}): PresenceReport {
  const { tell, timers, delayMs, log } = options
  const waiting = new Map<UserId, PresenceChange>()
  let running: Promise<void> | null = null
  let scheduled = false

  /** @throws whatever `tell` rejects with; the changes wait again then. */
  async function sendBatch(): Promise<void> {
    const batch = [...waiting.values()].slice(0, limits.backendBatch)
    for (const { userId } of batch) waiting.delete(userId)
    try {
      await tell(batch)
    } catch (error) {
      for (const change of batch) if (!waiting.has(change.userId)) waiting.set(change.userId, change)
      throw error
    }
  }

  async function sendAll(): Promise<void> {
    try {
      while (waiting.size > 0) await sendBatch()
    } catch (error) {
      log(error, 'changes of presence could not be reported yet')
    }
  }

  const send = () => {
    running ??= sendAll().finally(() => {
      running = null
    })
    return running
  }

  return {
    add(change) {
      waiting.delete(change.userId) // and to the end: the first is the oldest
      waiting.set(change.userId, change)
      const [oldest] = waiting.keys()
      if (waiting.size > CHANGES_MAX && oldest !== undefined) waiting.delete(oldest)
      if (scheduled) return
      scheduled = true
      timers.after(delayMs, () => {
        scheduled = false
        void send()
      })
    },
    retry: send
  }
}
