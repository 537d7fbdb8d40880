import type { Timers } from '../timers.ts'

/** Makes one call with many entries, and calls `answer` for each by its index. Rejects when the call failed: then it is
 *  unknown whether the entries without an answer were carried out. */
export type BatchCall<Entry, Answer> = (
  entries: readonly Entry[],
  answer: (index: number, answer: Answer) => void
) => Promise<void>

interface Waiting<Entry, Answer> {
  readonly entry: Entry
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers single entries into calls of at most `size` entries. While no call is under way, the entries of one turn of
 * the event loop are sent together at its end. Otherwise entries wait until a call ends, and at most `delayMs` from
 * when the last one was sent. Each entry resolves as soon as it is answered, or rejects with its call.
 */
export function gathering<Entry, Answer>(
  call: BatchCall<Entry, Answer>,
  { timers, delayMs, size }: { readonly timers: Timers; readonly delayMs: number; readonly size: number }
): (entry: Entry) => Promise<Answer> {
  let waiting: Waiting<Entry, Answer>[] = []
  let isScheduled = false
  /** Cancels the wait that followed the last calls. Null when the next entry may be sent at once. */
  let endWait: (() => void) | null = null

  async function run(batch: readonly Waiting<Entry, Answer>[]): Promise<void> {
    const open = new Set(batch)
    const entries = batch.map(({ entry }) => entry)
    try {
      await call(entries, (index, answer) => {
        const answered = batch[index]
        if (answered === undefined || !open.delete(answered)) return
        answered.resolve(answer)
      })
      for (const { reject } of open) reject(new Error('the api left an entry of a call without an answer'))
    } catch (error) {
      for (const { reject } of open) reject(error)
    }
    stopWaiting()
  }

  function sendWaiting(): void {
    isScheduled = false
    const entries = waiting
    waiting = []
    endWait = timers.after(delayMs, stopWaiting) // before the calls, since one may end at once
    for (let from = 0; from < entries.length; from += size) void run(entries.slice(from, from + size))
  }

  function stopWaiting(): void {
    endWait?.()
    endWait = null
    schedule()
  }

  function schedule(): void {
    if (isScheduled || endWait !== null || waiting.length === 0) return
    isScheduled = true
    setImmediate(sendWaiting)
  }

  return entry =>
    new Promise((resolve, reject) => {
      waiting.push({ entry, resolve, reject })
      schedule()
    })
}
